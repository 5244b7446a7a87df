import fc from 'fast-check'
import t from 'tap'
import { parseCheckpoint, signCheckpoint } from '../../../src/core/audit/checkpoint.ts'
import { type AuditFact, type ChainedRow, chainStart, rowHash } from '../../../src/core/audit/row.ts'
import { type AuditHead, makeChainVerifier, UNLOCKED } from '../../../src/core/audit/verify.ts'
import { sameBytes, toHex } from '../../../src/core/kernel/bytes.ts'
import type { Did } from '../../../src/core/model/id.ts'
import { makePerson, START_MS } from '../../kit/person.ts'

const alice = makePerson('alice')
const { did } = alice.document
const device = alice.device.sign

const fact = (action: string, more: Partial<AuditFact> = {}): AuditFact => ({
  atMs: START_MS,
  who: { kind: 'socket', id: null, name: null },
  right: 'write',
  action,
  targets: ['share:abcdefghijklmnopqrstuvwxyz'],
  outcome: 'ok',
  times: 1,
  ...more,
})

function chained(facts: readonly AuditFact[], of: Did = did): ChainedRow[] {
  const rows: ChainedRow[] = []
  let previous = chainStart(of)
  for (const [at, one] of facts.entries()) {
    const row = { ...one, seq: at + 1 }
    previous = rowHash(previous, row)
    rows.push({ ...row, hash: previous })
  }
  return rows
}

const ten = chained(Array.from({ length: 10 }, (_, i) => fact(`share.create`, { atMs: START_MS + i })))
const headAt = (rows: readonly ChainedRow[], seq: number): AuditHead => ({
  seq,
  hash: rows[seq - 1]?.hash ?? new Uint8Array(32),
})

/** Where a checkpoint is kept: under its own number, and under 4 where it has none. */
function keptUnder(wire: Uint8Array): number {
  try {
    return parseCheckpoint(wire).seq
  } catch {
    return 4
  }
}

function problems(
  rows: readonly ChainedRow[],
  more: { anchors?: AuditHead[]; checkpoints?: Uint8Array[]; of?: Did } = {},
): string[] {
  const verifier = makeChainVerifier({
    did: more.of ?? did,
    anchors: more.anchors ?? [],
    checkpoints: (more.checkpoints ?? []).map(wire => ({ seq: keptUnder(wire), wire })),
    isDevice: ed => sameBytes(ed, device.publicKey),
  })
  verifier.take(rows.slice(0, 3))
  verifier.take(rows.slice(3))
  return verifier.finish().problems.map(({ kind, row }) => `${kind}:${row}`)
}

const signedAt = (seq: number, rows = ten, by = device): Uint8Array =>
  signCheckpoint({ atMs: START_MS, did, seq, head: headAt(rows, seq).hash }, by).wire

t.test('the log of alice has the bytes that the protocol names', async t => {
  t.equal(toHex(chainStart(did)), '2ef99030db2f33655b22fd81c3d1c61ee800624dcbfdd9d29b0f76b1bd8577ac')
  t.equal(
    toHex(ten[0]?.hash ?? new Uint8Array()),
    'dee3efa83c983719409a3318b873a0317df3d8f9e806119afa044f21afe7dbeb',
  )
})

t.test('alice finds nothing wrong with a log that nobody touched', async t => {
  t.same(problems(ten, { anchors: [headAt(ten, 10), headAt(ten, 4)], checkpoints: [signedAt(7)] }), [])
  t.same(problems([]), [])
})

t.test('alice is told which row was changed, whatever was changed in it', async t => {
  const changes: Partial<ChainedRow>[] = [
    { atMs: START_MS + 99 },
    { who: { kind: 'node', id: null, name: null } },
    { who: { kind: 'socket', id: 'x', name: null } },
    { who: { kind: 'socket', id: null, name: 'x' } },
    { right: 'operator' },
    { action: 'share.revoke' },
    { targets: [] },
    { outcome: 'rpc/denied' },
    { times: 2 },
  ]
  for (const change of changes)
    t.same(
      problems(ten.map(row => (row.seq === 5 ? { ...row, ...change } : row))),
      ['row-changed:5'],
      JSON.stringify(change),
    )
  const other = Uint8Array.from(ten[4]?.hash ?? [], (byte, at) => (at === 0 ? byte ^ 1 : byte))
  t.same(problems(ten.map(row => (row.seq === 5 ? { ...row, hash: other } : row))), [
    'row-changed:5',
    'row-changed:6',
  ])
})

t.test('alice is told of a row that was taken out, put in, or moved', async t => {
  t.same(problems(ten.filter(row => row.seq !== 4)), ['row-missing:4'])
  const closed = ten.filter(row => row.seq !== 4).map((row, at) => ({ ...row, seq: at + 1 }))
  t.ok(problems(closed).includes('row-changed:4'))
  const [third, fourth] = [ten[2], ten[3]]
  const swapped = ten.map(row =>
    row.seq === 3 ? { ...fourth, seq: 3 } : row.seq === 4 ? { ...third, seq: 4 } : row,
  ) as ChainedRow[]
  t.ok(problems(swapped).includes('row-changed:3'))
})

t.test('a tail that was cut off is seen by what was noted elsewhere, and by what was signed', async t => {
  const cut = ten.slice(0, 6)
  t.same(problems(cut), [], 'by itself it looks whole')
  t.same(problems(cut, { anchors: [headAt(ten, 10)] }), ['tail-cut:7'])
  t.same(problems(cut, { checkpoints: [signedAt(8)] }), ['tail-cut:7'])
  t.same(problems([], { anchors: [headAt(ten, 10)] }), ['tail-cut:1'])
})

t.test('a log that was written anew from some row on is seen in the same two ways', async t => {
  const fresh = chained(ten.map(row => (row.seq < 6 ? row : { ...row, action: 'share.list' })))
  t.same(problems(fresh), [], 'by itself it looks whole')
  t.same(problems(fresh, { anchors: [headAt(ten, 9)] }), ['row-replaced:9'])
  t.same(problems(fresh, { checkpoints: [signedAt(6)] }), ['row-replaced:6'])
  t.same(problems(fresh, { checkpoints: [signedAt(5)] }), [], 'what came before is what was signed')
})

t.test('the log of bob is not taken for that of alice', async t => {
  const bob = makePerson('bob').document.did
  t.same(problems(chained(ten, bob)), ['row-changed:1'])
})

t.test(
  'a row that stands before the first, or behind all numbers, does not belong to the log of alice',
  async t => {
    const [first] = ten
    if (first === undefined) return
    t.same(problems([{ ...first, seq: -2 }, { ...first, seq: 0 }, ...ten]), ['row-added:-2', 'row-added:0'])
    t.same(problems([...ten, { ...first, seq: 2 ** 63 }]), [`row-added:${2 ** 63}`])
  },
)

t.test('a row with what cannot stand in a row was changed', async t => {
  const odd = ten.map(row => (row.seq === 5 ? { ...row, atMs: 2 ** 62 } : row))
  t.same(problems(odd), ['row-changed:5'])
})

t.test('a checkpoint counts when a device of alice signed it, for her, over that head', async t => {
  const eve = makePerson('eve')
  t.same(problems(ten, { checkpoints: [signedAt(5, ten, eve.device.sign)] }), ['checkpoint-unsound:5'])
  const forBob = signCheckpoint(
    { atMs: START_MS, did: makePerson('bob').document.did, seq: 5, head: headAt(ten, 5).hash },
    device,
  )
  t.same(problems(ten, { checkpoints: [forBob.wire] }), ['checkpoint-unsound:5'])
  t.same(problems(ten, { checkpoints: [Uint8Array.of(1)] }), ['checkpoint-unsound:4'])
  const read = parseCheckpoint(signedAt(5))
  t.same([read.seq, read.did, toHex(read.head)], [5, did, toHex(headAt(ten, 5).hash)])
})

t.test('a log with unlocks and without signatures was not written by the program', async t => {
  const rows = chained([fact(UNLOCKED), fact('share.create'), fact(UNLOCKED), fact('share.create')])
  t.same(problems(rows), ['checkpoint-missing:1'])
  t.same(problems(rows, { checkpoints: [signedAt(1, rows)] }), [])
  t.same(problems(rows.slice(0, 2)), [], 'behind the last unlock the process may have ended')
})

t.test('law: a log with anything changed in one row is never taken for whole', async () => {
  const text = fc.string({ minLength: 0, maxLength: 8 })
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 10 }),
      fc.constantFrom('action', 'right', 'outcome'),
      text,
      (seq, field, value) => {
        const before = ten[seq - 1] as ChainedRow
        fc.pre(before[field as 'action'] !== value)
        return problems(ten.map(row => (row.seq === seq ? { ...row, [field]: value } : row))).length > 0
      },
    ),
  )
})
