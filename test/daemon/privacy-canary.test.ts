import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { parseCard } from '../../src/core/identity/card.ts'
import { tempFolder } from '../kit/home.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { type Hit, Search } from '../kit/search.ts'

t.setTimeout(120_000)

const files = (hits: Hit[]): string[] => [...new Set(hits.map(({ file }) => file.replace(/-(wal|shm)$/, '')))]
const ownDatabase = (node: LiveNode): string => join('users', node.did.replaceAll(':', '_'), 'user.db')
const words = (node: LiveNode, ...wanted: string[]): Hit[] => new Search(wanted).inFolder(node.home)

/** Alice shares one conversation on some terms with bob. @returns the share id, when bob has it. */
async function shared(alice: LiveNode, bob: LiveNode, name: string, terms: object): Promise<string> {
  const conversation = await alice.converse(
    `title${name}quagga`,
    `canary${name}quetzal please`,
    `so be it ${name}`,
  )
  const { shareId } = await alice.call('share.create', {
    conversation,
    note: `note${name}wombat`,
    ...terms,
  } as never)
  await alice.acknowledged(shareId)
  await bob.logged('inbox.received', { share: shareId })
  return shareId
}

t.test('what alice shares stands in her own database and in the one of bob, and nowhere else', async t => {
  // Logs name the home: it is called something else than its owner.
  const home = (): string => join(tempFolder(t), 'home')
  const alice = await liveNode(t, 'alicealbatross', { home: home() })
  const bob = await liveNode(t, 'bobbandicoot', { home: home() })
  const eve = await liveNode(t, 'eveechidna', { home: home() })
  await introduce(alice, bob)
  for (const other of [alice, bob]) {
    const { card } = await other.call('contact.card', {})
    await eve.call('contact.add', { card, name: `aliasof${other.name}` })
  }
  await alice.call('circle.create', { name: 'circlecapybara' })
  await alice.call('circle.add', { circle: 'circlecapybara', contacts: [bob.name] })
  const kept = await shared(alice, bob, 'kept', { circles: ['circlecapybara'] })
  await bob.call('inbox.open', { share: kept })
  const secrets = ['canarykeptquetzal', 'titlekeptquagga', 'notekeptwombat', 'circlecapybara']

  t.same(files(words(alice, ...secrets, bob.name)), [ownDatabase(alice)])
  t.same(files(words(bob, ...secrets, alice.name)), [ownDatabase(bob)])
  t.same(files(words(eve, ...secrets)), [])
  t.same(
    new Set(words(bob, ...secrets).map(({ word }) => word)),
    new Set(secrets),
    'and there they can be found',
  )
  for (const node of [alice, bob, eve])
    t.notOk(
      new Search([...secrets, 'albatross', 'bandicoot', 'echidna', 'vivim1']).inBytes(
        Buffer.from(JSON.stringify(node.lines) + node.noise.join('\n')),
      ).size,
      `${node.name} logs nothing of it`,
    )

  const revoked = await shared(alice, bob, 'revoked', { circles: ['circlecapybara'] })
  const forgotten = await shared(alice, bob, 'forgotten', { to: [bob.name] })
  const expired = await shared(alice, bob, 'expired', { to: [bob.name], expires: '4s' })
  for (const share of [revoked, forgotten]) await bob.call('inbox.open', { share })
  await bob.codeOf('inbox.open', { share: expired })
  await bob.logged('inbox.expired', { share: expired })
  await alice.call('share.revoke', { share: revoked })
  await bob.logged('inbox.revoked', { share: revoked })
  await bob.call('inbox.forget', { share: forgotten })
  for (const name of ['revoked', 'forgotten', 'expired'])
    t.same(
      words(bob, `canary${name}quetzal`, `title${name}quagga`, `note${name}wombat`),
      [],
      `${name}: nothing is left at bob's, also in the index and in freed pages`,
    )
  t.same(await bob.codeOf('inbox.open', { share: revoked }), 'share/revoked')
  t.same(await bob.codeOf('inbox.open', { share: expired }), 'share/expired')

  const { conversations } = await alice.call('conversation.list', {})
  for (const { id, title } of conversations)
    if (title?.includes('revoked')) await alice.call('conversation.delete', { conversation: id })
  t.same(words(alice, 'canaryrevokedquetzal'), [], 'deleted and revoked: gone from alice too')

  const sizes = { alice: alice.blocks(), bob: bob.blocks() }
  t.same(sizes, { alice: 4, bob: 2 }, 'blocks of what ended are dropped')
  for (const node of [alice, bob, eve]) t.equal(await node.stop(), 0)
  t.same(files(words(bob, ...secrets)), [ownDatabase(bob)], 'the same when both have stopped')
  t.same(files(words(alice, ...secrets, bob.name)), [ownDatabase(alice)])
})

t.test('no passphrase stands anywhere, and no secret of a card or key in what is logged', async t => {
  const passphrase = 'correcthorsecanary'
  const alice = await liveNode(t, 'alice', { passphrase })
  const bob = await liveNode(t, 'bob', { passphrase })
  await introduce(alice, bob)
  t.equal(
    await alice.codeOf('keystore.unlock', { passphrase: 'wronghorsecanary' }),
    'keystore/wrong-passphrase',
  )
  const share = await shared(alice, bob, 'locked', { to: [bob.name] })
  await bob.call('keystore.lock', {})
  t.equal(await bob.codeOf('inbox.open', { share }), 'keystore/locked')
  for (const node of [alice, bob]) {
    const card = parseCard((await node.call('contact.card', {})).card)
    const log = Buffer.from(JSON.stringify(node.lines) + node.noise.join('\n'))
    for (const [what, secret] of Object.entries({
      'read secret': card.read,
      'node key': readFileSync(join(node.home, 'node.key')),
    }))
      for (const form of ['hex', 'base64', 'base64url', 'latin1'] as const)
        t.notOk(log.includes(Buffer.from(secret).toString(form).replaceAll('=', '')), `${what} in ${form}`)
    t.same(words(node, passphrase, 'wronghorsecanary'), [])
    t.same([...new Search([passphrase, 'wronghorsecanary']).inBytes(log)], [])
    t.equal(await node.stop(), 0)
    t.same(words(node, passphrase), [])
  }
})
