/** What a circle is for and what newcomers get, also when several people set it at once. */
import t from 'tap'
import type { Entry } from '../../../src/core/circle/entry.ts'
import { type CircleState, reduceCircle } from '../../../src/core/circle/reduce.ts'
import { add, begin, close, describe, giveRole, remove, setHistory, transfer } from '../../kit/circle.ts'
import { makePerson, type Person } from '../../kit/person.ts'

const [alice, bob, carol, dave] = ['alice', 'bob', 'carol', 'dave'].map(name => makePerson(name)) as [
  Person,
  Person,
  Person,
  Person,
]
const create = begin(alice)
const withBob = [create, add(alice, [create], bob, { role: 'admin' })]
const team = [...withBob, add(alice, withBob, carol)]

const reduce = (entries: readonly Entry[]): CircleState => reduceCircle(create.circle, entries)
const whyOf = (entries: readonly Entry[], entry: Entry): string | undefined =>
  reduce(entries).invalid.find(({ hash }) => hash === entry.hash)?.why
const historyOf = (entries: readonly Entry[], who: Person) =>
  reduce(entries).members.find(({ did }) => did === who.keystore.did)?.history

t.test('bob, an admin, describes the circle, and carol, who is none, does not', async t => {
  t.equal(reduce(team).description, null)
  const said = [...team, describe(bob, team, 'the garden')]
  t.equal(reduce(said).description, 'the garden')
  t.equal(reduce([...said, describe(alice, said, '')]).description, null)
  const hers = describe(carol, team, 'the shed')
  t.equal(whyOf([...team, hers], hers), 'not-allowed')
  t.throws(() => describe(bob, team, 'x'.repeat(2001)), { code: 'crypto/bad-encoding' })
})

t.test('two admins describe a circle at once, and everybody reads the same', async t => {
  const one = describe(alice, team, 'the garden')
  const two = describe(bob, team, 'the shed')
  const read = reduce([...team, one, two]).description
  t.equal(reduce([...team, two, one]).description, read)
  t.equal(read, one.hash > two.hash ? 'the garden' : 'the shed')
  const later = describe(bob, [...team, one, two], 'both')
  t.equal(reduce([...team, one, two, later]).description, 'both')
})

t.test('the owner alone sets the history, and it counts for those who are added afterwards', async t => {
  t.equal(reduce(team).history, 'now')
  const set = setHistory(alice, team, 'all')
  const by = setHistory(bob, team, 'all')
  t.equal(whyOf([...team, by], by), 'not-allowed')
  const all = [...team, set]
  t.equal(reduce(all).history, 'all')
  t.equal(historyOf(all, carol), 'now', 'carol was there before')
  const grown = [...all, add(bob, all, dave)]
  t.equal(historyOf(grown, dave), 'all')
  const stricter = [...grown, setHistory(alice, grown, 'none')]
  t.equal(historyOf(stricter, dave), 'all', 'what is set later takes nothing back')
})

t.test('of two settings of the history made at once the stricter counts', async t => {
  const given = [...team, transfer(alice, team, bob)]
  // Alice, who does not know yet that the circle is given away, and bob, who has it now, cannot both be the owner of one log: the
  // owner's two devices can write at once.
  const [open, shut] = [setHistory(bob, given, 'all'), setHistory(bob, given, 'none')]
  t.equal(reduce([...given, open, shut]).history, 'none')
  t.equal(reduce([...given, shut, open]).history, 'none')
  const again = setHistory(bob, [...given, open, shut], 'all')
  t.equal(reduce([...given, open, shut, again]).history, 'all', 'who knew of both has the last word')
})

t.test('somebody is added while the history is set: what the adder knew counts for them', async t => {
  const set = setHistory(alice, team, 'all')
  const added = add(bob, team, dave)
  t.equal(historyOf([...team, set, added], dave), 'now')
})

t.test('added at once by one who knew the new history and one who did not: the stricter counts', async t => {
  const all = [...team, setHistory(alice, team, 'all')]
  const entries = [...all, add(alice, all, dave), add(bob, team, dave)]
  t.equal(historyOf(entries, dave), 'now')
})

t.test('the epoch is kept at an addition only where the adder knew the history to be all', async t => {
  const all = [...team, setHistory(alice, team, 'all')]
  const kept = add(bob, all, dave, { keep: true })
  t.equal(whyOf([...all, kept], kept), undefined)
  const shut = [...all, setHistory(alice, all, 'now')]
  const late = add(bob, shut, dave, { keep: true })
  t.equal(whyOf([...shut, late], late), 'no-epoch')
})

t.test('a person is removed while another admin promotes them: they are out', async t => {
  const entries = [...team, remove(alice, team, carol), giveRole(bob, team, carol, 'admin')]
  t.notOk(reduce(entries).members.some(({ did }) => did === carol.keystore.did))
})

t.test('a circle is closed while somebody describes it or sets its history: without that', async t => {
  const end = close(alice, team)
  const said = describe(bob, team, 'too late')
  const set = setHistory(alice, team, 'all')
  const state = reduce([...team, end, said, set])
  t.equal(state.closing, end.hash)
  t.equal(state.description, null)
  t.equal(state.history, 'now')
})
