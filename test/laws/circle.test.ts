import fc from 'fast-check'
import t from 'tap'
import type { Entry } from '../../src/core/circle/entry.ts'
import { CircleReduction, type CircleState, reduceCircle } from '../../src/core/circle/reduce.ts'
import {
  add,
  begin,
  close,
  describe,
  giveRole,
  leave,
  remove,
  rename,
  revise,
  rotate,
  setHistory,
  transfer,
} from '../kit/circle.ts'
import { makeDevice, makePerson, nextDocument, START_MS, type TestDevice } from '../kit/person.ts'

const people = ['alice', 'bob', 'carol', 'dave', 'eve'].map(name => makePerson(name))
const [alice] = people
const create = begin(alice as (typeof people)[number])

/** What the random writers do: who, what, to whom, and how much of the log they know. */
const step = fc.record({
  who: fc.nat(people.length - 1),
  what: fc.constantFrom(
    ...(['add', 'admin', 'rotate', 'phone', 'revoke', 'remove', 'remove', 'promote', 'demote'] as const),
    ...(['leave', 'rename', 'transfer', 'close', 'describe', 'none', 'all'] as const),
  ),
  whom: fc.nat(people.length - 1),
  known: fc.integer({ min: 1, max: 12 }),
})

type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

const phones = new Map<string, TestDevice>()

/** A log as several people write it at once, the forbidden and the senseless too. Every entry knows a whole part of the log. */
function write(steps: readonly Step[]): Entry[] {
  const log: Entry[] = [create]
  for (const { who, what, whom, known } of steps) {
    const person = people[who]
    const other = people[whom]
    if (!person || !other) continue
    const seen = log.slice(0, Math.min(known, log.length))
    const phone = phones.get(person.name) ?? makeDevice(person)
    phones.set(person.name, phone)
    const both = nextDocument(person, [person.device, phone])
    if (what === 'add' || what === 'admin')
      log.push(add(person, seen, other, { role: what === 'admin' ? 'admin' : 'member' }))
    else if (what === 'rotate') log.push(rotate({ person, document: both, device: phone }, seen))
    else if (what === 'phone') log.push(revise(person, seen, both))
    else if (what === 'remove') log.push(remove(person, seen, other))
    else if (what === 'promote') log.push(giveRole(person, seen, other, 'admin'))
    else if (what === 'demote') log.push(giveRole(person, seen, other, 'reader'))
    else if (what === 'leave') log.push(leave(person, seen))
    else if (what === 'rename') log.push(rename(person, seen, `name ${log.length}`))
    else if (what === 'describe') log.push(describe(person, seen, `text ${log.length}`))
    else if (what === 'none' || what === 'all') log.push(setHistory(person, seen, what))
    else if (what === 'transfer') log.push(transfer(person, seen, other))
    else if (what === 'close') log.push(close(person, seen))
    else {
      const ended = [{ ed: phone.listed.ed, at: START_MS }]
      log.push(revise(person, seen, nextDocument({ ...person, document: both }, [person.device], ended)))
    }
  }
  return log
}

const shown = (state: CircleState): string =>
  JSON.stringify(state, (_, value) =>
    value instanceof Uint8Array ? Buffer.from(value).toString('hex') : value,
  )

const logs = fc.array(step, { maxLength: 12 }).map(write)
const RUNS = { numRuns: 60 }

t.test('a circle is the same in any order and with any duplicates', async () => {
  fc.assert(
    fc.property(
      logs.chain(log =>
        fc.tuple(fc.constant(log), fc.shuffledSubarray([...log, ...log], { minLength: log.length * 2 })),
      ),
      ([log, mixed]) => shown(reduceCircle(create.circle, log)) === shown(reduceCircle(create.circle, mixed)),
    ),
    RUNS,
  )
})

t.test(
  'a part of a circle and then the rest is the same as all at once, and what is missing is named',
  async () => {
    fc.assert(
      fc.property(
        logs.chain(log => fc.tuple(fc.constant(log), fc.subarray(log))),
        ([log, part]) => {
          const state = reduceCircle(create.circle, part)
          const here = new Set(part.map(entry => entry.hash))
          const named = log.every(
            entry =>
              !state.waiting.includes(entry.hash) ||
              entry.prev.some(hash => !here.has(hash) || state.waiting.includes(hash)),
          )
          const whole = state.missing.every(hash => !here.has(hash) && log.some(entry => entry.hash === hash))
          const rest = log.filter(entry => !here.has(entry.hash))
          const joined = reduceCircle(create.circle, [...part, ...rest])
          return (
            named &&
            whole &&
            shown(joined) === shown(reduceCircle(create.circle, log)) &&
            joined.missing.length === 0
          )
        },
      ),
      RUNS,
    )
  },
)

t.test('an entry added to a reduced circle gives what reducing everything gives, in any order', async t => {
  let alone = 0
  let anew = 0
  fc.assert(
    fc.property(
      // A long log by one, into which the others write; then one in any order.
      fc.tuple(fc.array(step, { maxLength: 16 }), fc.boolean()).chain(([steps, inOrder]) => {
        const log = write(steps)
        return inOrder
          ? fc.constant(log)
          : fc.shuffledSubarray([...log, ...log], { minLength: log.length * 2 })
      }),
      entries => {
        const seen: Entry[] = []
        let reduction = new CircleReduction(create.circle, [])
        for (const entry of entries) {
          const isNew = !reduction.has(entry.hash)
          const fault = isNew ? reduction.faultOf(entry) : undefined
          seen.push(entry)
          if (reduction.add(entry)) alone += isNew ? 1 : 0
          else {
            anew++
            reduction = new CircleReduction(create.circle, seen)
          }
          const whole = reduceCircle(create.circle, seen)
          if (shown(reduction.state) !== shown(whole)) return false
          const why = whole.invalid.find(({ hash }) => hash === entry.hash)?.why ?? null
          if (fault !== undefined && fault !== why) return false
        }
        return true
      },
    ),
    { numRuns: 400 },
  )
  t.ok(alone > 500 && anew > 500, `both ways were gone: ${alone} alone, ${anew} anew`)
})

t.test('entries without effect can be left out, and nothing changes but that', async () => {
  fc.assert(
    fc.property(logs, log => {
      const state = reduceCircle(create.circle, log)
      const without = new Set(state.invalid.map(({ hash }) => hash))
      const inUse = new Set(log.filter(entry => !without.has(entry.hash)).flatMap(entry => entry.prev))
      // One that another names must stay, or that one would wait for it; and a contradiction is remembered as an alarm.
      if (state.invalid.some(({ hash, why }) => inUse.has(hash) || why === 'conflicting-document'))
        return true
      const rest = reduceCircle(
        create.circle,
        log.filter(entry => !without.has(entry.hash)),
      )
      return shown({ ...state, invalid: [] }) === shown({ ...rest, invalid: [] })
    }),
    RUNS,
  )
})

t.test('everybody in a circle began it or was added by an entry that has its effect', async t => {
  fc.assert(
    fc.property(logs, log => {
      const state = reduceCircle(create.circle, log)
      const invalid = new Set(state.invalid.map(({ hash }) => hash))
      const added = log.flatMap(entry =>
        entry.op === 'add' && !invalid.has(entry.hash) ? entry.person.document.did : [],
      )
      return state.members.every(({ did }) => did === create.did || added.includes(did))
    }),
    RUNS,
  )
  t.pass()
})

t.test(
  'who was removed gets nobody in, and changes nothing, by what they write without knowing of it',
  async t => {
    fc.assert(
      fc.property(logs, step, fc.nat(people.length - 2), (log, { what, whom, known }, who) => {
        const removed = people[who + 1]
        const other = people[whom]
        if (!alice || !removed || !other) return true
        const before = reduceCircle(create.circle, log)
        if (before.owner !== alice.keystore.did || before.closing) return true
        const after = [...log, remove(alice, log, removed)]
        const seen = log.slice(0, Math.min(known, log.length))
        const aside =
          what === 'remove'
            ? remove(removed, seen, other)
            : what === 'promote'
              ? giveRole(removed, seen, other, 'admin')
              : what === 'rename'
                ? rename(removed, seen, 'taken over')
                : add(removed, seen, other, { role: 'admin' })
        const without = reduceCircle(create.circle, after)
        const withIt = reduceCircle(create.circle, [...after, aside])
        const facts = ({ name, owner, members, sealing, closing }: CircleState) =>
          JSON.stringify([name, owner, members.map(({ did, role }) => [did, role]), sealing?.id, closing])
        return (
          without.members.every(({ did }) => did !== removed.keystore.did) && facts(without) === facts(withIt)
        )
      }),
      { numRuns: 150 },
    )
    t.pass()
  },
)

t.test('only the newest epoch of exactly those who are in seals', async t => {
  fc.assert(
    fc.property(logs, log => {
      const { sealing, former, members } = reduceCircle(create.circle, log)
      if (sealing === null) return true
      const entry = log.find(({ hash }) => hash === sealing.id)
      return (
        entry !== undefined &&
        members.length > 0 &&
        former.every(({ did }) => !members.some(member => member.did === did))
      )
    }),
    RUNS,
  )
  t.pass()
})
