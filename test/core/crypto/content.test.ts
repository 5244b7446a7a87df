import { randomBytes } from 'node:crypto'
import { deflateRawSync } from 'node:zlib'
import t from 'tap'
import { aeadSeal } from '../../../src/core/crypto/aead.ts'
import { decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { blockCid, contentIdOf, linkOf } from '../../../src/core/crypto/cid.ts'
import {
  fetchKey,
  openContent,
  openContentStream,
  recordKey,
  type SealedContent,
  sealContent,
} from '../../../src/core/crypto/content.ts'
import { CHUNK_BYTES, chunkNonce, makeHeader } from '../../../src/core/crypto/content-header.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { encodeManifest, parseManifest } from '../../../src/core/crypto/manifest.ts'
import { padmeLength } from '../../../src/core/crypto/padme.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { concat, sameBytes } from '../../../src/core/kernel/bytes.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'
import type { Cid } from '../../../src/core/model/id.ts'

const share = new Ed25519Key(systemChance.bytes(32))
const noise = (length: number): Uint8Array => new Uint8Array(randomBytes(length))
const seal = (plaintext: Uint8Array | AsyncIterable<Uint8Array>) =>
  sealContent({ plaintext, shareKey: share.publicKey, chance: systemChance })

function opener(sealed: Pick<SealedContent, 'manifestBytes' | 'contentKey' | 'blocks'>, maxBytes = 1 << 28) {
  const held = new Map<Cid, Uint8Array>(sealed.blocks.map(({ cid, bytes }) => [cid, bytes]))
  return {
    manifestBytes: sealed.manifestBytes,
    contentKey: sealed.contentKey,
    getBlock: (cid: Cid) => held.get(cid) ?? null,
    maxBytes,
  }
}

t.test('what is sealed opens again, at every size around chunk and padding', async t => {
  for (const length of [
    0,
    1,
    4087,
    4088,
    4089,
    CHUNK_BYTES - 8,
    CHUNK_BYTES - 7,
    CHUNK_BYTES,
    CHUNK_BYTES + 1,
    200_000,
  ])
    for (const plaintext of [noise(length), new Uint8Array(length).fill(0x61)]) {
      const sealed = await seal(plaintext)
      t.ok(sameBytes(await openContent(opener(sealed)), plaintext), `${length} bytes`)
      const manifest = parseManifest(sealed.manifestBytes)
      t.equal(
        manifest.size,
        sealed.blocks.reduce((sum, { bytes }) => sum + bytes.length, 0),
      )
      t.equal(manifest.contentId, sealed.contentId)
      t.strictSame(manifest.shareKey, share.publicKey)
    }
})

t.test(
  'a stream of odd pieces gives the same as the whole, and blocks can be taken as they come',
  async t => {
    const plaintext = concat(noise(150_000), new TextEncoder().encode('tea '.repeat(100_000)))
    async function* pieces() {
      for (let at = 0, step = 1; at < plaintext.length; at += step, step = (step * 7 + 3) % 40_000)
        yield plaintext.subarray(at, at + step)
    }
    let pieceTotal = 0
    const blocks: SealedContent['blocks'][number][] = []
    const sealed = await sealContent({
      plaintext: pieces(),
      shareKey: share.publicKey,
      chance: systemChance,
      putBlock: async block => {
        blocks.push(block)
      },
    })
    t.same(sealed.blocks, [])
    t.ok(sameBytes(await openContent(opener({ ...sealed, blocks })), plaintext))
    for await (const piece of openContentStream(opener({ ...sealed, blocks }))) pieceTotal += piece.length
    t.equal(pieceTotal, plaintext.length)
  },
)

t.test('text is compressed, noise is not, and each says so in the header', async t => {
  const text = await seal(new TextEncoder().encode('the same words again and again. '.repeat(20_000)))
  t.equal(parseManifest(text.manifestBytes).header.compression, 1)
  t.equal(text.blocks.length, 1)
  t.equal(parseManifest((await seal(noise(50_000))).manifestBytes).header.compression, 0)
})

t.test('two sealings of the same text share nothing', async t => {
  const [a, b] = [await seal(noise(10)), await seal(noise(10))]
  t.notOk(a.contentKey.use(x => b.contentKey.use(y => sameBytes(x, y))))
  t.not(a.contentId, b.contentId)
})

t.test('missing, changed, reordered, swapped and cut-off chunks are refused at the chunk', async t => {
  const sealed = await seal(noise(5 * CHUNK_BYTES))
  const other = await seal(noise(5 * CHUNK_BYTES))
  const manifest = parseManifest(sealed.manifestBytes)
  t.equal(manifest.chunks.length, 6)
  const open = async (chunks: readonly Cid[], size: number, blocks: SealedContent['blocks']) =>
    openContent(opener({ ...sealed, blocks, manifestBytes: encodeManifest({ ...manifest, chunks, size }) }))
  const chunks = [...manifest.chunks]
  const swap = (a: number, b: number) => chunks.map((cid, i) => chunks[i === a ? b : i === b ? a : i] ?? cid)

  await t.rejects(open(swap(1, 3), manifest.size, sealed.blocks), {
    code: 'crypto/cannot-open',
    details: { chunk: 1 },
  })
  const foreign = chunks.map((cid, i) => (i === 2 ? (other.blocks[2]?.cid ?? cid) : cid))
  await t.rejects(open(foreign, manifest.size, [...sealed.blocks, ...other.blocks]), {
    code: 'crypto/cannot-open',
    details: { chunk: 2 },
  })
  await t.rejects(
    open(chunks.slice(0, 4), 4 * (CHUNK_BYTES + 16), sealed.blocks),
    { code: 'crypto/cannot-open', details: { chunk: 3 } },
    'cut off: what is now last was not sealed as last',
  )
  await t.rejects(open(chunks, manifest.size, sealed.blocks.slice(1)), {
    code: 'crypto/missing-block',
    details: { chunk: 0 },
  })
  const damaged = sealed.blocks.map((block, i) =>
    i === 4
      ? { cid: block.cid, bytes: block.bytes.map((byte, at) => (at === 100 ? byte ^ 1 : byte)) }
      : block,
  )
  await t.rejects(open(chunks, manifest.size, damaged), { code: 'crypto/cannot-open', details: { chunk: 4 } })
})

t.test('another key is refused before any block is asked for', async t => {
  const sealed = await seal(noise(10))
  await t.rejects(
    openContent({
      ...opener(sealed),
      contentKey: new SecretBytes(noise(32)),
      getBlock: () => {
        throw new Error('asked')
      },
    }),
    { code: 'crypto/cannot-open' },
  )
  await t.rejects(openContent({ ...opener(sealed), contentKey: noise(31) }), { code: 'crypto/bad-length' })
})

/** Content whose maker does not keep to the rules. */
function forge(padded: Uint8Array, compression: 0 | 1) {
  const key = noise(32)
  const header = makeHeader(key, noise(7), compression)
  const count = Math.ceil(padded.length / CHUNK_BYTES)
  const blocks = Array.from({ length: count }, (_, i) => {
    const chunk = padded.subarray(i * CHUNK_BYTES, (i + 1) * CHUNK_BYTES)
    const bytes = aeadSeal(key, chunkNonce(header.noncePrefix, i, i === count - 1), header.bytes, chunk)
    return { cid: blockCid(bytes), bytes }
  })
  const manifestBytes = encodeManifest({
    header,
    shareKey: share.publicKey,
    size: padded.length + 16 * count,
    chunks: blocks.map(({ cid }) => cid),
  })
  return { manifestBytes, contentKey: new SecretBytes(key), blocks }
}

function padded(body: Uint8Array, claim = body.length): Uint8Array {
  const bytes = new Uint8Array(padmeLength(body.length + 8))
  bytes.set(body)
  new DataView(bytes.buffer).setBigUint64(bytes.length - 8, BigInt(claim))
  return bytes
}

t.test('a maker who breaks the rules is refused', async t => {
  const body = noise(5000)
  t.ok(sameBytes(await openContent(opener(forge(padded(body), 0))), body))
  await t.rejects(
    openContent(opener(forge(padded(body, 5001 + 600), 0))),
    { code: 'crypto/bad-encoding' },
    'length',
  )
  await t.rejects(
    openContent(opener(forge(padded(body, 4999), 0))),
    { code: 'crypto/bad-encoding' },
    'not zeros',
  )
  const bomb = padded(new Uint8Array(deflateRawSync(new Uint8Array(30_000_000))))
  await t.rejects(
    openContent(opener(forge(bomb, 1), 1_000_000)),
    { code: 'crypto/too-large' },
    'decompression bomb',
  )
  await t.rejects(
    openContent(opener(forge(padded(noise(9000)), 1))),
    { code: 'crypto/bad-encoding' },
    'not deflate',
  )
  const whole = new Uint8Array(deflateRawSync(noise(300_000)))
  await t.rejects(
    openContent(opener(forge(padded(whole.subarray(0, 200_000)), 1))),
    { code: 'crypto/bad-encoding' },
    'cut',
  )
  for (const behind of [1, 200_000])
    await t.rejects(
      openContent(opener(forge(padded(concat(whole, noise(behind))), 1))),
      { code: 'crypto/bad-encoding' },
      'something behind it',
    )
  await t.rejects(openContent(opener(forge(padded(body), 0), 100)), { code: 'crypto/too-large' })
})

t.test('a manifest from outside is held to its one form', async t => {
  const sealed = await seal(noise(CHUNK_BYTES * 2))
  const decoded = decodeCbor(sealed.manifestBytes, 1 << 20) as { readonly [key: string]: never }
  const manifest = parseManifest(sealed.manifestBytes)
  const change = (fields: object) => () => parseManifest(encodeCbor({ ...decoded, ...fields }))
  t.doesNotThrow(change({}))
  t.equal(contentIdOf(encodeCbor(decoded)), sealed.contentId)
  t.throws(change({ suite: 'vivim-2' }), { code: 'crypto/unknown-critical' })
  t.throws(change({ v: 2 }), { code: 'crypto/bad-encoding' })
  t.throws(change({ size: manifest.size + 1 }), { code: 'crypto/bad-encoding' })
  t.throws(change({ size: 0 }), { code: 'crypto/bad-encoding' })
  t.throws(change({ chunks: [] }), { code: 'crypto/bad-encoding' })
  t.throws(
    change({ chunks: [linkOf(sealed.contentId)], size: 4112 }),
    { code: 'crypto/bad-encoding' },
    'not raw',
  )
  t.throws(change({ extra: 1 }), { code: 'crypto/bad-encoding' })
  t.throws(change({ shareKey: new Uint8Array(32) }), { code: 'crypto/bad-key' })
  t.throws(change({ header: new Uint8Array(0) }), { code: 'crypto/unknown-critical' })
  const header = manifest.header.bytes
  t.throws(change({ header: header.subarray(0, 52) }), { code: 'crypto/bad-encoding' })
  t.throws(
    change({ header: header.map((b, i) => (i === 9 ? 7 : b)) }),
    { code: 'crypto/unknown-critical' },
    'compression',
  )
  t.throws(
    change({ header: header.map((b, i) => (i === 12 ? b ^ 1 : b)) }),
    { code: 'crypto/bad-encoding' },
    'chunk size',
  )
  t.throws(
    change({ header: header.map((b, i) => (i === 5 ? b ^ 1 : b)) }),
    { code: 'crypto/unknown-critical' },
    'suite',
  )
})

t.test('a failing source or sink ends the sealing with its own error', async t => {
  async function* failing() {
    yield new Uint8Array(300_000)
    throw new Error('disk gone')
  }
  await t.rejects(seal(failing()), { message: 'disk gone' })
  await t.rejects(
    sealContent({
      plaintext: noise(300_000),
      shareKey: share.publicKey,
      chance: systemChance,
      putBlock: () => Promise.reject(new Error('disk full')),
    }),
    { message: 'disk full' },
  )
})

t.test('a reader who stops early leaves nothing behind', async t => {
  const sealed = await seal(new TextEncoder().encode(JSON.stringify(Array.from(noise(3_000_000)))))
  for await (const piece of openContentStream(opener(sealed))) {
    t.ok(piece.length > 0)
    break
  }
})

t.test('fetch key and record key follow from the content key alone', async t => {
  const { contentKey } = await seal(noise(1))
  t.strictSame(fetchKey(contentKey).publicKey, fetchKey(contentKey).publicKey)
  t.equal(recordKey(contentKey).length, 32)
  t.notOk(recordKey(contentKey).use(a => contentKey.use(b => sameBytes(a, b))))
})

t.test("Padmé's lengths are the paper's", async t => {
  t.equal(padmeLength(0), 4096)
  t.equal(padmeLength(4096), 4096)
  t.equal(padmeLength(4097), 4352)
  t.equal(padmeLength(9, 0), 10)
  t.equal(padmeLength(1_000_000), 1_015_808)
  for (let length = 1; length < 3_000_000; length = Math.ceil(length * 1.01)) {
    const to = padmeLength(length, 0)
    if (to < length || to > length * 1.12 + 1 || padmeLength(to, 0) !== to) t.fail(String(length))
  }
})
