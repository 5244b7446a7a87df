/** One person with two nodes: each has what the other has, and losing one loses nothing. */
import { rmSync } from 'node:fs'
import t from 'tap'
import { pairedDevice } from '../kit/devices.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

const titles = async (node: LiveNode): Promise<string[]> =>
  (await node.call('share.list', { side: 'mine' })).shares.map(({ title }) => title ?? '').sort()

t.test('alice loses her laptop: her desktop lists what it shared, takes it back, and goes on', async t => {
  const laptop = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const carol = await liveNode(t, 'carol')
  await introduce(laptop, bob)
  await introduce(laptop, carol)
  const desktop = await pairedDevice(t, laptop, 'desktop')
  t.equal(desktop.did, laptop.did)

  const { circleId: circle } = await laptop.call('circle.create', { name: 'team' })
  await laptop.call('circle.add', { circle, contacts: ['bob', 'carol'] })
  const conversation = await laptop.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  const toBob = await laptop.call('share.create', { conversation, to: ['bob'] })
  const toTeam = await laptop.call('share.create', { conversation, circles: ['team'], title: 'For the team' })
  await bob.received(toBob.shareId)
  await bob.received(toTeam.shareId)
  await laptop.acknowledged(toBob.shareId)

  await desktop.until('contacts, circle and shares to be there', async () => {
    const { contacts } = await desktop.call('contact.list', {})
    const { circles } = await desktop.call('circle.list', {})
    const { shares } = await desktop.call('share.list', { side: 'mine' })
    const team = circles.find(({ circleId }) => circleId === circle)
    return (
      contacts.length === 2 &&
      team?.members.length === 3 &&
      team.name === 'team' &&
      shares.length === 2 &&
      shares.every(({ state }) => state === 'published')
    )
  })
  t.same(await titles(desktop), ['For the team', 'Tea notes'])
  const shown = await desktop.call('share.show', { share: toBob.shareId })
  t.equal(shown.recipients[0]?.state, 'acknowledged', 'a receipt that the laptop got counts here too')
  t.same(shown.jobs, [], 'the device that made a share delivers it')

  await laptop.kill()
  rmSync(laptop.home, { recursive: true })

  t.match(await desktop.call('share.revoke', { share: toBob.shareId }), { state: 'revoked', changed: true })
  await bob.logged('inbox.revoked', { share: toBob.shareId })
  t.notOk((await bob.inbox()).some(({ shareId }) => shareId === toBob.shareId))

  await desktop.call('circle.remove', { circle: 'team', contacts: ['bob'] })
  await bob.until('bob to learn that he is out', async () =>
    (await bob.call('circle.list', {})).circles.some(
      ({ circleId, state }) => circleId === circle && state === 'removed',
    ),
  )
  const again = await desktop.converse('Coffee notes', 'How fine?', 'As sand.')
  const anew = await desktop.call('share.create', { conversation: again, circles: ['team'] })
  t.equal(anew.recipients.total, 1)
  await carol.received(anew.shareId)
  const read = await carol.call('inbox.open', { share: anew.shareId })
  t.equal(read.conversation.messages[1]?.text, 'As sand.')

  const { devices } = await desktop.call('device.list', {})
  const lost = devices.find(({ current }) => !current)
  t.equal(
    await desktop.codeOf('device.revoke', { device: lost?.device ?? '' }),
    'identity/recovery-needed',
    'the identity key was on the laptop: the recovery key is asked for',
  )
})
