/** A reduced circle takes the next entry alone only where reducing everything would say the same. */
import t from 'tap'
import type { Entry } from '../../../src/core/circle/entry.ts'
import { makeCreate } from '../../../src/core/circle/new-entry.ts'
import { CircleReduction, reduceCircle } from '../../../src/core/circle/reduce.ts'
import { add, audienceOf, begin, epochFor, leave, remove, rename } from '../../kit/circle.ts'
import { makePerson, START_MS, seededChance } from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const carol = makePerson('carol')

/** What is there after each entry came by itself, and whether the last was judged alone. */
function oneByOne(entries: readonly Entry[]) {
  const [first] = entries as [Entry]
  let reduction = new CircleReduction(first.circle, [])
  let alone = false
  for (const [at, entry] of entries.entries()) {
    alone = reduction.add(entry)
    if (!alone) reduction = new CircleReduction(first.circle, entries.slice(0, at + 1))
  }
  return { state: reduction.state, alone }
}

t.test('bob writes on top of everything: his entry is judged alone', async t => {
  const create = begin(alice)
  const log = [create, add(alice, [create], bob, { role: 'admin' })]
  const { state, alone } = oneByOne([...log, rename(bob, log, 'garden')])
  t.ok(alone)
  t.equal(state.name, 'garden')
})

t.test('of two beginnings of alice the one with the smaller hash counts, whichever came first', async t => {
  const beginning = (name: string): Entry =>
    makeCreate(
      {
        signer: alice.document,
        atMs: START_MS,
        name,
        history: 'now',
        card: null,
        epoch: epochFor(audienceOf(alice.document)),
      },
      alice.device.sign,
      seededChance('the same salt'),
    )
  const [one, two] = [beginning('one'), beginning('two')]
  t.equal(one.circle, two.circle)
  const least = one.hash < two.hash ? 'one' : 'two'
  t.equal(oneByOne([one, two]).state.name, least)
  t.equal(oneByOne([two, one]).state.name, least)
})

t.test('a removal that its own maker outdid by leaving still holds back what knew nothing of it', async t => {
  const create = begin(alice)
  const withBob = [create, add(alice, [create], bob, { role: 'admin' })]
  const team = [...withBob, add(alice, withBob, carol, { role: 'admin' })]
  // Bob leaves and, on another of his devices, removes carol, who writes at the same time, and again once she knows that he left.
  const left = leave(bob, team)
  const removal = remove(bob, team, carol)
  const hers = rename(carol, team, 'first')
  const later = rename(carol, [...team, left], 'second')
  const all = [...team, left, removal, hers, later]
  const whole = reduceCircle(create.circle, all)
  const { state, alone } = oneByOne(all)
  t.notOk(alone)
  t.same(state.invalid, whole.invalid)
  t.ok(whole.invalid.some(({ hash, why }) => hash === later.hash && why === 'removed'))
  t.equal(state.name, 'team')
})
