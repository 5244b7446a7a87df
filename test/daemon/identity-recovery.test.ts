/** A device is lost: what the export, the words, an old home and other people's nodes bring back, and what the lost device can do then. */
import { join } from 'node:path'
import t from 'tap'
import { tempFolder } from '../kit/home.ts'
import { initialise, introduce, type LiveNode, liveNode, newHome, type Recover } from '../kit/live-node.ts'
import { EXPORT_PASSPHRASE, exported, recovered } from '../kit/recovery.ts'

t.setTimeout(300_000)

const isMember = async (node: LiveNode, circle: string): Promise<boolean> =>
  (await node.call('circle.list', {})).circles.some(({ circleId }) => circleId === circle)

t.test(
  'alice lost the passphrase: with the words her old home opens, grants and takes back as before',
  async t => {
    const [alice, bob, carol] = await Promise.all([
      liveNode(t, 'alice', { passphrase: 'forgotten' }),
      liveNode(t, 'bob'),
      liveNode(t, 'carol'),
    ])
    await introduce(alice, bob)
    await introduce(alice, carol)
    const { circleId: circle } = await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle, contacts: ['bob'] })
    const { words } = await exported(alice)
    const tea = await alice.converse('Tea', 'the word is halyard', 'noted')
    const shared = await alice.call('share.create', { conversation: tea, circles: [circle] })
    await alice.acknowledged(shared.shareId)
    await bob.received(shared.shareId)
    await carol.stop()
    const waiting = await alice.call('share.create', { conversation: tea, to: ['carol'] })
    await alice.stop()

    const home = join(tempFolder(t), 'alice')
    const { answer } = await initialise(home, 'alice', { recover: { words, from: alice.home } })
    t.match(answer, {
      did: alice.did,
      restored: { contacts: 2, circles: 1, epochs: 2, shares: 2, conversations: 1 },
      missing: [],
      changed: true,
    })
    const again = await initialise(home, 'alice', { recover: { words, from: alice.home } })
    t.match(again, { code: 0, answer: { did: alice.did, changed: false } })

    const now = await recovered(t, 'alice', { words, from: alice.home })
    t.match(await now.call('share.verify', { share: shared.shareId }), { verified: true, mine: true })
    const audit = await now.call('audit.verify', {})
    t.match(audit, { ok: true }, 'the audit log came along whole')
    await carol.start()
    await now.acknowledged(waiting.shareId)
    await carol.received(waiting.shareId)
    const read = await carol.call('inbox.open', { share: waiting.shareId })
    t.equal(read.conversation.messages[0]?.text, 'the word is halyard', 'granted anew by the new device')
    t.equal((await bob.call('inbox.open', { share: shared.shareId })).verified, true, 'what bob had he keeps')
    await bob.logged('circle.key', { circle }, 2)
    const fresh = await now.call('share.create', { conversation: tea, circles: [circle], again: true })
    await bob.received(fresh.shareId)
    await now.call('share.revoke', { share: shared.shareId })
    await bob.until('the share to be gone', async () =>
      (await bob.inbox()).every(({ shareId }) => shareId !== shared.shareId),
    )
    t.equal((await now.call('circle.show', { circle })).members.length, 2)
    t.match(await now.call('identity.show', {}), { byRecovery: true, exported: true, devices: { length: 1 } })
  },
)

t.test('alice lost everything but the export: the nodes of others hand her circles back', async t => {
  const [alice, bob, carol] = await Promise.all(['alice', 'bob', 'carol'].map(name => liveNode(t, name)))
  if (!alice || !bob || !carol) throw new Error('three nodes were asked for')
  await introduce(alice, bob)
  await introduce(bob, carol)
  const own = await alice.call('circle.create', { name: 'hers' })
  await alice.call('circle.add', { circle: own.circleId, contacts: ['bob'] })
  const other = await bob.call('circle.create', { name: 'his' })
  await bob.call('circle.add', { circle: other.circleId, contacts: ['alice', 'carol'] })
  await alice.until('to be in the circle', () => isMember(alice, other.circleId))
  await bob.until('to be in the circle', () => isMember(bob, own.circleId))
  const { file } = await exported(alice)
  await alice.kill()

  const { answer } = await initialise(join(tempFolder(t), 'look'), 'alice', { recover: file })
  t.match(answer.restored, { contacts: 2, circles: 0, shares: 0, conversations: 0 }, 'a fellow member counts')
  t.same(
    answer.missing
      .filter(({ what }) => what === 'circle')
      .map(({ id }) => id)
      .sort(),
    [own.circleId, other.circleId].sort(),
  )
  const before = await bob.call('circle.show', { circle: other.circleId })
  const now = await recovered(t, 'alice', file)
  for (const { circleId } of [own, other]) await now.until('the circle back', () => isMember(now, circleId))
  t.equal((await now.call('contact.list', {})).contacts.find(({ name }) => name === 'bob')?.state, 'known')
  t.equal((await now.call('circle.show', { circle: own.circleId })).members[0]?.role !== undefined, true)

  await bob.until('a key without the lost device', async () => {
    const { epoch } = await bob.call('circle.show', { circle: other.circleId })
    return epoch > before.epoch
  })
  const conversation = await bob.converse('Tea', 'the word is bowsprit', 'noted')
  for (const { circleId } of [own, other]) {
    const share = await bob.call('share.create', { conversation, circles: [circleId], again: true })
    await now.received(share.shareId)
    const read = await now.call('inbox.open', { share: share.shareId })
    t.equal(read.conversation.messages[0]?.text, 'the word is bowsprit')
  }
  const mine = await now.converse('Mine', 'the word is mizzen', 'noted')
  const back = await now.call('share.create', { conversation: mine, circles: [other.circleId] })
  await carol.received(back.shareId)
})

t.test(
  'alice keeps her other device: it takes the newer document on from a circle, also on disk',
  async t => {
    const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
    if (!alice || !bob) throw new Error('two nodes were asked for')
    await introduce(alice, bob)
    const { circleId: circle } = await bob.call('circle.create', { name: 'team' })
    await bob.call('circle.add', { circle, contacts: ['alice'] })
    await alice.until('to be in the circle', () => isMember(alice, circle))
    const { file } = await exported(alice)
    const documentB64 = (await bob.call('contact.show', { contact: 'alice' })).document?.wireB64 ?? ''
    await alice.stop()
    const entries = bob.count('circle.updated', { circle })
    const other = await recovered(t, 'alice', { ...file, documentB64, keepOthers: true })
    await other.until('the circle back', () => isMember(other, circle))
    await bob.logged('circle.updated', { circle }, entries + 1)
    await other.stop()
    await alice.start()
    await alice.until('the newer document', async () => {
      const { devices, byRecovery } = await alice.call('identity.show', {})
      return byRecovery && devices.length === 2
    })
    await alice.stop()
    await alice.start()
    t.match(await alice.call('identity.show', {}), { byRecovery: true, devices: { length: 2 } })
  },
)

t.test('alice revoked a lost device: no older list of her devices brings it back', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const { file } = await exported(alice)
  const lost = (await alice.call('identity.show', {})).devices[0]?.key
  await alice.stop()
  const now = await recovered(t, 'alice', file)
  const kept = (await now.call('identity.show', {})).devices[0]?.key
  await now.logged('card.delivered', { target: bob.did })
  const { document } = await bob.call('contact.show', { contact: 'alice' })
  await now.stop()
  const home = () => join(tempFolder(t), 'alice')
  for (const recover of [file, { ...file, from: alice.home }]) {
    const { answer } = await initialise(home(), 'alice', { recover: { ...recover, keepOthers: true } })
    t.equal(answer.error?.data.code, 'identity/document-needed', 'neither is known to be the newest')
  }
  const documentB64 = document?.wireB64 ?? ''
  const third = await newHome(t, 'alice', { recover: { ...file, documentB64, keepOthers: true } })
  const again = await initialise(third.home, 'alice', { recover: { ...file, documentB64, keepOthers: true } })
  t.match(again.answer, { changed: false })
  const { answer } = await initialise(home(), 'alice', {
    recover: { ...file, documentB64, keepOthers: true },
  })
  t.match(answer.kept?.devices, [{ key: kept }], 'and she is told which count')
  await third.start()
  const { devices } = await third.call('identity.show', {})
  t.equal(devices.length, 2)
  t.ok(devices.some(({ key }) => key === kept))
  t.notOk(devices.some(({ key }) => key === lost))
})

t.test('the lost device turns up in other hands: nobody takes what it says any more', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  await bob.call('contact.verify', {
    contact: 'alice',
    code: (await alice.call('contact.verify', { contact: 'bob' })).safetyNumber,
  })
  const { words } = await exported(alice)
  const conversation = await alice.converse('Tea', 'the word is halyard', 'noted')
  await alice.stop()
  const now = await recovered(t, 'alice', { words, from: alice.home })
  await now.logged('card.delivered', { target: bob.did })
  const { contacts } = await bob.call('contact.list', {})
  t.match(contacts, [{ name: 'alice', state: 'known' }], 'to be compared again')
  t.same(contacts[0]?.changes.map(({ what }) => what).sort(), ['device-added', 'device-removed', 'recovered'])
  const { warnings } = await bob.call('system.status', {})
  t.ok(warnings.some(({ code }) => code === 'contact/changed'))
  const number = (await now.call('contact.verify', { contact: 'bob' })).safetyNumber
  t.match(await bob.call('contact.verify', { contact: 'alice', code: number }), {
    state: 'verified',
    changes: [],
    changed: true,
  })
  t.notOk((await bob.call('system.status', {})).warnings.some(({ code }) => code === 'contact/changed'))

  await now.stop()
  const proofs = bob.count('peer.proof-refused', { did: alice.did, why: 'not-a-device' })
  await alice.start()
  const forged = await alice.call('share.create', { conversation, to: ['bob'] })
  await bob.logged('peer.proof-refused', { did: alice.did, why: 'not-a-device' }, proofs + 1)
  t.equal((await alice.call('share.show', { share: forged.shareId })).state, 'queued')
  t.same(await bob.inbox(), [])
})

t.test('whoever has an old export only recovers once more, and the later one counts', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const { file, words } = await exported(alice)
  const document = (await bob.call('contact.show', { contact: 'alice' })).document
  await alice.kill()
  const first = await recovered(t, 'alice', file)
  await first.logged('card.delivered', { target: bob.did })
  const { sequence } = await first.call('identity.show', {})
  await first.stop()
  // The number of a recovery is the second that it was made in: the next one must not fall into the same.
  const second = await recovered(t, 'alice', file)
  await second.logged('card.delivered', { target: bob.did })
  const shown = await bob.call('contact.show', { contact: 'alice' })
  t.ok((shown.document?.sequence ?? 0) > sequence)
  t.match(shown, { document: { byRecovery: true, alarm: false }, devices: { length: 1 } })

  const home = () => join(tempFolder(t), 'alice')
  const lone = await initialise(home(), 'alice', { recover: { words } })
  t.equal(lone.answer.error?.data.code, 'identity/document-needed', 'words do not tell whose they are')
  const lent = await initialise(home(), 'alice', { recover: { words, documentB64: document?.wireB64 ?? '' } })
  t.match(lent.answer, { did: alice.did, changed: true }, 'a contact lends the document')
})

t.test('nothing but the own recovery key takes an identity back', async t => {
  const [alice, eve] = await Promise.all(['alice', 'eve'].map(name => liveNode(t, name)))
  if (!alice || !eve) throw new Error('two nodes were asked for')
  const hers = await exported(alice)
  const evil = await exported(eve)
  const later = await alice.call('identity.export', { passphrase: EXPORT_PASSPHRASE, words: false })
  t.equal(
    await alice.codeOf('identity.export', { passphrase: EXPORT_PASSPHRASE, words: true }),
    'identity/seed-gone',
  )
  await alice.stop()
  const tried = async (recover: Partial<Recover>): Promise<string | undefined> => {
    const { answer } = await initialise(join(tempFolder(t), 'home'), 'alice', { recover })
    return answer.error?.data.code
  }
  t.equal(await tried({ words: evil.words, from: alice.home }), 'identity/other-recovery')
  t.equal(await tried({ ...evil.file, from: alice.home }), 'file/not-found')
  t.equal(await tried({ ...hers.file, filePassphrase: 'guessed' }), 'keystore/wrong-passphrase')
  t.equal(await tried({ from: alice.home }), 'identity/recovery-needed')
  const seedless = { fileB64: later.fileB64, filePassphrase: EXPORT_PASSPHRASE }
  t.equal(await tried(seedless), 'identity/recovery-needed')
  const [first = '', second = '', ...rest] = hers.words.split(' ')
  t.equal(await tried({ words: [second, first, ...rest].join(' '), from: alice.home }), 'identity/words')
  t.equal(await tried({ words: 'tea', from: alice.home }), 'identity/words')
  t.equal(await tried({ words: hers.words, from: eve.home }), 'daemon/already-running')
  const { answer } = await initialise(eve.home, 'alice', { recover: { words: hers.words, from: alice.home } })
  t.equal(answer.error?.data.code, 'home/conflict', 'no home is written over')
  t.equal(await tried({ ...seedless, words: hers.words }), undefined, 'words stand in for the seed')
})
