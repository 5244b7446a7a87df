import { bech32m } from '@scure/base'
import fc from 'fast-check'
import t from 'tap'
import { encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { type Card, encodeCard, parseCard } from '../../../src/core/identity/card.ts'
import { hasCode } from '../../../src/core/kernel/errors.ts'
import { makePerson } from '../../kit/person.ts'

const alice = makePerson('alice')
const card: Card = {
  did: alice.keystore.did,
  directory: new Ed25519Key(alice.keystore.directory).publicKey,
  read: new Uint8Array(16).fill(7),
  peer: alice.peer,
  addrs: ['/ip4/192.0.2.1/tcp/4747', '/dns4/node.example/tcp/4747'],
}
const text = encodeCard(card)

// BIP-350, "Test vectors": valid and invalid Bech32m strings.
const VALID = [
  'A1LQFN3A',
  'a1lqfn3a',
  'an83characterlonghumanreadablepartthatcontainsthetheexcludedcharactersbioandnumber11sg7hg6',
  'abcdef1l7aum6echk45nj3s0wdvt2fg8x9yrzpqzd3ryx',
  '11llllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllllludsr8',
  'split1checkupstagehandshakeupstreamerranterredcaperredlc445v',
  '?1v759aa',
]
const INVALID = [
  'qyrz8wqd2c9m',
  '1qyrz8wqd2c9m',
  'y1b0jsk6g',
  'lt1igcx5c0',
  'in1muywd',
  'mm1crxm3i',
  'au1s5cgom',
  'M1VUXWEZ',
  '16plkw9',
  '1p2gdwpf',
]

t.test('the checksum is the one of BIP-350', async t => {
  for (const line of VALID) t.ok(bech32m.decodeUnsafe(line, false), line)
  for (const line of INVALID) t.notOk(bech32m.decodeUnsafe(line, false), line)
})

t.test('a card is one line that gives back what went in', async t => {
  t.match(text, /^vivim1[02-9ac-hj-np-z]+$/)
  t.same(parseCard(text), card)
})

t.test('a card survives how people hand it on', async t => {
  const broken = (text.match(/.{1,60}/g) ?? []).join('\r\n  ')
  for (const line of [
    `  ${text}\n`,
    text.toUpperCase(),
    text.replace('vivim', 'Vivim'),
    broken,
    `\ufeff${text}\u200b`,
  ])
    t.same(parseCard(line), card)
})

t.test('what is wrong with a card is said', async t => {
  const cases: [string, RegExp][] = [
    ['', /empty/],
    ['hello', /begin with vivim1/],
    [`my card: ${text}`, /before vivim1/],
    [text.slice(0, 100), /end is missing/],
    [text.slice(0, -3), /checksum/],
    [`${text.slice(0, 50)}b${text.slice(51)}`, /character 51 does not occur/],
    [`vivim1${'q'.repeat(5000)}`, /over 4096/],
  ]
  for (const [line, message] of cases) t.throws(() => parseCard(line), { code: 'card/invalid', message })
})

t.test('one wrong character never gives a card', async () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 6, max: text.length - 1 }),
      fc.constantFrom(...'qpzry9x8gf2tvdw0s3jn54khce6mua7l'),
      (at, char) => {
        if (text[at] === char) return true
        try {
          parseCard(text.slice(0, at) + char + text.slice(at + 1))
          return false
        } catch (error) {
          return hasCode(error, 'card/invalid')
        }
      },
    ),
  )
})

t.test('a well-formed line with nonsense inside is no card', async t => {
  const line = (value: Parameters<typeof encodeCbor>[0]): string =>
    bech32m.encode('vivim', bech32m.toWords(encodeCbor(value)), false)
  const bytes = (length: number): Uint8Array => new Uint8Array(length)
  for (const value of [
    { filler: 'x'.repeat(300) },
    { v: 1, id: bytes(32), dir: bytes(32), read: bytes(16), peer: bytes(38), addrs: [] },
    {
      v: 1,
      id: bytes(32),
      dir: bytes(32),
      read: bytes(16),
      peer: bytes(38),
      addrs: Array(9).fill('/ip4/1.2.3.4/tcp/1'),
    },
  ])
    t.throws(() => parseCard(line(value)), { code: 'card/invalid' })
})

t.test('anything at all gives a card or card/invalid', async () => {
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.string().map(rest => `vivim1${rest}`),
      ),
      line => {
        try {
          parseCard(line)
          return true
        } catch (error) {
          return hasCode(error, 'card/invalid')
        }
      },
    ),
  )
})
