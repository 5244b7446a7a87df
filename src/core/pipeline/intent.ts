/** Intents: one signed decision to share, kept beside the share as the record of what was decided. */
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { LABELS } from '../crypto/labels.ts'
import { type SignedObject, signObject } from '../crypto/signed.ts'
import { fromBase32 } from '../kernel/bytes.ts'
import type { CircleId, Did, ShareId } from '../model/id.ts'
import type { ShareTerms } from './ports.ts'

/** What was decided: who and how and when and where. The what stands in the owner's database only. */
export interface Intent {
  owner: Did
  share: ShareId
  version: number
  audience: { contacts: Did[]; circles: CircleId[] }
  terms: ShareTerms
  atMs: number
  /** Hash of the identity document that lists the signing device. */
  doc: Uint8Array
}

export const signIntent = (intent: Intent, device: Ed25519Key): SignedObject =>
  signObject(
    LABELS.intent,
    {
      at: intent.atMs,
      seq: intent.version,
      doc: intent.doc,
      owner: intent.owner,
      share: fromBase32(intent.share),
      audience: {
        contacts: [...intent.audience.contacts].sort(),
        circles: [...intent.audience.circles].sort().map(fromBase32),
      },
      terms: {
        allow: intent.terms.allow,
        from: intent.terms.fromMs,
        until: intent.terms.expiresMs,
        discoverable: intent.terms.discoverable,
      },
    },
    device,
  )
