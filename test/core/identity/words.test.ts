import { inspect } from 'node:util'
import fc from 'fast-check'
import t from 'tap'
import { seedToWords, wordsToSeed } from '../../../src/core/identity/words.ts'
import { fromHex, toHex } from '../../../src/core/kernel/bytes.ts'

/** Of 256 bits, from the vectors that BIP-39 names (python-mnemonic, vectors.json, MIT). */
const VECTORS: readonly [string, string][] = [
  ['00'.repeat(32), `${'abandon '.repeat(23)}art`],
  ['ff'.repeat(32), `${'zoo '.repeat(23)}vote`],
  [
    '68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c',
    'hamster diagram private dutch cause delay private meat slide toddler razor book happy fancy gospel tennis maple dilemma loan word shrug inflict delay length',
  ],
]

const hexOf = (text: string): string => wordsToSeed(text).use(bytes => toHex(bytes))

t.test('the words are those of BIP-39, both ways', async t => {
  for (const [hex, words] of VECTORS) {
    t.equal(seedToWords(fromHex(hex)).join(' '), words)
    t.equal(hexOf(words), hex)
  }
})

t.test('law: every seed comes back from its words', async () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), seed => {
      return hexOf(seedToWords(seed).join(' ')) === toHex(seed)
    }),
  )
})

t.test('words are taken as people write them: numbered, in columns, in capitals', async t => {
  const words = seedToWords(fromHex(VECTORS[2]?.[0] ?? ''))
  const sheet = words.map((word, at) => `${at + 1}. ${word.toUpperCase()}`).join('\r\n\t')
  t.equal(hexOf(`\n${sheet}\n`), VECTORS[2]?.[0])
})

t.test('what is no such words is refused with a code that quotes none of them', async t => {
  const words = seedToWords(fromHex(VECTORS[2]?.[0] ?? ''))
  const swapped = [words[1], words[0], ...words.slice(2)]
  const cases = [
    '',
    'tea',
    words.slice(1).join(' '),
    swapped.join(' '),
    [...words.slice(1), 'halyard'].join(' '),
  ]
  for (const text of cases) {
    try {
      wordsToSeed(text)
      t.fail('it was taken')
    } catch (error) {
      t.match(error, { code: 'identity/words' })
      const shown = inspect(error, { depth: 9 })
      for (const word of ['hamster', 'dutch', 'halyard']) t.notMatch(shown, word)
    }
  }
})
