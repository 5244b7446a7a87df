/** What those who come to a circle get of what was shared before they came, as its owner set it. */
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]
type History = 'none' | 'now' | 'all'

async function people(t: T, ...names: string[]): Promise<LiveNode[]> {
  const nodes = await Promise.all(names.map(name => liveNode(t, name)))
  for (const [at, one] of nodes.entries())
    for (const other of nodes.slice(at + 1)) await introduce(one, other)
  return nodes
}

async function shareOf(node: LiveNode, circle: string, word: string): Promise<string> {
  const conversation = await node.converse(word, `the word is ${word}`, 'noted')
  return (await node.call('share.create', { conversation, circles: [circle] })).shareId
}

async function reads(node: LiveNode, shareId: string): Promise<string | undefined> {
  await node.received(shareId)
  const opened = await node.call('inbox.open', { share: shareId })
  return opened.conversation.messages[0]?.text
}

const recipientsOf = async (node: LiveNode, share: string): Promise<string[]> =>
  (await node.call('share.show', { share })).recipients.map(({ did }) => did)

/** Nothing came to anybody that they could not read. */
const nothingUnreadable = (...nodes: LiveNode[]): number =>
  nodes.reduce((sum, node) => sum + node.count('inbox.unreadable') + node.count('inbox.notice-refused'), 0)

t.test('bob joins a circle with history all, and opens what its members shared before', async t => {
  const [alice, bob, carol] = (await people(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
  const created = await alice.vivim(['circle', 'create', 'team', '--history', 'all'])
  t.equal(created.code, 0)
  const { circleId: circle, history } = JSON.parse(created.out)
  t.equal(history, 'all')
  const alone = await shareOf(alice, circle, 'bilge')
  await alice.call('circle.add', { circle, contacts: ['carol'] })
  const hers = await shareOf(alice, circle, 'capstan')
  t.equal(await reads(carol, alone), 'the word is bilge', 'carol is new as well')
  await alice.acknowledged(hers)
  const carols = await shareOf(carol, circle, 'davit')
  await carol.acknowledged(carols)
  const ended = await shareOf(alice, circle, 'gaff')
  await alice.acknowledged(ended)
  await alice.call('share.revoke', { share: ended })

  await alice.call('circle.add', { circle, contacts: ['bob'] })
  for (const [share, word] of [
    [alone, 'bilge'],
    [hers, 'capstan'],
    [carols, 'davit'],
  ] as const)
    t.equal(await reads(bob, share), `the word is ${word}`)
  t.notOk(
    (await bob.inbox()).some(({ shareId }) => shareId === ended),
    'what was taken back stays so',
  )
  t.equal(nothingUnreadable(alice, bob, carol), 0)

  await alice.call('circle.remove', { circle, contacts: ['bob'] })
  const without = await shareOf(alice, circle, 'hawser')
  await carol.received(without)
  await alice.call('circle.add', { circle, contacts: ['bob'] })
  t.equal(await reads(bob, without), 'the word is hawser', 'also what was shared while he was out')
})

for (const history of ['now', 'none'] as const)
  t.test(
    `bob joins a circle with history ${history}, and reads what is due to him and nothing else`,
    async t => {
      const [alice, bob, carol] = (await people(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
      const { circleId: circle } = await alice.call('circle.create', { name: 'team', history })
      await alice.call('circle.add', { circle, contacts: ['carol'] })
      const old = await shareOf(alice, circle, 'bilge')
      await alice.acknowledged(old)
      await carol.stop()
      const waiting = await shareOf(alice, circle, 'capstan')

      await alice.call('circle.add', { circle, contacts: ['bob'] })
      const fresh = await shareOf(alice, circle, 'davit')
      t.equal(await reads(bob, fresh), 'the word is davit')
      t.notOk((await recipientsOf(alice, old)).includes(bob.did), 'what carol has read stays between them')
      t.equal((await recipientsOf(alice, waiting)).includes(bob.did), history === 'now')
      if (history === 'now') t.equal(await reads(bob, waiting), 'the word is capstan')
      await carol.start()
      t.equal(await reads(carol, waiting), 'the word is capstan')
      t.notOk((await bob.inbox()).some(({ shareId }) => shareId === old))
      t.equal((await bob.inbox()).length, history === 'now' ? 2 : 1)
      t.equal(nothingUnreadable(alice, bob, carol), 0)
    },
  )

t.test('a share made while bob is pending is his under now, and not under none', async t => {
  const [alice, bob] = [await liveNode(t, 'alice'), await liveNode(t, 'bob')]
  const { card } = await bob.call('contact.card', {})
  await bob.stop()
  await alice.call('contact.add', { card, name: 'bob' })
  const shares = new Map<History, string>()
  for (const history of ['now', 'none'] as const) {
    const { circleId } = await alice.call('circle.create', { name: history, history })
    const added = await alice.call('circle.add', { circle: circleId, contacts: ['bob'] })
    t.match(added.members, [{ did: alice.did }, { did: bob.did, state: 'pending' }])
    shares.set(history, await shareOf(alice, circleId, `bilge ${history}`))
  }
  await bob.start()
  await bob.call('contact.add', { card: (await alice.call('contact.card', {})).card, name: 'alice' })
  t.equal(await reads(bob, shares.get('now') ?? ''), 'the word is bilge now')
  await alice.logged('circle.delivered', { target: bob.did }, 2)
  t.same(await recipientsOf(alice, shares.get('none') ?? ''), [])
  t.same(
    (await bob.inbox()).map(({ shareId }) => shareId),
    [shares.get('now')],
  )
})

t.test('the owner sets the history and an admin may not; a description is for every member', async t => {
  const [alice, bob, carol] = (await people(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
  const { circleId: circle } = await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle, contacts: ['bob'], role: 'admin' })
  const old = await shareOf(alice, circle, 'bilge')
  await alice.acknowledged(old)
  t.equal((await bob.fails(['circle', 'history', circle, 'all'], 4)).code, 'circle/denied')
  const set = await alice.vivim(['circle', 'history', 'team', 'all'])
  t.match(JSON.parse(set.out), { history: 'all', changed: true })
  t.match(await alice.call('circle.history', { circle, history: 'all' }), { changed: false })
  t.match(await bob.call('circle.describe', { circle, text: 'knots\nand splices' }), { changed: true })
  t.match(await bob.call('circle.describe', { circle, text: 'knots\nand splices' }), { changed: false })
  t.equal((await bob.fails(['circle', 'describe', circle, 'x'.repeat(2001)], 2)).code, 'rpc/invalid-params')
  await alice.until(
    'the description',
    async () => (await alice.call('circle.show', { circle })).description === 'knots\nand splices',
  )
  await bob.until('the history', async () => (await bob.call('circle.show', { circle })).history === 'all')
  // An admin adds; what alice shared comes from her node.
  await bob.call('circle.add', { circle, contacts: ['carol'] })
  t.equal(await reads(carol, old), 'the word is bilge')
  t.match(await bob.call('circle.describe', { circle, text: '' }), { description: null, changed: true })
})

t.test('alice is killed between adding bob and passing on what is due to him: he gets it', async t => {
  const [alice, bob] = (await people(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode]
  const { circleId: circle } = await alice.call('circle.create', { name: 'team', history: 'all' })
  await alice.call('circle.add', { circle, contacts: ['carol'] })
  const old = await shareOf(alice, circle, 'bilge')
  await alice.acknowledged(old)
  const adding = alice.call('circle.add', { circle, contacts: ['bob'] }).catch(() => null)
  await alice.logged('circle.entry', { op: 'add' }, 2)
  await alice.kill()
  await adding
  await alice.start()
  t.equal(await reads(bob, old), 'the word is bilge')
})
