/** What the network offers to the daemon, and what it asks of it. Types only; nothing here knows libp2p. */
import type { CborValue } from '../../core/crypto/cbor.ts'
import type { Ed25519Key } from '../../core/crypto/ed25519.ts'
import type { Cid, CircleId, Did } from '../../core/model/id.ts'

/** Where a node can be reached: a peer id in its text form and multiaddrs without the `/p2p` end. */
export interface PeerAddress {
  peer: string
  addrs: string[]
}

export interface PeerInfo extends PeerAddress {
  direction: 'inbound' | 'outbound'
  /** Who was proved on this connection towards the user that is asked for; null where none is. */
  did: Did | null
  latencyMs: number | null
}

/** What one inbox exchange carries: `docs/protocol.md` section 4. All byte strings are wire forms. */
export interface Delivery {
  from: Did
  to: Did
  /** The first is the one the receipt is over. */
  envelopes: Uint8Array[]
  slip: Uint8Array | null
  manifest: Uint8Array | null
}

/** Who asks to be taken in: a peer id, and the host of the address that it comes from. */
export interface Asker {
  readonly peer: string
  readonly from: string
}

/** A new device that asks to be one of `did`'s, on the node that lives under `peer`. */
export interface PairingAsk {
  did: Did
  /** 32 bytes: over the keys and the nonce that follow. */
  commitment: Uint8Array
  /** 32 bytes: the asker has the card. */
  mac: Uint8Array
}

export interface PairingReveal {
  ed: Uint8Array
  kem: Uint8Array
  nonce: Uint8Array
  /** By `ed` over the transcript, 64 bytes. */
  signature: Uint8Array
}

/** How a request stands; `sealed` is what the old device hands over. */
export type PairingState =
  | { state: 'waiting' }
  | { state: 'gone' }
  | { state: 'approved'; sealed: Uint8Array }

/** The network as the rest of the daemon sees it. Every call takes a signal and ends within its bound. */
export interface Network {
  readonly peerId: string
  /** Addresses as they should stand in a card: listening, announced, without the `/p2p` end. */
  addrs(): string[]
  /** Multiaddrs that are really bound, ports filled in. */
  listening(): string[]
  reachability(): 'unknown' | 'private' | 'public'
  /** Every peer that is connected, without saying whose node it is. */
  peers(): PeerInfo[]
  /** The peers on which somebody was proved towards a user. */
  peersOf(local: Did): PeerInfo[]
  /** Everybody whose node is connected and was proved towards a user, other users of this node too. */
  provedTo(local: Did): Did[]
  /** A user who lives here no more: what was proved to them is forgotten. */
  forgetUser(local: Did): void
  /** @throws `peer/bad-address`, `peer/unreachable` */
  connect(multiaddr: string, signal: AbortSignal): Promise<PeerInfo>
  /** @returns whether anything changed. @throws `peer/bad-address` */
  block(peer: string): Promise<boolean>
  unblock(peer: string): Promise<boolean>

  /** Connect to a node of `to`, prove both DIDs (at most once a connection). @returns the other side's statement and document. @throws `peer/unreachable`, `peer/refused` */
  prove(from: Did, to: Did, signal: AbortSignal): Promise<Proof>
  /** Push one delivery; blocks are read one by one as the receiver asks. @returns the receipt's wire form, unverified.
   *  @throws `peer/unreachable` (nobody of `to` answers), `peer/refused` (it said no), `peer/protocol` */
  deliver(
    delivery: Delivery,
    getBlock: (cid: Cid) => Promise<Uint8Array | null>,
    onStart: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<Uint8Array>
  /** Hand a tombstone to a node of `to`. Same errors as `deliver`. */
  bury(from: Did, to: Did, tombstone: Uint8Array, signal: AbortSignal): Promise<void>
  /** Fetch blocks of a content id from any of `holders`; each is checked against its CID and given to `onBlock`. @throws `peer/unreachable` when nobody had all of them. */
  fetch(
    request: { content: Cid; want: Cid[]; holders: PeerAddress[]; fetchKey: Ed25519Key },
    onBlock: (cid: Cid, bytes: Uint8Array) => Promise<void>,
    signal: AbortSignal,
  ): Promise<{ slip: Uint8Array; manifest: Uint8Array | null }>
  /** Bring the logs of the circles that `local` and `remote` share up to date, both ways. */
  sync(local: Did, remote: Did, signal: AbortSignal): Promise<void>
  /** Ask the node at `at` to take this device in. `reveal` gets the other side's nonce, 32 bytes. @returns the request's id, 16 bytes.
   *  @throws `peer/unreachable`, `peer/refused`. */
  pair(
    at: PeerAddress,
    ask: PairingAsk,
    reveal: (answer: Uint8Array) => PairingReveal,
    signal: AbortSignal,
  ): Promise<{ request: Uint8Array; expiresAtMs: number }>
  /** How a request stands there. */
  collect(at: PeerAddress, did: Did, request: Uint8Array, signal: AbortSignal): Promise<PairingState>
  /** What was handed over is safe here: the other side forgets it. */
  taken(at: PeerAddress, did: Did, request: Uint8Array, signal: AbortSignal): Promise<void>
  /** Tell a node of a newer identity document. */
  tellDocument(at: PeerAddress, document: Uint8Array, signal: AbortSignal): Promise<void>
  /** A person's document changed: what was proved with a device that it no longer lists counts no more, on any connection. */
  recheck(did: Did): Promise<void>
  /** Bring another own device up to date, both ways. @returns whether there was one to talk to.
   *  @throws as `sync`. */
  syncDevice(local: Did, peer: string, signal: AbortSignal): Promise<void>

  /** Publish sealed bytes on a shard topic (0 to 15). @returns to how many peers. */
  gossip(shard: number, bytes: Uint8Array): Promise<number>

  /** Put a slot or record into the DHT. @returns how many other nodes stored it. */
  dhtPut(
    namespace: 'vivimid' | 'vivimrec',
    key: Uint8Array,
    value: Uint8Array,
    signal: AbortSignal,
  ): Promise<number>
  /** @returns the newest valid value, or null. */
  dhtGet(namespace: 'vivimid' | 'vivimrec', key: Uint8Array, signal: AbortSignal): Promise<Uint8Array | null>

  stop(): Promise<void>
}

/** A DID shown on a connection: standing statement and identity document, wire forms, both verified against the peer id. */
export interface Proof {
  did: Did
  peer: string
  standing: Uint8Array
  document: Uint8Array
}

/** What the network asks of the daemon. Every method may be called by hostile peers at any rate: it must be bounded. */
export interface NetworkHost {
  /** The statement and document that `local` shows, or null when no such user lives here. */
  proofOf(local: Did): { standing: Uint8Array; document: Uint8Array } | null
  /** Judge another side's proof: signature chain, validity in time, that it names `peer`. @returns null when refused. */
  judge(proof: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Proof | null>
  /** Whether `asker` may learn that `local` lives here: contact, fellow member, or a valid mac over the two peer ids. */
  mayLearn(
    asker: Did,
    local: Did,
    mac: Uint8Array | null,
    peers: { dialler: string; listener: string },
  ): Promise<boolean>
  /** The mac to show when asking for `remote`, from their card's read secret; null without a card. */
  macFor(local: Did, remote: Did, peers: { dialler: string; listener: string }): Promise<Uint8Array | null>
  /** Where the nodes of `remote` were last known, best first. */
  addressesOf(local: Did, remote: Did): Promise<PeerAddress[]>
  /** A peer connected, whoever it is. */
  onConnected(peer: string): void
  /** A DID was proved on a connection (either side began it). */
  onProved(local: Did, proof: Proof): Promise<void>
  /** The pairs for which this peer is known to be a node of a contact or fellow member: they are proved as soon as it connects. */
  knownDidsOf(peer: string): Promise<{ local: Did; remote: Did }[]>
  /** The pairs whose nodes should be dialled at start and from time to time, most wanted first. */
  contactsToDial(): Promise<{ local: Did; remote: Did }[]>

  /** First frame of a delivery. @returns the blocks that are lacked, or a refusal. */
  onDelivery(
    delivery: Delivery,
    peer: string,
  ): Promise<{ ok: true; lacks: Cid[] } | { ok: false; why: string }>
  /** One block that was asked for; its CID was checked. */
  onBlock(delivery: Delivery, cid: Cid, bytes: Uint8Array): Promise<void>
  /** Everything is here: make it durable. @returns the receipt's wire form, or null to refuse. */
  onDelivered(delivery: Delivery, peer: string): Promise<Uint8Array | null>
  onTombstone(from: Did, to: Did, tombstone: Uint8Array): Promise<void>

  /** Serve blocks to a stranger: the slip and, for each wanted CID, a way to read it; null refuses. The network checks `proof`
   *  against the fetch key in the slip that comes back, before anything is sent. */
  onFetch(request: { content: Cid; at: number; proof: Uint8Array; want: Cid[]; client: string }): Promise<{
    slip: Uint8Array
    manifest: Uint8Array
    getBlock(cid: Cid): Promise<Uint8Array | null>
  } | null>

  /** Circles of which both are members here. */
  sharedCircles(local: Did, remote: Did): Promise<CircleId[]>
  /** All verified entries of a circle, wire forms: whatever the saved document lacks is appended to it before it is synced. */
  circleEntries(local: Did, circle: CircleId): Promise<Uint8Array[]>
  /** The saved Automerge document of a circle, or null. */
  loadCircle(local: Did, circle: CircleId): Promise<Uint8Array | null>
  /** Take entries, to be judged by the circle's reducer, and save the document that they are new in, unless some of them are not kept.
   *  @param document - null where it stays as it is. */
  saveCircle(
    local: Did,
    circle: CircleId,
    document: Uint8Array | null,
    newEntries: Uint8Array[],
  ): Promise<void>
  /** Our device's X-Wing key for opening a sync stream, or null while locked. */
  openSync(local: Did, enc: Uint8Array, info: Uint8Array): SyncReceiver | null
  /** What a node is told whose statement is of a device that was taken out, when its person lives here: the document that says so. */
  newerFor(shown: { standing: Uint8Array; document: Uint8Array }, peer: string): Promise<Uint8Array | null>
  /** A document that somebody showed, whoever they are; it speaks for itself. */
  onDocument(document: Uint8Array): Promise<void>
  /** Pairing: judge an opening. @returns null to refuse; else the nonce of this side, and what judges the reveal. */
  onPairing(
    ask: PairingAsk,
    by: Asker,
  ): Promise<{
    nonce: Uint8Array
    reveal(shown: PairingReveal): Promise<{ request: Uint8Array; expiresAtMs: number } | null>
  } | null>
  pairingState(did: Did, request: Uint8Array, peer: string): Promise<PairingState>
  onTaken(did: Did, request: Uint8Array, peer: string): Promise<void>
  /** One side of a sync with another own device that proved itself. @returns null while this side cannot read. */
  openDeviceSync(local: Did, proof: Proof): DeviceSync | null

  /** A sealed message on a shard topic. */
  onGossip(shard: number, bytes: Uint8Array): Promise<'accept' | 'ignore' | 'reject'>
}

/** A row by its name, and 16 bytes that tell whether two sides have the same of it. */
export type SyncMark = readonly [id: string, mark: Uint8Array]

/** What one side has and takes in a sync of own devices. */
export interface DeviceSync {
  /** Everything here that the other device may have. */
  marks(): Promise<SyncMark[]>
  /** What the other side lacks or has otherwise, in the order in which it must be taken. */
  rows(theirs: ReadonlyMap<string, Uint8Array>): AsyncIterable<SyncRow>
  /** Take rows; each is judged for itself, and what does not hold is left out. */
  take(rows: readonly SyncRow[]): Promise<void>
  /** Everything was taken. */
  done(): Promise<void>
}

export interface SyncRow {
  id: string
  value: CborValue
}

/** Opens the frames of one direction of a sync stream, in order (HPKE context, RFC 9180 section 5.2). */
export interface SyncReceiver {
  open(aad: Uint8Array, ciphertext: Uint8Array): Uint8Array
}

/** How a node is set up; read from config.toml. */
export interface NetworkConfig {
  listen: string[]
  announce: string[]
  bootstrap: string[]
  mdns: boolean
  /** 32-byte pre-shared key of a closed network, or null. */
  psk: Uint8Array | null
}
