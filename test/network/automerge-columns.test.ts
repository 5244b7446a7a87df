import * as Automerge from '@automerge/automerge'
import fc from 'fast-check'
import t from 'tap'
import { concat, toHex } from '../../src/core/kernel/bytes.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import { appendedBy, checkChunks } from '../../src/daemon/network/automerge-columns.ts'

type Shape = { entries: Uint8Array[] }
const ROOT = '00'.repeat(16)
const root = Automerge.change(Automerge.init<Shape>({ actor: ROOT }), { time: 0 }, doc => {
  doc.entries = []
})
const plenty = () => ({ bytes: 64 * 1024 * 1024, rows: 100_000 })

/** What several people append in several changes, each seeing what was there before. */
function written(batches: readonly Uint8Array[][]): Automerge.Doc<Shape> {
  let doc = Automerge.clone(root)
  for (const [at, batch] of batches.entries()) {
    const actor = (at + 1).toString(16).padStart(32, '0')
    doc = Automerge.change(Automerge.clone(doc, { actor }), { time: 0 }, draft => {
      draft.entries.push(...batch)
    })
  }
  return doc
}

const entry = fc.uint8Array({ minLength: 1, maxLength: 600 })
const batches = fc.array(fc.array(entry, { minLength: 1, maxLength: 6 }), { minLength: 1, maxLength: 4 })

t.test('what people appended is read back, entry for entry', t => {
  fc.assert(
    fc.property(batches, lists => {
      const doc = written(lists)
      const changes = Automerge.getChangesSince(doc, Automerge.getHeads(root))
      const read = changes.flatMap(change => appendedBy(change, ROOT, plenty()))
      const saved = Automerge.save(doc)
      checkChunks(saved, plenty())
      return toHex(concat(...read)) === toHex(concat(...lists.flat()))
    }),
    { numRuns: 60 },
  )
  t.pass()
  t.end()
})

t.test('damaged chunks are refused with a code or read, never anything else', t => {
  const doc = written([[new Uint8Array(400).fill(7), new Uint8Array(3)], [new Uint8Array(30)]])
  const chunks = [Automerge.save(doc), ...Automerge.getChangesSince(doc, Automerge.getHeads(root))]
  fc.assert(
    fc.property(
      fc.constantFrom(...chunks),
      fc.nat(),
      fc.integer({ min: 1, max: 255 }),
      fc.nat(),
      (chunk, at, bit, cut) => {
        const damaged = Uint8Array.from(chunk).subarray(0, cut % 5 === 0 ? cut % chunk.length : chunk.length)
        if (damaged.length > 0) damaged[at % damaged.length] = (damaged[at % damaged.length] ?? 0) ^ bit
        for (const read of [() => checkChunks(damaged, plenty()), () => appendedBy(damaged, ROOT, plenty())])
          try {
            read()
          } catch (error) {
            if (!(error instanceof VivimError)) return false
          }
        return true
      },
    ),
    { numRuns: 1_000 },
  )
  t.pass()
  t.end()
})

t.test(
  'a few bytes that stand for billions of operations, or for gigabytes, are refused before anything is merged',
  t => {
    const head = Uint8Array.of(0x85, 0x6f, 0x4a, 0x83, 0, 0, 0, 0)
    // No dependencies, an actor of one byte, sequence 1, start 1, time 0, no message, no other actors, one column of actions
    // whose only run is 2^42 long.
    const run = Uint8Array.of(0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1, 1)
    const body = concat(Uint8Array.of(0, 1, 9, 1, 1, 0, 0, 0, 1, 66, run.length), run)
    const billions = concat(head, Uint8Array.of(1, body.length), body)
    t.throws(() => checkChunks(billions, plenty()), { code: 'peer/protocol', message: /more operations/ })
    const doc = written([Array.from({ length: 40 }, () => new Uint8Array(100_000))])
    const saved = Automerge.save(doc)
    t.ok(saved.length < 100_000)
    t.throws(() => checkChunks(saved, { bytes: 1_000_000, rows: 1_000 }), { code: 'peer/protocol' })
    t.pass()
    t.end()
  },
)
