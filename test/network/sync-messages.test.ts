/** A member whose node is modified says what no Automerge says: refused before the library works on it. */
import * as Automerge from '@automerge/automerge'
import fc from 'fast-check'
import t from 'tap'
import { concat } from '../../src/core/kernel/bytes.ts'
import { systemChance as chance } from '../../src/core/kernel/env.ts'
import { hasCode } from '../../src/core/kernel/errors.ts'
import { appendCircleEntries, CircleConversation } from '../../src/daemon/network/circle-document.ts'

const RUNS = Number(process.env.FUZZ_RUNS ?? 60)

const documentWith = async (...entries: Uint8Array[]): Promise<Uint8Array> => {
  const saved = await appendCircleEntries(null, entries, chance)
  if (saved === null) throw new Error('nothing was appended')
  return saved
}

/** Unsigned LEB128. */
function leb(value: number): number[] {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80)
  return [...out, rest]
}

t.test('a filter that asks for a billion probes, or a thousand filters, stop nobody', async t => {
  const saved = await documentWith(chance.bytes(100), chance.bytes(200))
  const doc = Automerge.load<{ entries: Uint8Array[] }>(saved)
  const [, message] = Automerge.generateSyncMessage(doc, Automerge.initSyncState())
  if (message === null) throw new Error('nothing to say')
  const honest = Automerge.decodeSyncMessage(message)
  const filter = (entries: number, bits: number, probes: number) => ({
    lastSync: [],
    bloom: Uint8Array.from([...leb(entries), ...leb(bits), ...leb(probes), 0xff, 0xff]),
  })
  const say = (have: object[]): Uint8Array =>
    Automerge.encodeSyncMessage({ ...honest, heads: ['ab'.repeat(32)], changes: [], have } as never)
  const hostile = [
    [filter(1, 10, 1_000_000_000)],
    [filter(1, 10, 0xffffffff)],
    [filter(1, 10, 33)],
    Array.from({ length: 1_000 }, () => filter(1, 10, 7)),
  ]
  for (const have of hostile) {
    const bob = await CircleConversation.open(saved, chance)
    t.throws(() => bob.receive(say(have)), { code: 'peer/protocol' })
    t.ok(bob.next(), 'and he can still speak')
  }
  const bob = await CircleConversation.open(saved, chance)
  t.doesNotThrow(() => bob.receive(say([filter(1, 10, 7)])), 'what an honest one says is heard')
})

t.test(
  'damaged and invented sync messages are heard or refused with a code, and the log stays whole',
  async t => {
    const [ours, theirs] = [
      await documentWith(chance.bytes(90)),
      await documentWith(...Array.from({ length: 8 }, () => chance.bytes(300))),
    ]
    // What alice's node says in a whole conversation.
    const [alice, bob] = [
      await CircleConversation.open(theirs, chance),
      await CircleConversation.open(ours, chance),
    ]
    const said: Uint8Array[] = []
    for (let turn = 0; turn < 8; turn++) {
      const [a, b] = [alice.next(), bob.next()]
      if (a !== null) {
        said.push(a)
        bob.receive(a)
      }
      if (b !== null) alice.receive(b)
    }
    t.ok(said.length > 1)
    const damaged = fc
      .record({
        which: fc.nat(said.length - 1),
        at: fc.nat(),
        bit: fc.nat(7),
        cut: fc.nat(),
        how: fc.nat(4),
        tail: fc.uint8Array({ maxLength: 60 }),
      })
      .map(({ which, at, bit, cut, how, tail }) => {
        const bytes = Uint8Array.from(said[which] ?? [])
        if (how === 0) return bytes.slice(0, cut % bytes.length)
        if (how === 1) return concat(bytes, tail)
        if (how === 2) return concat(bytes.slice(0, cut % bytes.length), tail)
        bytes[at % bytes.length] = (bytes[at % bytes.length] ?? 0) ^ (1 << bit)
        return bytes
      })
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(damaged, fc.uint8Array({ maxLength: 120 })), { maxLength: 3 }),
        async messages => {
          const one = await CircleConversation.open(ours, chance)
          for (const message of messages)
            try {
              one.receive(message)
            } catch (error) {
              if (!hasCode(error, 'peer/protocol')) throw error
            }
          one.next()
          const result = one.result()
          if (result !== null) await CircleConversation.open(result.document, chance)
          return true
        },
      ),
      { numRuns: RUNS, endOnFailure: true },
    )
  },
)

t.test(
  'two members who each lack several things that the other wrote hear each other out, however many there are',
  async t => {
    for (const [shared, hers, his] of [
      [0, 2, 3],
      [1, 2, 2],
      [5, 1, 2],
      [5, 3, 3],
      [12, 4, 6],
    ] as const) {
      const write = async (saved: Uint8Array | null, count: number): Promise<Uint8Array | null> => {
        let document = saved
        for (let n = 0; n < count; n++)
          document = await appendCircleEntries(document, [chance.bytes(300)], chance)
        return document
      }
      const common = await write(null, shared)
      const alice = await CircleConversation.open(await write(common, hers), chance)
      const bob = await CircleConversation.open(await write(common, his), chance)
      for (let turn = 0; turn < 8; turn++) {
        const said = alice.next()
        if (said !== null) bob.receive(said)
        const answer = bob.next()
        if (answer !== null) alice.receive(answer)
      }
      t.equal(alice.result()?.entries.length, his, `${shared} shared, ${hers} hers, ${his} his: she has his`)
      t.equal(bob.result()?.entries.length, hers, 'and he has hers')
    }
  },
)

t.test('a change that waits for one that never came is not kept', async t => {
  const saved = await documentWith(chance.bytes(40))
  const theirs = Automerge.load<{ entries: Uint8Array[] }>(saved)
  const lost = Automerge.change(theirs, { time: 0 }, doc => void doc.entries.push(chance.bytes(50)))
  const late = Automerge.change(Automerge.clone(lost), { time: 0 }, doc => void doc.entries.splice(0, 1))
  const sound = Automerge.change(Automerge.load<{ entries: Uint8Array[] }>(saved), { time: 0 }, doc => {
    doc.entries.push(chance.bytes(60))
  })
  const bob = await CircleConversation.open(saved, chance)
  const honest = Automerge.decodeSyncMessage(bob.next() ?? new Uint8Array())
  const changes = [...Automerge.getChangesSince(sound, Automerge.getHeads(Automerge.load(saved)))]
  changes.push(...Automerge.getChangesSince(late, Automerge.getHeads(lost)))
  bob.receive(Automerge.encodeSyncMessage({ ...honest, changes } as never))
  const result = bob.result()
  t.equal(result?.entries.length, 1, 'what can be judged is taken')
  const kept = Automerge.load<{ entries: Uint8Array[] }>(result?.document ?? new Uint8Array())
  const [whole] = Automerge.applyChanges(
    kept,
    Automerge.getChangesSince(lost, Automerge.getHeads(Automerge.load(saved))),
  )
  t.equal(whole.entries.length, 3, 'and nothing lies in wait for who brings the missing one')
})
