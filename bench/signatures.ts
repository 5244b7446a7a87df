/** Verifying Ed25519 under our rule, which answers alike on every Node, beside the runtime's own verification. */
import crypto from 'node:crypto'
import { Ed25519Key, ed25519Verify } from '../src/core/crypto/ed25519.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import type { Bench } from './bench.ts'
import { sideBySide } from './measure.ts'

const SIGNATURES = 200
const MESSAGE_BYTES = 300
const ROUNDS = 15

export const signatures: Bench = {
  async *run() {
    const key = new Ed25519Key(systemChance.bytes(32))
    const x = Buffer.from(key.publicKey).toString('base64url')
    const bare = crypto.createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x }, format: 'jwk' })
    const signed = Array.from({ length: SIGNATURES }, () => {
      const message = systemChance.bytes(MESSAGE_BYTES)
      return { message, signature: key.sign(message) }
    })
    const check = (isGood: boolean) => {
      if (!isGood) throw new Error('a good signature was refused')
    }
    const { ours, theirs } = await sideBySide(
      ROUNDS,
      {
        run: () => {
          for (const { message, signature } of signed) check(ed25519Verify(key.publicKey, message, signature))
        },
      },
      {
        run: () => {
          for (const { message, signature } of signed) check(crypto.verify(null, message, bare, signature))
        },
      },
    )
    yield {
      what: `verify an Ed25519 signature over ${MESSAGE_BYTES} bytes`,
      value: ours.medianMs / SIGNATURES,
      unit: 'ms',
      beside: { what: 'node:crypto alone', value: theirs.medianMs / SIGNATURES },
      budget: null,
    }
  },
}
