/** RPC methods of the noun `identity`. */
import type { Handlers, ParsedParams } from '../../core/contract/methods.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { parseCard } from '../../core/identity/card.ts'
import { parseDid } from '../../core/identity/did.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import { openExport, wipeExport } from '../../core/identity/export-file.ts'
import { wordsToSeed } from '../../core/identity/words.ts'
import { toB64u, utf8 } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { Caller } from '../rpc/caller.ts'
import type { Exporting } from '../sharing/exporting.ts'

export type IdentityMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `identity.${string}`>>

export interface IdentityPorts {
  sessionOf(did: Did): KeystoreSession
  /** What of people and circles goes into an export. */
  beside: Exporting
  /** A newer own document is in force: tell everybody. @param movedCard - the card of the identity that it moves to, where it is known.
   *  @returns how many contacts are told. */
  announce(local: Did, movedCard: string | null): Promise<number>
}

type Recovery = NonNullable<ParsedParams<'identity.move'>['recovery']>

export const makeIdentityMethods = ({ sessionOf, beside, announce }: IdentityPorts): IdentityMethods => ({
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
      byRecovery: document.byRecovery,
      movedTo: document.movedTo,
      document: { wireB64: Buffer.from(document.wire).toString('base64') },
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
      const { file, sha256, words } = await sessionOf(caller.did).exportIdentity(
        passphrase,
        beside(caller.did),
        p.words,
      )
      return { fileB64: Buffer.from(file).toString('base64'), sha256, words }
    } finally {
      passphrase.wipe()
    }
  },
  'identity.exported': async (caller, p) => ({ changed: sessionOf(caller.did).confirmExport(p.sha256) }),

  'identity.renew': async (caller, p) => {
    const document = await signed(sessionOf(caller.did), {}, p.recovery)
    await announce(caller.did, null)
    const { did, seq, expiresAtMs } = document
    return { did, sequence: seq, expiresAt: isoTime(expiresAtMs), changed: true }
  },

  'identity.move': async (caller, p) => {
    const session = sessionOf(caller.did)
    const card = p.to.trim().startsWith('did:') ? null : p.to.trim()
    const movedTo = card === null ? parseDid(p.to.trim()) : parseCard(card).did
    if (movedTo === null) throw new VivimError('usage/invalid', 'that is neither a DID nor a contact card')
    if (movedTo === caller.did) throw new VivimError('contact/self', 'that is the identity to move from')
    if (session.document.movedTo === movedTo) {
      const told = card === null ? 0 : await announce(caller.did, card)
      return { did: caller.did, movedTo, sequence: session.document.seq, told, changed: false }
    }
    const { seq } = await signed(session, { movedTo }, p.recovery)
    const told = await announce(caller.did, card)
    return { did: caller.did, movedTo, sequence: seq, told, changed: true }
  },
})

/** Sign with the recovery key, from outside of the node where it is given. */
async function signed(
  session: KeystoreSession,
  change: { movedTo?: Did },
  recovery: Recovery | undefined,
): Promise<IdentityDocument> {
  const seed = recovery === undefined ? null : await seedOf(recovery)
  try {
    return session.signByRecovery(change, seed)
  } finally {
    seed?.wipe()
  }
}

async function seedOf(recovery: Recovery): Promise<SecretBytes> {
  if ('words' in recovery) return wordsToSeed(recovery.words)
  const passphrase = new SecretBytes(utf8(recovery.passphrase))
  try {
    const exported = await openExport(Buffer.from(recovery.fileB64, 'base64'), passphrase)
    const seed = exported.seed?.copy() ?? null
    wipeExport(exported)
    if (seed === null)
      throw new VivimError(
        'identity/recovery-needed',
        'that export was made after the recovery seed had left',
      )
    return seed
  } finally {
    passphrase.wipe()
  }
}
