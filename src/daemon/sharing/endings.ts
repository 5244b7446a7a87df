/** How shares end, on the owner's side and on the receiver's: revoked, expired, forgotten; and what is wiped with them. */
import { parseManifest } from '../../core/crypto/manifest.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Cid, CircleId, Did, ShareId } from '../../core/model/id.ts'
import { parseSlip, parseTombstone } from '../../core/pipeline/holding.ts'
import type { BlockStore, ShareRow, ShareStore } from '../../core/pipeline/ports.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { LetterRow } from '../storage/user/letter-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { ReceivedEnd, ReceivedRow } from '../storage/user/received-table.ts'
import type { UserWriter } from '../storage/user/tables.ts'
import { makeBlockClaims } from './block-claims.ts'
import type { SharingEvents } from './events.ts'
import { besideEpochEnvelopes } from './letter-wire.ts'

/** Tombstones of content that never came are remembered up to this number, and the newest so many of one source. */
const MAX_EARLY_TOMBSTONES = 10_000
const MAX_EARLY_OF_ONE = 200
/** A sender whose receipt got lost asks again within hours; what comes later is recognised by its notice. */
const RECEIPTS_KEPT_MS = 30 * 86_400_000
const SWEEP_EVERY_MS = 3_600_000

export interface EndingsDeps {
  users: UserDatabaseManager
  conversations: ConversationStore
  store: ShareStore
  blocks: BlockStore
  localUsers: () => Promise<Did[]>
  /** Tell members of the share's circles by gossip. */
  announce: (share: ShareRow) => void
  events: SharingEvents
  wake: () => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeEndings(deps: EndingsDeps) {
  const { users, conversations, store, blocks, localUsers, announce, events, wake, clock, log } = deps
  const claims = makeBlockClaims({ users, store, blocks, localUsers })
  let sweptMs = Number.NEGATIVE_INFINITY
  /** Deliveries under way, so that an end stops them. */
  const live = new Map<ShareId, Set<AbortController>>()

  /** Content ids that a local user still has a right to: own shares that live, letters that wait, what was received. */
  async function isWanted(content: Cid): Promise<boolean> {
    for (const local of await localUsers()) {
      const wanted = users.read(
        local,
        db => db.letters.contents().includes(content) || db.received.byContent(content).length > 0,
      )
      if (wanted) return true
    }
    const own = await store.findByContent(content)
    return own !== null && own.endedAtMs === null
  }

  async function dropBlocks(content: Cid): Promise<void> {
    if (await isWanted(content)) return
    const manifest = await blocks.get(content)
    if (manifest === null) return
    // The manifest goes last: as long as it is there, a sweep after a crash finds the rest.
    for (const cid of parseManifest(manifest).chunks)
      if (!(await claims.isNamedBeside(cid, { content, by: null }))) await blocks.delete(cid)
    await blocks.delete(content)
  }

  /** End an own share. @returns false when it had ended. */
  async function endOwn(share: ShareRow, state: 'expired' | 'revoked' | 'exhausted'): Promise<boolean> {
    const atMs = clock.nowMs()
    const ended = await store.end(share.shareId, state, atMs)
    for (const controller of live.get(share.shareId) ?? []) controller.abort()
    // Wiping is repeated for a share that had ended, so that a crash between the two leaves nothing.
    users.write(share.owner, db => db.shareContents.empty(share.shareId))
    users.compact(share.owner)
    await dropBlocks(share.contentId)
    if (!ended) return false
    log(`share.${state}`, { share: share.shareId, content: share.contentId })
    events.emit({
      kind: 'share',
      owner: share.owner,
      share: share.shareId,
      event: state,
      state,
      target: null,
      atMs,
    })
    announce({ ...share, state })
    wake()
    return true
  }

  /** End a received share: opened text, index, notice, grant and blocks go; ids and the reason stay. */
  async function endReceived(local: Did, row: ReceivedRow, state: ReceivedEnd): Promise<boolean> {
    let ended = false
    await conversations.forget(local, [row.shareId], db => {
      giveUpContent(db, db.letters.ofContent(row.contentId))
      ended = db.received.end(row.owner, row.shareId, state)
    })
    await dropBlocks(row.contentId)
    if (ended) {
      log(`inbox.${state}`, { share: row.shareId, content: row.contentId })
      events.emit({
        kind: 'inbox',
        local,
        share: row.shareId,
        event: state,
        from: row.owner,
        atMs: clock.nowMs(),
      })
    }
    return ended
  }

  /** Forget what only served to recognise repetitions that can come no more. */
  async function sweepOld(nowMs: number): Promise<void> {
    if (nowMs - sweptMs < SWEEP_EVERY_MS) return
    sweptMs = nowMs
    for (const local of await localUsers())
      users.write(local, db => {
        db.received.sweepSeen(nowMs)
        db.letters.sweep(nowMs - RECEIPTS_KEPT_MS)
      })
  }

  /** Content of letters that were not opened in time, such as those of a locked keystore. @returns when the others end. */
  async function sweepLetters(local: Did, nowMs: number): Promise<number[]> {
    const due: LetterRow[] = []
    const ends: number[] = []
    for (const row of users.read(local, db => db.letters.withContent())) {
      if (row.slip === null || row.manifest === null) continue
      const { expiresMs } = parseSlip(row.slip, parseManifest(row.manifest).shareKey)
      if (expiresMs === null) continue
      if (expiresMs <= nowMs) due.push(row)
      else ends.push(expiresMs)
    }
    if (due.length === 0) return ends
    users.write(local, db => giveUpContent(db, due))
    users.compact(local)
    for (const { contentId } of due) if (contentId !== null) await dropBlocks(contentId)
    log('inbox.letters-expired', { letters: due.length })
    return ends
  }

  return {
    endOwn,
    endReceived,
    dropBlocks,
    isWanted,
    claims,

    /** A signal that also fires when the share ends. */
    whileLive(share: ShareId, signal: AbortSignal): { signal: AbortSignal; done(): void } {
      const controller = new AbortController()
      const set = live.get(share) ?? new Set()
      set.add(controller)
      live.set(share, set)
      return {
        signal: AbortSignal.any([signal, controller.signal]),
        done() {
          set.delete(controller)
          if (set.size === 0) live.delete(share)
        },
      }
    },

    /** A tombstone came: it counts when the key that the manifest names signed it. One that is early is remembered.
     *  @param source - the person or circle that it came from. */
    async onTombstone(local: Did, wire: Uint8Array, source: Did | CircleId): Promise<void> {
      let tombstone: ReturnType<typeof parseTombstone>
      try {
        tombstone = parseTombstone(wire)
      } catch (error) {
        log('inbox.tombstone-refused', { code: codeOf(error) })
        return
      }
      const { content, by } = tombstone
      const manifest = await blocks.get(content)
      if (manifest === null) {
        users.write(local, db => {
          if (db.tombstones.early() < MAX_EARLY_TOMBSTONES)
            db.tombstones.putEarly(content, by, wire, clock.nowMs(), source, MAX_EARLY_OF_ONE)
        })
        return
      }
      if (!sameBytes(parseManifest(manifest).shareKey, by)) {
        log('inbox.tombstone-refused', { code: 'crypto/bad-signature' })
        return
      }
      const rows = users.write(local, db => {
        db.tombstones.put(content, by, wire, clock.nowMs())
        giveUpContent(db, db.letters.ofContent(content))
        return db.received.byContent(content)
      })
      users.compact(local)
      for (const row of rows) await endReceived(local, row, 'revoked')
      await dropBlocks(content)
    },

    /** Whether a content id was taken back by the key of its manifest. */
    isBuried: (local: Did, content: Cid, shareKey: Uint8Array): boolean =>
      users.read(local, db => db.tombstones.get(content, shareKey)) !== null,

    /** End what is due on both sides. @returns when the next end lies, or null. */
    async sweepDue(): Promise<number | null> {
      const nowMs = clock.nowMs()
      await sweepOld(nowMs)
      for (const share of await store.due(nowMs)) await endOwn(share, 'expired')
      const ends: number[] = []
      for (const local of await localUsers()) {
        for (const row of users.read(local, db => db.received.due(nowMs)))
          await endReceived(local, row, 'expired')
        const end = users.read(local, db => db.received.nextEndMs())
        if (end !== null) ends.push(end)
        ends.push(...(await sweepLetters(local, nowMs)))
      }
      return ends.length === 0 ? null : Math.min(...ends)
    },
  }
}

/** What came for content that ended is not kept, nor the notice with its grant. What a letter brings beside it, such as a circle's
 *  entries and key, is needed by what comes later: that waits on. The receipt stays in any case. */
function giveUpContent(db: UserWriter, rows: readonly LetterRow[]): void {
  for (const row of rows) {
    const rest = besideEpochEnvelopes(row.wire)
    if (rest === null) db.letters.finish(row.hash)
    else db.letters.reduce(row.hash, rest)
  }
}

export type Endings = ReturnType<typeof makeEndings>
