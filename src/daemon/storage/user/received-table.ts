/** Tables `received` and `seen_notice`: shares of others, and the notice ids that must not come to life twice. */
import { plain } from '../../../core/crypto/hash.ts'
import { Cid, CircleId, Did, NoticeId, ShareId } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

/** `new`, `opened`, `held` are there; the others ended, and of those only ids are left. */
export type ReceivedState = 'new' | 'opened' | 'held' | ReceivedEnd
export type ReceivedEnd = 'expired' | 'revoked' | 'exhausted' | 'forgotten'

const LIVE = `state IN ('new', 'opened', 'held')`
const SENDER = 'coalesce(via, owner)'

export interface ReceivedRow {
  shareId: ShareId
  owner: Did
  version: number
  contentId: Cid
  /** Signed notice, wire form. */
  notice: Uint8Array
  noticeId: NoticeId
  circleId: CircleId | null
  title: string | null
  note: string | null
  permissions: string[]
  fromMs: number | null
  expiresMs: number | null
  receivedAtMs: number
  state: ReceivedState
  slip: Uint8Array | null
  manifest: Uint8Array | null
  /** Who passed it on; null: it came from its owner. */
  via: Did | null
  /** The chain by which they did. */
  viaChain: Uint8Array | null
  /** The chain by which this device may pass it on. */
  delegation: Uint8Array | null
  /** Where another own device handed the content key over: sealed under the storage key. */
  contentKeySealed?: Uint8Array | null
}

interface Stored {
  share_id: string
  owner: string
  version: number
  content_id: string
  notice: Uint8Array
  notice_id: string
  circle_id: string | null
  title: string | null
  note: string | null
  permissions: string
  from_ms: number | null
  expires_ms: number | null
  received_at_ms: number
  state: ReceivedState
  slip: Uint8Array | null
  manifest: Uint8Array | null
  via: string | null
  via_chain: Uint8Array | null
  delegation: Uint8Array | null
  content_key_sealed: Uint8Array | null
}

const rowOf = (row: Stored): ReceivedRow => ({
  shareId: ShareId.parse(row.share_id),
  owner: Did.parse(row.owner),
  version: row.version,
  contentId: Cid.parse(row.content_id),
  notice: plain(row.notice),
  noticeId: NoticeId.parse(row.notice_id),
  circleId: row.circle_id === null ? null : CircleId.parse(row.circle_id),
  title: row.title,
  note: row.note,
  permissions: JSON.parse(row.permissions),
  fromMs: row.from_ms,
  expiresMs: row.expires_ms,
  receivedAtMs: row.received_at_ms,
  state: row.state,
  slip: row.slip && plain(row.slip),
  manifest: row.manifest && plain(row.manifest),
  via: row.via === null ? null : Did.parse(row.via),
  viaChain: row.via_chain && plain(row.via_chain),
  delegation: row.delegation && plain(row.delegation),
  ...(row.content_key_sealed && { contentKeySealed: plain(row.content_key_sealed) }),
})

/** Whether it has not ended. */
export const isHere = ({ state }: Pick<ReceivedRow, 'state'>): boolean =>
  state === 'new' || state === 'opened' || state === 'held'

/** Whom it came from. */
export const senderOf = (row: Pick<ReceivedRow, 'owner' | 'via'>): Did => row.via ?? row.owner

export function makeReceivedReader(sql: Sql) {
  return {
    get(owner: Did, share: ShareId): ReceivedRow | null {
      const row = sql.get<Stored>('SELECT * FROM received WHERE owner = ? AND share_id = ?', owner, share)
      return row && rowOf(row)
    },
    /** By share id or unique beginning of one. */
    find(selector: string): ReceivedRow | 'ambiguous' | null {
      if (selector === '') return null
      const rows = sql.all<Stored>(
        'SELECT * FROM received WHERE share_id >= ? AND share_id < ? LIMIT 2',
        selector,
        prefixEnd(selector),
      )
      const found = onlyOne(rows)
      return found === null || found === 'ambiguous' ? found : rowOf(found)
    },
    /** Newest first; what ended is left out. */
    list: (): ReceivedRow[] =>
      sql
        .all<Stored>(`SELECT * FROM received WHERE ${LIVE} ORDER BY received_at_ms DESC, rowid DESC`)
        .map(rowOf),
    /** Those that ended too: what own devices tell each other of. */
    everything: (): ReceivedRow[] => sql.all<Stored>('SELECT * FROM received').map(rowOf),
    byContent: (content: Cid): ReceivedRow[] =>
      sql.all<Stored>(`SELECT * FROM received WHERE content_id = ? AND ${LIVE}`, content).map(rowOf),
    /** Those whose end lies at or before `nowMs`. */
    due: (nowMs: number): ReceivedRow[] =>
      sql.all<Stored>(`SELECT * FROM received WHERE expires_ms <= ? AND ${LIVE}`, nowMs).map(rowOf),
    /** Content ids whose blocks are still wanted. */
    contents: (): Cid[] =>
      sql
        .all<{ content_id: string }>(`SELECT DISTINCT content_id FROM received WHERE ${LIVE}`)
        .map(row => Cid.parse(row.content_id)),
    /** Manifests of what is here from a sender. */
    manifestsFrom: (sender: Did): Uint8Array[] =>
      sql
        .all<{ manifest: Uint8Array }>(
          `SELECT manifest FROM received WHERE ${LIVE} AND ${SENDER} = ? AND manifest IS NOT NULL`,
          sender,
        )
        .map(({ manifest }) => plain(manifest)),
    /** Whether anything live came of an owner. */
    isFrom: (owner: Did): boolean =>
      sql.get(`SELECT 1 FROM received WHERE owner = ? AND ${LIVE} LIMIT 1`, owner) !== null,
    /** Whether the manifest of something live names a block, besides that of `content` from `sender` (null: from anybody).
     *  @param block - the CID's bytes. */
    names: (block: Uint8Array, content: Cid, sender: Did | null): boolean =>
      sql.get(
        `SELECT 1 FROM received WHERE ${LIVE} AND NOT (content_id = ? AND ${SENDER} = coalesce(?, ${SENDER}))
           AND instr(manifest, ?) > 0 LIMIT 1`,
        content,
        sender,
        block,
      ) !== null,
    /** When the next of them ends, or null. */
    nextEndMs: (): number | null =>
      sql.get<{ ms: number | null }>(`SELECT min(expires_ms) AS ms FROM received WHERE ${LIVE}`)?.ms ?? null,
    noticeSeen: (notice: NoticeId): boolean =>
      sql.get('SELECT 1 FROM seen_notice WHERE notice_id = ?', notice) !== null,
  }
}

export function makeReceivedWriter(sql: WritingSql) {
  return {
    ...makeReceivedReader(sql),
    /** Add, or replace an older version. */
    put(row: ReceivedRow): void {
      sql.run(
        `INSERT OR REPLACE INTO received (share_id, owner, version, content_id, notice, notice_id, circle_id, title, note,
           permissions, from_ms, expires_ms, received_at_ms, state, slip, manifest,
           via, via_chain, delegation, content_key_sealed)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.shareId,
        row.owner,
        row.version,
        row.contentId,
        row.notice,
        row.noticeId,
        row.circleId,
        row.title,
        row.note,
        JSON.stringify(row.permissions),
        row.fromMs,
        row.expiresMs,
        row.receivedAtMs,
        row.state,
        row.slip,
        row.manifest,
        row.via,
        row.viaChain,
        row.delegation,
        row.contentKeySealed ?? null,
      )
    },
    setState: (owner: Did, share: ShareId, state: ReceivedState): boolean =>
      sql.run('UPDATE received SET state = ? WHERE owner = ? AND share_id = ?', state, owner, share) > 0,
    /** What a person sent before they were accepted. @returns how many became new. */
    release: (sender: Did): number =>
      sql.run(`UPDATE received SET state = 'new' WHERE ${SENDER} = ? AND state = 'held'`, sender),
    /** End it: ids and the reason stay, everything that says something goes. @returns false when it had ended. */
    end: (owner: Did, share: ShareId, state: ReceivedEnd): boolean =>
      sql.run(
        `UPDATE received SET state = ?, title = NULL, note = NULL, notice = x'', slip = NULL, manifest = NULL,
           content_key_sealed = NULL
         WHERE owner = ? AND share_id = ? AND ${LIVE}`,
        state,
        owner,
        share,
      ) > 0,
    /** Remember a notice id until it expires; null: for ever. @returns false when it was seen before. */
    see: (notice: NoticeId, expiresMs: number | null): boolean =>
      sql.run(
        'INSERT INTO seen_notice (notice_id, expires_ms) VALUES (?, ?) ON CONFLICT DO NOTHING',
        notice,
        expiresMs,
      ) > 0,
    /** Forget notice ids that expired before `nowMs`. @returns how many. */
    sweepSeen: (nowMs: number): number => sql.run('DELETE FROM seen_notice WHERE expires_ms < ?', nowMs),
  }
}
