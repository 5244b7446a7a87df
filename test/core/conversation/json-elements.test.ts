/** The splitter: records with exact offsets from arrays, wrappers and documents in a row, and the way back after damage. */
import fc from 'fast-check'
import t from 'tap'
import { jsonElements } from '../../../src/core/conversation/json-elements.ts'
import { jsonLines } from '../../../src/core/conversation/jsonl-lines.ts'
import { LIMITS } from '../../../src/core/conversation/limits.ts'
import type { RawRecord } from '../../../src/core/conversation/record.ts'
import { cut } from './kit.ts'

async function split(
  text: string | Uint8Array,
  sizes?: number[],
  recordBytes = LIMITS.recordBytes,
): Promise<RawRecord[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const records: RawRecord[] = []
  for await (const record of jsonElements(cut(bytes, sizes), { ...LIMITS, recordBytes })) records.push(record)
  return records
}

async function lines(
  text: string | Uint8Array,
  sizes?: number[],
  recordBytes = LIMITS.recordBytes,
): Promise<RawRecord[]> {
  const bytes = typeof text === 'string' ? Buffer.from(text) : text
  const records: RawRecord[] = []
  for await (const record of jsonLines(cut(bytes, sizes), { ...LIMITS, recordBytes })) records.push(record)
  return records
}

const values = (records: readonly RawRecord[]): unknown[] =>
  records.flatMap(record => (record.kind === 'value' ? [record.value] : []))
const reasons = (records: readonly RawRecord[]): string[] =>
  records.flatMap(record => (record.kind === 'bad' ? [record.reason] : []))

t.test('any array of JSON values comes out as it went in, however written and cut', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.jsonValue()),
      fc.integer({ min: 0, max: 2 }),
      fc.array(fc.integer({ min: 1, max: 9 }), { minLength: 1 }),
      async (array, indent, sizes) => {
        const records = await split(JSON.stringify(array, null, indent), sizes)
        return JSON.stringify(values(records)) === JSON.stringify(array)
      },
    ),
  )
})

t.test('offsets count bytes of the file, also after a BOM and beyond ASCII', async t => {
  const records = await split('\ufeff[ {"a":"ü"},\n"x" , 7]')
  t.same(
    records.map(record => record.where),
    ['element 1, byte 5', 'element 2, byte 17', 'element 3, byte 23'],
  )
})

t.test('wrapped arrays, single objects and documents in a row are all taken', async t => {
  t.same(values(await split('{"v":1,"x":{"conversations":[9]},"conversations":[{"a":1},{"b":2}],"z":[3]}')), [
    { a: 1 },
    { b: 2 },
  ])
  t.same(values(await split('{"loglines":[{"a":1}]}', [1])), [{ a: 1 }])
  t.same(values(await split('{"title":"conversations","mapping":{}}')), [
    { title: 'conversations', mapping: {} },
  ])
  t.same(values(await split('{"a":1}{"b":[]}\n\n[{"c":1}] {"d":1}')), [
    { a: 1 },
    { b: [] },
    { c: 1 },
    { d: 1 },
  ])
  t.same(await split(' \n '), [])
})

t.test('records of a wrapped array carry what the wrapper says before it, and only those', async t => {
  const heads = async (text: string, sizes?: number[]): Promise<unknown[]> =>
    (await split(text, sizes)).map(record => (record.kind === 'value' ? record.head : 'bad'))
  const head = { meta: { id: 'a,"}]' }, conversations: [] }
  for (const sizes of [[1], [7], [65_536]])
    t.same(await heads('{"meta":{"id":"a,\\"}]"},"conversations":[{"a":1},{"a":2}],"z":1}{"b":1}', sizes), [
      head,
      head,
      undefined,
    ])
  t.same(await heads('{"conversations":[{"a":1}]}'), [undefined])
  t.same(await heads('[{"a":1}]'), [undefined])
  t.same(await heads(`{"meta":"${'x'.repeat(300_000)}","conversations":[{"a":1}]}`), [undefined])
})

t.test('damage costs the records it touches, not those after it', async t => {
  const good = (n: number): string => `{"id":${n},"title":"t","mapping":{"k":[{"x":"},{"}]}}`
  const damaged = [
    '{"id":2,"title":"t,"mapping":{}}',
    '{"id":2,"title":"t","mapping":{"k":[}',
    '{"id":2,"title":"t","mapping":{',
    '{"id":2,"title":"t"]',
    '{"id":2,"title":"t"}}}',
    '{"id":2 "title"}',
    'garbage',
    '\u0000\u0000',
  ]
  for (const bad of damaged) {
    const text = `[${good(1)},${bad},${good(3)},${good(4)},${good(5)}]`
    for (const sizes of [[1], [7], [65_536]]) {
      const ids = values(await split(text, sizes)).map(value => (value as { id: number }).id)
      t.ok(ids.includes(1) && ids.includes(4) && ids.includes(5), `${bad} at ${sizes}: ${ids}`)
    }
  }
})

t.test('one bracket too many within a wrapped array does not end it', async t => {
  const text = '{"conversations":[{"id":1,"a":1}],{"id":2,"a":1},{"id":3,"a":1}],"end":true}'
  t.same(
    values(await split(text)).map(value => (value as { id: number }).id),
    [1, 2, 3],
  )
})

t.test('a file that ends in a record says where that record begins', async t => {
  const records = await split('[{"id":1,"a":1},{"id":2,"text":"abc')
  t.same(records.at(-1), {
    kind: 'bad',
    reason: 'the file ends in the middle of it',
    where: 'element 2, byte 16',
    bytes: 19,
  })
})

t.test('a record over the limit is dropped while it streams, however it is cut', async t => {
  const text = `[{"id":1,"a":1},{"id":2,"a":"${'x'.repeat(500)}"},{"id":3,"a":1}]`
  for (const sizes of [[1], [64], [65_536]]) {
    const records = await split(text, sizes, 100)
    t.equal(records.length, 3)
    t.same(reasons(records), ['it is longer than 100 bytes'])
  }
})

t.test('nesting is bounded, so that nothing recurses without end', async t => {
  const deep = `${'[{"a":'.repeat(5000)}1${'}]'.repeat(5000)}`
  t.match(reasons(await split(`[${deep},{"b":1}]`)), [/nested deeper/])
  t.match(reasons(await lines(`${deep}\n{"b":1}`)), [/nested deeper/])
})

t.test('much damage at once is read in bounded time', async t => {
  const records = await split(`[{"id":1,"title":1},${'{"id":{"id":['.repeat(20_000)}`)
  t.ok(records.length >= 2)
  t.same(values(await split(`[{"id":1,"title":1}${',{"id":"'.repeat(50_000)}`)), [{ id: 1, title: 1 }])
})

t.test('lines are cut at line feeds only, and may hold two objects or a scalar', async t => {
  const records = await lines('\ufeff{"a":"x\u2028y"}\r\n\r\n{"b":1}{"c":2}\n7\nnot json\n{"d":1}')
  t.same(values(records), [{ a: 'x\u2028y' }, { b: 1 }, { c: 2 }, 7, { d: 1 }])
  t.same(
    records.map(record => record.where),
    [
      'line 1, byte 0',
      'line 3, byte 20',
      'line 3, byte 20',
      'line 4, byte 35',
      'line 5, byte 37',
      'line 6, byte 46',
    ],
  )
  t.same(reasons(records), ['it is not valid JSON'])
})

t.test('lines are the same however they are cut, and long ones are skipped', async () => {
  const text = `{"a":1}\n{"b":"${'y'.repeat(300)}"}\n\n{"c":"é"}\n{"d`
  const whole = JSON.stringify(await lines(text, [100_000], 100))
  await fc.assert(
    fc.asyncProperty(fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), async sizes => {
      return JSON.stringify(await lines(text, sizes, 100)) === whole
    }),
  )
})
