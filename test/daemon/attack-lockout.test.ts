/** Mallory, in a circle with a node of her own making, does what is to keep others from putting her out. */
import { createPrivateKey, randomBytes, sign as signWith } from 'node:crypto'
import * as Automerge from '@automerge/automerge'
import t, { type Test } from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { cbor, hashOf, type Key, readCard, type Second, second, uncbor } from '../kit/second.ts'

t.setTimeout(600_000)

/** As many as the graph of a circle has places. */
const FLOOD = 20_000
const ROOT_ACTOR = '00'.repeat(16)
const PIECE_BYTES = 4 * 1024 * 1024
/** An Ed25519 seed in PKCS#8. */
const PKCS8 = Buffer.from('302e020100300506032b657004220420', 'hex')

/** Entries with one signature each, faster than by the library of the second implementation. */
function flood(key: Key, count: number, fields: (n: number) => object): Uint8Array[] {
  const secret = createPrivateKey({ key: Buffer.concat([PKCS8, key.seed]), format: 'der', type: 'pkcs8' })
  return Array.from({ length: count }, (_, n) => {
    const payload = cbor({ type: 'vivim/v1/circle', v: 1, by: key.pub, at: n, ...fields(n) })
    const signature = signWith(null, Buffer.concat([Buffer.from('vivim/v1/circle\0'), payload]), secret)
    return cbor([payload, new Uint8Array(signature)])
  })
}

/** Bring entries by a sync. @returns what the document then holds on this side. */
async function pour(
  mallory: Second,
  connection: Parameters<Second['sync']>[0],
  to: LiveNode,
  circle: string,
  entries: readonly Uint8Array[],
): Promise<Uint8Array[]> {
  const sync = await mallory.sync(connection, to.did)
  if (sync === null) throw new Error('no sync')
  const root = Automerge.change(
    Automerge.init<{ entries: Uint8Array[] }>({ actor: ROOT_ACTOR }),
    { time: 0 },
    doc => {
      doc.entries = []
    },
  )
  const clone = Automerge.clone(root, { actor: randomBytes(16).toString('hex') })
  let doc =
    entries.length === 0
      ? root
      : Automerge.change(clone, { time: 0 }, add => void add.entries.push(...entries))
  let state = Automerge.initSyncState()
  for (let turn = 0, over = false; turn < 12 && !over; turn++) {
    const [next, message] = Automerge.generateSyncMessage(doc, state)
    state = next
    if (message === null) await sync.say({ circle, done: true })
    else
      for (let at = 0; at < message.length; at += PIECE_BYTES) {
        const more = at + PIECE_BYTES < message.length ? { more: true } : {}
        await sync.say({ circle, message: message.slice(at, at + PIECE_BYTES), ...more })
      }
    const pieces: Uint8Array[] = []
    for (let heard = await sync.hear(); ; heard = await sync.hear()) {
      if (heard === null) return []
      if (heard.done) {
        over = message === null
        break
      }
      pieces.push(heard.message)
      if (heard.more === true) continue
      ;[doc, state] = Automerge.receiveSyncMessage(doc, state, new Uint8Array(Buffer.concat(pieces)))
      break
    }
  }
  await sync.say({ end: true })
  return doc.entries
}

/** Bob's circle with alice and mallory in it, and what mallory needs to write there. */
async function circleWith(t: Test, role: 'member' | 'admin') {
  const bob = await liveNode(t, 'bob')
  const alice = await liveNode(t, 'alice')
  await introduce(bob, alice)
  const mallory = await second(t)
  const reach = async (node: LiveNode) => {
    const { network } = await node.call('system.status', {})
    const connection = await mallory.connect(`${network.addrs[0]}/p2p/${network.peerId}`)
    const { card } = await node.call('contact.card', {})
    t.match(await mallory.prove(connection, readCard(card)), { ok: true })
    return connection
  }
  for (const node of [bob, alice]) await node.call('contact.add', { card: mallory.card, name: 'mallory' })
  await reach(bob)
  const { circleId } = await bob.call('circle.create', { name: 'team' })
  await bob.call('circle.add', { circle: circleId, contacts: [alice.did] })
  await bob.call('circle.add', { circle: circleId, contacts: [mallory.did], role })
  await bob.logged('circle.delivered', { target: mallory.did })
  const letters = []
  for (const { request } of mallory.arrived)
    for (const envelope of request.envelopes)
      if (uncbor(envelope).kind === 'device') letters.push(await mallory.openLetter(envelope, bob.did))
  const { entries } = letters.findLast(letter => letter.entries?.length > 0)
  return {
    ...{ bob, alice, mallory, reach, circleId },
    circle: uncbor(uncbor(entries[0])[0]).circle,
    prev: [hashOf(entries.at(-1))],
    /** Bob puts her out, and alice learns of it. */
    async removed(): Promise<void> {
      const { members } = await bob.call('circle.remove', { circle: circleId, contacts: [mallory.did] })
      t.notOk(
        members.some(({ did }) => did === mallory.did),
        'she is out',
      )
      await alice.until('alice learns of it', async () => {
        const shown = await alice.call('circle.show', { circle: circleId })
        return !shown.members.some(({ did }) => did === mallory.did)
      })
    },
  }
}

t.test(
  'mallory, a member, writes the log full; the owner puts her out, and everybody learns of it',
  async t => {
    const { bob, alice, mallory, reach, circleId, circle, prev, removed } = await circleWith(t, 'member')
    const carol = await liveNode(t, 'carol')
    await introduce(bob, carol)
    const doc = hashOf(mallory.document)
    const junk = (count: number, what: string, bytes: number): Uint8Array[] =>
      flood(mallory.device, count, n => ({
        ...{ prev, circle, did: mallory.did, doc, op: 'rename', name: `${what} ${n}` },
        pad: new Uint8Array(bytes),
      }))
    for (const [node, entries] of [
      [bob, junk(1_000, 'large', 3_800)],
      [bob, junk(FLOOD, 'many', 0)],
      [alice, junk(FLOOD / 10, 'others', 0)],
    ] as const) {
      const looked = (): number => node.count('circle.entries-refused') + node.count('circle.updated')
      const before = looked()
      await pour(mallory, await reach(node), node, circleId, entries)
      await node.until('it looked at them', async () => looked() > before)
    }
    await removed()
    await bob.call('circle.add', { circle: circleId, contacts: [carol.did] })
    await carol.until('carol is in it', async () => {
      const { circles } = await carol.call('circle.list', {})
      return circles[0]?.members.length === 3
    })
  },
)

t.test(
  'mallory, an admin, does what nobody understands; the owner puts her out, and the circle goes on',
  async t => {
    const { bob, alice, mallory, reach, circleId, circle, prev, removed } = await circleWith(t, 'admin')
    const entry = await mallory.signEntry({ circle, prev, op: 'moon' })
    for (const node of [bob, alice]) {
      const letter = await mallory.letterTo(node.did, { entries: [entry] })
      t.match(await mallory.deliver(await reach(node), node.did, [letter]), { ok: true })
      await node.logged('circle.updated', { entries: 1 })
    }
    const rename = { circle: circleId, name: 'garden' }
    t.equal(await bob.codeOf('circle.rename', rename), 'circle/upgrade', 'nobody writes or shares')
    const out = { circle: circleId, contacts: [bob.did] }
    t.equal(await alice.codeOf('circle.remove', out), 'circle/upgrade', 'nor takes anybody out but the owner')
    await removed()
    await bob.call('circle.rename', rename)
    const conversation = await bob.converse('garden', 'when to sow', 'in March')
    const share = await bob.call('share.create', { conversation, circles: [circleId] })
    await alice.received(share.shareId)
    t.equal((await alice.call('circle.show', { circle: circleId })).name, 'garden')
  },
)

t.test('what mallory brings by a sync and no log keeps does not stay, nor go on to others', async t => {
  const { bob, mallory, reach, circleId } = await circleWith(t, 'member')
  const before = await pour(mallory, await reach(bob), bob, circleId, [])
  t.ok(before.length >= 3, 'the log')
  const junk = Array.from({ length: 500 }, () => new Uint8Array(randomBytes(1_000)))
  await pour(mallory, await reach(bob), bob, circleId, junk)
  await bob.logged('circle.entry-refused', { entries: junk.length })
  t.equal((await pour(mallory, await reach(bob), bob, circleId, [])).length, before.length)
  const twice = Array.from({ length: 100 }, () => before).flat()
  await pour(mallory, await reach(bob), bob, circleId, twice)
  const { name, members } = await bob.call('circle.show', { circle: circleId })
  t.same([name, members.length], ['team', 3], 'what is there already tells nothing')
})
