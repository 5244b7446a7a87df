/** A home is lost: the shares that were out come back from the people who hold them, and what was shared with the person comes again. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { asking, joined } from '../kit/devices.ts'
import { tempFolder } from '../kit/home.ts'
import { initialise, introduce, type LiveNode, liveNode, newHome } from '../kit/live-node.ts'
import { exported, recovered } from '../kit/recovery.ts'

t.setTimeout(300_000)

const mine = async (node: LiveNode) => (await node.call('share.list', { side: 'mine' })).shares

const isListed = (node: LiveNode, share: string) => async (): Promise<boolean> =>
  (await mine(node)).some(({ shareId }) => shareId === share)

const isGone = (node: LiveNode, share: string) => async (): Promise<boolean> =>
  (await node.inbox()).every(({ shareId }) => shareId !== share)

t.test(
  'alice lost her home: from the export alone bob hands her share back, she reads it, takes it back, and it is gone at his',
  async t => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
    if (!alice || !bob) throw new Error('two nodes were asked for')
    await introduce(alice, bob)
    const { file } = await exported(alice)
    const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
    const { shareId } = await alice.call('share.create', {
      conversation: tea,
      to: ['bob'],
      note: 'for you',
      expires: '20d',
    })
    await alice.acknowledged(shareId)
    await bob.received(shareId)
    const before = await alice.call('share.show', { share: shareId })
    await alice.kill()

    const now = await recovered(t, 'alice', file)
    await now.until('the share to be back', isListed(now, shareId))
    const shown = await now.call('share.show', { share: shareId })
    t.match(shown, {
      title: 'Tea',
      state: 'published',
      contentId: before.contentId,
      expiresAt: before.expiresAt,
      permissions: before.permissions,
      recipients: [{ did: bob.did, name: 'bob', state: 'acknowledged' }],
      audience: { contacts: [{ did: bob.did }], circles: [] },
    })
    await now.logged('share.fetched', { share: shareId })
    t.match(await now.call('share.verify', { share: shareId }), { verified: true, mine: true })
    t.match(await now.call('share.revoke', { share: shareId }), { state: 'revoked', changed: true })
    await bob.until('the share to be gone', isGone(bob, shareId))
    t.equal(await bob.codeOf('inbox.open', { share: shareId }), 'share/revoked')
  },
)

t.test(
  'alice lost her home with a share in a circle: each member is told of the end when they come, also who slept through it',
  async t => {
    const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(name => liveNode(t, name)))
    if (!alice || !bob || !carol) throw new Error('three nodes were asked for')
    await introduce(alice, bob)
    await introduce(alice, carol)
    const { circleId } = await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle: circleId, contacts: ['bob', 'carol'] })
    const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
    const { shareId } = await alice.call('share.create', { conversation: tea, circles: [circleId] })
    await bob.received(shareId)
    await carol.received(shareId)
    const { file } = await exported(alice)
    await alice.kill()
    await carol.stop()

    const now = await recovered(t, 'alice', file)
    await now.until('the share to be back', isListed(now, shareId))
    t.match(await now.call('share.show', { share: shareId }), {
      recipients: [{ did: bob.did, state: 'acknowledged' }],
      audience: { contacts: [], circles: [{ circleId }] },
    })
    await now.call('share.revoke', { share: shareId })
    await bob.until('the share to be gone', isGone(bob, shareId))
    await carol.start()
    await carol.until('the share to be gone', isGone(carol, shareId))
    t.match(await now.call('share.show', { share: shareId }), { state: 'revoked' }, 'and nothing revives it')
  },
)

t.test('alice lost her home: what bob had shared with her comes again, what he ended does not', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const { circleId } = await bob.call('circle.create', { name: 'his' })
  await bob.call('circle.add', { circle: circleId, contacts: ['alice'] })
  const { file } = await exported(alice)
  const tea = await bob.converse('Tea', 'the word is halyard', 'noted')
  const named = await bob.call('share.create', { conversation: tea, to: ['alice'] })
  const inCircle = await bob.call('share.create', { conversation: tea, circles: [circleId] })
  const ended = await bob.call('share.create', { conversation: tea, to: ['alice'], again: true })
  for (const { shareId } of [named, inCircle, ended]) await alice.received(shareId)
  await bob.call('share.revoke', { share: ended.shareId })
  await alice.until('the share to be gone', isGone(alice, ended.shareId))
  await alice.kill()
  const waiting = await bob.call('share.create', {
    conversation: await bob.converse('Coffee', 'the word is bowsprit', 'noted'),
    to: ['alice'],
  })

  const now = await recovered(t, 'alice', file)
  for (const { shareId } of [named, inCircle, waiting]) {
    await now.received(shareId)
    t.equal((await now.call('inbox.open', { share: shareId })).verified, true)
    await bob.until('it to be acknowledged anew', async () =>
      (await bob.call('share.show', { share: shareId })).recipients.every(
        ({ state }) => state === 'acknowledged',
      ),
    )
  }
  t.same((await now.inbox()).map(({ shareId }) => shareId).includes(ended.shareId), false)
  await bob.call('share.revoke', { share: inCircle.shareId })
  await now.until('the share to be gone', isGone(now, inCircle.shareId))
})

t.test(
  'alice recovers from an old export: dave, whom she met after it, hands his share back, and she takes it back from him',
  async t => {
    const [alice, bob, dave] = await Promise.all(['alice', 'bob', 'dave'].map(name => liveNode(t, name)))
    if (!alice || !bob || !dave) throw new Error('three nodes were asked for')
    await introduce(alice, bob)
    const { file } = await exported(alice)
    await introduce(alice, dave)
    await introduce(bob, dave)
    const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
    const { shareId } = await alice.call('share.create', { conversation: tea, to: ['dave'] })
    await dave.received(shareId)
    await alice.kill()

    const now = await recovered(t, 'alice', file)
    await now.logged('card.delivered', { target: bob.did })
    // His node looks for hers once it has something for her.
    const coffee = await dave.converse('Coffee', 'the word is bowsprit', 'noted')
    const his = await dave.call('share.create', { conversation: coffee, to: ['alice'] })
    await now.until('the share to be back', isListed(now, shareId))
    await now.received(his.shareId)
    t.match((await now.call('contact.list', {})).contacts, [
      { name: 'bob', state: 'known' },
      { did: dave.did, state: 'stranger' },
    ])
    t.equal(now.count('share.fetched'), 0, 'nothing is fetched from a stranger')
    await now.call('share.revoke', { share: shareId })
    await dave.until('the share to be gone', isGone(dave, shareId))
  },
)

t.test(
  'alice has the words and nothing else: bob prints her document, and once she adds his card all is back',
  async t => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
    if (!alice || !bob) throw new Error('two nodes were asked for')
    await introduce(alice, bob)
    const { circleId } = await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle: circleId, contacts: ['bob'] })
    const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
    const mine = [
      await alice.call('share.create', { conversation: tea, to: ['bob'] }),
      await alice.call('share.create', { conversation: tea, circles: [circleId] }),
    ]
    for (const { shareId } of mine) await bob.received(shareId)
    const coffee = await bob.converse('Coffee', 'the word is bowsprit', 'noted')
    const his = await bob.call('share.create', { conversation: coffee, to: ['alice'] })
    await alice.received(his.shareId)
    const { words } = await exported(alice)
    await alice.kill()
    const { document } = await bob.call('contact.show', { contact: 'alice' })

    const given = { words, documentB64: document?.wireB64 ?? '' }
    const { answer } = await initialise(join(tempFolder(t), 'look'), 'alice', { recover: given })
    t.same(
      answer.missing.map(({ what }) => what),
      ['circle', 'contacts', 'conversations', 'shares', 'received'],
    )
    const now = await recovered(t, 'alice', given)
    t.same((await now.call('share.list', { side: 'mine' })).shares, [])
    const { card } = await bob.call('contact.card', {})
    await now.call('contact.add', { card, name: 'bob' })
    for (const { shareId } of mine) await now.until('the share to be back', isListed(now, shareId))
    await now.until('the circle to be back', async () =>
      (await now.call('circle.list', {})).circles.some(one => one.circleId === circleId),
    )
    await now.received(his.shareId)
    t.match(await now.call('inbox.open', { share: his.shareId }), { verified: true })
    for (const { shareId } of mine) {
      await now.call('share.revoke', { share: shareId })
      await bob.until('the share to be gone', isGone(bob, shareId))
    }
  },
)

t.test('what is handed back while the keystore is locked opens with it, also after a restart', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
  const { shareId } = await alice.call('share.create', { conversation: tea, to: ['bob'] })
  await bob.received(shareId)
  const { file } = await exported(alice)
  await alice.kill()
  const passphrase = 'hers alone'
  const now = await newHome(t, 'alice', { passphrase, recover: file })
  await now.start()
  await bob.logged('share.handed-back', { target: alice.did, shares: 1 })
  t.same(await mine(now), [])
  await now.stop()
  await now.start()
  await now.call('keystore.unlock', { passphrase })
  await now.until('the share to be back', isListed(now, shareId))
  await now.call('keystore.lock', {})
  await now.call('share.revoke', { share: shareId })
  await bob.until('the share to be gone', isGone(bob, shareId))
})

t.test(
  'a device that alice takes in after her recovery, without history, is given nothing anew by bob',
  async t => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
    if (!alice || !bob) throw new Error('two nodes were asked for')
    await introduce(alice, bob)
    const tea = await bob.converse('Tea', 'the word is halyard', 'noted')
    const before = await bob.call('share.create', { conversation: tea, to: ['alice'] })
    await alice.received(before.shareId)
    const { file, words } = await exported(alice)
    await alice.kill()
    const now = await recovered(t, 'alice', file)
    await now.received(before.shareId)
    await bob.logged('share.handed-back', { target: alice.did })

    const { node: desk, code } = await asking(t, now, 'desk')
    await now.call('device.approve', { code, recovery: { words } })
    await joined(desk, now)
    await bob.until('bob to know the device', async () => {
      const { document } = await bob.call('contact.show', { contact: 'alice' })
      return document?.sequence === (await now.call('identity.show', {})).sequence
    })
    // They prove themselves to each other anew.
    await bob.stop()
    await bob.start()
    const after = await bob.call('share.create', { conversation: tea, to: ['alice'], again: true })
    await desk.until('the new share', async () =>
      (await desk.inbox()).some(({ shareId }) => shareId === after.shareId),
    )
    t.match(await desk.call('inbox.open', { share: after.shareId }), { verified: true })
    t.not(await desk.codeOf('inbox.open', { share: before.shareId }), null)
    const master = new Database(join(bob.home, 'master.sqlite'), { readonly: true })
    const waiting = master.prepare("SELECT count(*) FROM job WHERE kind = 'hand-back'").pluck().get()
    master.close()
    t.equal(waiting, 0, 'and nothing waits to be')
  },
)

t.test('shares that came back are replaced one by one, each for those who have it', async t => {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(name => liveNode(t, name)))
  if (!alice || !bob || !carol) throw new Error('three nodes were asked for')
  await introduce(alice, bob)
  await introduce(alice, carol)
  const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
  const toBob = await alice.call('share.create', { conversation: tea, to: ['bob'] })
  const toCarol = await alice.call('share.create', { conversation: tea, to: ['carol'] })
  await bob.received(toBob.shareId)
  await carol.received(toCarol.shareId)
  const { file } = await exported(alice)
  await alice.kill()
  const now = await recovered(t, 'alice', file)
  for (const { shareId } of [toBob, toCarol]) await now.logged('share.fetched', { share: shareId })

  await now.call('filter.add', { list: 'deny', texts: ['halyard'] })
  for (const [old, who] of [
    [toBob, bob],
    [toCarol, carol],
  ] as const) {
    const { shareId } = await now.call('share.reissue', { share: old.shareId })
    await who.received(shareId)
    await who.until('the old one to be gone', isGone(who, old.shareId))
    t.match(await now.call('share.show', { share: shareId }), { recipients: [{ did: who.did }] })
  }
})
