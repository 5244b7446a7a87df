/** What a user calls people and things: one spelling, and nothing in it that cannot be seen. */
import t from 'tap'
import { type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(120_000)

/** The same letters, composed and decomposed. */
const COMPOSED = 'Ren\u00e9'
const DECOMPOSED = 'Rene\u0301'

t.test('however alice types the letters of a name, it is one contact, one circle and one script', async t => {
  const [alice, bob, eve] = (await Promise.all(['alice', 'bob', 'eve'].map(name => liveNode(t, name)))) as [
    LiveNode,
    LiveNode,
    LiveNode,
  ]
  const card = async (node: LiveNode): Promise<string> => (await node.call('contact.card', {})).card
  const added = await alice.call('contact.add', { card: await card(bob), name: DECOMPOSED })
  t.equal(added.name, COMPOSED)
  for (const contact of [COMPOSED, DECOMPOSED])
    t.match(await alice.call('contact.show', { contact }), { did: bob.did })
  const other = await card(eve)
  await t.rejects(alice.call('contact.add', { card: other, name: COMPOSED }), { code: 'contact/alias-taken' })

  const { circleId } = await alice.call('circle.create', { name: `Team ${DECOMPOSED}` })
  t.match(await alice.call('circle.create', { name: `Team ${COMPOSED}` }), { circleId, changed: false })
  await alice.call('circle.add', { circle: `Team ${DECOMPOSED}`, contacts: [DECOMPOSED] })
  t.match(await alice.call('circle.show', { circle: `Team ${COMPOSED}` }), { members: { length: 2 } })

  t.match(await alice.vivim(['contact', 'add', other, '--name', 'e\u200bve']), { code: 2 })
  await t.rejects(alice.call('circle.rename', { circle: circleId, name: '  ' }), {
    code: 'rpc/invalid-params',
  })
  const users = await alice.vivim(['user', 'create', `Li ${DECOMPOSED}`, '--no-passphrase'])
  t.equal(JSON.parse(users.out).name, `Li ${COMPOSED}`)
  t.equal((await alice.vivim(['contact', 'list', '--as', `Li ${DECOMPOSED}`])).code, 0)
})
