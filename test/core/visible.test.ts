import t from 'tap'
import { visibleLine, visibleText } from '../../src/core/model/visible.ts'

t.test('text from outside cannot move the cursor, colour the screen or turn the writing around', async t => {
  const hostile = [
    'a\u001b[2Jb',
    'a\u001b]0;title\u0007b',
    'a\u202egnp.exe',
    'a\u2066b\u2069',
    'a\u200fb',
    'a\u009bb',
    'a\rb',
    'a\u007fb',
    'a\u2028b',
  ]
  for (const text of hostile) {
    const name = encodeURIComponent(text)
    t.notMatch(visibleText(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, name)
    t.notMatch(visibleLine(text), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u, `${name} on one line`)
  }
})

t.test('what is shown on one line stays on one, and ordinary text stays as it is', async t => {
  t.notMatch(visibleLine('one\ntwo'), /\n/)
  t.equal(visibleText('one\ntwo'), 'one\ntwo')
  for (const text of ['Äpfel und Öl', '日本語', 'naïve café', 'שלום', '👩‍🌾'])
    t.equal(visibleLine(text), text)
})
