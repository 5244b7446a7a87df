/** A second implementation, written from docs/protocol.md alone: other libraries, nothing of src. What it cannot do by that document, the
 *  document does not say. It stands in for a hostile client too: everything that it sends can be changed on the way out. */
import { createCipheriv, createDecipheriv } from 'node:crypto'
import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { noise } from '@chainsafe/libp2p-noise'
import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import { decode, encode } from '@ipld/dag-cbor'
import { generateKeyPairFromSeed } from '@libp2p/crypto/keys'
import { gossipsub } from '@libp2p/gossipsub'
import { identify } from '@libp2p/identify'
import type { Connection, Stream } from '@libp2p/interface'
import { kadDHT, passthroughMapper } from '@libp2p/kad-dht'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import * as ed from '@noble/ed25519'
import { hkdf as nobleHkdf } from '@noble/hashes/hkdf.js'
import { hmac as nobleHmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { base58, bech32m } from '@scure/base'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as Digest from 'multiformats/hashes/digest'
import type { Test } from 'tap'

/** A step that takes longer has failed. */
const STEP_MS = 15_000
const DAY_MS = 86_400_000

// biome-ignore lint/suspicious/noExplicitAny: what comes over the wire is of any shape, and this client believes all of it.
type Any = any
type Bytes = Uint8Array<ArrayBuffer>

const text = (value: string): Bytes => new TextEncoder().encode(value) as Bytes
const join = (...parts: Uint8Array[]): Bytes => new Uint8Array(Buffer.concat(parts))
const own = (bytes: Uint8Array): Bytes => Uint8Array.from(bytes)
const random = (length: number): Bytes => crypto.getRandomValues(new Uint8Array(length))
export const hash = (...parts: Uint8Array[]): Bytes => own(sha256(join(...parts)))
const hmac = (key: Uint8Array, data: Uint8Array): Bytes => own(nobleHmac(sha256, key, data))
const hkdf = (ikm: Uint8Array, salt: Uint8Array | null, info: Uint8Array, length: number): Bytes =>
  own(nobleHkdf(sha256, ikm, salt ?? new Uint8Array(0), info, length))
const zero = Uint8Array.of(0)
const label = (name: string, ...rest: Uint8Array[]): Bytes => join(text(`vivim/v1/${name}`), zero, ...rest)
export const cbor = (value: unknown): Bytes => own(encode(value))
export const uncbor = (bytes: Uint8Array): Any => decode(bytes)

function seal(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, plain: Uint8Array): Bytes {
  const cipher = createCipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  return join(cipher.update(plain), cipher.final(), cipher.getAuthTag())
}
function open(key: Uint8Array, nonce: Uint8Array, aad: Uint8Array, sealed: Uint8Array): Bytes {
  const cipher = createDecipheriv('aes-256-gcm', key, nonce)
  cipher.setAAD(aad)
  cipher.setAuthTag(sealed.subarray(-16))
  return join(cipher.update(sealed.subarray(0, -16)), cipher.final())
}

// Section 1.4: padme(n, floor).
function padme(n: number, floor = 4096): number {
  if (n <= floor) return floor
  const e = Math.floor(Math.log2(n))
  const step = 2 ** (e - (Math.floor(Math.log2(e)) + 1))
  return Math.ceil(n / step) * step
}
function pad(plain: Uint8Array): Bytes {
  const out = new Uint8Array(padme(plain.length + 4))
  new DataView(out.buffer).setUint32(0, plain.length)
  out.set(plain, 4)
  return out
}
const unpad = (padded: Uint8Array): Bytes =>
  own(padded.subarray(4, 4 + new DataView(padded.buffer, padded.byteOffset).getUint32(0)))

/** An Ed25519 key (RFC 8032). */
export interface Key {
  seed: Bytes
  pub: Bytes
}
export const makeKey = async (seed: Bytes = random(32)): Promise<Key> => ({
  seed,
  pub: own(await ed.getPublicKeyAsync(seed)),
})
export const didOf = (pub: Uint8Array): string =>
  `did:key:z${base58.encode(join(Uint8Array.of(0xed, 1), pub))}`

/** Section 1.1. */
export async function sign(type: string, fields: object, key: Key): Promise<Bytes> {
  const payload = cbor({ ...fields, type: `vivim/v1/${type}`, v: 1, by: key.pub })
  const signature = own(await ed.signAsync(label(type, payload), key.seed))
  return cbor([payload, signature])
}
export const hashOf = (wire: Uint8Array): Bytes => {
  const [payload] = uncbor(wire)
  return hash(text(uncbor(payload).type), zero, payload)
}
export const payloadOf = (wire: Uint8Array): Any => uncbor(uncbor(wire)[0])
export async function isSignedBy(wire: Uint8Array, pub: Uint8Array): Promise<boolean> {
  const [payload, signature] = uncbor(wire)
  return await ed.verifyAsync(signature, join(text(uncbor(payload).type), zero, payload), pub)
}

const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const buffer = (bytes: Uint8Array): ArrayBuffer => own(bytes).buffer

export interface Kem {
  seed: Bytes
  pub: Bytes
}
async function makeKem(): Promise<Kem> {
  const pair = await suite.kem.generateKeyPair()
  return {
    seed: own(new Uint8Array(await suite.kem.serializePrivateKey(pair.privateKey))),
    pub: own(new Uint8Array(await suite.kem.serializePublicKey(pair.publicKey))),
  }
}

/** Section 1.2. */
export async function sealToDevices(kems: Uint8Array[], info: Uint8Array, plain: Uint8Array): Promise<Bytes> {
  const messageKey = random(32)
  const wraps: [Bytes, Bytes][] = []
  for (const kem of kems) {
    const recipientPublicKey = await suite.kem.deserializePublicKey(buffer(kem))
    const { enc, ct } = await suite.seal(
      { recipientPublicKey, info: buffer(info) },
      buffer(messageKey),
      buffer(kem),
    )
    wraps.push([new Uint8Array(enc), new Uint8Array(ct)])
  }
  wraps.sort(([a], [b]) => Buffer.compare(a, b))
  const k = hkdf(messageKey, null, label('sealed-to-devices', info), 76)
  return cbor({
    v: 1,
    wraps,
    commitment: k.slice(44),
    body: seal(k.subarray(0, 32), k.subarray(32, 44), hash(info), pad(plain)),
  })
}
export async function openFromDevice(kem: Kem, info: Uint8Array, wire: Uint8Array): Promise<Bytes> {
  const { wraps, body } = uncbor(wire)
  const recipientKey = await suite.kem.deserializePrivateKey(buffer(kem.seed))
  for (const [enc, ct] of wraps)
    try {
      const messageKey = await suite.open(
        { recipientKey, enc: buffer(enc), info: buffer(info) },
        buffer(ct),
        buffer(kem.pub),
      )
      const k = hkdf(new Uint8Array(messageKey), null, label('sealed-to-devices', info), 76)
      return unpad(open(k.subarray(0, 32), k.subarray(32, 44), hash(info), body))
    } catch {
      // Sealed to another device.
    }
  throw new Error('no wrap opens')
}

/** Section 1.3. */
export function sealUnderKey(secret: Uint8Array, name: string, bind: Uint8Array, plain: Uint8Array): Bytes {
  const salt = random(32)
  const k = hkdf(secret, salt, label(name, bind), 44)
  return cbor({ v: 1, salt, body: seal(k.subarray(0, 32), k.subarray(32), label(name, bind), pad(plain)) })
}
export function openUnderKey(secret: Uint8Array, name: string, bind: Uint8Array, wire: Uint8Array): Bytes {
  const { salt, body } = uncbor(wire)
  const k = hkdf(secret, salt, label(name, bind), 44)
  return unpad(open(k.subarray(0, 32), k.subarray(32), label(name, bind), body))
}

const cidOf = (codec: number, bytes: Uint8Array): CID =>
  CID.create(1, codec, Digest.create(0x12, hash(bytes)))

/** Section 1.4. */
export async function sealContent(plain: Uint8Array, share: Key) {
  const ck = random(32)
  const prefix = random(7)
  const deflated = new Uint8Array(deflateRawSync(plain))
  const smaller = deflated.length < plain.length && plain.length > 4088
  const body = smaller ? deflated : plain
  const padded = new Uint8Array(padme(body.length + 8))
  padded.set(body)
  new DataView(padded.buffer).setBigUint64(padded.length - 8, BigInt(body.length))
  const front = join(Uint8Array.of(1, 7), text('vivim-1'), Uint8Array.of(smaller ? 1 : 0, 0, 1, 0, 0), prefix)
  const header = join(front, hkdf(ck, null, label('content-commitment', front), 32))
  const blocks: Bytes[] = []
  const count = Math.ceil(padded.length / 65_536)
  for (let i = 0; i < count; i++) {
    const counter = new Uint8Array(4)
    new DataView(counter.buffer).setUint32(0, i)
    const nonce = join(prefix, counter, Uint8Array.of(i === count - 1 ? 1 : 0))
    blocks.push(seal(ck, nonce, header, padded.subarray(i * 65_536, (i + 1) * 65_536)))
  }
  const manifest = cbor({
    v: 1,
    suite: 'vivim-1',
    header,
    shareKey: share.pub,
    size: blocks.reduce((sum, block) => sum + block.length, 0),
    chunks: blocks.map(block => cidOf(0x55, block)),
  })
  const fetch = await makeKey(hkdf(ck, null, text('vivim/v1/fetch-key'), 32))
  return { ck, manifest, content: cidOf(0x71, manifest), blocks, fetch }
}
export function openContent(ck: Uint8Array, manifest: Uint8Array, blocks: Uint8Array[]): Bytes {
  const { header } = uncbor(manifest)
  const prefix = header.subarray(14, 21)
  const padded = join(
    ...blocks.map((block, i) => {
      const counter = new Uint8Array(4)
      new DataView(counter.buffer).setUint32(0, i)
      return open(ck, join(prefix, counter, Uint8Array.of(i === blocks.length - 1 ? 1 : 0)), header, block)
    }),
  )
  const length = Number(new DataView(padded.buffer).getBigUint64(padded.length - 8))
  const body = padded.subarray(0, length)
  return header[9] === 1 ? new Uint8Array(inflateRawSync(body)) : own(body)
}
const varint = (value: number): Bytes => {
  const out: number[] = []
  let rest = value
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) out.push((rest % 0x80) | 0x80)
  return Uint8Array.from([...out, rest])
}
export const plaintextOf = (owner: string, title: string, texts: string[]): Bytes => {
  const plain = cbor({
    v: 1,
    title,
    note: null,
    owner,
    messages: texts.map((said, at) => ({
      index: at + 1,
      role: at % 2 === 0 ? 'user' : 'assistant',
      createdAt: null,
      parts: [{ type: 'text', text: said, format: 'md' }],
    })),
    redaction: null,
    assets: [],
  })
  return join(varint(plain.length), plain, Uint8Array.of(0))
}
export function readPlaintext(sealed: Uint8Array): Any {
  let [at, length, shift] = [0, 0, 0]
  for (let more = true; more; shift += 7) {
    const byte = sealed[at++] ?? 0
    length += (byte & 0x7f) * 2 ** shift
    more = byte >= 0x80
  }
  return uncbor(sealed.subarray(at, at + length))
}

/** Section 2.2. */
export function readCard(card: string): Any {
  const { words } = bech32m.decode(card.replace(/\s/g, '').toLowerCase() as `${string}1${string}`, false)
  const fields = uncbor(bech32m.fromWords(words))
  return { ...fields, did: didOf(fields.id), peerId: base58.encode(fields.peer) }
}

export const frame = (bytes: Uint8Array): Bytes => join(varint(bytes.length), bytes)

/** A stream as frames (section 3): varint length, then so many bytes. */
export class Frames {
  readonly stream: Stream
  #bytes: Bytes = new Uint8Array(0)
  #ended = false
  #wake: () => void = () => undefined

  constructor(stream: Stream) {
    this.stream = stream
    stream.addEventListener('message', ({ data }) => {
      this.#bytes = join(this.#bytes, data.subarray())
      this.#wake()
    })
    const end = (): void => {
      this.#ended = true
      this.#wake()
    }
    stream.addEventListener('remoteCloseWrite', end)
    stream.addEventListener('close', end)
  }

  send(value: unknown): void {
    this.raw(frame(value instanceof Uint8Array ? value : cbor(value)))
  }
  raw(bytes: Uint8Array): void {
    this.stream.send(bytes)
  }

  /** The next frame's bytes, or null at the end. */
  async bytes(): Promise<Bytes | null> {
    for (;;) {
      const found = this.#take()
      if (found !== null) return found
      if (this.#ended) return null
      const { promise, resolve, reject } = Promise.withResolvers<void>()
      const timer = setTimeout(() => reject(new Error('no frame came')), STEP_MS)
      this.#wake = resolve
      await promise.finally(() => clearTimeout(timer))
    }
  }
  #take(): Bytes | null {
    let [at, length] = [0, 0]
    for (;;) {
      const byte = this.#bytes[at]
      if (byte === undefined) return null
      length += (byte & 0x7f) * 2 ** (7 * at++)
      if (byte < 0x80) break
    }
    if (this.#bytes.length < at + length) return null
    const found = this.#bytes.slice(at, at + length)
    this.#bytes = this.#bytes.slice(at + length)
    return found
  }
  async read(): Promise<Any> {
    const bytes = await this.bytes()
    if (bytes === null) throw new Error('the stream ended')
    return uncbor(bytes)
  }
}

/** Section 4: what came by inbox. */
export interface Arrived {
  request: Any
  blocks: Bytes[]
}

/** Told of every piece that passes inside Noise, either way. */
export type Observer = (bytes: Uint8Array) => void

/** Noise whose plaintext somebody looks at: what an eavesdropper would have on the day that its keys are broken. */
function observed(observe: Observer): ReturnType<typeof noise> {
  const make = noise()
  // biome-ignore lint/suspicious/noExplicitAny: the two sides of a handshake have one shape, which libp2p names in several ways.
  const open = async (shake: Promise<any>): Promise<any> => {
    const secured = await shake
    const { connection } = secured
    const [add, send] = [connection.addEventListener.bind(connection), connection.send.bind(connection)]
    connection.addEventListener = (type: string, listener: (event: Any) => void, options?: object) =>
      add(
        type,
        type !== 'message'
          ? listener
          : (event: Any) => {
              observe(own(event.data.subarray()))
              listener(event)
            },
        options,
      )
    connection.send = (data: Any) => {
      observe(own(data.subarray()))
      return send(data)
    }
    return secured
  }
  return components => {
    const real = make(components)
    const [inbound, outbound] = [real.secureInbound.bind(real), real.secureOutbound.bind(real)]
    real.secureInbound = async (...args) => await open(inbound(...args))
    real.secureOutbound = async (...args) => await open(outbound(...args))
    return real
  }
}

/** Somebody with a node of their own that follows the document. */
export async function second(t: Test, observe?: Observer) {
  const [identity, device, nodeKey] = [await makeKey(), await makeKey(), await makeKey()]
  const kem = await makeKem()
  const [recoveryEd, recoveryKem] = [await makeKey(), await makeKem()]
  const did = didOf(identity.pub)
  const node = await createLibp2p({
    privateKey: await generateKeyPairFromSeed('Ed25519', nodeKey.seed),
    addresses: { listen: ['/ip4/127.0.0.1/tcp/0'] },
    transports: [tcp()],
    connectionEncrypters: [observe === undefined ? noise() : observed(observe)],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    services: {
      identify: identify({ protocolPrefix: 'vivim' }),
      ping: ping(),
      pubsub: gossipsub({ globalSignaturePolicy: 'StrictNoSign', allowPublishToZeroTopicPeers: true }),
      dht: kadDHT({
        protocol: '/vivim/kad/1.0.0',
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        validators: { vivimid: async () => undefined, vivimrec: async () => undefined },
        selectors: { vivimid: () => 0, vivimrec: () => 0 },
      }),
    },
  })
  t.teardown(() => node.stop())
  const peerId = node.peerId.toString()
  const peerBytes = own(node.peerId.toMultihash().bytes)
  const now = Date.now()
  const document = await sign(
    'identity',
    {
      at: now,
      seq: 1,
      did,
      exp: now + 300 * DAY_MS,
      prev: null,
      devices: [{ ed: device.pub, kem: kem.pub, at: now }],
      revoked: [],
      recovery: hash(recoveryEd.pub, recoveryKem.pub),
      peers: [peerBytes],
    },
    identity,
  )
  const standing = await sign(
    'standing',
    {
      at: now,
      seq: 1,
      exp: now + 80 * DAY_MS,
      did,
      doc: hashOf(document),
      peer: peerBytes,
      rights: ['deliver', 'receive', 'keep'],
    },
    device,
  )
  const directory = await makeKey()
  const read = random(16)
  const addrs = node.getMultiaddrs().map(address => address.toString().replace(/\/p2p\/.*/, ''))
  const card = bech32m.encode(
    'vivim',
    bech32m.toWords(cbor({ v: 1, id: identity.pub, dir: directory.pub, read, peer: peerBytes, addrs })),
    false,
  )
  /** What the other side last showed, by DID. */
  const shown = new Map<string, { standing: Bytes; document: Bytes }>()
  const arrived: Arrived[] = []
  const gossip: Bytes[] = []
  node.services.pubsub.addEventListener('message', ({ detail }) => void gossip.push(own(detail.data)))

  const handle = (protocol: string, work: (frames: Frames, connection: Connection) => Promise<void>) =>
    node.handle(protocol, async (stream, connection) => {
      await work(new Frames(stream), connection).catch(() => undefined)
      await stream.close().catch(() => undefined)
    })
  await handle('/vivim/did/1', async frames => {
    const ask = await frames.read()
    shown.set(payloadOf(ask.document).did, ask)
    frames.send(ask.ask === did ? { ok: true, standing, document } : { ok: false })
  })
  await handle('/vivim/inbox/1', async frames => {
    const request = await frames.read()
    if (request.kind !== 'deliver') return frames.send({ ok: true })
    const lacks: CID[] = request.manifest === undefined ? [] : uncbor(request.manifest).chunks
    frames.send({ ok: true, lacks })
    const blocks: Bytes[] = []
    for (const _ of lacks) blocks.push((await frames.bytes()) ?? new Uint8Array(0))
    const receipt = await sign(
      'receipt',
      {
        at: Date.now(),
        seq: 1,
        did,
        content: request.manifest === undefined ? null : cidOf(0x71, request.manifest).bytes,
        envelope: hash(request.envelopes[0]),
        standing: hashOf(standing),
      },
      nodeKey,
    )
    frames.send({ ok: true, receipt })
    arrived.push({ request, blocks })
  })

  const stream = async (connection: Connection, protocol: string): Promise<Frames> =>
    new Frames(await connection.newStream(protocol, { signal: AbortSignal.timeout(STEP_MS) }))

  return {
    node,
    did,
    card,
    peerId,
    identity,
    device,
    kem,
    nodeKey,
    directory,
    read,
    document,
    standing,
    shown,
    arrived,
    gossip,
    stream,
    connect: (address: string): Promise<Connection> =>
      node.dial(multiaddr(address), { signal: AbortSignal.timeout(STEP_MS), force: false }),

    /** Section 3. @returns the answer. */
    async prove(connection: Connection, card: Any, statement: Bytes = standing): Promise<Any> {
      const frames = await stream(connection, '/vivim/did/1')
      const server = connection.remotePeer.toString()
      const mac = hmac(card.read, label('did-ask', text(peerId), text(server)))
      frames.send({ v: 1, ask: card.did, standing: statement, document, mac })
      const answer = await frames.read()
      if (answer.ok) shown.set(card.did, answer)
      return answer
    },

    /** Section 4: seal a letter to a person's devices. */
    async letterTo(to: string, letter: object): Promise<Bytes> {
      const devices = payloadOf(shown.get(to)?.document ?? new Uint8Array(0)).devices
      const info = label('letter', text(did), zero, text(to))
      const sealed = await sealToDevices(
        devices.map((one: Any) => one.kem),
        info,
        cbor({ v: 1, ...letter }),
      )
      return cbor({ v: 1, kind: 'device', sealed })
    },
    async openLetter(envelope: Uint8Array, from: string): Promise<Any> {
      const { sealed } = uncbor(envelope)
      return uncbor(await openFromDevice(kem, label('letter', text(from), zero, text(did)), sealed))
    },
    /** Section 4: one delivery. @returns the last answer. */
    async deliver(
      connection: Connection,
      to: string,
      envelopes: Bytes[],
      content: { slip: Bytes; manifest: Bytes; blocks: Bytes[] } | null = null,
      from = did,
    ): Promise<Any> {
      const frames = await stream(connection, '/vivim/inbox/1')
      const extra = content === null ? {} : { slip: content.slip, manifest: content.manifest }
      frames.send({ v: 1, kind: 'deliver', from, to, envelopes, ...extra })
      const answer = await frames.read()
      if (!answer.ok) return answer
      for (const cid of answer.lacks as CID[])
        frames.send(content?.blocks.find(block => cidOf(0x55, block).equals(cid)) ?? new Uint8Array(0))
      return await frames.read()
    },
    /** Section 4.1: a share of these texts for one person. */
    async shareFor(to: string, title: string, texts: string[]) {
      const share = await makeKey()
      const sealed = await sealContent(plaintextOf(did, title, texts), share)
      const id = random(16)
      const content = own(sealed.content.bytes)
      const bind = {
        suite: 'vivim-1',
        purpose: 'device',
        owner: did,
        to: { did: to },
        share: id,
        version: 1,
        content,
      }
      const devices = payloadOf(shown.get(to)?.document ?? new Uint8Array(0)).devices
      const grant = await sealToDevices(
        devices.map((one: Any) => one.kem),
        label('grant', cbor(bind)),
        cbor({ v: 1, contentKey: sealed.ck }),
      )
      const notice = await sign(
        'notice',
        {
          at: Date.now(),
          seq: 1,
          doc: hashOf(document),
          id: random(16),
          owner: did,
          to: { did: to },
          share: id,
          version: 1,
          content,
          terms: { allow: ['view'], from: null, until: null, maxViews: null },
          title,
          note: null,
          grant,
          exp: null,
        },
        device,
      )
      const slip = await sign(
        'slip',
        { seq: 1, content, nbf: null, exp: null, fetch: sealed.fetch.pub },
        share,
      )
      const tombstone = await sign('tombstone', { seq: Number.MAX_SAFE_INTEGER, content }, share)
      return { ...sealed, share, notice, slip, tombstone }
    },
    /** Section 6. @returns the answer and the blocks. */
    async fetch(
      connection: Connection,
      content: CID,
      key: Key,
      want: CID[],
    ): Promise<{ answer: Any; blocks: Bytes[] }> {
      const frames = await stream(connection, '/vivim/blocks/1')
      const at = Date.now()
      const server = connection.remotePeer.toString()
      const message = label('fetch', cbor({ content, at, client: peerId, server }))
      frames.send({ v: 1, content, at, proof: own(await ed.signAsync(message, key.seed)), want })
      const answer = await frames.read()
      const blocks: Bytes[] = []
      if (answer.ok) for (const _ of want) blocks.push((await frames.bytes()) ?? new Uint8Array(0))
      return { answer, blocks }
    },
    /** Section 7.1: both directions of a sealed sync stream. */
    async sync(connection: Connection, to: string) {
      const frames = await stream(connection, '/vivim/sync/1')
      const theirs = shown.get(to)
      if (theirs === undefined) throw new Error('nothing is proved')
      const signer = payloadOf(theirs.standing).by
      const { devices } = payloadOf(theirs.document)
      const their = devices.find((one: Any) => Buffer.compare(one.ed, signer) === 0)
      const server = connection.remotePeer.toString()
      const sender = await suite.createSenderContext({
        recipientPublicKey: await suite.kem.deserializePublicKey(buffer(their.kem)),
        info: buffer(label('sync', text(peerId), text(server))),
      })
      frames.send({ v: 1, from: did, to, enc: new Uint8Array(sender.enc) })
      const answer = await frames.read()
      if (!answer.ok) return null
      const receiver = await suite.createRecipientContext({
        recipientKey: await suite.kem.deserializePrivateKey(buffer(kem.seed)),
        enc: buffer(answer.enc),
        info: buffer(label('sync', text(server), text(peerId))),
      })
      return {
        say: async (turn: object): Promise<void> =>
          frames.send(new Uint8Array(await sender.seal(buffer(cbor(turn)), buffer(new Uint8Array(0))))),
        hear: async (): Promise<Any> => {
          const sealed = await frames.bytes()
          return sealed === null
            ? null
            : uncbor(new Uint8Array(await receiver.open(buffer(sealed), buffer(new Uint8Array(0)))))
        },
      }
    },
    /** Section 7.2. */
    topicOf: (circle: Uint8Array): string =>
      `/vivim/circle/v1/${(hash(label('shard', circle))[0] ?? 0) % 16}`,
    epochEnvelope(secret: Uint8Array, circle: Uint8Array, epoch: Uint8Array, letter: object): Bytes {
      const tagSalt = random(16)
      const tag = hmac(hkdf(secret, null, text('vivim/v1/epoch-tag'), 32), tagSalt).slice(0, 16)
      const sealed = sealUnderKey(secret, 'letter', join(circle, epoch), cbor({ v: 1, ...letter }))
      return cbor({ v: 1, kind: 'epoch', tagSalt, tag, sealed })
    },
    /** Whether a sealed message is of this epoch, and what stands in it. */
    readEpoch(secret: Uint8Array, circle: Uint8Array, epoch: Uint8Array, wire: Uint8Array): Any {
      const { kind, tagSalt, tag, sealed } = uncbor(wire)
      if (kind !== 'epoch') return null
      const right = hmac(hkdf(secret, null, text('vivim/v1/epoch-tag'), 32), tagSalt).slice(0, 16)
      if (Buffer.compare(right, tag) !== 0) return null
      return uncbor(openUnderKey(secret, 'letter', join(circle, epoch), sealed))
    },
    /** Section 7: the secret in a wrap. */
    openWrap: async (wire: Uint8Array): Promise<{ circle: Bytes; epoch: Bytes; secret: Bytes }> => {
      const { circle, epoch, sealed } = payloadOf(wire)
      return { circle, epoch, secret: await openFromDevice(kem, label('wrap', circle, epoch), sealed) }
    },
    /** Section 2.3 and 8: a slot of one's own, and what stands under a card's key. */
    signEntry: (fields: object): Promise<Bytes> =>
      sign('circle', { at: Date.now(), did, doc: hashOf(document), ...fields }, device),
    /** Make a wrap as a member would. */
    async wrapFor(to: string, circle: Uint8Array, epoch: Uint8Array, secret: Uint8Array): Promise<Bytes> {
      const devices = payloadOf(shown.get(to)?.document ?? new Uint8Array(0)).devices
      const kems = devices.map((one: Any) => one.kem)
      const sealed = await sealToDevices(kems, label('wrap', circle, epoch), secret)
      return await sign(
        'wrap',
        { at: Date.now(), seq: 1, doc: hashOf(document), circle, epoch, to, sealed },
        device,
      )
    },
    async slot(seq: number): Promise<Bytes> {
      const body = cbor({ document, peers: [{ peer: peerBytes, addrs }] })
      return await sign(
        'slot',
        { seq, exp: Date.now() + DAY_MS, body: sealUnderKey(read, 'slot', directory.pub, body) },
        directory,
      )
    },
    slotKey: (dir: Uint8Array): Bytes => join(text('/vivimid/'), hash(label('directory', dir))),
    async dhtGet(key: Uint8Array): Promise<Bytes | null> {
      for await (const event of node.services.dht.get(key, { signal: AbortSignal.timeout(STEP_MS) }))
        if (event.name === 'VALUE') return own(event.value)
      return null
    },
    async dhtPut(key: Uint8Array, value: Uint8Array): Promise<number> {
      let stored = 0
      for await (const event of node.services.dht.put(key, value, { signal: AbortSignal.timeout(STEP_MS) }))
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') stored++
      return stored
    },
    openSlot: (card: Any, wire: Uint8Array): Any =>
      uncbor(openUnderKey(card.read, 'slot', card.dir, payloadOf(wire).body)),
  }
}

export type Second = Awaited<ReturnType<typeof second>>
