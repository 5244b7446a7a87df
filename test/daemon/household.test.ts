/** People who live on one daemon share with each other and with somebody elsewhere, as if each had a node of their own. */
import t from 'tap'
import { household } from '../kit/household.ts'
import { introduce, liveNode } from '../kit/live-node.ts'

t.setTimeout(180_000)

t.test('alice and bob on one daemon and carol on another are a circle of three', async t => {
  const house = await household(t, 'alice')
  const alice = await house.operator()
  const bob = await house.resident('bob')
  const carol = await liveNode(t, 'carol')

  t.comment('cards: a person on the same daemon is reached like anybody')
  const { card } = await bob.call('contact.card', {})
  t.match(await alice.call('contact.add', { card, name: 'bob' }), { state: 'verified', reachable: true })
  const own = await alice.call('contact.card', {})
  t.match(await bob.call('contact.add', { card: own.card, name: 'alice' }), { reachable: true })
  await introduce(alice, carol)
  t.match((await alice.call('contact.list', {})).contacts, [{ reachable: true }, { reachable: true }])

  t.comment('a share to one person, with its receipt, and taken back')
  const conversation = await alice.converse('titlequagga', 'canaryquetzal', 'so be it')
  const toBob = await alice.call('share.create', { conversation, to: ['bob'], title: 'tea' })
  const shown = await alice.acknowledged(toBob.shareId)
  t.match(shown, { state: 'published', recipients: [{ did: bob.did, state: 'acknowledged' }] })
  await bob.received(toBob.shareId)
  t.match(await bob.call('inbox.open', { share: toBob.shareId }), {
    verified: true,
    owner: { did: alice.did },
    conversation: { messages: [{ text: 'canaryquetzal' }] },
  })
  await alice.call('share.revoke', { share: toBob.shareId })
  await alice.logged('share.buried', { share: toBob.shareId, target: bob.did })
  t.equal(await bob.codeOf('inbox.open', { share: toBob.shareId }), 'share/revoked')
  t.equal(bob.blocks(), 0, 'no block is left of it')

  t.comment('a circle over both daemons')
  await alice.call('circle.create', { name: 'team' })
  const circle = await alice.call('circle.add', { circle: 'team', contacts: ['bob', 'carol'] })
  t.same(
    circle.members.map(({ state }) => state),
    ['active', 'active', 'active'],
  )
  const first = await alice.call('share.create', { conversation, circles: ['team'], title: 'first' })
  for (const one of [bob, carol]) {
    await one.until('the share to the circle', async () =>
      (await one.inbox()).some(({ shareId }) => shareId === first.shareId),
    )
    t.match((await one.call('inbox.open', { share: first.shareId })).conversation.messages[0], {
      text: 'canaryquetzal',
    })
  }

  t.comment('bob shares with it, who knows carol from the circle alone')
  const his = await bob.converse('titleokapi', 'canaryaxolotl', 'well')
  const second = await bob.call('share.create', {
    conversation: his,
    circles: [circle.circleId],
    title: 'second',
  })
  for (const one of [alice, carol])
    await one.until('the share of bob', async () =>
      (await one.inbox()).some(({ shareId }) => shareId === second.shareId),
    )
  await bob.until('both receipts', async () => {
    const { recipients } = await bob.call('share.show', { share: second.shareId })
    return recipients.length === 2 && recipients.every(({ state }) => state === 'acknowledged')
  })

  t.comment('a change of the circle comes to everybody; who is removed is told')
  await alice.call('circle.rename', { circle: 'team', name: 'crew' })
  for (const one of [bob, carol])
    await one.until('the new name', async () =>
      (await one.call('circle.list', {})).circles.some(({ name }) => name === 'crew'),
    )
  await alice.call('circle.remove', { circle: 'crew', contacts: ['bob'] })
  await bob.until('the removal', async () =>
    (await bob.call('circle.list', {})).circles.some(({ state }) => state === 'removed'),
  )
  const after = await alice.call('share.create', { conversation, circles: ['crew'], title: 'after' })
  await carol.until('what came after', async () =>
    (await carol.inbox()).some(({ shareId }) => shareId === after.shareId),
  )
  t.notOk((await bob.inbox()).some(({ shareId }) => shareId === after.shareId))

  t.comment('both keep what they have over a restart, and the token goes on counting')
  await house.node.stop()
  await house.node.start()
  const again = await house.dial({ token: bob.token })
  t.match(again.hello.user, { did: bob.did, name: 'bob' })
  t.match((await again.call('inbox.list', {})).items.map(({ shareId }) => shareId).sort(), [first.shareId])
})

t.test(
  'what is larger than a push is had from the same daemon, and content ends with its last reader',
  async t => {
    const house = await household(t, 'alice')
    const alice = await house.operator()
    const bob = await house.resident('bob')
    const dora = await house.resident('dora')
    for (const one of [bob, dora]) {
      await introduce(alice, one)
    }
    const conversation = await alice.converse('titlelong', 'w '.repeat(200_000), 'so be it')
    const { shareId } = await alice.call('share.create', { conversation, to: ['bob', 'dora'] })
    for (const one of [bob, dora]) {
      await one.until('the share', async () => (await one.inbox()).some(item => item.shareId === shareId))
      await one.call('inbox.open', { share: shareId })
    }
    t.ok(bob.blocks() > 1)
    await bob.call('inbox.forget', { share: shareId })
    t.match(await dora.call('inbox.open', { share: shareId }), { verified: true }, 'dora has it still')
    await alice.call('share.revoke', { share: shareId })
    await alice.logged('share.buried', { share: shareId, target: dora.did })
    t.equal(dora.blocks(), 0)
  },
)

t.test('who has no card of a person on the same daemon reaches them no better than anywhere', async t => {
  const house = await household(t, 'alice')
  const alice = await house.operator()
  const bob = await house.resident('bob')
  const elsewhere = await liveNode(t, 'mallory')
  const { card } = await bob.call('contact.card', {})
  t.match(await elsewhere.call('contact.add', { card }), { reachable: true })
  const hers = await elsewhere.call('contact.card', {})
  t.match(await alice.call('contact.add', { card: hers.card, name: 'mallory' }), { reachable: true })
  const peers = await alice.call('peer.list', {})
  t.same(
    peers.peers.map(({ did }) => did),
    [elsewhere.did],
  )
  t.same(
    (await bob.call('peer.list', {})).peers,
    [],
    'bob was not told that mallory is there: he does not know her',
  )
})
