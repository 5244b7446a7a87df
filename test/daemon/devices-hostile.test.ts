/** What a node that follows none of our rules gets on `/vivim/device/1`: a contact who has the card, and a device that turned bad. */
import t from 'tap'
import { type CborValue, encodeCbor } from '../../src/core/crypto/cbor.ts'
import { signApproval } from '../../src/core/identity/approval.ts'
import { Did } from '../../src/core/model/id.ts'
import { pairedDevice } from '../kit/devices.ts'
import { startEve } from '../kit/eve.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { RogueDevice } from '../kit/rogue-device.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]

async function aliceAndRogue(t: T) {
  const alice = await liveNode(t, 'alice')
  const { card } = await alice.call('contact.card', {})
  const { network } = await alice.call('system.status', {})
  const address = `${network.addrs[0]}/p2p/${network.peerId}`
  const rogue = async () => new RogueDevice(await startEve(t), card, address)
  return { alice, rogue, address }
}

t.test('a reveal that was seen before, or of other keys than promised, makes no request', async t => {
  const { alice, rogue } = await aliceAndRogue(t)
  const eve = await rogue()
  let seen: ReturnType<RogueDevice['revealFor']> | null = null
  t.match(
    await eve.pair(nonce => {
      seen = eve.revealFor(nonce)
      return seen
    }),
    { ok: true },
  )
  const first = (await alice.call('device.list', {})).pending
  t.equal(first.length, 1)
  t.same(await eve.pair(nonce => seen ?? eve.revealFor(nonce)), { ok: false }, 'replayed')
  const other = await rogue()
  t.same(
    await eve.pair(nonce => ({ ...eve.revealFor(nonce), ed: other.sign.publicKey })),
    { ok: false },
    'a key that was not promised',
  )
  t.same(
    await eve.pair(nonce => ({ ...eve.revealFor(nonce), kem: other.kem.publicKey })),
    { ok: false },
    'a key to be sealed to that was not promised',
  )
  t.same((await alice.call('device.list', {})).pending, first)
  // Asking again and again gives one request, with a code that nobody could choose.
  for (let i = 0; i < 3; i++) t.match(await eve.pair(), { ok: true })
  t.equal((await alice.call('device.list', {})).pending.length, 1)
})

t.test('who has the card learns and gets nothing beside a request', async t => {
  const { alice, rogue } = await aliceAndRogue(t)
  const eve = await rogue()
  const mallory = await rogue()
  t.match(await eve.pair(), { ok: true })
  const { did } = eve.card
  const collect = { v: 1, kind: 'collect', did, request: eve.request }
  t.same(await eve.say(collect), { state: 'waiting' })
  t.same(await mallory.say(collect), { state: 'gone' }, 'a request is its own peer’s')
  t.match(await eve.say({ v: 1, kind: 'taken', did, request: eve.request }), { ok: true })
  t.equal((await alice.call('device.list', {})).pending.length, 1, 'taking what was not given ends nothing')
  t.equal(await eve.sync(eve.kem.publicKey), null, 'no sync for who proved nothing')
  const own = await startEve(t)
  await eve.say({ v: 1, kind: 'document', document: own.me.document.wire })
  t.equal(alice.count('identity.learnt', { did: own.me.did }), 0, 'a document of a stranger is not kept')
  t.equal(await eve.say({ v: 1, kind: 'document', document: new Uint8Array(9) }), null)
  t.equal(await eve.say({ v: 1, kind: 'pair', did, commitment: new Uint8Array(3) }), null)
  t.match(await alice.call('identity.show', {}), { sequence: 1 })
})

t.test(
  'a device that turned bad: what it says of others does not count, and more than any device has ends the talk',
  async t => {
    const { alice, rogue } = await aliceAndRogue(t)
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const conversation = await bob.converse('Bobs', 'the word is halyard', 'noted')
    const theirs = await bob.call('share.create', { conversation, to: ['alice'] })
    await alice.received(theirs.shareId)
    const eve = await rogue()
    await eve.pair()
    await alice.call('device.approve', { code: eve.code })
    const document = await eve.collect()
    t.equal(document.seq, 2)
    const { ok, kem } = await eve.prove(document)
    t.equal(ok, true)

    const talk = await eve.sync(kem)
    if (talk === null) throw new Error('a listed device may sync')
    await talk.send({ marks: [] })
    const marks = JSON.stringify(await talk.receive())
    t.match(marks, /contact did:key/)
    t.notMatch(marks, new RegExp(theirs.shareId), 'without history nothing of before is even named')
    const junk = { v: 1 }
    await talk.send({
      rows: [
        { id: `share ${theirs.shareId}`, value: junk },
        { id: `received ${alice.did}/${theirs.shareId}`, value: junk },
        { id: `contact ${alice.did}`, value: { version: 99, writer: 'z', row: null } },
        { id: `document ${bob.did}`, value: document.wire },
        { id: `device ${Buffer.alloc(32).toString('base64url')}`, value: junk },
        { id: `entry ${'a'.repeat(26)}/00`, value: new Uint8Array(8) },
        { id: `epoch ${'a'.repeat(26)}/00`, value: new Uint8Array(32) },
        { id: `tombstone ${theirs.contentId}/00`, value: new Uint8Array(8) },
        { id: 'unknown x', value: junk },
        { id: 'contact not-a-did', value: junk },
      ],
    })
    t.match(await talk.receive(), { rows: [] })
    await talk.send({ end: true })
    t.same(await talk.receive(), { end: true })
    for (const kind of ['share', 'received', 'device', 'tombstone', 'contact'])
      await alice.logged('device.row-refused', { kind })
    t.match(await alice.call('contact.list', {}), { contacts: [{ name: 'bob', did: bob.did }] })
    t.equal((await alice.inbox()).length, 1)
    t.same((await alice.call('share.list', { side: 'mine' })).shares, [])

    const flood = await eve.sync(kem)
    if (flood === null) throw new Error('a listed device may sync')
    const mark = new Uint8Array(16)
    const sent = (async () => {
      for (let frame = 0; frame < 40; frame++)
        await flood.send({
          marks: Array.from({ length: 10_000 }, (_, at) => [`contact ${frame} ${at}`, mark]),
          more: true,
        })
    })()
    await t.rejects(Promise.all([sent, flood.receive()]), 'the stream is ended')
    await alice.logged('network.rule-broken')
    t.ok(encodeCbor({ marks: [['contact 1', mark]] }).length > 16)
    t.match(await alice.call('system.status', {}), { identity: { did: alice.did } })
  },
)

const addressOf = async (node: LiveNode): Promise<string> => {
  const { network } = await node.call('system.status', {})
  return `${network.addrs[0]}/p2p/${network.peerId}`
}

/** One whole sync. @returns the marks that the other device told. */
async function told(eve: RogueDevice, kem: Uint8Array, rows: { id: string; value: CborValue }[]) {
  const talk = await eve.sync(kem)
  if (talk === null) throw new Error('a listed device may sync')
  await talk.send({ marks: [] })
  const marks = JSON.stringify(await talk.receive())
  await talk.send({ rows })
  while (((await talk.receive()) as { more?: boolean } | null)?.more === true);
  await talk.send({ end: true })
  t.same(await talk.receive(), { end: true })
  return marks
}

t.test(
  'a device that was denied history signs for itself that it has it: a third device of the person believes who took it in',
  async t => {
    const { alice, rogue } = await aliceAndRogue(t)
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const { circleId: circle } = await bob.call('circle.create', { name: 'team' })
    await bob.call('circle.add', { circle, contacts: ['alice'] })
    const conversation = await bob.converse('Bobs', 'the word is halyard', 'noted')
    const before = await bob.call('share.create', { conversation, to: ['alice'] })
    await alice.received(before.shareId)
    const laptop = await pairedDevice(t, alice, 'laptop', { history: true })
    await laptop.until('what was before', async () => (await laptop.inbox()).length === 1)
    await laptop.until('the key of the circle', async () => {
      const { circles } = await laptop.call('circle.list', {})
      return circles.length === 1
    })
    const { card } = await laptop.call('contact.card', {})
    await laptop.stop()
    const eve = await rogue()
    await eve.pair()
    await alice.call('device.approve', { code: eve.code })
    const document = await eve.collect()
    await alice.stop()
    await laptop.start()

    const there = eve.toward(card, await addressOf(laptop))
    t.equal((await there.prove(document)).ok, true)
    const kem = document.devices[1]?.kem ?? new Uint8Array(0)
    const approval = signApproval(
      {
        did: Did.parse(alice.did),
        device: eve.sign.publicKey,
        atMs: 1,
        peer: there.card.peer,
        history: true,
        epochs: {},
      },
      eve.sign,
    )
    const id = `device ${Buffer.from(eve.sign.publicKey).toString('base64url')}`
    const first = await told(there, kem, [
      { id, value: { name: 'eve', nameSeq: 1, approval: approval.wire } },
    ])
    t.match(first, /contact did:key/)
    await laptop.logged('device.row-refused', { kind: 'device' })
    for (let time = 0; time < 2; time++) {
      const marks = await told(there, kem, [])
      t.notMatch(marks, new RegExp(before.shareId), 'nothing of before is named')
      if (time > 0) break
      t.notMatch(marks, /epoch /, 'nor a key, before it is known on what terms it was taken in')
      await alice.start()
      await laptop.logged('device.synced', {}, laptop.count('device.synced') + 1)
    }
  },
)

t.test(
  'a stolen device unblocks mallory with the highest number there is: refused; and what it wrote within bounds, the next edit takes back everywhere',
  async t => {
    const { alice, rogue } = await aliceAndRogue(t)
    const mallory = await liveNode(t, 'mallory')
    await introduce(alice, mallory)
    await alice.call('contact.block', { contact: 'mallory' })
    const laptop = await pairedDevice(t, alice, 'laptop')
    const is = (node: LiveNode, state: string): Promise<void> =>
      node.until(`mallory to be ${state}`, async () =>
        (await node.call('contact.list', {})).contacts.some(one => one.state === state),
      )
    await is(laptop, 'blocked')
    const eve = await rogue()
    await eve.pair()
    await alice.call('device.approve', { code: eve.code })
    const document = await eve.collect()
    const { kem } = await eve.prove(document)
    const value = (version: number): CborValue => ({
      version,
      writer: 'z'.repeat(43),
      row: {
        alias: 'mallory',
        state: 'verified',
        card: null,
        dir: null,
        read: null,
        peers: [],
        addedAt: 1,
        lastSeen: null,
        cardAt: 0,
        movedTo: null,
        movedCard: null,
      },
    })
    const id = `contact ${mallory.did}`
    await told(eve, kem, [{ id, value: value(Number.MAX_SAFE_INTEGER) }])
    await alice.logged('device.row-refused', { kind: 'contact' })
    await is(alice, 'blocked')
    await told(eve, kem, [{ id, value: value(Math.floor(Date.now() / 1000) - 1) }])
    for (const node of [alice, laptop]) await is(node, 'verified')

    const device = Buffer.from(eve.sign.publicKey).toString('base64url')
    await alice.call('device.revoke', { device })
    await alice.call('contact.block', { contact: 'mallory' })
    for (const node of [alice, laptop]) await is(node, 'blocked')
    t.equal(await eve.sync(kem), null, 'the stolen device is not asked again')
  },
)
