/** Shares that end: taken back, expired, forgotten; nothing of them stays, on either node, whoever was away when. */
import { cpSync, renameSync, rmSync } from 'node:fs'
import t from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

/** Stands in title, text and note, and nowhere else in the world. */
const CANARY = 'zwetschgenknoedel'

async function pair(t: Parameters<typeof liveNode>[0], options = {}): Promise<[LiveNode, LiveNode, string]> {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob', options)
  await introduce(alice, bob)
  const conversation = await alice.converse(
    `About ${CANARY}`,
    `How are ${CANARY} made?`,
    `${CANARY} need patience.`,
  )
  return [alice, bob, conversation]
}

const [alice, bob, conversation] = await pair(t)

/** Nothing to be read of it is left on a node that received it. */
async function hasNothing(t: Parameters<typeof liveNode>[0], node: LiveNode): Promise<void> {
  t.same(await node.inbox(), [])
  t.same((await node.call('conversation.search', { query: CANARY })).hits, [])
  t.same((await node.call('conversation.list', {})).conversations, [])
  t.same(node.filesWith(CANARY), [])
  t.equal(node.blocks(), 0)
  t.notOk(JSON.stringify(node.lines).includes(CANARY), 'nor in its log')
}

t.test('taken back: bob’s inbox, index, files and blocks are empty, and stay so', async t => {
  const { shareId: share } = await alice.call('share.create', { conversation, to: ['bob'], note: CANARY })
  await alice.acknowledged(share)
  await bob.logged('inbox.received', { share })
  t.match(await bob.call('inbox.open', { share }), { verified: true })
  t.ok((await bob.call('conversation.search', { query: CANARY })).hits.length > 0)
  t.not(bob.filesWith(CANARY).length, 0, 'the search for it finds it while it is there')

  t.match(await alice.call('share.revoke', { share }), { state: 'revoked', changed: true })
  await bob.logged('inbox.revoked', { share })
  await alice.logged('share.buried', { share })
  await hasNothing(t, bob)
  t.equal(alice.blocks(), 0)
  t.notOk(alice.filesWith(CANARY).some(path => !path.endsWith('user.db')))
  t.equal((await bob.fails(['inbox', 'open', share], 7)).code, 'share/revoked')
  t.match(await alice.call('share.revoke', { share }), { state: 'revoked', changed: false })
  await Promise.all([bob.kill(), alice.kill()])
  await Promise.all([bob.start(), alice.start()])
  t.equal(await bob.codeOf('inbox.open', { share }), 'share/revoked')
  await hasNothing(t, bob)
  t.same((await alice.call('share.show', { share })).jobs, [])
})

t.test('taken back while bob was away, before and after he had it', async t => {
  const create = async (again: boolean): Promise<string> =>
    (await alice.call('share.create', { conversation, to: ['bob'], note: CANARY, again })).shareId
  const opened = await create(false)
  await alice.acknowledged(opened)
  await bob.logged('inbox.received', { share: opened })
  await bob.call('inbox.open', { share: opened })
  await bob.kill()
  const never = await create(true)
  for (const share of [opened, never]) await alice.call('share.revoke', { share })
  await alice.kill()
  await Promise.all([alice.start(), bob.start()])
  for (const share of [opened, never]) await alice.logged('share.buried', { share })
  t.equal(await bob.codeOf('inbox.open', { share: opened }), 'share/revoked')
  t.equal(await bob.codeOf('inbox.open', { share: never }), 'share/not-found')
  t.equal(bob.count('inbox.received', { share: never }), 0)
  await hasNothing(t, bob)
  t.equal(alice.blocks(), 0)
})

t.test('expired while bob was away: he never sees it again, also with alice gone', async t => {
  const { shareId: share } = await alice.call('share.create', {
    conversation,
    to: ['bob'],
    expires: '5s',
    again: true,
  })
  await alice.acknowledged(share)
  await bob.logged('inbox.received', { share })
  await bob.call('inbox.open', { share })
  await bob.kill()
  await alice.logged('share.expired', { share })
  t.equal(alice.blocks(), 0)
  await alice.stop()
  await bob.start()
  await hasNothing(t, bob)
  t.equal((await bob.fails(['inbox', 'open', share], 7)).code, 'share/expired')
  await alice.start()
})

t.test('expires while both are there: both ends act by themselves', async t => {
  const { shareId: share } = await alice.call('share.create', {
    conversation,
    to: ['bob'],
    expires: '4s',
    again: true,
  })
  await bob.logged('inbox.received', { share })
  await bob.call('inbox.open', { share })
  await bob.logged('inbox.expired', { share })
  await hasNothing(t, bob)
  await alice.logged('share.expired', { share })
  t.equal(alice.blocks(), 0)
  t.match(await alice.call('share.show', { share }), { state: 'expired', recipients: [{ state: 'ended' }] })
})

t.test('killed while a share is taken back: it ends on both sides all the same', async t => {
  for (const both of [false, true]) {
    const create = { conversation, to: ['bob'], note: `both ${both}` }
    const { shareId: share } = await alice.call('share.create', create)
    await bob.logged('inbox.received', { share })
    await bob.call('inbox.open', { share })
    await alice.acknowledged(share)
    const cut = alice.codeOf('share.revoke', { share })
    // Any moment will do: chance is the point here.
    await new Promise(resolve => setTimeout(resolve, Math.random() * 40))
    await Promise.all([alice.kill(), both && bob.kill()])
    await cut
    await Promise.all([alice.start(), both && bob.start()])
    await alice.call('share.revoke', { share })
    await bob.until('it is taken back', async () => {
      const code = await bob.codeOf('inbox.open', { share })
      return code === 'share/revoked' && bob.blocks() === 0
    })
    await hasNothing(t, bob)
    t.equal(alice.blocks(), 0)
  }
})

t.test('an old copy of alice’s home sends again what was forgotten or taken back: it stays so', async t => {
  await bob.stop()
  const create = async (note: string): Promise<string> =>
    (await alice.call('share.create', { conversation, to: ['bob'], note })).shareId
  const forgotten = await create('to be forgotten')
  const revoked = await create('to be revoked')
  await alice.stop()
  const copy = `${alice.home}.copy`
  cpSync(alice.home, copy, { recursive: true })
  await Promise.all([alice.start(), bob.start()])
  for (const share of [forgotten, revoked]) {
    await alice.acknowledged(share)
    await bob.logged('inbox.received', { share })
    await bob.call('inbox.open', { share })
  }
  await bob.call('inbox.forget', { share: forgotten })
  await alice.call('share.revoke', { share: revoked })
  await bob.logged('inbox.revoked', { share: revoked })
  await alice.stop()
  rmSync(alice.home, { recursive: true })
  renameSync(copy, alice.home)
  const repeated = bob.count('inbox.repeated')
  await alice.start()
  await bob.logged('inbox.repeated', {}, repeated + 2)
  await hasNothing(t, bob)
  for (const share of [forgotten, revoked]) {
    t.equal(bob.count('inbox.received', { share }), 1)
    t.not(await bob.codeOf('inbox.open', { share }), null)
    await alice.acknowledged(share)
    await alice.call('share.revoke', { share })
  }
})

t.test('forgotten stays forgotten; the same again is the same, another time is another', async t => {
  const create = { conversation, to: ['bob'], note: 'once more' }
  const first = await alice.call('share.create', create)
  t.match(await alice.call('share.create', create), { shareId: first.shareId, changed: false })
  const again = await alice.call('share.create', { ...create, again: true })
  t.not(again.shareId, first.shareId)
  const keyed = await alice.call('share.create', { ...create, again: true, key: 'once' })
  t.match(await alice.call('share.create', { ...create, key: 'once' }), {
    shareId: keyed.shareId,
    changed: false,
  })
  const other = ['share', 'create', conversation, '--to', 'bob', '--key', 'once', '--note', 'other', '--yes']
  t.equal((await alice.fails(other, 6)).code, 'share/key-reused')
  const shares = [first, again, keyed].map(({ shareId }) => shareId)
  for (const share of shares) {
    await alice.acknowledged(share)
    await bob.logged('inbox.received', { share })
    await bob.call('inbox.open', { share })
    t.match(await bob.call('inbox.forget', { share }), { changed: true })
    t.match(await bob.call('inbox.forget', { share }), { changed: false })
    t.equal(await bob.codeOf('inbox.open', { share }), 'share/not-found')
  }
  await hasNothing(t, bob)
  await alice.kill()
  await alice.start()
  t.match(await alice.call('share.create', { ...create, key: 'once' }), {
    shareId: keyed.shareId,
    changed: false,
  })
  await hasNothing(t, bob)
})

t.test(
  'ends while bob is locked: nothing is shown at unlock, and the circle’s key is not lost with it',
  async t => {
    const passphrase = 'six words that nobody would guess'
    const [alice, bob, conversation] = await pair(t, { passphrase })
    await bob.call('keystore.lock', {})
    await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
    const create = async (note: string, expires = '30d'): Promise<string> =>
      (await alice.call('share.create', { conversation, circles: ['team'], note, expires })).shareId
    const revoked = await create('to be taken back')
    const expired = await create('to expire', '5s')
    for (const share of [revoked, expired]) await alice.acknowledged(share)
    await alice.call('share.revoke', { share: revoked })
    await alice.logged('share.buried', { share: revoked })
    await alice.logged('share.expired', { share: expired })
    await alice.logged('share.buried', { share: expired })
    t.equal(bob.blocks(), 0, 'its blocks do not wait for the passphrase')
    const kept = await create('kept')
    await alice.acknowledged(kept)
    await bob.call('keystore.unlock', { passphrase })
    await bob.logged('inbox.received', { share: kept })
    t.same(
      (await bob.inbox()).map(({ shareId }) => shareId),
      [kept],
    )
    t.match(await bob.call('inbox.open', { share: kept }), { verified: true })
  },
)
