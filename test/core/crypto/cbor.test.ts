import * as dagCbor from '@ipld/dag-cbor'
import fc from 'fast-check'
import { CID } from 'multiformats/cid'
import t from 'tap'
import { decodeCbor, encodeCbor, MAX_CBOR_DEPTH } from '../../../src/core/crypto/cbor.ts'
import { toHex } from '../../../src/core/kernel/bytes.ts'
import { codeOf } from '../../../src/core/kernel/errors.ts'
import { unhex } from './vector-file.ts'

const LIMIT = 1 << 20
const link = CID.parse('bafkqaaa')

const plainValue: fc.Arbitrary<unknown> = fc.letrec(tie => ({
  leaf: fc.oneof(
    fc.constant(null),
    fc.boolean(),
    fc.maxSafeInteger(),
    fc.nat(70000),
    fc.string({ unit: 'binary' }),
    fc.uint8Array({ maxLength: 300 }),
    fc.constant(link),
  ),
  node: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('node'), { maxLength: 30 }),
    fc.dictionary(fc.string({ unit: 'binary', maxLength: 30 }), tie('node'), {
      maxKeys: 30,
      noNullPrototype: true,
    }),
  ),
})).node

t.test('writes what an independent dag-cbor writes, and reads it back', async t => {
  fc.assert(
    fc.property(plainValue, value => {
      const ours = encodeCbor(value)
      return (
        toHex(ours) === toHex(dagCbor.encode(value)) &&
        toHex(encodeCbor(decodeCbor(ours, LIMIT))) === toHex(ours)
      )
    }),
  )
  t.pass()
})

t.test('any bytes are either the one encoding of what they say or a code', async t => {
  const check = (bytes: Uint8Array): boolean => {
    try {
      return toHex(encodeCbor(decodeCbor(bytes, LIMIT))) === toHex(bytes)
    } catch (error) {
      return codeOf(error) === 'crypto/bad-encoding'
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check), { numRuns: 2000 })
  fc.assert(
    fc.property(plainValue, fc.nat(), fc.integer({ min: 1, max: 255 }), (value, at, flip) => {
      const bytes = encodeCbor(value)
      const index = at % bytes.length
      bytes[index] = (bytes[index] ?? 0) ^ flip
      return check(bytes) && check(bytes.subarray(0, index))
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

t.test('a text keeps its byte order mark, and every well-formed character', async t => {
  for (const text of ['\ufeffhi', `\ufeff${'x'.repeat(100)}`, '\u0000', '𝒳', 'e\u0301', '\u202e'])
    t.equal(decodeCbor(encodeCbor(text), LIMIT), text)
  t.throws(() => encodeCbor('\ud800'), { code: 'crypto/bad-encoding' })
})

t.test('texts of every length are written as an independent dag-cbor writes them, ASCII or not', async t => {
  for (const length of [0, 23, 24, 255, 256, 1023, 1024, 1025, 6000, 40_000])
    for (const text of ['x'.repeat(length), `${'x'.repeat(length)}é`, 'é'.repeat(length)])
      t.equal(
        toHex(encodeCbor({ text, after: [text.length] })),
        toHex(dagCbor.encode({ text, after: [text.length] })),
      )
})

t.test('what could not be written leaves nothing in what is written next', async t => {
  const value = { a: 'x'.repeat(100), z: [1, 2, 3] }
  for (const broken of [
    { ...value, b: 1.5 },
    { ...value, b: '\ud800' },
    { big: new Uint8Array(1 << 20), c: undefined },
  ]) {
    t.throws(() => encodeCbor(broken), { code: 'crypto/bad-encoding' })
    t.equal(toHex(encodeCbor(value)), toHex(dagCbor.encode(value)))
  }
})

t.test('an encoding that is asked for in the middle of another changes neither', async t => {
  const inner = { x: 'in' }
  const outer = {
    a: 'before',
    get b() {
      return encodeCbor(inner)
    },
    c: 'after',
  }
  t.equal(
    toHex(encodeCbor(outer)),
    toHex(dagCbor.encode({ a: 'before', b: dagCbor.encode(inner), c: 'after' })),
  )
})

t.test('a key named __proto__ is a key like another', async t => {
  const bytes = unhex('a1695f5f70726f746f5f5fa161611864')
  const value = decodeCbor(bytes, LIMIT)
  t.equal(Object.getPrototypeOf(value), Object.prototype)
  t.same(Object.keys(value as object), ['__proto__'])
  t.equal(toHex(encodeCbor(value)), toHex(bytes))
  t.equal(Reflect.get({}, 'a'), undefined)
})

t.test('other encodings of the same value are refused', async t => {
  const refused: Record<string, string> = {
    'integer in too many bytes': '1801',
    'integer in 8 bytes': '1b0000000000000001',
    'beyond 2^53 − 1': '1b0020000000000000',
    'below −(2^53 − 1)': '3b001fffffffffffff',
    'length in too many bytes': '580101',
    'indefinite array': '9fff',
    'indefinite bytes': '5f4101ff',
    'keys out of order': 'a2616201616101',
    'keys by bytes, not by length': 'a262616101616201',
    'key twice': 'a2616101616102',
    'key that is not text': 'a10101',
    'half float': 'f93c00',
    'single float': 'fa3f800000',
    'double float': 'fb3ff8000000000000',
    NaN: 'f97e00',
    undefined: 'f7',
    'simple value': 'f820',
    'tag 0': 'c0613a',
    'tag 42 without prefix': 'd82a4401550000',
    'tag 42 on text': 'd82a6100',
    'two values': '0101',
    'text that is not UTF-8': '61ff',
    'surrogate in UTF-8': '63eda080',
    nothing: '',
  }
  for (const [why, hex] of Object.entries(refused))
    t.throws(() => decodeCbor(unhex(hex), LIMIT), { code: 'crypto/bad-encoding' }, why)
  t.throws(() => decodeCbor(new Uint8Array(11), 10), { code: 'crypto/too-large' })
  t.equal(decodeCbor(unhex('3b001ffffffffffffe'), LIMIT), -Number.MAX_SAFE_INTEGER)
})

t.test('depth and claimed lengths do not hurt', async t => {
  const nested = (depth: number) => Uint8Array.from([...new Array(depth).fill(0x81), 0xf6])
  t.doesNotThrow(() => decodeCbor(nested(MAX_CBOR_DEPTH), LIMIT))
  t.throws(() => decodeCbor(nested(MAX_CBOR_DEPTH + 1), LIMIT), { code: 'crypto/bad-encoding' })
  t.throws(() => decodeCbor(nested(500_000), LIMIT), { code: 'crypto/bad-encoding' })
  for (const hex of ['9bffffffffffffffff', '9affffffff', 'bb001fffffffffffff', '5affffffff', '7affffffff'])
    t.throws(() => decodeCbor(unhex(hex), LIMIT), { code: 'crypto/bad-encoding' })
})

t.test('what dag-cbor cannot carry is refused on writing', async t => {
  const cyclic: unknown[] = []
  cyclic.push(cyclic)
  for (const value of [
    1.5,
    Number.NaN,
    2 ** 53,
    undefined,
    1n,
    Symbol('x'),
    new Date(0),
    new Map(),
    () => 1,
    cyclic,
  ])
    t.throws(() => encodeCbor({ value }), { code: 'crypto/bad-encoding' })
  t.equal(toHex(encodeCbor(-0)), '00')
  t.equal(toHex(encodeCbor(Object.assign(Object.create(null), { a: 1 }))), 'a1616101')
  t.equal(toHex(encodeCbor(Buffer.from([1]))), '4101')
})
