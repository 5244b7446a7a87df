import fc from 'fast-check'
import t from 'tap'
import { fold, unfold } from '../../../src/core/filter/folded.ts'

t.test('text that hides nothing stays as it is', async t => {
  for (const text of ['', 'plain\ttext\r\n', 'größe, 中文, “quoted”, ключ 😀'])
    t.same(fold(text), { text, at: null }, text)
})

t.test('look-alikes, invisible characters, marks and colours are folded away', async t => {
  const cases: [string, string][] = [
    ['ｇｈｐ＿', 'ghp_'],
    ['g\u200bh\u2060p\ufeff_\u00ad', 'ghp_'],
    ['\u001b[1;32mghp_\u001b[0m', 'ghp_'],
    ['e\u0301te\u0301', 'été'],
    ['a\u00a0b…', 'a b...'],
    ['𝐠𝐡𝐩', 'ghp'],
    ['a\u0000b\u0007', 'ab'],
    ['❤️😀x', '❤😀x'],
    ['\u202ekey\u202c', 'key'],
    ['a\u001bb', 'ab'],
    ['\u001b(B\u001b[?25l\u001b[38:5:1mkey\u009b0m\u001b[>4m', 'key'],
    ['\u001b]8;;https://x.test\u0007key\u001b]8;;\u0007s', ']8;;https://x.test\u0007keys'],
  ]
  for (const [text, expected] of cases) t.equal(fold(text).text, expected, JSON.stringify(text))
})

t.test('a range of the folded text leads back to all that it was made of', async t => {
  const text = 'x\u200bｇｈ\u200bｐ ﬁ😀e\u0301'
  const folded = fold(text)
  t.equal(folded.text, 'xghp fi😀é')
  const back = (start: number, end: number) => {
    const range = unfold(folded, start, end)
    return text.slice(range.start, range.end)
  }
  t.equal(back(1, 4), 'ｇｈ\u200bｐ')
  t.equal(back(5, 6), 'ﬁ', 'half of a ligature is all of it')
  t.equal(back(6, 7), 'ﬁ')
  t.equal(back(7, 9), '😀')
  t.equal(back(9, 10), 'e\u0301')
})

const odd = fc.string({
  unit: fc.constantFrom(
    'a',
    '_',
    'ｇ',
    '\u200b',
    'ﬁ',
    '\u0301',
    '\u0316',
    'é',
    '😀',
    '\ufe0f',
    '\u001b',
    '[0m',
    '…',
    '中',
    '𝐠',
    'ᄀ',
    'ᅡ',
  ),
  maxLength: 40,
})
t.test('law: folding twice changes nothing more, and every place leads back into the text', async t => {
  fc.assert(
    fc.property(fc.oneof(odd, fc.string({ unit: 'binary' })), text => {
      const folded = fold(text)
      let end = 0
      for (let at = 0; at < folded.text.length; at++) {
        const range = unfold(folded, at, at + 1)
        if (range.start >= range.end || range.end > text.length || range.end < end) return false
        end = range.end
      }
      return text.includes('\u001b') || fold(folded.text).text === folded.text
    }),
    { numRuns: 3_000 },
  )
  t.pass()
})

t.test('law: text without invisible characters folds into its NFKC form', async t => {
  const visible = fc.string({
    unit: fc.constantFrom('a', 'ｇ', 'ﬁ', '\u0301', '\u0316', 'é', '😀', '…', '中', '𝐠'),
    maxLength: 25,
  })
  fc.assert(
    fc.property(visible, text => fold(text).text === text.normalize('NFKC')),
    { numRuns: 2_000 },
  )
  t.pass()
})

t.test('a hundred thousand marks on one letter are folded in pieces', async t => {
  const text = `a${'\u0301\u0316'.repeat(50_000)}`
  t.ok(fold(text).text.length > 90_000)
})
