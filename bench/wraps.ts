/** One key sealed to every device of a group, beside age with its hybrid recipients (ML-KEM-768 and X25519). */
import { Encrypter, generateHybridIdentity, identityToRecipient } from 'age-encryption'
import { sealToDevices } from '../src/core/crypto/sealed.ts'
import { XWingKey } from '../src/core/crypto/xwing.ts'
import { utf8 } from '../src/core/kernel/bytes.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import type { Bench } from './bench.ts'
import { type Sample, sideBySide } from './measure.ts'

const INFO = utf8('bench/grant')
const SIZES = [
  { devices: 50, rounds: 9, budgetMs: 10 },
  { devices: 1000, rounds: 3, budgetMs: 200 },
]

const newDevices = (count: number) =>
  Array.from({ length: count }, () => ({ kem: new XWingKey(systemChance.bytes(32)).publicKey }))

export const wraps: Bench = {
  async *run() {
    const contentKey = systemChance.bytes(32)
    const recipient = await identityToRecipient(await generateHybridIdentity())
    for (const { devices, rounds, budgetMs } of SIZES) {
      const age = {
        run: async () => {
          const encrypter = new Encrypter()
          for (let at = 0; at < devices; at++) encrypter.addRecipient(recipient)
          await encrypter.encrypt(contentKey)
        },
      }
      const seal = (group: { kem: Uint8Array }[]) => sealToDevices(group, INFO, contentKey, systemChance)
      const known = newDevices(devices)
      const figureOf = (which: string, { ours, theirs }: { ours: Sample; theirs: Sample }) => ({
        what: `wrap for ${devices.toLocaleString('en')} devices, ${which}`,
        value: ours.medianMs,
        unit: 'ms' as const,
        beside: { what: 'age with hybrid recipients', value: theirs.medianMs },
        budget: { on: 'value' as const, atMost: budgetMs },
      })
      yield figureOf('keys used before', await sideBySide(rounds, { run: () => seal(known) }, age))
      const strangers = { prepare: () => newDevices(devices), run: seal }
      yield figureOf('keys never seen', await sideBySide(rounds, strangers, age))
    }
  },
}
