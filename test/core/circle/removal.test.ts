/** Who may take whom out of a circle, and what of theirs goes with them, also when several people write at once. */
import t from 'tap'
import type { Entry } from '../../../src/core/circle/entry.ts'
import { makeAdd, makeRemove, makeRename, makeRole } from '../../../src/core/circle/new-entry.ts'
import { type CircleState, memberOfDevice, reduceCircle } from '../../../src/core/circle/reduce.ts'
import {
  add,
  audienceOf,
  begin,
  close,
  epochFor,
  giveRole,
  leave,
  remove,
  rename,
  revise,
  rotate,
  transfer,
} from '../../kit/circle.ts'
import { makeDevice, makePerson, nextDocument, type Person, START_MS } from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const carol = makePerson('carol')
const dave = makePerson('dave')
const eve = makePerson('eve')

const reduce = (entries: readonly Entry[]): CircleState => reduceCircle((entries[0] as Entry).circle, entries)
const names = new Map([alice, bob, carol, dave, eve].map(person => [person.keystore.did, person.name]))
const inside = (entries: readonly Entry[]): string[] =>
  reduce(entries)
    .members.map(({ did, role }) => `${names.get(did)} ${role}`)
    .sort()
const whyOf = (entries: readonly Entry[], entry: Entry): string | undefined =>
  reduce(entries).invalid.find(({ hash }) => hash === entry.hash)?.why

/** A log in which each writer knows all that was written before. */
function log(...steps: ((known: readonly Entry[]) => Entry)[]): Entry[] {
  const entries = [begin(alice)]
  for (const step of steps) entries.push(step(entries))
  return entries
}
const adds =
  (by: Person, who: Person, role: 'admin' | 'member' | 'reader' = 'member') =>
  (known: readonly Entry[]) =>
    add(by, known, who, { role })

const team = log(adds(alice, bob, 'admin'), adds(alice, carol, 'admin'), adds(alice, dave))

t.test('alice removes bob: he is out, and the new epoch is for the others', async t => {
  const removal = remove(alice, team, bob)
  const state = reduce([...team, removal])
  t.same(inside([...team, removal]), ['alice owner', 'carol admin', 'dave member'])
  t.same(state.former, [
    { did: bob.keystore.did, how: 'removed', exit: removal.hash, by: alice.keystore.did, card: null },
  ])
  t.equal(state.sealing?.id, removal.hash)
  t.equal(state.sealing?.number, (reduce(team).sealing?.number ?? 0) + 1)
})

t.test('what bob writes after his removal has no effect', async t => {
  const out = [...team, remove(alice, team, bob)]
  const adding = add(bob, out, eve)
  const rotating = rotate(bob, out)
  t.equal(whyOf([...out, adding, rotating], adding), 'not-a-member')
  t.equal(whyOf([...out, adding, rotating], rotating), 'not-a-member')
  t.same(inside([...out, adding, rotating]), inside(out))
})

t.test('what bob dates back before his removal has no effect, nor what was built on it', async t => {
  const removal = remove(alice, team, bob)
  const adding = add(bob, team, eve, { role: 'admin' })
  const hers = add(eve, [...team, adding], makePerson('mallory'))
  const all = [...team, removal, adding, hers]
  t.equal(whyOf(all, adding), 'removed')
  t.equal(whyOf(all, hers), 'not-a-member')
  t.same(inside(all), ['alice owner', 'carol admin', 'dave member'])
  t.equal(reduce(all).sealing?.id, removal.hash, 'his epoch does not seal either')
})

t.test('what bob dates back stays without effect also when what hid it is taken out', async t => {
  const hers = add(carol, team, eve)
  // While eve is in by carol, this has no effect anyway.
  const his = add(bob, [...team, hers], eve, { role: 'admin' })
  const all = [...team, hers, his, remove(alice, team, bob), remove(alice, team, carol)]
  t.equal(whyOf(all, hers), 'removed')
  t.equal(whyOf(all, his), 'removed')
  t.same(inside(all), ['alice owner', 'dave member'])
})

t.test('what bob’s revoked phone dates back stays without effect also then', async t => {
  const phone = makeDevice(bob)
  const both = nextDocument(bob, [bob.device, phone])
  const withPhone = [...team, revise(bob, team, both)]
  const hers = add(carol, withPhone, eve)
  const his = add({ person: bob, document: both, device: phone }, [...withPhone, hers], eve, {
    role: 'admin',
  })
  const ended = [{ ed: phone.listed.ed, at: START_MS }]
  const revoking = revise(bob, withPhone, nextDocument({ ...bob, document: both }, [bob.device], ended))
  const all = [...withPhone, hers, his, revoking, remove(alice, withPhone, carol)]
  t.equal(whyOf(all, hers), 'removed')
  t.equal(whyOf(all, his), 'revoked-device')
  t.same(inside(all), ['alice owner', 'bob admin', 'dave member'])
})

t.test('what bob did before, and alice knew, stays', async t => {
  const before = [...team, add(bob, team, eve)]
  t.same(inside([...before, remove(alice, before, bob)]), [
    'alice owner',
    'carol admin',
    'dave member',
    'eve member',
  ])
})

t.test(
  'an admin removes members and younger admins, nobody older, not the owner, not themselves',
  async t => {
    const allowed = remove(bob, team, carol)
    t.same(inside([...team, allowed]), ['alice owner', 'bob admin', 'dave member'])
    for (const [by, who] of [
      [carol, bob],
      [carol, alice],
      [bob, bob],
      [dave, carol],
    ] as const) {
      const refused = remove(by, team, who)
      t.equal(whyOf([...team, refused], refused), 'not-allowed', `${by.name} removes ${who.name}`)
      t.same(inside([...team, refused]), inside(team))
    }
  },
)

t.test('of two admins who remove each other at once the older stays', async t => {
  const all = [...team, remove(bob, team, carol), remove(carol, team, bob)]
  t.same(inside(all), ['alice owner', 'bob admin', 'dave member'])
})

t.test(
  'sixty admins who are removed while they remove dave take nothing of his out, also in a log too long to be judged sixty times',
  async t => {
    const create = begin(alice)
    const epoch = epochFor(audienceOf(alice.document))
    const entries = [create]
    const at = (signer: Person) => ({
      circle: create.circle,
      signer: signer.document,
      prev: [(entries.at(-1) as Entry).hash],
      atMs: START_MS,
    })
    const admins = Array.from({ length: 120 }, (_, number) => makePerson(`admin ${number}`))
    for (const { document } of [dave, ...admins])
      entries.push(makeAdd(at(alice), { document, role: 'admin', card: null, epoch }, alice.device.sign))
    while (entries.length < 4300) entries.push(makeRename(at(alice), 'team', alice.device.sign))
    entries.push(makeRole(at(alice), dave.document.did, 'member', alice.device.sign))
    const laptop = makeDevice(dave)
    const his = revise(dave, entries, nextDocument(dave, [dave.device, laptop]))
    const removals = admins.map((admin, number) => {
      const whom = number % 2 === 0 ? (admins[number + 1] as Person) : dave
      return makeRemove(at(admin), whom.document.did, epoch, admin.device.sign)
    })
    const state = reduce([...entries, his, ...removals])
    t.equal(state.invalid.length, 60)
    t.equal(state.members.length, 1 + 1 + 60)
    t.equal(memberOfDevice(state, laptop.sign.publicKey)?.did, dave.document.did)
    t.same(reduceCircle(create.circle, [...removals, his, ...entries].reverse()), state)
  },
)

t.test('the owner and an admin who remove each other at once: the owner stays', async t => {
  const all = [...team, remove(bob, team, alice), remove(alice, team, bob)]
  t.same(inside(all), ['alice owner', 'carol admin', 'dave member'])
})

t.test(
  'admins made at once stand in one order, and the last of a ring of removals is no exception',
  async t => {
    const before = log(adds(alice, bob), adds(alice, carol), adds(alice, dave))
    const made = [
      ...before,
      giveRole(alice, before, bob, 'admin'),
      giveRole(alice, before, carol, 'admin'),
      giveRole(alice, before, dave, 'admin'),
    ]
    const ring = [remove(bob, made, carol), remove(carol, made, dave), remove(dave, made, bob)]
    const state = reduce([...made, ...ring])
    const effective = ring.filter(entry => !state.invalid.some(({ hash }) => hash === entry.hash))
    const firstMade = reduce(made).members.filter(({ role }) => role === 'admin')
    t.equal(firstMade.length, 3)
    t.ok(effective.length >= 1 && effective.length <= 2)
    for (const entry of effective)
      t.notOk(state.members.some(({ did }) => entry.op === 'remove' && did === entry.target))
    for (const order of [ring, ring.toReversed()])
      t.same(inside([...made, ...order]), inside([...ring, ...made.toReversed()].sort(byCreation(made))))
  },
)

/** Any order will do for the reducer; this one only puts the beginning first, for `inside`. */
const byCreation =
  (made: readonly Entry[]) =>
  (a: Entry, b: Entry): number =>
    Number(b === made[0]) - Number(a === made[0])

t.test('an addition and a removal of one person at once: the removal counts', async t => {
  const without = log(adds(alice, bob, 'admin'), adds(alice, carol))
  const out = [...without, remove(alice, without, carol)]
  const again = add(bob, out, carol)
  const removal = remove(alice, [...out], carol)
  t.same(inside([...out, again]), ['alice owner', 'bob admin', 'carol member'])
  t.same(inside([...out, again, removal]), ['alice owner', 'bob admin'])
})

t.test('somebody who was added while the one who added them was removed is not in', async t => {
  const all = [...team, add(carol, team, eve), remove(bob, team, carol)]
  t.same(inside(all), ['alice owner', 'bob admin', 'dave member'])
})

t.test(
  'bob, removed and added again, writes again, and what he wrote in between stays without effect',
  async t => {
    const out = [...team, remove(alice, team, bob)]
    const between = add(bob, out, eve)
    const back = add(alice, out, bob, { role: 'admin' })
    const after = add(bob, [...out, back], eve)
    const all = [...out, between, back, after]
    t.equal(whyOf(all, between), 'not-a-member')
    t.same(inside(all), ['alice owner', 'bob admin', 'carol admin', 'dave member', 'eve member'])
    t.equal(reduce(all).sealing?.id, after.hash)
  },
)

t.test('bob, back in the circle, is the youngest of its admins', async t => {
  const out = [...team, remove(alice, team, bob)]
  const back = [...out, add(alice, out, bob, { role: 'admin' })]
  const refused = remove(bob, back, carol)
  t.equal(whyOf([...back, refused], refused), 'not-allowed')
  t.same(inside([...back, remove(carol, back, bob)]), ['alice owner', 'carol admin', 'dave member'])
})

t.test('two removals at once leave no epoch until somebody rotates', async t => {
  const both = [...team, remove(alice, team, dave), remove(bob, team, carol)]
  t.same(inside(both), ['alice owner', 'bob admin'])
  t.equal(reduce(both).sealing, null)
  const rotation = rotate(bob, both)
  t.equal(reduce([...both, rotation]).sealing?.id, rotation.hash)
})

t.test('an epoch from before somebody came does not seal again when they are gone', async t => {
  const pair = log(adds(alice, bob))
  const left = [...pair, leave(bob, pair)]
  t.same(inside(left), ['alice owner'])
  t.equal(reduce(left).sealing, null)
  const rotation = rotate(alice, left)
  t.equal(reduce([...left, rotation]).sealing?.id, rotation.hash)
})

t.test('a member leaves by themselves, the owner does not', async t => {
  const left = [...team, leave(dave, team)]
  t.same(inside(left), ['alice owner', 'bob admin', 'carol admin'])
  const refused = leave(alice, team)
  t.equal(whyOf([...team, refused], refused), 'not-allowed')
})

t.test('roles are given by who stands above, and of two given at once the lower counts', async t => {
  const promoted = [...team, giveRole(bob, team, dave, 'admin')]
  t.same(inside(promoted), ['alice owner', 'bob admin', 'carol admin', 'dave admin'])
  const refused = giveRole(carol, team, bob, 'reader')
  t.equal(whyOf([...team, refused], refused), 'not-allowed')
  const own = giveRole(dave, team, dave, 'admin')
  t.equal(whyOf([...team, own], own), 'not-allowed')
  const same = giveRole(alice, team, dave, 'member')
  t.equal(whyOf([...team, same], same), 'already-so')
  const atOnce = [...team, giveRole(alice, team, dave, 'admin'), giveRole(bob, team, dave, 'reader')]
  t.ok(inside(atOnce).includes('dave reader'))
})

t.test('what a demoted admin dates back as an admin has no effect', async t => {
  const demotion = giveRole(alice, team, bob, 'member')
  const adding = add(bob, team, eve)
  const all = [...team, demotion, adding]
  t.equal(whyOf(all, adding), 'demoted')
  t.same(inside(all), ['alice owner', 'bob member', 'carol admin', 'dave member'])
})

t.test('two admins rename a circle at once, and everybody reads the same name', async t => {
  const one = rename(bob, team, 'north')
  const other = rename(carol, team, 'south')
  const name = reduce([...team, one, other]).name
  t.equal(reduce([...team, other, one]).name, name)
  t.ok(name === 'north' || name === 'south')
  t.equal(reduce([...team, one, other, rename(alice, [...team, one, other], 'east')]).name, 'east')
  const refused = rename(dave, team, 'west')
  t.equal(reduce([...team, refused]).name, 'team')
})

t.test('alice gives the circle to carol, and is an admin from then on', async t => {
  const given = [...team, transfer(alice, team, carol)]
  t.same(inside(given), ['alice admin', 'bob admin', 'carol owner', 'dave member'])
  t.equal(reduce(given).owner, carol.keystore.did)
  t.same(inside([...given, remove(carol, given, alice)]), ['bob admin', 'carol owner', 'dave member'])
  const refused = remove(alice, given, carol)
  t.equal(whyOf([...given, refused], refused), 'not-allowed')
  const toNobody = transfer(alice, team, eve)
  t.equal(whyOf([...team, toNobody], toNobody), 'not-allowed')
})

t.test('a closed circle takes no entry any more, also none that did not know of it', async t => {
  const closing = close(alice, team)
  const shut = [...team, closing]
  t.equal(reduce(shut).closing, closing.hash)
  t.equal(reduce(shut).sealing, null)
  const late = add(bob, shut, eve)
  const aside = add(bob, team, eve)
  t.equal(whyOf([...shut, late], late), 'closed')
  t.equal(whyOf([...shut, aside], aside), 'closed')
  const refused = close(bob, team)
  t.equal(whyOf([...team, refused], refused), 'not-allowed')
})

t.test(
  'dave’s phone came after the epoch and may have its key: when he takes it out, nobody shares under that epoch',
  async t => {
    const phone = makeDevice(dave)
    const two = nextDocument(dave, [dave.device, phone])
    const grown = [...team, revise(dave, team, two)]
    const epoch = reduce(team).sealing?.id
    t.equal(reduce(grown).sealing?.id, epoch, 'a device that comes changes nothing')
    const gone = [{ ed: phone.listed.ed, at: two.atMs }]
    const one = nextDocument(dave, [dave.device], gone, two.seq + 1)
    const shrunk = [...grown, revise(dave, grown, one)]
    t.equal(reduce(shrunk).sealing, null)
    const turned = rotate(alice, shrunk)
    t.equal(reduce([...shrunk, turned]).sealing?.id, turned.hash)
    const blind = rotate(bob, grown)
    t.equal(reduce([...shrunk, blind]).sealing, null, 'nor under one whose maker did not know of it')
  },
)
