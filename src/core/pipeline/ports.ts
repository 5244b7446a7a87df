/** What the pipeline asks of the master database: shares, their recipients, sealed envelopes and jobs, as references only. */
import type { z } from 'zod'
import type { Permission, RecipientState, ShareState } from '../contract/share-shapes.ts'
import type { Cid, CircleId, Did, ShareId } from '../model/id.ts'

type Right = z.infer<typeof Permission>

export interface ShareTerms {
  allow: Right[]
  /** Milliseconds; null: from now. */
  fromMs: number | null
  /** Milliseconds; null: never. */
  expiresMs: number | null
  discoverable: string[]
}

export interface ShareRow {
  shareId: ShareId
  owner: Did
  version: number
  contentId: Cid
  state: ShareState
  terms: ShareTerms
  /** DIDs and circle ids only; names are looked up in the owner's database. */
  audience: { contacts: Did[]; circles: CircleId[] }
  /** Signed `vivim/v1/intent`, wire form; carries no digest, title or note. */
  intent: Uint8Array
  slip: Uint8Array
  tombstone: Uint8Array
  /** The idempotency key that the caller gave, or null. */
  key: string | null
  createdAtMs: number
  endedAtMs: number | null
}

export interface RecipientRow {
  shareId: ShareId
  did: Did
  /** The circle through which this person gets it, or null when named directly. */
  circle: CircleId | null
  state: RecipientState
  /** Hashes (hex) of the envelopes to push, the receipted one first; empty while they are not made. */
  envelopes: string[]
  receipt: Uint8Array | null
  acknowledgedAtMs: number | null
}

export interface EnvelopeRow {
  /** SHA-256 of `wire`, hex. */
  hash: string
  shareId: ShareId
  wire: Uint8Array
}

export type JobKind =
  /** Push a share's envelopes and blocks to `target`. */
  | 'deliver'
  /** Hand the share's tombstone to `target`. */
  | 'bury'
  /** Make what needs an unlocked keystore: grants of people whose keys were unknown, scheduled shares. */
  | 'grant'
  /** End the share when its time has come. */
  | 'expire'
  /** Write an `add` entry for `target` into `circle` once their identity document is known. */
  | 'add-member'
  /** Bring `circle` to `target`: entries and wrap. */
  | 'circle'
  /** Bring the own card and identity document to `target`. */
  | 'card'
  /** Push to `target` what was passed on to them. */
  | 'pass'
  /** Tell `target` what was passed on of a share: its owner, or who is nearer to them. */
  | 'report'
  /** Hand the tombstone of what was passed on to `target`. */
  | 'bury-passed'
  /** Tell `target` which rights to pass a share on were taken back. */
  | 'end-right'
  /** Use an invite to `circle` at its maker `target`. */
  | 'join'
  /** Tell `target` what became of the invites that they used. */
  | 'answer'
  /** Tell the node of `target` of the own newest identity document. */
  | 'document'
  /** `target` took their identity back: hand them what is theirs, and share with them again what is shared. */
  | 'hand-back'

export interface NewJob {
  kind: JobKind
  owner: Did
  share: ShareId | null
  circle: CircleId | null
  target: Did | null
  notBeforeMs: number
}

export interface JobRow extends NewJob {
  id: number
  attempts: number
  /** A stable code, or null while it was never tried. */
  lastError: string | null
  nextTryAtMs: number
  createdAtMs: number
}

export interface EventRow {
  atMs: number
  owner: Did
  share: ShareId
  event: string
  target: Did | null
}

/** The shares of the master database. Every verb that changes something is one transaction. */
export interface ShareStore {
  /** Intent, share, recipients, envelopes and jobs at once. */
  accept(share: ShareRow, recipients: RecipientRow[], envelopes: EnvelopeRow[], jobs: NewJob[]): Promise<void>
  /** Take over a share that another own device made: no envelopes and no jobs, which stay with the one that made it.
   *  @returns false when it was known. */
  adopt(share: ShareRow, recipients: RecipientRow[]): Promise<boolean>
  /** Add what became possible later: envelopes for a recipient, whose job becomes `deliver`. */
  granted(share: ShareId, did: Did, envelopes: EnvelopeRow[], job: NewJob): Promise<void>
  /** People come to the audience of a live share through a circle: pending, each with a `grant` job. Who has a part in it already keeps
   *  it, unless it was refused. */
  join(share: ShareId, people: readonly { did: Did; circle: CircleId }[], notBeforeMs: number): Promise<void>
  /** Somebody says that they hold an own share: they are among its recipients from now on, and are told where it has ended. */
  held(share: ShareId, holder: { did: Did; circle: CircleId | null }, atMs: number): Promise<void>
  /** What a person got was for devices that they lost: each live share of the owner's that they are a recipient of waits to be granted
   *  to them anew. @returns how many. */
  regrant(owner: Did, did: Did, nowMs: number): Promise<number>
  find(share: ShareId): Promise<ShareRow | null>
  /** Newest first. `prefix` selects ids that begin with it, `live` those that have not ended. */
  list(owner: Did, filter: { state?: ShareState; prefix?: string; live?: boolean }): Promise<ShareRow[]>
  findByKey(owner: Did, key: string): Promise<ShareRow | null>
  /** The own share that has this content id, or null. */
  findByContent(content: Cid): Promise<ShareRow | null>
  recipients(share: ShareId): Promise<RecipientRow[]>
  envelope(hash: string): Promise<Uint8Array | null>
  /** Move on from any of `from`. @returns false, changing nothing, when the share is in another state. */
  move(share: ShareId, from: ShareState[], to: ShareState): Promise<boolean>
  setRecipient(share: ShareId, did: Did, state: RecipientState): Promise<void>
  /** Store the receipt and count it: recipient acknowledged, share published unless it ended, event written. @returns false when it was known. */
  acknowledge(share: ShareId, did: Did, receipt: Uint8Array, atMs: number): Promise<boolean>
  /** End it: state, recipients `ended`, waiting jobs and envelopes gone, `bury` jobs for all recipients. @returns false when it had ended. */
  end(share: ShareId, state: 'expired' | 'revoked' | 'exhausted', atMs: number): Promise<boolean>
  /** Live shares of every local user whose end lies at or before `nowMs`. */
  due(nowMs: number): Promise<ShareRow[]>
  /** Content ids of all shares that have not ended: what the sweep of the block store keeps. */
  liveContents(): Promise<Cid[]>
  event(row: EventRow): Promise<void>
}

export interface JobStore {
  add(job: NewJob): Promise<void>
  /** Take up to `limit` jobs that are due and free, for `leaseMs`. Two claimers never get the same job.
   *  @param apart - targets that are being talked to: none of their jobs, and of every other target only one. */
  claim(
    nowMs: number,
    leaseMs: number,
    limit: number,
    apart?: readonly Did[],
  ): Promise<(JobRow & { lease: string })[]>
  /** Done: the job is gone. A lease that was lost changes nothing. */
  done(id: number, lease: string): Promise<void>
  /** Not yet: free it until `nextTryAtMs`, with a stable code as reason. */
  retry(id: number, lease: string, code: string, nextTryAtMs: number): Promise<void>
  /** Make the waiting jobs of a target, a share, a kind due now. @returns how many. */
  hurry(
    which: { target?: Did; share?: ShareId; kind?: JobKind; lastError?: string },
    nowMs: number,
  ): Promise<number>
  /** A target does not answer an owner: their waiting jobs that no try ended otherwise wait until `untilMs`, with that code as reason. */
  postpone(which: { owner: Did; target: Did; code: string }, untilMs: number): Promise<void>
  /** When the next free job is due, or null. @param apart - targets whose jobs do not count. */
  nextDueMs(apart?: readonly Did[]): Promise<number | null>
  list(which: { share?: ShareId; owner?: Did }): Promise<JobRow[]>
  /** Remove an owner's jobs of a kind for a share or circle and target. */
  drop(which: { kind: JobKind; owner: Did; share?: ShareId; circle?: CircleId; target?: Did }): Promise<void>
  /** Free every lease: only at start, before anybody claims. */
  release(): Promise<void>
}

/** Sealed blocks on disk, content-addressed; nothing in it can be read without a key. */
export interface BlockStore {
  /** Durable when it resolves for the last of a batch: call `sync` before naming them anywhere. */
  put(cid: Cid, bytes: Uint8Array): Promise<void>
  /** fsync what was put since the last call, files and folders. */
  sync(): Promise<void>
  get(cid: Cid): Promise<Uint8Array | null>
  has(cid: Cid): Promise<boolean>
  delete(cid: Cid): Promise<void>
  list(): AsyncIterable<Cid>
  bytes(): Promise<number>
}
