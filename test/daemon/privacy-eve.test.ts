import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { blockCid, contentIdOf, linkOf } from '../../src/core/crypto/cid.ts'
import { checkCommitment } from '../../src/core/crypto/content-header.ts'
import { bound, LABELS } from '../../src/core/crypto/labels.ts'
import { type Manifest, parseManifest } from '../../src/core/crypto/manifest.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { keyFromDid } from '../../src/core/identity/did.ts'
import { toHex } from '../../src/core/kernel/bytes.ts'
import { systemChance as chance, systemClock as clock } from '../../src/core/kernel/env.ts'
import { Did } from '../../src/core/model/id.ts'
import { recordKeyOf } from '../../src/core/pipeline/holding.ts'
import { type Envelope, isOfEpoch, openDeviceLetter, parseEnvelope } from '../../src/core/pipeline/letter.ts'
import { SHARD_TOPICS } from '../../src/daemon/network/gossip.ts'
import { cborFrame, type Eve, frame, startEve } from '../kit/eve.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { Search } from '../kit/search.ts'

t.setTimeout(120_000)

const OURS = ['/vivim/did/1', '/vivim/inbox/1', '/vivim/blocks/1', '/vivim/sync/1'] as const

/** What may be handed to a stranger: everything that leaves a node sealed. */
interface Handed {
  blocks: Uint8Array[]
  envelopes: Uint8Array[]
  slips: Uint8Array[]
  tombstones: Uint8Array[]
  records: Uint8Array[]
}

function sealedThings(node: LiveNode): Handed {
  const db = new Database(join(node.home, 'master.sqlite'), { readonly: true })
  const column = (sql: string): Uint8Array[] => db.prepare(sql).pluck().all() as Uint8Array[]
  try {
    const folder = join(node.home, 'blocks')
    const files = readdirSync(folder, { recursive: true, withFileTypes: true }).filter(file => file.isFile())
    return {
      blocks: files.map(file => Uint8Array.from(readFileSync(join(file.parentPath, file.name)))),
      envelopes: column('SELECT wire FROM envelope').map(wire => Uint8Array.from(wire)),
      slips: column('SELECT slip FROM share').map(wire => Uint8Array.from(wire)),
      tombstones: column('SELECT tombstone FROM share').map(wire => Uint8Array.from(wire)),
      records: column('SELECT wire FROM record').map(wire => Uint8Array.from(wire)),
    }
  } finally {
    db.close()
  }
}

const manifestsOf = (blocks: readonly Uint8Array[]): { bytes: Uint8Array; manifest: Manifest }[] =>
  blocks.flatMap(bytes => {
    try {
      return [{ bytes, manifest: parseManifest(bytes) }]
    } catch {
      return []
    }
  })

const refusal = toHex(cborFrame({ ok: false }))

/** Everything that a stranger can ask of a node, and it has to be the same answer every time. */
async function askForEverything(t: Eve, address: string, node: LiveNode, handed: Handed): Promise<string[]> {
  const server = address.slice(address.lastIndexOf('/') + 1)
  const answers: string[] = []
  const ask = async (protocol: (typeof OURS)[number], request: Uint8Array): Promise<void> => {
    const answer = toHex(await t.ask(address, protocol, request))
    if (answer !== '' && answer !== refusal) answers.push(`${protocol} ${answer}`)
  }
  const { standing, document, did } = t.me
  const show = { v: 1, standing, document: document.wire }
  await ask('/vivim/did/1', cborFrame({ ...show, ask: node.did }))
  await ask('/vivim/did/1', cborFrame({ ...show, ask: node.did, mac: chance.bytes(32) }))
  for (const { bytes } of manifestsOf(handed.blocks)) {
    const content = contentIdOf(bytes)
    const at = clock.nowMs()
    const message = bound(
      LABELS.fetch,
      encodeCbor({ content: linkOf(content), at, client: t.peerId, server }),
    )
    const proof = t.me.device.sign(message)
    for (const want of [[], [linkOf(content)], handed.blocks.map(block => linkOf(blockCid(block)))]) {
      await ask('/vivim/blocks/1', cborFrame({ v: 1, content: linkOf(content), at, proof, want }))
      await ask(
        '/vivim/blocks/1',
        cborFrame({ v: 1, content: linkOf(content), at, proof: new Uint8Array(64), want }),
      )
    }
  }
  const enc = chance.bytes(1_120)
  for (const from of [did, node.did]) await ask('/vivim/sync/1', cborFrame({ v: 1, from, to: node.did, enc }))
  return answers
}

t.test(
  'eve, who is connected to both and gets all that is sealed, opens nothing and learns no name',
  async t => {
    const eve = await startEve(t)
    const alice = await liveNode(t, 'alicealbatross')
    const bob = await liveNode(t, 'bobbandicoot')
    const addresses = new Map<LiveNode, string>()
    for (const node of [alice, bob]) {
      const { network } = await node.call('system.status', {})
      addresses.set(node, `${network.addrs[0]}/p2p/${network.peerId}`)
      await eve.connect(addresses.get(node) ?? '')
    }
    await introduce(alice, bob)
    await alice.call('circle.create', { name: 'circlecapybara' })
    await alice.call('circle.add', { circle: 'circlecapybara', contacts: [bob.name] })
    const conversation = await alice.converse('titlequagga', 'canaryquetzal please', 'answerokapi')
    const made: string[] = []
    for (const audience of [{ circles: ['circlecapybara'] }, { to: [bob.name] }]) {
      const { shareId } = await alice.call('share.create', { conversation, note: 'notewombat', ...audience })
      await alice.acknowledged(shareId)
      made.push(shareId)
    }
    await bob.call('inbox.open', { share: made[0] ?? '' })
    await alice.logged('directory.put')

    const [ofAlice, ofBob] = [sealedThings(alice), sealedThings(bob)]
    const handed = Object.fromEntries(
      Object.keys(ofAlice).map(name => [
        name,
        [...ofAlice[name as keyof Handed], ...ofBob[name as keyof Handed]],
      ]),
    ) as unknown as Handed
    t.ok(handed.blocks.length === 8 && handed.envelopes.length >= 2 && handed.records.length === 2)

    for (const [node, address] of addresses)
      t.same(await askForEverything(eve, address, node, handed), [], `${node.name} tells her nothing`)
    const manifests = manifestsOf(handed.blocks)
    let records = 0
    for (const { manifest } of manifests)
      records += await eve.dhtGet('vivimrec', recordKeyOf(manifest.shareKey))
    t.ok(records > 0, 'records of shares can be had from the directory')

    t.comment('what she was handed she says to everybody again')
    const [topic = ''] = SHARD_TOPICS
    for (const envelope of handed.envelopes) await eve.pubsub.publish(topic, envelope).catch(() => undefined)
    for (const node of [alice, bob]) {
      const frames = [
        ...handed.envelopes.map(envelope => ({
          envelopes: [envelope],
          slip: handed.slips[0],
          manifest: manifests[0]?.bytes,
        })),
      ].map(rest => cborFrame({ v: 1, kind: 'deliver', from: alice.did, to: node.did, ...rest } as never))
      for (const tombstone of handed.tombstones)
        frames.push(cborFrame({ v: 1, kind: 'tombstone', from: alice.did, to: node.did, tombstone }))
      frames.push(frame(handed.slips[0] ?? new Uint8Array(0)))
      for (const bytes of frames) await eve.ask(addresses.get(node) ?? '', '/vivim/inbox/1', bytes)
    }
    t.equal((await bob.inbox()).length, 2, 'bob has what he had')
    t.equal((await alice.inbox()).length, 0)
    await bob.call('inbox.open', { share: made[1] ?? '' })

    t.comment('and she tries to open it')
    const held = [...eve.got, ...Object.values(handed).flat()]
    const envelopes = handed.envelopes.map(parseEnvelope)
    for (const envelope of envelopes) {
      if (envelope.kind !== 'device') continue
      for (const to of [bob.did, eve.me.did])
        t.throws(() => openDeviceLetter(envelope, Did.parse(alice.did), Did.parse(to), eve.me.kem))
    }
    const headers = manifests.map(({ manifest }) => manifest.header)
    const epochs = envelopes.filter(
      (envelope): envelope is Extract<Envelope, { kind: 'epoch' }> => envelope.kind === 'epoch',
    )
    t.ok(epochs.length > 0)
    let tried = 0
    let opened = 0
    const keys = new Set<string>()
    for (const bytes of held)
      for (let at = 0; at + 32 <= bytes.length; at++)
        keys.add(Buffer.from(bytes.subarray(at, at + 32)).toString('latin1'))
    // The whole of every small thing, and of the large ones one place in sixteen: those are ciphertext throughout.
    const sample = [...keys].filter((_, at) => keys.size < 20_000 || at % Math.ceil(keys.size / 20_000) === 0)
    for (const text of sample) {
      const key = Uint8Array.from(Buffer.from(text, 'latin1'))
      tried++
      if (headers.slice(0, 2).some(header => opens(() => checkCommitment(key, header)))) opened++
      if (epochs.slice(0, 1).some(envelope => isOfEpoch(envelope, new SecretBytes(key)))) opened++
    }
    t.ok(tried > 1_000)
    t.equal(opened, 0, 'nothing that she holds is a key')

    const names = [
      'canaryquetzal',
      'answerokapi',
      'titlequagga',
      'notewombat',
      'circlecapybara',
      alice.name,
      bob.name,
    ]
    const dids = [alice.did, bob.did].flatMap(did => [did, did.slice('did:key:'.length)])
    const search = new Search([...names, ...dids, 'vivim1'])
    t.same([...new Set(held.flatMap(bytes => [...search.inBytes(bytes)]))], [], 'no name, no text, no member')
    t.same(
      held.filter(bytes => identityKeys([alice, bob]).some(key => Buffer.from(bytes).includes(key))).length,
      0,
      'nor an identity key as bytes',
    )
  },
)

const identityKeys = (nodes: LiveNode[]): Buffer[] =>
  nodes.map(({ did }) => Buffer.from(keyFromDid(Did.parse(did))))

function opens(work: () => void): boolean {
  try {
    work()
    return true
  } catch {
    return false
  }
}
