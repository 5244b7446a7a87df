/** The identity documents that are known here: which one counts for a person, and what becomes of another. */
import { type IdentityDocument, parseDocument } from '../../core/identity/document.ts'
import { decideDocument, documentTime, sharedDevices } from '../../core/identity/succession.ts'
import { toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { remember } from '../../core/kernel/remember.ts'
import type { Did } from '../../core/model/id.ts'

/** Where documents are kept. */
export interface DocumentStore {
  /** Wire form of the document that counts, or null; `keep` are the signing keys (hex) that a conflict left, null without one. */
  document(did: Did): Promise<{ wire: Uint8Array; keep: string[] | null } | null>
  /** Another document of the same sequence was met: devices that only one of the two lists count no more. */
  keepDevices(did: Did, eds: readonly string[]): Promise<void>
  /** Keep a document that goes forward; another of the same sequence as the known one only raises the alarm. */
  put(document: IdentityDocument): Promise<void>
}

export interface KnownDocuments {
  /** The document that counts for a DID, or null. Expired ones are returned too: `current` says. */
  document(did: Did): Promise<IdentityDocument | null>
  /** The document, when it counts now. */
  current(did: Did): Promise<IdentityDocument | null>
  /** Whether two documents of one sequence were met: only devices of both count. */
  isInConflict(did: Did): Promise<boolean>
  /** Keep a document that was met, when it goes forward. @returns whether what counts changed. */
  learn(document: IdentityDocument): Promise<boolean>
  /** Called before a document is kept that takes another's place or contradicts it: what it changes is never kept in silence. */
  whenLearning(listener: (learning: Learning) => Promise<void>): void
  /** Called after a document took another's place, or contradicted it. */
  whenLearnt(listener: (learning: Learning) => void): void
  /** Told of a document by somebody, whoever they are: it is kept where its person is known here. */
  told(wire: Uint8Array): Promise<void>
}

/** A document that is news. `known` is what counted before, null at the first meeting. */
export interface Learning {
  readonly known: IdentityDocument | null
  readonly next: IdentityDocument
  readonly decision: 'accept' | 'conflict'
}

export interface KnownDocumentsDeps {
  store: DocumentStore
  /** A document that was known went forward, or met a rival. */
  documentChanged: (did: Did, how: 'changed' | 'conflict') => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Documents kept in memory. */
const MAX_CACHED = 4096

export function makeKnownDocuments(deps: KnownDocumentsDeps): KnownDocuments {
  const { store, documentChanged, clock, log } = deps
  const documents = new Map<Did, IdentityDocument>()
  const before: ((learning: Learning) => Promise<void>)[] = []
  const after: ((learning: Learning) => void)[] = []

  async function document(did: Did): Promise<IdentityDocument | null> {
    const cached = documents.get(did)
    if (cached) return cached
    const row = await store.document(did)
    if (row === null) return null
    const whole = parseDocument(row.wire)
    const { keep } = row
    const parsed =
      keep === null
        ? whole
        : { ...whole, devices: whole.devices.filter(({ ed }) => keep.includes(toHex(ed))) }
    remember(documents, did, parsed, MAX_CACHED)
    return parsed
  }

  async function learn(next: IdentityDocument): Promise<boolean> {
    if (documentTime(next, clock.nowMs()) === 'ahead') return false
    const known = await document(next.did)
    const decision = decideDocument(known, next)
    if (decision !== 'accept' && decision !== 'conflict') return false
    const learning = { known, next, decision }
    for (const listener of before) await listener(learning)
    if (decision === 'conflict') {
      await store.put(next)
      if (known !== null)
        await store.keepDevices(
          next.did,
          sharedDevices(known, next).map(({ ed }) => toHex(ed)),
        )
      documents.delete(next.did)
      log('identity.conflict', { did: next.did, seq: next.seq })
      documentChanged(next.did, 'conflict')
    } else {
      await store.put(next)
      remember(documents, next.did, next, MAX_CACHED)
      log('identity.learnt', { did: next.did, seq: next.seq, devices: next.devices.length })
      if (known !== null) documentChanged(next.did, 'changed')
    }
    for (const listener of after) listener(learning)
    return decision === 'accept'
  }

  return {
    document,
    learn,

    async current(did) {
      const found = await document(did)
      return found && documentTime(found, clock.nowMs()) === 'current' ? found : null
    },

    isInConflict: async did => ((await store.document(did))?.keep ?? null) !== null,

    async told(wire) {
      const shown = parseDocument(wire)
      const known = await document(shown.did)
      if (known === null) return
      if (decideDocument(known, shown) === 'accept') await learn(shown)
    },

    whenLearning(listener) {
      before.push(listener)
    },

    whenLearnt(listener) {
      after.push(listener)
    },
  }
}

/** An own document that goes back: a newer one was in force on this node. @throws `identity/rolled-back`. */
export async function refuseRollback(
  documents: Pick<KnownDocuments, 'document'>,
  own: IdentityDocument,
): Promise<void> {
  const known = await documents.document(own.did)
  const decision = decideDocument(known, own)
  if (known === null || decision === 'accept' || decision === 'same' || decision === 'conflict') return
  throw new VivimError(
    'identity/rolled-back',
    'the own identity document is older than one that was in force',
    {
      found: own.seq,
      known: known.seq,
    },
  )
}
