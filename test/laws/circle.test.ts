import fc from 'fast-check'
import t from 'tap'
import type { Entry } from '../../src/core/circle/entry.ts'
import { type CircleState, reduceCircle } from '../../src/core/circle/reduce.ts'
import { add, begin, revise, rotate } from '../kit/circle.ts'
import { makeDevice, makePerson, nextDocument, START_MS, type TestDevice } from '../kit/person.ts'

const people = ['alice', 'bob', 'carol', 'dave', 'eve'].map(name => makePerson(name))
const [alice] = people
const create = begin(alice as (typeof people)[number])

/** What the random writers do: who, what, to whom, and how much of the log they know. */
const step = fc.record({
  who: fc.nat(people.length - 1),
  what: fc.constantFrom('add', 'admin', 'rotate', 'phone', 'revoke'),
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

t.test('nobody is a member whom neither the owner nor an admin added', async () => {
  fc.assert(
    fc.property(logs, log => {
      const state = reduceCircle(create.circle, log)
      const effective = new Set(log.map(entry => entry.hash))
      for (const { hash } of state.invalid) effective.delete(hash)
      const roles = new Map(state.members.map(member => [member.did, member.role]))
      return state.members.every(
        member =>
          member.did === state.owner ||
          log.some(
            entry =>
              entry.op === 'add' &&
              effective.has(entry.hash) &&
              entry.person.document.did === member.did &&
              ['owner', 'admin'].includes(roles.get(entry.did) ?? ''),
          ),
      )
    }),
    RUNS,
  )
})
