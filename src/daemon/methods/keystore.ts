/** RPC methods of the noun `keystore`. */
import type { Handlers } from '../../core/contract/methods.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { utf8 } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import { parseDuration } from '../../core/model/time-text.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { Caller } from '../rpc/caller.ts'

export type KeystoreMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `keystore.${string}`>>

export const makeKeystoreMethods = (sessionOf: (did: Did) => KeystoreSession): KeystoreMethods => ({
  'keystore.unlock': async (caller, p) => {
    const session = sessionOf(caller.did)
    // Nothing is asked for, so nothing has to be proved: it is as unlocked as it was.
    if (session.unlocked && p.passphrase === undefined && p.for === undefined)
      return { unlocked: true, until: timeText(session.untilMs), changed: false }
    const forMs = p.for === undefined ? null : parseDuration(p.for)
    if (forMs === 0)
      throw new VivimError('usage/invalid', 'unlocked for no time at all is locked: use `vivim lock`')
    const passphrase = p.passphrase === undefined ? null : new SecretBytes(utf8(p.passphrase))
    try {
      const { changed, untilMs } = await session.unlock(passphrase, forMs)
      return { unlocked: true, until: timeText(untilMs), changed }
    } finally {
      passphrase?.wipe()
    }
  },
  'keystore.lock': async caller => {
    const session = sessionOf(caller.did)
    const changed = session.lock()
    return { unlocked: session.unlocked, changed }
  },
})

const timeText = (ms: number | null): string | null => (ms === null ? null : isoTime(ms))
