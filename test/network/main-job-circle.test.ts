/** A circle of three: alice made it, bob and carol know her and not each other. */
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { until } from '../kit/network-host.ts'

t.setTimeout(180_000)

const members = async (node: LiveNode, circle: string): Promise<string[]> =>
  (await node.call('circle.show', { circle })).members.map(({ did }) => did).sort()

/** Open a share that came from somebody who was accepted. @returns its first text. */
const read = async (node: LiveNode, share: string): Promise<string | undefined> =>
  (await node.call('inbox.open', { share })).conversation.messages[0]?.text

t.test('members who do not know each other share with the whole circle', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const carol = await liveNode(t, 'carol')
  await introduce(alice, bob)
  await introduce(alice, carol)
  const { circleId } = await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  const ofAlice = await alice.converse('garden', 'when to sow', 'in March')
  const early = await alice.call('share.create', { conversation: ofAlice, circles: ['team'] })
  await alice.acknowledged(early.shareId)
  await bob.logged('inbox.received', { share: early.shareId })

  t.comment('carol is added later')
  await alice.call('circle.add', { circle: 'team', contacts: ['carol'] })
  const everybody = [alice.did, bob.did, carol.did].sort()
  for (const node of [alice, bob, carol])
    await until(`${node.name} sees all three`, async () => {
      const seen = await members(node, circleId).catch(() => [])
      return seen.length === 3
    })
  t.same(await members(bob, circleId), everybody)
  t.same(await carol.inbox(), [], 'what was shared before she came is not hers')

  t.comment('what somebody else called the circle selects nothing')
  t.equal(await bob.codeOf('circle.show', { circle: 'team' }), 'circle/not-found')
  const own = await bob.call('circle.create', { name: 'team' })
  t.not(own.circleId, circleId, 'and does not stand in the way')
  t.same(await members(bob, 'team'), [bob.did])
  t.match((await bob.call('circle.show', { circle: circleId })).name, 'team')

  t.comment('bob shares too')
  const ofBob = await bob.converse('kitchen', 'how long to soak', 'over night')
  const { shareId } = await bob.call('share.create', { conversation: ofBob, circles: [circleId] })
  await bob.logged('share.acknowledged', { share: shareId }, 2)
  await alice.logged('inbox.received', { share: shareId })
  await carol.logged('inbox.received', { share: shareId })
  t.equal(await read(alice, shareId), 'how long to soak')
  const [held] = await carol.inbox()
  t.match(
    held,
    { shareId, state: 'held', from: { did: bob.did, state: 'stranger' } },
    'to carol bob is a stranger',
  )
  t.equal(await carol.codeOf('inbox.open', { share: shareId }), 'contact/stranger')
  t.match(await carol.call('contact.accept', { contact: bob.did }), { state: 'known' })
  t.equal(await read(carol, shareId), 'how long to soak')

  t.comment('only the owner changes the circle')
  t.equal(await bob.codeOf('circle.add', { circle: circleId, contacts: ['alice'] }), 'circle/denied')
  t.equal(await bob.codeOf('circle.rotate', { circle: circleId }), 'circle/denied')

  t.comment('bob takes it back, from everybody')
  await bob.call('share.revoke', { share: shareId })
  for (const node of [alice, carol]) {
    await node.logged('inbox.revoked', { share: shareId })
    t.equal(await node.codeOf('inbox.open', { share: shareId }), 'share/revoked')
  }
})

t.test('bob, who was away while the circle changed, learns it from carol when alice is gone', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const carol = await liveNode(t, 'carol')
  await introduce(alice, bob)
  await introduce(alice, carol)
  await introduce(bob, carol)
  const { circleId } = await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob', 'carol'] })
  for (const node of [bob, carol])
    await until(
      `${node.name} is in`,
      async () => (await members(node, circleId).catch(() => [])).length === 3,
    )
  await bob.stop()
  const dora = await liveNode(t, 'dora')
  await introduce(alice, dora)
  await alice.call('circle.add', { circle: 'team', contacts: ['dora'] })
  await until('carol sees dora', async () => (await members(carol, circleId)).includes(dora.did))
  await alice.stop()
  await bob.start()
  await until('bob sees dora', async () => (await members(bob, circleId)).includes(dora.did))
  t.same(await members(bob, circleId), [alice.did, bob.did, carol.did, dora.did].sort())
})
