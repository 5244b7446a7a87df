/** RPC methods of the noun `identity`. */
import type { Handlers } from '../../core/contract/methods.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { toB64u, utf8 } from '../../core/kernel/bytes.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { Caller } from '../rpc/caller.ts'

export type IdentityMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `identity.${string}`>>

export const makeIdentityMethods = (sessionOf: (did: Did) => KeystoreSession): IdentityMethods => ({
  'identity.show': async caller => {
    const session = sessionOf(caller.did)
    const { document } = session
    const own = session.unlocked ? toB64u(session.keys().device.publicKey) : null
    return {
      did: caller.did,
      name: caller.name,
      sequence: document.seq,
      createdAt: isoTime(document.atMs),
      expiresAt: isoTime(document.expiresAtMs),
      devices: document.devices.map(device => {
        const key = toB64u(device.ed)
        return {
          key,
          addedAt: isoTime(device.at),
          // While it is locked the node does not know its own key; an identity with one device is on it.
          current: own === null ? document.devices.length === 1 : key === own,
          revoked: document.revoked.some(one => toB64u(one.ed) === key),
        }
      }),
      exported: session.exported,
    }
  },
  'identity.export': async (caller, p) => {
    const passphrase = new SecretBytes(utf8(p.passphrase))
    try {
      const { file, sha256 } = await sessionOf(caller.did).exportIdentity(passphrase)
      return { fileB64: Buffer.from(file).toString('base64'), sha256 }
    } finally {
      passphrase.wipe()
    }
  },
  'identity.exported': async (caller, p) => ({ changed: sessionOf(caller.did).confirmExport(p.sha256) }),
})
