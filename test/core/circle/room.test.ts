/** What is kept of a log that somebody writes full, and that those who keep different parts of it agree on who is in the circle. */
import t from 'tap'
import type { Entry } from '../../../src/core/circle/entry.ts'
import { makeDocumentEntry, makeRename } from '../../../src/core/circle/new-entry.ts'
import { CircleReduction, reduceCircle } from '../../../src/core/circle/reduce.ts'
import { chooseKept } from '../../../src/core/circle/room.ts'
import { add, begin, remove, rename, revise } from '../../kit/circle.ts'
import { makeDevice, makePerson, nextDocument, type Person, START_MS } from '../../kit/person.ts'

const [alice, bob, carol, mallory] = [
  makePerson('alice'),
  makePerson('bob'),
  makePerson('carol'),
  makePerson('mallory'),
]

/** Alice began it; bob is an admin. */
const base: Entry[] = [begin(alice)]
base.push(add(alice, base, bob, { role: 'admin' }))
for (const person of [carol, mallory]) base.push(add(alice, base, person))
const { circle } = reduceCircle((base[0] as Entry).circle, base)

const after = (person: Person, prev: readonly string[]) => ({
  circle,
  signer: person.document,
  prev: [...prev].sort(),
  atMs: START_MS,
})
/** Renames by somebody who may not, each after the same. */
const junk = (
  person: Person,
  count: number,
  what: string,
  prev: readonly Entry[] = base.slice(-1),
): Entry[] =>
  Array.from({ length: count }, (_, n) =>
    makeRename(
      after(
        person,
        prev.map(({ hash }) => hash),
      ),
      `${what} ${n}`,
      person.device.sign,
    ),
  )

/** What a node keeps that has `known` and is brought `fresh`. */
const keep = (known: readonly Entry[], fresh: readonly Entry[]): Entry[] => [
  ...known,
  ...chooseKept(new CircleReduction(circle, [...known, ...fresh]), known, fresh),
]
const members = (log: readonly Entry[]): string[] =>
  reduceCircle(circle, log)
    .members.map(({ did }) => did)
    .sort()
const newer = (person: Person) => nextDocument(person, [person.device, makeDevice(person)])

t.test(
  'of what has no effect a log keeps a little, and does not take it for the owner because it says so',
  async t => {
    const hers = junk(mallory, 1_300, 'hers')
    const log = keep(base, hers)
    t.equal(log.length - base.length, 1_024)
    const asAlice = Array.from({ length: 100 }, (_, n) =>
      makeRename(after(alice, [base.at(-1)?.hash ?? '']), `as alice ${n}`, mallory.device.sign),
    )
    t.equal(keep(log, asAlice).length, log.length)
    const real = rename(alice, log, 'the real name')
    t.equal(reduceCircle(circle, keep(log, [...asAlice, real])).name, 'the real name')
  },
)

t.test(
  'a log keeps what the owner wrote, with all that it was made after, and two agree that heard different floods',
  async t => {
    const [one, other] = [junk(mallory, 1_024, 'one'), junk(mallory, 1_024, 'other')]
    const atAlice = keep(base, one)
    // What has an effect makes the rest an ancestor of what alice writes next.
    const hers = makeDocumentEntry(
      {
        ...after(
          mallory,
          [...one.slice(0, 63), ...base.slice(-1)].map(({ hash }) => hash),
        ),
        signer: newer(mallory),
      },
      null,
      mallory.device.sign,
    )
    const full = keep(atAlice, [hers])
    const removal = remove(alice, full, mallory)
    t.ok(removal.prev.includes(hers.hash))
    const atBob = keep(base, other)
    t.same(
      keep(atBob, [hers]).map(({ hash }) => hash),
      atBob.map(({ hash }) => hash),
      'mallory alone takes no more places',
    )
    const told = keep(
      atBob,
      [...full, removal].filter(entry => !atBob.includes(entry)),
    )
    t.same(members(told), members([...full, removal]))
    t.notOk(members(told).includes(mallory.document.did))
    t.same(reduceCircle(circle, told).missing, [])
    t.equal(told.length - atBob.length, 63 + 2, 'and nothing else of the flood')
  },
)

t.test("carol's new document is kept, though what it was made after was refused before", async t => {
  const [one, other] = [junk(mallory, 1_024, 'one'), junk(mallory, 1_024, 'other')]
  const hers = makeDocumentEntry(
    {
      ...after(
        mallory,
        one.slice(0, 64).map(({ hash }) => hash),
      ),
      signer: newer(mallory),
    },
    null,
    mallory.device.sign,
  )
  const atCarol = keep(keep(base, one), [hers])
  const document = newer(carol)
  const carols = revise(carol, atCarol, document)
  t.ok(carols.prev.includes(hers.hash))
  const atBob = keep(base, other)
  const told = keep(
    atBob,
    [...atCarol, carols].filter(entry => !atBob.includes(entry)),
  )
  const known = reduceCircle(circle, told).members.find(({ did }) => did === document.did)
  t.equal(known?.document.seq, document.seq)
})

t.test('who stole a device of carol does not take the place of the document that revokes it', async t => {
  const last = base.at(-1)?.hash ?? ''
  let log = base
  // The same document over and over has an effect, and tells nothing.
  const same = Array.from({ length: 1_200 }, (_, n) =>
    makeDocumentEntry({ ...after(carol, [last]), atMs: START_MS + n }, null, carol.device.sign),
  )
  log = keep(log, [...same, ...junk(carol, 1_200, 'as carol')])
  t.equal(log.length - base.length, 1_024)
  const device = makeDevice(carol)
  const document = nextDocument(carol, [device], [{ ed: carol.device.listed.ed, at: START_MS }])
  const told = keep(log, [revise(carol, log, document, device)])
  const known = reduceCircle(circle, told).members.find(({ did }) => did === document.did)
  t.same(
    known?.devices.map(({ ed }) => ed),
    [device.listed.ed],
  )
})

t.test(
  'an admin fills the places of admins, and neither those of the owner nor those of members',
  async t => {
    const acts: Entry[] = []
    let [prev] = base.slice(-1)
    for (let n = 0; n < 8_100; n++) {
      const [act] = junk(bob, 1, `bob's ${n}`, prev ? [prev] : [])
      if (act) acts.push(act)
      prev = act
    }
    const log = keep(base, acts)
    const bobs = log.filter(({ did }) => did === bob.document.did)
    t.equal(bobs.length, 8_000)
    const document = newer(carol)
    const withCarol = keep(log, [revise(carol, log, document)])
    t.equal(withCarol.length, log.length + 1)
    const told = keep(withCarol, [remove(alice, withCarol, bob)])
    t.notOk(members(told).includes(bob.document.did))
  },
)
