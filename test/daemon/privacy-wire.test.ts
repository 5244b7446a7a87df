/** What crosses a connection, with Noise taken away: mallory's node is a friend of bob's that shows every byte inside of the outer coat. */
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { Search } from '../kit/search.ts'
import { readCard, second } from '../kit/second.ts'

t.setTimeout(240_000)

const addressOf = async (node: LiveNode): Promise<string> => {
  const { network } = await node.call('system.status', {})
  return `${network.addrs[0]}/p2p/${network.peerId}`
}

t.test('no text, title, note, name or third person crosses a connection outside of a seal', async t => {
  const seen: Uint8Array[] = []
  const mallory = await second(t, bytes => void seen.push(bytes))
  const alice = await liveNode(t, 'alicealbatross')
  const bob = await liveNode(t, 'bobbandicoot')
  await introduce(bob, alice)
  const connection = await mallory.connect(await addressOf(bob))
  const card = readCard((await bob.call('contact.card', {})).card)
  await bob.call('contact.add', { card: mallory.card, name: 'mallorymarmot' })
  t.match(await mallory.prove(connection, card), { ok: true })

  await bob.call('circle.create', { name: 'circlecapybara' })
  await bob.call('circle.add', { circle: 'circlecapybara', contacts: [mallory.did] })
  // Alice is a friend of bob's too, whom mallory has nothing to do with.
  await bob.call('circle.create', { name: 'otherocelot' })
  await bob.call('circle.add', { circle: 'otherocelot', contacts: [alice.did] })
  await bob.logged('circle.delivered', {}, 2)
  const conversation = await bob.converse('titlequagga', 'canaryquetzal please', 'answerokapi')
  for (const audience of [
    { to: [mallory.did] },
    { circles: ['circlecapybara'] },
    { circles: ['otherocelot'] },
  ]) {
    const { shareId } = await bob.call('share.create', { conversation, note: 'notewombat', ...audience })
    await bob.acknowledged(shareId)
    await bob.call('share.revoke', { share: shareId })
  }
  await bob.call('circle.rename', { circle: 'circlecapybara', name: 'renamedcivet' })
  const sync = await mallory.sync(connection, bob.did)
  await sync?.say({ end: true })
  await bob.logged('directory.put')

  const whole = Buffer.concat(seen)
  t.ok(mallory.arrived.length >= 3 && whole.length > 20_000)
  t.ok(
    whole.includes(bob.did) && whole.includes(mallory.did),
    'the two who talk name each other inside of Noise',
  )
  const words = [
    'canaryquetzal',
    'answerokapi',
    'titlequagga',
    'notewombat',
    'circlecapybara',
    'renamedcivet',
  ]
  const names = [
    'alicealbatross',
    'bobbandicoot',
    'mallorymarmot',
    alice.did,
    alice.did.slice('did:key:'.length),
    'vivim1',
  ]
  const search = new Search([...words, ...names])
  t.same([...new Set([...search.inBytes(whole), ...seen.flatMap(bytes => [...search.inBytes(bytes)])])], [])
})
