/** A circle changes: who goes out learns of it and of nothing after, the others go on under a new key without being asked. */
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { Search } from '../kit/search.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]

/** Alice with a circle of bob and carol; each knows her. */
async function circleOfThree(t: T, role: 'member' | 'admin' | 'reader' = 'member') {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(name => liveNode(t, name)))
  if (!alice || !bob || !carol) throw new Error('three nodes were asked for')
  await introduce(alice, bob)
  await introduce(alice, carol)
  const { circleId: circle } = await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle, contacts: ['bob'], role })
  await alice.call('circle.add', { circle, contacts: ['carol'] })
  for (const node of [bob, carol]) await isSeen(node, circle, ({ members }) => members.length === 3)
  return { alice, bob, carol, circle }
}

type Circle = Awaited<ReturnType<typeof shown>>
const shown = (node: LiveNode, circle: string) => node.call('circle.show', { circle })

/** Wait until a node shows the circle like that. */
const isSeen = (node: LiveNode, circle: string, like: (circle: Circle) => boolean): Promise<void> =>
  node.until('the circle to change', async () => {
    const { circles } = await node.call('circle.list', {})
    const found = circles.find(({ circleId }) => circleId === circle)
    return found !== undefined && like(found)
  })

const names = (circle: Circle): string[] =>
  circle.members.map(({ name, role }) => `${name ?? '?'} ${role}`).sort()

t.test('bob is removed: he is told, keeps what he has, and gets nothing that follows', async t => {
  const { alice, bob, carol, circle } = await circleOfThree(t)
  const before = await alice.converse('Before', 'the word is halyard', 'noted')
  const old = await alice.call('share.create', { conversation: before, circles: [circle] })
  await bob.received(old.shareId)
  await bob.call('inbox.open', { share: old.shareId })

  const { code, out } = await alice.vivim(['circle', 'remove', 'team', 'bob'])
  t.equal(code, 0)
  const after = JSON.parse(out)
  t.match(after, { changed: true, epoch: 4, state: 'active' })
  t.same(names(after), ['alice owner', 'carol member'])
  await isSeen(bob, circle, ({ state }) => state === 'removed')
  await isSeen(carol, circle, ({ members, epoch }) => members.length === 2 && epoch === 4)

  const later = await alice.converse('Later', 'the word is bowsprit', 'noted')
  const fresh = await alice.call('share.create', { conversation: later, circles: [circle] })
  t.equal(fresh.recipients.total, 1)
  await alice.call('circle.rename', { circle, name: 'bowsprit crew' })
  await carol.received(fresh.shareId)
  const read = await carol.call('inbox.open', { share: fresh.shareId })
  t.equal(read.conversation.messages[0]?.text, 'the word is bowsprit')
  await isSeen(carol, circle, ({ name }) => name === 'bowsprit crew')

  t.same(
    (await bob.inbox()).map(({ shareId }) => shareId),
    [old.shareId],
  )
  t.equal((await bob.call('inbox.open', { share: old.shareId })).verified, true, 'what he had he keeps')
  t.same(new Search(['bowsprit']).inFolder(bob.home), [], 'no word of what followed is in his home')
  const mine = await bob.converse('Mine', 'hello', 'hello')
  t.equal((await bob.fails(['share', 'create', mine, '--circle', circle, '--yes'], 4)).code, 'circle/denied')
  t.match(JSON.parse((await alice.vivim(['circle', 'remove', circle, 'bob'])).out), { changed: false })

  await alice.call('circle.add', { circle, contacts: ['bob'] })
  await isSeen(bob, circle, ({ state, members }) => state === 'active' && members.length === 3)
  t.notOk(
    (await bob.inbox()).some(({ shareId }) => shareId === fresh.shareId),
    'what was shared while he was out stays closed to him',
  )
})

t.test(
  'bob is away when he is removed, and alice is killed right after: he learns it when he comes',
  async t => {
    const { alice, bob, circle } = await circleOfThree(t)
    await bob.stop()
    await alice.call('circle.remove', { circle, contacts: ['bob'] })
    await alice.kill()
    await alice.start()
    await bob.start()
    await isSeen(bob, circle, ({ state }) => state === 'removed')
  },
)

t.test('carol leaves: the others go on under a new key, made without anybody asking', async t => {
  const { alice, bob, carol, circle } = await circleOfThree(t, 'admin')
  const { epoch } = await shown(alice, circle)
  const left = await carol.call('circle.leave', { circle })
  t.match(left, { state: 'left', changed: true })
  t.match(await carol.call('circle.leave', { circle }), { state: 'left', changed: false })
  for (const node of [alice, bob])
    await isSeen(node, circle, seen => seen.members.length === 2 && seen.epoch > epoch)
  await alice.logged('circle.delivered', { target: bob.did }, 3)
  const rotations = [alice, bob].map(node => node.count('circle.entry', { op: 'rotate' }))
  t.same(rotations, [1, 0], 'once, by the node of the owner')
  const conversation = await alice.converse('Later', 'the word is bowsprit', 'noted')
  const share = await alice.call('share.create', { conversation, circles: [circle] })
  await alice.acknowledged(share.shareId)
  t.equal(share.recipients.total, 1)
  t.same(await carol.inbox(), [])
  t.equal((await alice.fails(['circle', 'leave', circle], 4)).code, 'circle/denied', 'its owner cannot leave')
})

t.test(
  'a reader reads and shares nothing, an admin adds and removes, an owner gives the circle away',
  async t => {
    const { alice, bob, carol, circle } = await circleOfThree(t, 'reader')
    const conversation = await bob.converse('Mine', 'hello there', 'hello')
    t.equal(
      (await bob.fails(['share', 'create', conversation, '--circle', circle, '--yes'], 4)).code,
      'circle/denied',
    )
    t.equal((await bob.fails(['circle', 'remove', circle, carol.did], 4)).code, 'circle/denied')
    t.match(await alice.call('circle.role', { circle, contact: 'bob', role: 'admin' }), { changed: true })
    t.match(await alice.call('circle.role', { circle, contact: 'bob', role: 'admin' }), { changed: false })
    await isSeen(bob, circle, ({ members }) => members.some(({ role }) => role === 'admin'))
    t.equal((await bob.fails(['circle', 'remove', circle, 'alice'], 4)).code, 'circle/denied')
    await bob.call('circle.remove', { circle, contacts: [carol.did] })
    await isSeen(alice, circle, ({ members }) => members.length === 2)
    await isSeen(carol, circle, ({ state }) => state === 'removed')
    const share = await bob.call('share.create', { conversation, circles: [circle] })
    await alice.received(share.shareId)

    await alice.call('circle.transfer', { circle, contact: 'bob' })
    await isSeen(bob, circle, ({ members }) =>
      members.some(({ did, role }) => did === bob.did && role === 'owner'),
    )
    t.same(names(await shown(alice, circle)), ['alice admin', 'bob owner'])
  },
)

t.test('bob may take out carol and not alice: in one command carol is out for everybody', async t => {
  const { alice, bob, carol, circle } = await circleOfThree(t, 'admin')
  const refused = await bob.fails(['circle', 'remove', circle, carol.did, 'alice'], 4)
  t.match(refused, { code: 'circle/denied', message: /only members, and admins who became so later/ })
  await isSeen(alice, circle, ({ members }) => members.length === 2)
  await isSeen(carol, circle, ({ state }) => state === 'removed')
  t.match(await bob.fails(['circle', 'close', circle, '--yes'], 4), {
    code: 'circle/denied',
    message: 'only the owner of this circle may do that',
  })
  const own = await alice.fails(['circle', 'role', circle, 'alice', 'member'], 4)
  t.match(own, { code: 'circle/denied', message: /that is you/ })
})

t.test(
  'who is added again in another role, or made again with another history, is told what is there',
  async t => {
    const { alice, circle } = await circleOfThree(t)
    t.match(await alice.call('circle.add', { circle, contacts: ['bob'] }), { changed: false })
    t.match(await alice.call('circle.add', { circle, contacts: ['bob'], role: 'member' }), { changed: false })
    const refused = await alice.fails(['circle', 'add', circle, 'carol', 'bob', '--role', 'reader'], 6)
    t.match(refused, { code: 'circle/conflict', message: /“carol” is in this circle already, as member/ })
    t.match(await alice.call('circle.create', { name: 'team' }), { circleId: circle, changed: false })
    t.equal((await alice.fails(['circle', 'create', 'team', '--history', 'all'], 6)).code, 'circle/conflict')
    t.match(await alice.call('circle.create', { name: 'team', history: 'now' }), { changed: false })
    await alice.call('circle.create', { name: 'crew' })
    t.equal((await alice.fails(['circle', 'rename', 'crew', 'team'], 6)).code, 'circle/conflict')
    t.equal((await alice.fails(['circle', 'transfer', 'crew', 'bob'], 3)).code, 'contact/not-found')
    t.match(await alice.call('circle.rename', { circle: 'crew', name: 'crew' }), { changed: false })
  },
)

t.test('a circle that is over gives its name to the next one', async t => {
  const alice = await liveNode(t, 'alice')
  const { circleId: first } = await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.close', { circle: 'team' })
  t.match(await alice.call('circle.show', { circle: 'team' }), { circleId: first, state: 'closed' })
  const { circleId: next, changed } = await alice.call('circle.create', { name: 'team' })
  t.ok(changed)
  t.match(await alice.call('circle.show', { circle: 'team' }), { circleId: next, state: 'active' })
  t.match(await alice.call('circle.show', { circle: first }), { name: 'team', state: 'closed' })
})

t.test('a closed circle takes nothing any more, also at a member who was away', async t => {
  const { alice, bob, circle } = await circleOfThree(t)
  await bob.stop()
  t.match(await alice.call('circle.close', { circle }), { state: 'closed', changed: true })
  t.match(await alice.call('circle.close', { circle }), { state: 'closed', changed: false })
  const conversation = await alice.converse('Mine', 'hello there', 'hello')
  t.equal(
    (await alice.fails(['share', 'create', conversation, '--circle', circle, '--yes'], 7)).code,
    'circle/closed',
  )
  await bob.start()
  await isSeen(bob, circle, ({ state }) => state === 'closed')
})
