/** Sealing and opening content, beside what the suite cannot do without: AES-256-GCM and SHA-256 over the same bytes. */
import crypto from 'node:crypto'
import { openContentStream, type SealedBlock, sealContent } from '../src/core/crypto/content.ts'
import { Ed25519Key } from '../src/core/crypto/ed25519.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import type { Cid } from '../src/core/model/id.ts'
import type { Bench } from './bench.ts'
import { megabytesPerSecond, sideBySide } from './measure.ts'

const BYTES = 100_000_000
const PIECE_BYTES = 65_536
const ROUNDS = 5
const BESIDE = 'AES-256-GCM in 64 KiB updates and SHA-256'

/** Bytes that no compression shortens, so that none is counted. */
function* pieces(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += PIECE_BYTES) yield bytes.subarray(at, at + PIECE_BYTES)
}

/** One cipher over everything, and one hash over what it gives. */
function bareSeal(bytes: Uint8Array): { body: Buffer[]; key: Buffer; nonce: Buffer; tag: Buffer } {
  const key = crypto.randomBytes(32)
  const nonce = crypto.randomBytes(12)
  const cipher = crypto.createCipheriv('aes-256-gcm', key, nonce)
  const hash = crypto.createHash('sha256')
  const body: Buffer[] = []
  for (const piece of pieces(bytes)) {
    const sealed = cipher.update(piece)
    hash.update(sealed)
    body.push(sealed)
  }
  cipher.final()
  hash.digest()
  return { body, key, nonce, tag: cipher.getAuthTag() }
}

function bareOpen({ body, key, nonce, tag }: ReturnType<typeof bareSeal>): void {
  const decipher = crypto.createDecipheriv('aes-256-gcm', key, nonce)
  decipher.setAuthTag(tag)
  const hash = crypto.createHash('sha256')
  for (const piece of body) {
    hash.update(piece)
    decipher.update(piece)
  }
  decipher.final()
  hash.digest()
}

export const sealing: Bench = {
  async *run() {
    const plaintext = systemChance.bytes(BYTES)
    const shareKey = new Ed25519Key(systemChance.bytes(32)).publicKey
    const ignore = () => {}
    const seal = (putBlock: (block: SealedBlock) => void) =>
      sealContent({ plaintext: pieces(plaintext), shareKey, chance: systemChance, putBlock })
    const figureOf = (what: string, oursMs: number, theirsMs: number) => ({
      what,
      value: megabytesPerSecond(BYTES, oursMs),
      unit: 'MB/s' as const,
      beside: { what: BESIDE, value: megabytesPerSecond(BYTES, theirsMs) },
      budget: { on: 'ratio' as const, atLeast: 0.7 },
    })

    const sealed = await sideBySide(
      ROUNDS,
      { run: () => seal(ignore) },
      { run: () => void bareSeal(plaintext) },
    )
    yield figureOf('seal 100 MB', sealed.ours.medianMs, sealed.theirs.medianMs)

    const blocks = new Map<Cid, Uint8Array>()
    const { manifestBytes, contentKey } = await seal(({ cid, bytes }) => void blocks.set(cid, bytes))
    const bare = bareSeal(plaintext)
    const openAll = async () => {
      let length = 0
      const input = {
        manifestBytes,
        contentKey,
        getBlock: (cid: Cid) => blocks.get(cid) ?? null,
        maxBytes: BYTES,
      }
      for await (const piece of openContentStream(input)) length += piece.length
      if (length !== BYTES) throw new Error('what was opened is not what was sealed')
    }
    const opened = await sideBySide(ROUNDS, { run: openAll }, { run: () => bareOpen(bare) })
    yield figureOf('open 100 MB', opened.ours.medianMs, opened.theirs.medianMs)
  },
}
