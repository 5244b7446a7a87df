/** What nobody outside a circle can tell: who is in it, what it is called, and that two shares went to the same one. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { circleIdBytes } from '../../src/core/circle/circle-id.ts'
import { decodeCbor } from '../../src/core/crypto/cbor.ts'
import { keyFromDid } from '../../src/core/identity/did.ts'
import { fromHex } from '../../src/core/kernel/bytes.ts'
import { CircleId, Did } from '../../src/core/model/id.ts'
import { recordPlace } from '../../src/core/pipeline/holding.ts'
import { parseEnvelope } from '../../src/core/pipeline/letter.ts'
import { startEve } from '../kit/eve.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { Search } from '../kit/search.ts'

t.setTimeout(120_000)

/** As many equal bytes in a row are no accident. */
const WINDOW = 8

const windowsOf = (things: readonly Uint8Array[]): Set<string> => {
  const windows = new Set<string>()
  for (const bytes of things)
    for (let at = 0; at + WINDOW <= bytes.length; at++)
      windows.add(Buffer.from(bytes.subarray(at, at + WINDOW)).toString('latin1'))
  return windows
}

/** The values of a gossip message; the bytes around them are the same in every message of its size. @returns null for anything else. */
const gossipValues = (bytes: Uint8Array): Uint8Array[] | null => {
  try {
    const { kind, ...envelope } = parseEnvelope(bytes)
    if (kind !== 'epoch' || !('tag' in envelope)) return null
    const { salt, body } = decodeCbor(envelope.sealed, envelope.sealed.length) as Record<string, Uint8Array>
    if (salt === undefined || body === undefined) return null
    return [envelope.tagSalt, envelope.tag, salt, body]
  } catch {
    return null
  }
}

const blocksOf = (node: LiveNode): Map<string, Uint8Array> => {
  const folder = join(node.home, 'blocks')
  const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(file => file.isFile())
  return new Map(
    files.map(file => [file.name, Uint8Array.from(readFileSync(join(file.parentPath, file.name)))]),
  )
}

/** Share a conversation with a circle. @returns everything of it that leaves the node: for mailboxes, holders, the DHT. */
async function handedOut(node: LiveNode, circle: string, word: string) {
  const before = new Set(blocksOf(node).keys())
  const conversation = await node.converse(word, `the word is ${word}`, `noted ${word}`)
  const { shareId } = await node.call('share.create', { conversation, circles: [circle] })
  await node.acknowledged(shareId)
  const db = new Database(join(node.home, 'master.sqlite'), { readonly: true })
  const all = (sql: string): Uint8Array[] =>
    (db.prepare(sql).pluck().all(shareId) as Uint8Array[]).map(wire => Uint8Array.from(wire))
  try {
    const records = all('SELECT wire FROM record WHERE share_id = ?')
    const things = [
      ...all('SELECT wire FROM envelope WHERE share_id = ?'),
      ...all('SELECT slip FROM share WHERE share_id = ?'),
      ...all('SELECT tombstone FROM share WHERE share_id = ?'),
      ...records,
      ...records.map(recordPlace),
      ...[...blocksOf(node)].flatMap(([name, bytes]) => (before.has(name) ? [] : [bytes])),
    ]
    if (things.length < 7) throw new Error('something that leaves is not among it')
    return { shareId, things }
  } finally {
    db.close()
  }
}

t.test(
  'eve outside cannot tell who is in a circle, what it is called, or that two shares went to the same one',
  async t => {
    const eve = await startEve(t)
    const [alice, bob, carol, dave] = (await Promise.all(
      ['alicealbatross', 'bobbandicoot', 'carol', 'dave'].map(name => liveNode(t, name)),
    )) as [LiveNode, LiveNode, LiveNode, LiveNode]
    for (const node of [alice, bob, carol]) {
      const { network } = await node.call('system.status', {})
      await eve.connect(`${network.addrs[0]}/p2p/${network.peerId}`)
    }
    await introduce(alice, bob)
    await introduce(carol, dave)
    const { circleId: circle } = await alice.call('circle.create', { name: 'circlecapybara' })
    await alice.call('circle.add', { circle, contacts: [bob.name] })
    await alice.call('circle.describe', { circle, text: 'describedugong' })
    const { circleId: other } = await carol.call('circle.create', { name: 'others' })
    await carol.call('circle.add', { circle: other, contacts: ['dave'] })
    const one = await handedOut(alice, circle, 'bilge')
    // Somebody else's, who has nothing to do with it, and between the two: what is alike there is alike in all shares of that time.
    const control = await handedOut(carol, other, 'davit')
    const two = await handedOut(alice, circle, 'capstan')

    for (const share of [one.shareId, two.shareId]) await alice.call('share.revoke', { share })
    await bob.logged('inbox.revoked', {}, 2)
    const gossip = (): Uint8Array[][] =>
      eve.got.flatMap(bytes => {
        const values = gossipValues(bytes)
        return values === null ? [] : [values]
      })
    await alice.until('eve to hear both endings', async () => gossip().length >= 2)

    const common = windowsOf(control.things)
    const ofOne = windowsOf(one.things)
    const linking = [...windowsOf(two.things)].filter(window => ofOne.has(window) && !common.has(window))
    t.same(
      linking.map(window => Buffer.from(window, 'latin1').toString('hex')),
      [],
      'no bytes that only the two shares to one circle have in common',
    )

    const entries = new Database(join(alice.userFolder, 'user.db'), { readonly: true })
    const hashes = entries.prepare('SELECT hash FROM circle_entry').pluck().all() as string[]
    entries.close()
    t.ok(hashes.length >= 3)
    const held = [...eve.got, ...one.things, ...two.things]
    const secrets = [
      ...[alice, bob].map(({ did }) => keyFromDid(Did.parse(did))),
      circleIdBytes(CircleId.parse(circle)),
      ...hashes.map(fromHex),
    ]
    const found = (secret: Uint8Array): boolean =>
      held.some(bytes => Buffer.from(bytes).includes(Buffer.from(secret)))
    t.same(secrets.filter(found), [], 'no member, no circle id, no epoch')
    const words = ['circlecapybara', 'describedugong', 'alicealbatross', 'bobbandicoot', circle, ...hashes]
    const search = new Search([...words, ...[alice, bob].map(({ did }) => did.slice('did:key:'.length))])
    t.same([...new Set(held.flatMap(bytes => [...search.inBytes(bytes)]))], [], 'no name')
    const seen = new Set<string>()
    for (const values of gossip()) {
      const windows = windowsOf(values)
      t.same(
        [...windows].filter(window => seen.has(window)),
        [],
        'and no two messages have anything in common but their form',
      )
      for (const window of windows) seen.add(window)
    }
  },
)
