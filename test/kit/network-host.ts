/** People with real keys and a real node on loopback, whose host keeps what arrives in memory. */
import { encodeCbor } from '../../src/core/crypto/cbor.ts'
import { blockCid, contentIdOf, linkOf } from '../../src/core/crypto/cid.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { hmac, sha256 } from '../../src/core/crypto/hash.ts'
import { hpkeSetupReceiver } from '../../src/core/crypto/hpke.ts'
import { bound, LABELS } from '../../src/core/crypto/labels.ts'
import { signObject } from '../../src/core/crypto/signed.ts'
import { XWingKey } from '../../src/core/crypto/xwing.ts'
import { didFromKey } from '../../src/core/identity/did.ts'
import { type IdentityDocument, parseDocument, signDocument } from '../../src/core/identity/document.ts'
import { peerIdFromKey } from '../../src/core/identity/peer-id.ts'
import {
  judgeStanding,
  makeStanding,
  parseStanding,
  type StandingRight,
} from '../../src/core/identity/standing.ts'
import { sameBytes, utf8 } from '../../src/core/kernel/bytes.ts'
import { systemChance as chance, systemClock as clock } from '../../src/core/kernel/env.ts'
import type { Cid, CircleId, Did } from '../../src/core/model/id.ts'
import { startNetwork } from '../../src/daemon/network/network.ts'
import type {
  Delivery,
  Network,
  NetworkConfig,
  NetworkHost,
  PairingState,
  PeerAddress,
  Proof,
} from '../../src/daemon/network/ports.ts'

const DAY_MS = 86_400_000

/** An identity with one device, and the statement that a node may act for it. */
export class Person {
  readonly name: string
  readonly device = new Ed25519Key(chance.bytes(32))
  readonly kem = new XWingKey(chance.bytes(32))
  readonly read = chance.bytes(16)
  readonly did: Did
  readonly document: IdentityDocument
  readonly nodeSeed = chance.bytes(32)
  readonly peer: string
  /** What this person's node shows. */
  standing: Uint8Array

  constructor(name: string) {
    this.name = name
    const identity = new Ed25519Key(chance.bytes(32))
    this.did = didFromKey(identity.publicKey)
    this.peer = peerIdFromKey(new Ed25519Key(this.nodeSeed).publicKey)
    const nowMs = clock.nowMs()
    this.document = signDocument(
      {
        did: this.did,
        seq: 1,
        atMs: nowMs,
        expiresAtMs: nowMs + 100 * DAY_MS,
        prev: null,
        devices: [{ ed: this.device.publicKey, kem: this.kem.publicKey, at: nowMs }],
        revoked: [],
        recovery: sha256(utf8(name)),
        peers: [this.peer],
      },
      identity,
    )
    this.standing = this.allow('deliver', 'receive', 'keep')
  }

  /** A statement with these rights for this person's node. */
  allow(...rights: StandingRight[]): Uint8Array {
    const { document, peer } = this
    return makeStanding({ document, peer, rights, seq: 1, atMs: clock.nowMs() }, this.device).wire
  }
}

type Events = {
  proved: Proof
  delivered: Delivery
  buried: Uint8Array
  gossip: Uint8Array
  circle: Uint8Array[]
}

/** One person's home as the network sees it. */
export class MemoryHost implements NetworkHost {
  readonly me: Person
  readonly contacts = new Map<Did, PeerAddress[]>()
  /** Read secrets from the cards held. */
  readonly cards = new Map<Did, Uint8Array>()
  readonly blocks = new Map<Cid, Uint8Array>()
  readonly receipts = new Map<string, Uint8Array>()
  readonly deliveries: Delivery[] = []
  readonly circles = new Map<
    CircleId,
    { members: Set<Did>; document: Uint8Array | null; entries: Uint8Array[] }
  >()
  readonly log: { event: string; fields: Record<string, unknown> }[] = []
  readonly dial: { local: Did; remote: Did }[] = []
  refuse: string | null = null
  gossipVerdict: 'accept' | 'ignore' | 'reject' = 'accept'
  judged = 0
  asked = 0
  readonly #waiting = new Map<string, ((value: never) => void)[]>()
  readonly #seen = new Map<string, unknown[]>()

  constructor(me: Person) {
    this.me = me
  }

  #tell<K extends keyof Events>(name: K, value: Events[K]): void {
    const next = this.#waiting.get(name)?.shift()
    if (next !== undefined) next(value as never)
    else this.#seen.set(name, [...(this.#seen.get(name) ?? []), value])
  }

  /** The next event of a kind, also when it already came. */
  async next<K extends keyof Events>(name: K, ms = 15_000): Promise<Events[K]> {
    const seen = this.#seen.get(name)?.shift()
    if (seen !== undefined) return seen as Events[K]
    return await new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`${this.me.name}: no ${name} in ${ms} ms`)), ms)
      const take = (value: Events[K]) => {
        clearTimeout(timer)
        resolve(value)
      }
      this.#waiting.set(name, [...(this.#waiting.get(name) ?? []), take as (value: never) => void])
    })
  }

  proofOf(local: Did) {
    return local === this.me.did ? { standing: this.me.standing, document: this.me.document.wire } : null
  }

  async judge(shown: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Proof | null> {
    this.judged++
    try {
      const document = parseDocument(shown.document)
      const standing = parseStanding(shown.standing)
      if (judgeStanding(standing, document, peer, clock.nowMs()) !== null) return null
      return { did: document.did, peer, ...shown }
    } catch {
      return null
    }
  }

  async mayLearn(
    asker: Did,
    local: Did,
    mac: Uint8Array | null,
    { dialler, listener }: { dialler: string; listener: string },
  ): Promise<boolean> {
    this.asked++
    if (this.contacts.has(asker)) return true
    const right = hmac(this.me.read, bound(LABELS.didAsk, utf8(dialler), utf8(listener)))
    return local === this.me.did && mac !== null && sameBytes(mac, right)
  }

  async macFor(_local: Did, remote: Did, { dialler, listener }: { dialler: string; listener: string }) {
    const read = this.cards.get(remote)
    return read === undefined ? null : hmac(read, bound(LABELS.didAsk, utf8(dialler), utf8(listener)))
  }

  async addressesOf(_local: Did, remote: Did): Promise<PeerAddress[]> {
    return this.contacts.get(remote) ?? []
  }

  onConnected(): void {}

  async onProved(_local: Did, proof: Proof): Promise<void> {
    this.#tell('proved', proof)
  }

  async knownDidsOf(peer: string): Promise<{ local: Did; remote: Did }[]> {
    return [...this.contacts]
      .filter(([, addresses]) => addresses.some(address => address.peer === peer))
      .map(([remote]) => ({ local: this.me.did, remote }))
  }

  async contactsToDial(): Promise<{ local: Did; remote: Did }[]> {
    return this.dial
  }

  async onDelivery(delivery: Delivery): Promise<{ ok: true; lacks: Cid[] } | { ok: false; why: string }> {
    if (this.refuse !== null) return { ok: false, why: this.refuse }
    const wanted = delivery.manifest === null ? [] : this.chunks(delivery.manifest)
    return { ok: true, lacks: wanted.filter(cid => !this.blocks.has(cid)) }
  }

  /** What `sealed` wrote into its manifest. */
  chunks(manifest: Uint8Array): Cid[] {
    return this.manifests.get(contentIdOf(manifest)) ?? []
  }
  /** Shared between the hosts of a test: manifests are opaque to the network. */
  manifests = new Map<Cid, Cid[]>()

  /** How long keeping a block takes. */
  diskMs = 0
  async onBlock(_delivery: Delivery, cid: Cid, bytes: Uint8Array): Promise<void> {
    if (this.diskMs > 0) await new Promise(resolve => setTimeout(resolve, this.diskMs))
    this.blocks.set(cid, bytes)
  }

  async onDelivered(delivery: Delivery): Promise<Uint8Array | null> {
    const name = Buffer.from(sha256(delivery.envelopes[0] ?? new Uint8Array())).toString('hex')
    const known = this.receipts.get(name)
    if (known !== undefined) return known
    const receipt = signObject(
      LABELS.receipt,
      { at: clock.nowMs(), did: this.me.did, envelope: sha256(delivery.envelopes[0] ?? new Uint8Array()) },
      this.me.device,
    ).wire
    this.receipts.set(name, receipt)
    this.deliveries.push(delivery)
    this.#tell('delivered', delivery)
    return receipt
  }

  async onTombstone(_from: Did, _to: Did, tombstone: Uint8Array): Promise<void> {
    this.#tell('buried', tombstone)
  }

  readonly held = new Map<Cid, { slip: Uint8Array; manifest: Uint8Array }>()
  async onFetch({ content }: { content: Cid }) {
    const found = this.held.get(content)
    return found === undefined
      ? null
      : { ...found, getBlock: async (cid: Cid) => this.blocks.get(cid) ?? null }
  }

  async sharedCircles(_local: Did, remote: Did): Promise<CircleId[]> {
    return [...this.circles].filter(([, circle]) => circle.members.has(remote)).map(([id]) => id)
  }

  async circleEntries(_local: Did, circle: CircleId): Promise<Uint8Array[]> {
    return this.circles.get(circle)?.entries ?? []
  }

  async loadCircle(_local: Did, circle: CircleId): Promise<Uint8Array | null> {
    return this.circles.get(circle)?.document ?? null
  }

  async saveCircle(
    _local: Did,
    circle: CircleId,
    document: Uint8Array | null,
    entries: Uint8Array[],
  ): Promise<void> {
    const known = this.circles.get(circle)
    if (known === undefined) throw new Error('a circle that nobody knows')
    known.document = document ?? known.document
    known.entries.push(...entries)
    this.#tell('circle', entries)
  }

  locked = false
  openSync(_local: Did, enc: Uint8Array, info: Uint8Array) {
    return this.locked ? null : hpkeSetupReceiver(this.me.kem, enc, info)
  }

  async newerFor(): Promise<null> {
    return null
  }
  async onDocument(): Promise<void> {}
  async onPairing(): Promise<null> {
    return null
  }
  async pairingState(): Promise<PairingState> {
    return { state: 'gone' }
  }
  async onTaken(): Promise<void> {}
  openDeviceSync(): null {
    return null
  }

  async onGossip(_shard: number, bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'> {
    this.#tell('gossip', bytes)
    return this.gossipVerdict
  }
}

export const LOOPBACK: NetworkConfig = {
  listen: ['/ip4/127.0.0.1/tcp/0'],
  announce: [],
  bootstrap: [],
  mdns: false,
  psk: null,
}

export interface Home {
  readonly me: Person
  readonly host: MemoryHost
  readonly network: Network
}

/** A running node of a new person. @param teardown - `t.teardown` of the test that it belongs to. */
export async function home(
  name: string,
  teardown: (stop: () => Promise<void>) => void,
  config: Partial<NetworkConfig> = {},
  databasePath = ':memory:',
  me = new Person(name),
  host = new MemoryHost(me),
): Promise<Home> {
  const network = await startNetwork({ ...LOOPBACK, ...config }, host, {
    nodeSeed: me.nodeSeed,
    databasePath,
    clock,
    chance,
    log: (event, fields) => host.log.push({ event, fields }),
  })
  teardown(() => network.stop())
  return { me, host, network }
}

/** `a` knows `b` as a contact and where to find them. */
export function knows(a: Home, b: Home): void {
  a.host.contacts.set(b.me.did, [{ peer: b.network.peerId, addrs: b.network.addrs() }])
}

/** Content as the network sees it: a manifest, its blocks, its slip and the key that fetches it. */
export function sealed(blocks: number, blockBytes = 65_552) {
  const share = new Ed25519Key(chance.bytes(32))
  const fetchKey = new Ed25519Key(chance.bytes(32))
  const parts = Array.from({ length: blocks }, () => chance.bytes(blockBytes))
  const cids = parts.map(blockCid)
  const manifest = encodeCbor({ v: 1, chunks: cids.map(linkOf), shareKey: share.publicKey })
  const content = contentIdOf(manifest)
  const slip = signObject(
    LABELS.slip,
    { seq: 1, content: linkOf(content), nbf: 0, exp: null, fetch: fetchKey.publicKey },
    share,
  ).wire
  return {
    manifest,
    content,
    cids,
    slip,
    fetchKey,
    share,
    blocks: new Map(cids.map((cid, at) => [cid, parts[at] as Uint8Array])),
  }
}

/** Ask again and again until the answer is neither 0, false nor null, at most 15 s. */
export async function until<T>(what: string, ask: () => T | Promise<T>): Promise<T> {
  const endMs = clock.nowMs() + 15_000
  for (;;) {
    const answer = await ask()
    if (answer) return answer
    if (clock.nowMs() > endMs) throw new Error(`never: ${what}`)
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}

export const signalOf = (ms: number): AbortSignal => AbortSignal.timeout(ms)
export { chance, clock }
