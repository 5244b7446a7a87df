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
  for (const text of ['Äpfel und Öl', '日本語', 'naïve café', 'שלום', '👩‍🌾', '👨‍👩‍👧‍👦 x'])
    t.equal(visibleLine(text), text)
})

t.test('joiners that belong to the spelling stay, all others are shown', async t => {
  for (const text of ['کتابخانه\u200cها', 'می\u200cخواهم', 'क्\u200dष', 'ക്\u200cഷ', 'ශ්\u200dරී'])
    t.equal(visibleLine(text), text)
  t.equal(visibleLine('pass\u200cword'), 'pass<U+200C>word')
  t.equal(visibleLine('\u200dकа\u200c'), '<U+200D>कа<U+200C>')
  t.equal(visibleLine('ه\u200c\u200cه'), 'ه<U+200C><U+200C>ه', 'one is enough')
  t.equal(visibleLine('ه\u200c'), 'ه<U+200C>')
  t.equal(visibleLine('\ue000a\ue001'), '<U+E000>a<U+E001>')
})
