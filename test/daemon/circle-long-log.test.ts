/** A circle whose log fits no letter: who comes gets its newest part by letter and the whole by sync. */
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

/** A log of over 3 MiB: 560 descriptions of 6,000 bytes. */
async function longCircle(alice: LiveNode): Promise<string> {
  const { circleId } = await alice.call('circle.create', { name: 'team', history: 'all' })
  for (let n = 0; n < 560; n++)
    await alice.call('circle.describe', { circle: circleId, text: `${n} ${'茶'.repeat(1990)}` })
  return circleId
}

t.test(
  'bob comes to a circle with a log of over 3 MiB, while alice is away at times, and has all of it',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob', { passphrase: 'tea and biscuits' })
    await introduce(alice, bob)
    const circle = await longCircle(alice)
    const conversation = await alice.converse('Knots', 'the word is bowline', 'noted')
    const { shareId } = await alice.call('share.create', { conversation, circles: [circle] })
    await bob.call('keystore.lock', {})
    await alice.call('circle.add', { circle, contacts: ['bob'] })
    await bob.logged('inbox.arrived')
    await alice.stop()
    await bob.call('keystore.unlock', { passphrase: 'tea and biscuits' })
    await bob.logged('circle.partial', { circle })
    t.same((await bob.call('circle.list', {})).circles, [], 'of a part nobody can tell what it is')
    await bob.stop()
    await bob.start()
    await bob.call('keystore.unlock', { passphrase: 'tea and biscuits' })
    await alice.start()
    await bob.logged('circle.key', { circle })
    const shown = await bob.call('circle.show', { circle })
    t.match(shown, { state: 'active', description: `559 ${'茶'.repeat(1990)}` })
    t.same(shown.members.map(({ did }) => did).sort(), [alice.did, bob.did].sort())
    await bob.received(shareId)
    const opened = await bob.call('inbox.open', { share: shareId })
    t.equal(opened.conversation.messages[0]?.text, 'the word is bowline')
  },
)
