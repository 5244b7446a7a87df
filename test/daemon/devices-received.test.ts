/** What others share with a person appears on each of their devices, and ends on each. */
import t from 'tap'
import { pairedDevice } from '../kit/devices.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]

const holds = (node: LiveNode, share: string): Promise<void> =>
  node.until('the share to be there', async () =>
    (await node.inbox()).some(({ shareId }) => shareId === share),
  )

async function bobToAlice(t: T) {
  const desktop = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(bob, desktop)
  const conversation = await bob.converse('Tea notes', 'the word is halyard', 'noted')
  return { desktop, bob, conversation }
}

t.test('what bob shared before comes to the new device only with history', async t => {
  const { desktop, bob, conversation } = await bobToAlice(t)
  const { shareId } = await bob.call('share.create', { conversation, to: ['alice'] })
  await desktop.received(shareId)
  const plain = await pairedDevice(t, desktop, 'laptop')
  const full = await pairedDevice(t, desktop, 'tablet', { history: true })
  await holds(full, shareId)
  const opened = await full.call('inbox.open', { share: shareId })
  t.equal(opened.conversation.messages[0]?.text, 'the word is halyard')
  t.match(opened.owner, { did: bob.did, name: 'bob' })

  const later = await bob.call('share.create', { conversation, to: ['alice'], title: 'Later' })
  for (const node of [desktop, plain, full]) await holds(node, later.shareId)
  t.notOk((await plain.inbox()).some(one => one.shareId === shareId))
  t.same(plain.filesWith(shareId), [], 'nothing tells of it')
  t.match(await plain.call('inbox.open', { share: later.shareId }), { verified: true })
})

t.test(
  'an item is delivered to one device, opened on the other with the first switched off, and forgotten on both',
  async t => {
    const { desktop, bob, conversation } = await bobToAlice(t)
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const one = await bob.call('share.create', { conversation, to: ['alice'] })
    const shown = await bob.acknowledged(one.shareId)
    t.match(shown.recipients, [{ state: 'acknowledged' }], 'one receipt of any device is enough')
    for (const node of [desktop, laptop]) await holds(node, one.shareId)
    await laptop.logged('inbox.fetched', { share: one.shareId }).catch(() => {})
    await desktop.stop()
    t.match(await laptop.call('inbox.open', { share: one.shareId }), { verified: true })
    await desktop.start()
    await desktop.until('that it was opened', async () =>
      (await desktop.inbox()).some(({ shareId, state }) => shareId === one.shareId && state === 'opened'),
    )
    await laptop.call('inbox.forget', { share: one.shareId })
    await desktop.logged('inbox.forgotten', { share: one.shareId })
    t.same(await desktop.inbox(), [])
    const two = await bob.call('share.create', { conversation, to: ['alice'], title: 'Two' })
    for (const node of [desktop, laptop]) await holds(node, two.shareId)
    await bob.call('share.revoke', { share: two.shareId })
    for (const node of [desktop, laptop])
      await node.until('it to be gone', async () => (await node.inbox()).length === 0)
  },
)

t.test(
  'contacts: a name given on one device is there on the other, and who is removed stays removed',
  async t => {
    const { desktop, bob } = await bobToAlice(t)
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const named = (node: LiveNode, name: string | null): Promise<void> =>
      node.until(`bob to be called ${name}`, async () => {
        const { contacts } = await node.call('contact.list', {})
        return name === null ? contacts.length === 0 : contacts.some(one => one.name === name)
      })
    await named(laptop, 'bob')
    await laptop.call('contact.accept', { contact: 'bob', name: 'robert' })
    await named(desktop, 'robert')
    await desktop.stop()
    await laptop.call('contact.remove', { contact: 'robert' })
    await desktop.start()
    await named(desktop, null)
    const { card } = await bob.call('contact.card', {})
    await desktop.call('contact.add', { card, name: 'bobby' })
    await named(laptop, 'bobby')
  },
)

t.test(
  'bob has two devices: alice shares with the circle of both, and the second reads it with the first lost',
  async t => {
    const { desktop, bob } = await bobToAlice(t)
    const { circleId: circle } = await desktop.call('circle.create', { name: 'team' })
    await desktop.call('circle.add', { circle, contacts: ['bob'] })
    await bob.until('the circle', async () => (await bob.call('circle.list', {})).circles.length === 1)
    const second = await pairedDevice(t, bob, 'phone')
    await second.until('the circle', async () => (await second.call('circle.list', {})).circles.length === 1)
    await desktop.logged('circle.delivered', { circle, target: bob.did }, 2)
    await bob.kill()
    const conversation = await desktop.converse('Coffee notes', 'the word is bowsprit', 'noted')
    const { shareId } = await desktop.call('share.create', { conversation, circles: [circle] })
    await second.received(shareId)
    const read = await second.call('inbox.open', { share: shareId })
    t.equal(read.conversation.messages[0]?.text, 'the word is bowsprit')
    t.equal((await desktop.acknowledged(shareId)).recipients[0]?.state, 'acknowledged')
  },
)

t.test(
  'bob knows alice by an old card only: her slot names both her nodes, and he reaches the one that is on',
  async t => {
    const { desktop, bob, conversation } = await bobToAlice(t)
    const carol = await liveNode(t, 'carol')
    await introduce(carol, desktop)
    const laptop = await pairedDevice(t, desktop, 'laptop')
    await bob.stop()
    await laptop.logged('directory.put')
    const { network } = await laptop.call('system.status', {})
    await carol.until('carol to know where the laptop is', async () => {
      await carol.call('peer.connect', { address: `${network.addrs[0]}/p2p/${network.peerId}` })
      return true
    })
    await desktop.stop()
    await bob.start()
    const { network: known } = await carol.call('system.status', {})
    await bob.call('peer.connect', { address: `${known.addrs[0]}/p2p/${known.peerId}` })
    const { shareId } = await bob.call('share.create', { conversation, to: ['alice'] })
    await laptop.received(shareId)
    for (const node of [desktop, laptop, carol, bob])
      t.notOk(
        node.lines.some(({ event, banned }) => event === 'network.rule-broken' && banned === true),
        `${node.name} sends nobody away`,
      )
  },
)

t.test(
  'carol’s words that bob passed on to alice open on both her devices, and bob’s note with them; carol takes them back from both',
  async t => {
    const { desktop, bob } = await bobToAlice(t)
    const carol = await liveNode(t, 'carol')
    await introduce(carol, bob)
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const conversation = await carol.converse('garden', 'when to sow', 'in March')
    const { shareId } = await carol.call('share.create', {
      conversation,
      to: ['bob'],
      allow: ['view', 'reshare'],
    })
    await bob.received(shareId)
    await bob.call('inbox.reshare', { share: shareId, to: ['alice'], wait: 'acknowledged' })
    for (const node of [desktop, laptop]) {
      await holds(node, shareId)
      const [item] = await node.inbox()
      t.match(item, { shareId, from: { did: bob.did }, owner: { did: carol.did } }, node.name)
      const opened = await node.call('inbox.open', { share: shareId })
      t.match(opened, { verified: true, owner: { did: carol.did } })
      t.equal(opened.conversation.messages[0]?.text, 'when to sow')
    }
    await carol.call('share.revoke', { share: shareId })
    for (const node of [desktop, laptop])
      await node.until('it to be gone', async () => (await node.inbox()).length === 0)
  },
)

t.test(
  'what came to the laptop while the desktop was off is on the desktop once it is on, and opens there with the laptop off',
  async t => {
    const { desktop, bob, conversation } = await bobToAlice(t)
    const laptop = await pairedDevice(t, desktop, 'laptop')
    const { network } = await laptop.call('system.status', {})
    await bob.call('peer.connect', { address: `${network.addrs[0]}/p2p/${network.peerId}` })
    await desktop.stop()
    const { shareId } = await bob.call('share.create', { conversation, to: ['alice'] })
    await laptop.received(shareId)
    await desktop.start()
    await holds(desktop, shareId)
    await desktop.logged('inbox.fetched', { share: shareId })
    await laptop.stop()
    await bob.stop()
    const opened = await desktop.call('inbox.open', { share: shareId })
    t.equal(opened.conversation.messages[0]?.text, 'the word is halyard')
  },
)
