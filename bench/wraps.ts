/** One key sealed to every device of a group, beside age with its hybrid recipients (ML-KEM-768 and X25519), and beside the two
 *  operations that no such seal can do without. */
import crypto from 'node:crypto'
import { Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { sealToDevices } from '../src/core/crypto/sealed.ts'
import { XWingKey } from '../src/core/crypto/xwing.ts'
import { utf8 } from '../src/core/kernel/bytes.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import type { Bench } from './bench.ts'
import { inTurns, sideBySide } from './measure.ts'

const INFO = utf8('bench/grant')
/** age takes seconds for many devices, and does the same for each: it is timed with `FEW` only. */
const FEW = 50
const MANY = 1000
const BUDGET_MS = { [FEW]: 10, [MANY]: 200 }
const ROUNDS = { [FEW]: 15, [MANY]: 5 }

type Group = { kem: Uint8Array }[]

const newDevices = (count: number): Group =>
  Array.from({ length: count }, () => ({ kem: new XWingKey(systemChance.bytes(32)).publicKey }))

export const wraps: Bench = {
  async *run() {
    const contentKey = systemChance.bytes(32)
    const seal = (group: Group) => sealToDevices(group, INFO, contentKey, systemChance)

    const recipient = await identityToRecipient(await generateHybridIdentity())
    const age = async () => {
      const encrypter = new Encrypter()
      for (let at = 0; at < FEW; at++) encrypter.addRecipient(recipient)
      await encrypter.encrypt(contentKey)
    }
    const group = newDevices(FEW)
    const beside = await sideBySide(5, { run: () => seal(group) }, { run: age })
    yield {
      what: `wrap for ${FEW} devices`,
      value: beside.ours.medianMs,
      unit: 'ms',
      beside: { what: 'age with hybrid recipients', value: beside.theirs.medianMs },
      budget: { on: 'value', atMost: BUDGET_MS[FEW] },
    }

    const mlkem = crypto.generateKeyPairSync('ml-kem-768').publicKey
    const x25519 = crypto.generateKeyPairSync('x25519').publicKey
    for (const devices of [FEW, MANY] as const) {
      const known = newDevices(devices)
      const { warm, cold, bare } = await inTurns(ROUNDS[devices], {
        warm: { run: () => seal(known) },
        cold: { prepare: () => newDevices(devices), run: seal },
        bare: {
          run: () => {
            for (let at = 0; at < devices; at++) {
              crypto.encapsulate(mlkem)
              const { privateKey } = crypto.generateKeyPairSync('x25519')
              crypto.diffieHellman({ privateKey, publicKey: x25519 })
            }
          },
        },
      })
      const measured = { 'never seen': cold, ...(devices === FEW ? { 'used before': warm } : {}) }
      for (const [which, { medianMs }] of Object.entries(measured))
        yield {
          what: `wrap for ${devices.toLocaleString('en')} devices, their keys ${which}`,
          value: medianMs,
          unit: 'ms',
          beside: { what: 'ML-KEM and X25519 alone, by OpenSSL', value: bare.medianMs },
          budget: { on: 'value', atMost: BUDGET_MS[devices] },
        }
    }
  },
}
