/** A person moves to another identity: their contacts see it, share nothing with the old one, and follow under the same name. */
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(240_000)

const bobs = async (node: LiveNode, name: string) =>
  (await node.call('contact.list', {})).contacts.find(contact => contact.name === name)

t.test('alice moves: bob follows her card, carol needs it from her, and both keep her name', async t => {
  const [alice, later, bob, carol] = await Promise.all(
    ['alice', 'alice', 'bob', 'carol'].map(name => liveNode(t, name)),
  )
  if (!alice || !later || !bob || !carol) throw new Error('four nodes were asked for')
  await introduce(alice, bob)
  const { words, sha256 } = await alice.call('identity.export', { passphrase: 'kept', words: true })
  await alice.call('identity.exported', { sha256 })
  const { card } = await later.call('contact.card', {})
  t.equal(await alice.codeOf('identity.move', { to: card }), 'identity/recovery-needed')
  const recovery = { words: (words ?? []).join(' ') }
  t.equal(
    await alice.codeOf('identity.move', { to: alice.did, recovery }),
    'contact/self',
    'not to where she is',
  )
  t.equal(
    await alice.codeOf('identity.move', { to: card, recovery: { words: `${recovery.words} tea` } }),
    'identity/words',
  )

  const byDid = await alice.call('identity.move', { to: later.did, recovery })
  t.match(byDid, { did: alice.did, movedTo: later.did, told: 1, changed: true })
  await bob.logged('contact.changed', { did: alice.did, what: 'moved' })
  t.match(await bobs(bob, 'alice'), { movedTo: later.did, state: 'known' })
  const conversation = await bob.converse('Tea', 'the word is halyard', 'noted')
  const refused = await bob.fails(['share', 'create', conversation, '--to', 'alice', '--yes'], 6)
  t.match(refused, { code: 'contact/moved', details: { movedTo: later.did } })
  t.equal((await bob.fails(['contact', 'follow', 'alice'], 3)).code, 'contact/card-needed')

  t.match(await alice.call('identity.move', { to: card }), { changed: false, told: 1 }, 'now with the card')
  t.match(await alice.call('identity.move', { to: card }), { changed: false, told: 0 }, 'once is enough')
  await alice.logged('card.delivered', { target: bob.did }, 2)
  // The letter is opened before the inbox is shown.
  await bob.inbox()
  const followed = await bob.call('contact.follow', { contact: 'alice' })
  t.match(followed, { did: later.did, name: 'alice', state: 'known', movedTo: null, changed: true })
  t.match(await bob.call('contact.follow', { contact: 'alice' }), { did: later.did, changed: false })
  t.match(
    (await bob.call('contact.list', {})).contacts.find(({ did }) => did === alice.did),
    { name: null, movedTo: later.did, changes: [] },
  )
  const share = await bob.call('share.create', { conversation, to: ['alice'] })
  await later.logged('inbox.received', { share: share.shareId })
  t.equal((await bob.fails(['contact', 'follow', carol.did], 3)).code, 'contact/not-found')

  await carol.call('contact.add', { card: (await alice.call('contact.card', {})).card, name: 'al' })
  t.match(await bobs(carol, 'al'), { movedTo: later.did }, 'who meets her later learns it as well')
  const wrong = await carol.call('contact.card', {})
  t.equal(await carol.codeOf('contact.follow', { contact: 'al', card: wrong.card }), 'card/invalid')
  t.match(await carol.call('contact.follow', { contact: 'al', card }), { did: later.did, name: 'al' })
})

t.test('nobody who has not moved is followed, and a move by the identity key alone is none', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  t.equal((await bob.fails(['contact', 'follow', 'alice'], 6)).code, 'contact/not-moved')
})
