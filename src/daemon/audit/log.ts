/** The audit logs of the users who live here: rows are chained and written in order, soon after what they tell of; heads are noted in
 *  the master database, and signed by the device whenever it can. */
import { signCheckpoint } from '../../core/audit/checkpoint.ts'
import { type AuditFact, type AuditRow, chainStart, rowHash } from '../../core/audit/row.ts'
import type { AuditHead } from '../../core/audit/verify.ts'
import type { Ed25519Key } from '../../core/crypto/ed25519.ts'
import { deviceOf, type IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, hasCode } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { KeyRing } from '../sharing/keys.ts'
import type { AuditAnchorTable } from '../storage/master/audit-anchor-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { makeAuditBounds } from './bounds.ts'

/** Rows that may stand unsigned behind a checkpoint while the keystore is unlocked. */
const SIGN_EVERY = 256
/** The head is noted at most so often: what a sudden end leaves unnoted is this much. */
const ANCHOR_EVERY_MS = 1_000
/** What was counted is written so often. */
const DRAIN_EVERY_MS = 600_000
/** Rows that wait while the disk is full; older ones go. */
const MAX_WAITING = 10_000

/** A fact that has its time from the clock. */
export type Note = Omit<AuditFact, 'atMs' | 'times'>

export interface AuditLog {
  /** Load a user's log before the first row of this process. */
  open(did: Did): Promise<void>
  /** Write a row. Never throws. @param source - where others decide how often: whose room in the log it takes.
   *  @returns when it is on disk, or will not be for now. */
  note(did: Did, note: Note, source?: string): Promise<void>
  /** Sign what is written, as soon as it can be. */
  sign(did: Did): void
  /** The keys are about to go: sign at once. */
  signLast(did: Did, device: Ed25519Key): void
  /** The last row that this process wrote or found, and whether an earlier head did not fit. */
  head(did: Did): AuditHead | null
  isBroken(did: Did): boolean
  /** The user lives here no longer: write what waits, and let go of their log. */
  release(did: Did): Promise<void>
  /** Write all that waits, signed where possible, and note the heads. */
  close(): Promise<void>
}

export interface AuditLogDeps {
  users: UserDatabaseManager
  anchors: AuditAnchorTable
  keys: KeyRing
  /** A user's own document in force. */
  document: (did: Did) => IdentityDocument
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

interface Book {
  waiting: { fact: AuditFact; done: () => void }[]
  head: AuditHead | null
  /** Of the last checkpoint. */
  signedSeq: number
  wantsSigning: boolean
  /** Signed and not written yet. */
  checkpoint: { seq: number; wire: Uint8Array } | null
  /** The newest noted head that fits the log: the next one takes its place. */
  anchor: AuditHead | null
  anchoring: Promise<void>
  anchorTimer: NodeJS.Timeout | null
  flushing: NodeJS.Immediate | null
  broken: boolean
}

const isSame = (a: AuditHead | null, b: AuditHead | null): boolean =>
  a === b || (a !== null && b !== null && a.seq === b.seq && sameBytes(a.hash, b.hash))

export function makeAuditLog({ users, anchors, keys, document, clock, log }: AuditLogDeps): AuditLog {
  const books = new Map<Did, Book>()
  const bounds = new Map<Did, ReturnType<typeof makeAuditBounds>>()
  let drainTimer: NodeJS.Timeout | null = null
  let isClosed = false

  function bookOf(did: Did): Book {
    const known = books.get(did)
    if (known) return known
    const book: Book = {
      waiting: [],
      head: null,
      signedSeq: 0,
      wantsSigning: false,
      checkpoint: null,
      anchor: null,
      anchoring: Promise.resolve(),
      anchorTimer: null,
      flushing: null,
      broken: false,
    }
    books.set(did, book)
    return book
  }

  /** A head that the log does not have any more stays noted for good. */
  function found(did: Did, book: Book, lost: AuditHead | null): void {
    book.broken = true
    book.anchor = null
    log('audit.broken', { did, row: lost?.seq ?? 0 })
    if (lost === null) return
    book.anchoring = book.anchoring.then(() => anchors.put(did, lost, null, clock.nowMs())).catch(failed(did))
  }

  const failed =
    (did: Did) =>
    (error: unknown): void =>
      log('audit.not-written', { did, code: codeOf(error) })

  /** One transaction for all that waits. */
  function flush(did: Did): void {
    const book = bookOf(did)
    if (book.flushing !== null) clearImmediate(book.flushing)
    book.flushing = null
    const batch = book.waiting.splice(0)
    const { checkpoint, head: known } = book
    if (batch.length === 0 && checkpoint === null) {
      signDue(did, book)
      return
    }
    try {
      const head = users.write(did, db => {
        const last = db.audit.last()
        let now: AuditHead = last ?? { seq: 0, hash: chainStart(did) }
        if (known !== null && !isSame(known, { seq: now.seq, hash: now.hash })) found(did, book, known)
        for (const { fact } of batch) {
          const row: AuditRow = { ...fact, seq: now.seq + 1 }
          const hash = rowHash(now.hash, row)
          db.audit.add(row, hash)
          now = { seq: row.seq, hash }
        }
        if (checkpoint !== null) db.audit.addCheckpoint(checkpoint.seq, checkpoint.wire)
        return { seq: now.seq, hash: now.hash }
      })
      book.head = head
      if (book.checkpoint === checkpoint) book.checkpoint = null
      anchorSoon(did, book)
    } catch (error) {
      failed(did)(error)
      // Who is gone needs no log; a full disk is tried again with the next row.
      if (!hasCode(error, 'user/not-found')) book.waiting.unshift(...batch.slice(-MAX_WAITING))
    }
    for (const { done } of batch) done()
    signDue(did, book)
  }

  function schedule(did: Did, book: Book): void {
    // Calls that end in the same turn share a transaction; nothing is written inside somebody else's.
    book.flushing ??= setImmediate(() => flush(did))
  }

  function signNow(did: Did, book: Book, device: Ed25519Key): void {
    const { head } = book
    // A device that no document lists yet would sign what nobody can check.
    if (head === null || head.seq <= book.signedSeq || deviceOf(document(did), device.publicKey) === null)
      return
    const { wire } = signCheckpoint({ atMs: clock.nowMs(), seq: head.seq, did, head: head.hash }, device)
    book.signedSeq = head.seq
    book.wantsSigning = false
    book.checkpoint = { seq: head.seq, wire }
  }

  function signDue(did: Did, book: Book): void {
    if (!book.wantsSigning && (book.head?.seq ?? 0) - book.signedSeq < SIGN_EVERY) return
    if (!keys.unlocked(did)) return
    signNow(did, book, keys.keys(did).device)
    if (book.checkpoint !== null && !isClosed) schedule(did, book)
  }

  function anchorSoon(did: Did, book: Book): void {
    if (book.anchorTimer !== null || isClosed) return
    const put = (): void => {
      book.anchorTimer = null
      void anchor(did, book)
    }
    // The first head is noted at once: a log that nothing is known of could be any.
    if (book.anchor === null) put()
    else book.anchorTimer = setTimeout(put, ANCHOR_EVERY_MS).unref()
  }

  function anchor(did: Did, book: Book): Promise<void> {
    book.anchoring = book.anchoring
      .then(async () => {
        const { head, anchor: before } = book
        if (head === null || head.seq === 0 || isSame(head, before)) return
        await anchors.put(did, head, before, clock.nowMs())
        if (book.anchor === before) book.anchor = head
      })
      .catch(failed(did))
    return book.anchoring
  }

  function drain(): void {
    drainTimer = null
    for (const [did, one] of bounds)
      for (const fact of one.drain()) {
        const book = bookOf(did)
        book.waiting.push({ fact, done: () => {} })
        schedule(did, book)
      }
  }

  return {
    async open(did) {
      const book = bookOf(did)
      const noted = await anchors.list(did)
      const { last, signedSeq, fits } = users.read(did, db => ({
        last: db.audit.last(),
        signedSeq: db.audit.lastCheckpoint(),
        fits: noted.filter(({ seq, hash }) => sameBytes(db.audit.hashAt(seq) ?? new Uint8Array(0), hash)),
      }))
      book.signedSeq = Math.min(signedSeq, last?.seq ?? 0)
      book.head = last && { seq: last.seq, hash: last.hash }
      book.anchor = fits.at(-1) ?? null
      const lost = noted.find(one => !fits.includes(one))
      if (lost === undefined) return
      book.broken = true
      log('audit.broken', { did, row: lost.seq })
    },

    note(did, note, source) {
      if (isClosed) return Promise.resolve()
      let fact: AuditFact | null = { ...note, atMs: clock.nowMs(), times: 1 }
      if (source !== undefined) {
        const own = bounds.get(did) ?? makeAuditBounds()
        bounds.set(did, own)
        fact = own.admit(source, fact)
        if (fact === null) drainTimer ??= setTimeout(drain, DRAIN_EVERY_MS).unref()
      }
      if (fact === null) return Promise.resolve()
      const book = bookOf(did)
      const { promise, resolve } = Promise.withResolvers<void>()
      book.waiting.push({ fact, done: resolve })
      schedule(did, book)
      return promise
    },

    sign(did) {
      const book = bookOf(did)
      book.wantsSigning = true
      schedule(did, book)
    },

    signLast(did, device) {
      const book = bookOf(did)
      if (isClosed) return
      signNow(did, book, device)
      if (book.checkpoint !== null) schedule(did, book)
    },

    head: did => books.get(did)?.head ?? null,
    isBroken: did => books.get(did)?.broken ?? false,

    async release(did) {
      const book = bookOf(did)
      if (book.anchorTimer !== null) clearTimeout(book.anchorTimer)
      flush(did)
      await anchor(did, book)
      if (book.flushing !== null) clearImmediate(book.flushing)
      books.delete(did)
      bounds.delete(did)
    },

    async close() {
      if (drainTimer !== null) clearTimeout(drainTimer)
      drain()
      isClosed = true
      for (const [did, book] of books) {
        if (book.anchorTimer !== null) clearTimeout(book.anchorTimer)
        book.wantsSigning = true
        flush(did)
        flush(did)
        await anchor(did, book)
      }
    },
  }
}
