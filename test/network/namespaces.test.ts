/** Nodes on machines of their own, with the addresses and the port that a user gets by default. */
import t, { type Test } from 'tap'
import { parseCard } from '../../src/core/identity/card.ts'
import { type Lan, lan } from '../kit/lan.ts'
import { type LiveNode, liveNode } from '../kit/live-node.ts'
import { until } from '../kit/network-host.ts'

t.setTimeout(180_000)

const MACHINES = ['alice', 'bob', 'carol', 'dave', 'erin']
const net = lan(t, MACHINES)
const skip = net === null ? 'network namespaces need Linux, root and iproute2' : false

const onMachine = (t: Test, net: Lan, name: string, env: Record<string, string> = {}) =>
  liveNode(t, name, { listen: [], through: net.on(name), env })

const cardOf = async (node: LiveNode): Promise<string> => (await node.call('contact.card', {})).card

t.test(
  'a person is found through the directory while away, and what waits follows to a new address',
  { skip },
  async t => {
    if (net === null) return
    const carol = await onMachine(t, net, 'carol')
    const { network } = await carol.call('system.status', {})
    t.ok(
      network.addrs.includes(`/ip4/${net.address('carol')}/tcp/4747`),
      'the default port on the own address',
    )
    const bootstrap = { VIVIM_BOOTSTRAP: `/ip4/${net.address('carol')}/tcp/4747/p2p/${network.peerId}` }

    const bob = await onMachine(t, net, 'bob', bootstrap)
    const card = await cardOf(bob)
    const { addrs } = parseCard(card)
    t.equal(
      addrs[0],
      `/ip4/${net.address('bob')}/tcp/4747`,
      'the card begins with the address that others can reach',
    )
    await bob.logged('directory.put', { stored: 1 })
    await bob.stop()

    const alice = await onMachine(t, net, 'alice', bootstrap)
    await until('alice reaches carol', async () => (await alice.call('peer.list', {})).peers.length > 0)
    const added = await alice.call('contact.add', { card, name: 'bob' })
    t.equal(added.reachable, false)
    await alice.call('circle.create', { name: 'team' })
    const circle = await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
    t.same(
      circle.members.map(({ state }) => state),
      ['active', 'active'],
      'his keys came from the directory',
    )
    const conversation = await alice.converse('garden', 'when to sow', 'in March')
    const shares: string[] = []
    for (const title of ['one', 'two', 'three', 'four', 'five']) {
      const made = await alice.call('share.create', { conversation, circles: ['team'], title })
      t.equal(made.state, 'queued')
      shares.push(made.shareId)
    }

    const moved = net.move('bob')
    await bob.start()
    t.equal((await bob.call('system.status', {})).network.addrs[0], `/ip4/${moved}/tcp/4747`)
    for (const share of shares) await alice.acknowledged(share)
    t.same(
      (await bob.inbox()).map(({ state }) => state),
      shares.map(() => 'held'),
      'bob has never heard of alice',
    )
    await bob.call('contact.accept', { contact: alice.did, name: 'alice' })

    t.comment('alice and bob can only hear each other through carol')
    await alice.stop()
    await bob.stop()
    net.cut('alice', 'bob')
    for (const node of [alice, bob]) {
      await node.start()
      await until(`${node.name} reaches carol`, async () =>
        (await node.call('peer.list', {})).peers.some(({ peerId }) => peerId === network.peerId),
      )
    }
    let heard: string | undefined
    for (const share of shares) {
      await alice.call('share.revoke', { share })
      await until('bob hears of it', () => bob.count('inbox.revoked') > 0).catch(() => undefined)
      if (bob.count('inbox.revoked') > 0) heard = share
      if (heard !== undefined) break
    }
    t.ok(heard, 'a tombstone reached bob by gossip')
    t.equal(alice.count('share.buried'), 0, 'and not from alice herself')
    t.equal(await bob.codeOf('inbox.open', { share: heard ?? '' }), 'share/revoked')
    net.mend('alice', 'bob')
  },
)

t.test('nodes of one network find each other by multicast, unless it is switched off', { skip }, async t => {
  if (net === null) return
  const carol = await onMachine(t, net, 'carol')
  const dave = await onMachine(t, net, 'dave', { VIVIM_MDNS: 'on' })
  const erin = await onMachine(t, net, 'erin', { VIVIM_MDNS: 'on' })
  const { network } = await erin.call('system.status', {})
  await until('dave finds erin', async () =>
    (await dave.call('peer.list', {})).peers.some(({ peerId }) => peerId === network.peerId),
  )
  t.same((await carol.call('peer.list', {})).peers, [], 'carol, who asked for quiet, is left alone')
})
