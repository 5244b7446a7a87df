/** Tables `pass`, `pass_right` and `pass_report`: rights to pass on that the user gave, what was passed on from here, and words of what was passed on that are told or were told. */
import type { Permission } from '../../../core/contract/share-shapes.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { Cid, Did, ShareId } from '../../../core/model/id.ts'
import type { PassWire } from '../../../core/pipeline/pass.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

type Right = ReturnType<typeof Permission.parse>

/** `pending`: their keys are not known; `queued`: to be delivered; `ended` with what was held, or before it got there. */
export type PassState = 'pending' | 'queued' | 'acknowledged' | 'refused' | 'ended'

export interface PassRow {
  owner: Did
  shareId: ShareId
  recipient: Did
  contentId: Cid
  /** The share's own key, by which its tombstone is known also after the content is gone. */
  shareKey: Uint8Array
  permissions: Right[]
  untilMs: number | null
  note: string | null
  /** The terms as they were given, so that the same again is the same. */
  termsText: string
  state: PassState
  envelope: Uint8Array | null
  receipt: Uint8Array | null
}

interface StoredPass {
  owner: string
  share_id: string
  recipient: string
  content_id: string
  share_key: Uint8Array
  permissions: string
  until_ms: number | null
  note: string | null
  terms_text: string
  state: PassState
  envelope: Uint8Array | null
  receipt: Uint8Array | null
}

const passOf = (row: StoredPass): PassRow => ({
  owner: Did.parse(row.owner),
  shareId: ShareId.parse(row.share_id),
  recipient: Did.parse(row.recipient),
  contentId: Cid.parse(row.content_id),
  shareKey: plain(row.share_key),
  permissions: JSON.parse(row.permissions),
  untilMs: row.until_ms,
  note: row.note,
  termsText: row.terms_text,
  state: row.state,
  envelope: row.envelope && plain(row.envelope),
  receipt: row.receipt && plain(row.receipt),
})

export interface ReportRow {
  /** Of the invocation. */
  cid: Cid
  shareId: ShareId
  passer: Did
  recipient: Did
  permissions: Right[]
  untilMs: number | null
  /** When it became known here. */
  atMs: number
  wire: PassWire
  /** To whom it went from this user by the chain: who answers for all that came of it. */
  hand: Did
}

/** A right to pass on an own share, with what takes it back, signed when it was given. */
export interface PassRightRow {
  link: Cid
  shareId: ShareId
  holder: Did
  revocation: Uint8Array
}

interface StoredReport {
  cid: string
  share_id: string
  passer: string
  recipient: string
  permissions: string
  until_ms: number | null
  at_ms: number
  chain: Uint8Array
  invocation: Uint8Array
  hand: string
}

const reportOf = (row: StoredReport): ReportRow => ({
  cid: Cid.parse(row.cid),
  shareId: ShareId.parse(row.share_id),
  passer: Did.parse(row.passer),
  recipient: Did.parse(row.recipient),
  permissions: JSON.parse(row.permissions),
  untilMs: row.until_ms,
  atMs: row.at_ms,
  wire: { chain: plain(row.chain), invocation: plain(row.invocation) },
  // Rows of the first version do not say.
  hand: Did.parse(row.hand === '' ? row.passer : row.hand),
})

export function makePassReader(sql: Sql) {
  return {
    get(owner: Did, share: ShareId, recipient: Did): PassRow | null {
      const row = sql.get<StoredPass>(
        'SELECT * FROM pass WHERE owner = ? AND share_id = ? AND recipient = ?',
        owner,
        share,
        recipient,
      )
      return row && passOf(row)
    },
    /** One to this person by the share's id, which a job names. */
    to(share: ShareId, recipient: Did): PassRow[] {
      return sql
        .all<StoredPass>('SELECT * FROM pass WHERE share_id = ? AND recipient = ?', share, recipient)
        .map(passOf)
    },
    ofShare: (owner: Did, share: ShareId): PassRow[] =>
      sql.all<StoredPass>('SELECT * FROM pass WHERE owner = ? AND share_id = ?', owner, share).map(passOf),
    /** Those that are not over: to be delivered. */
    waiting: (): PassRow[] =>
      sql.all<StoredPass>(`SELECT * FROM pass WHERE state IN ('pending', 'queued')`).map(passOf),
    /** Of a content id: those whose recipients were not sent its tombstone. */
    unburied: (content: Cid): PassRow[] =>
      sql.all<StoredPass>('SELECT * FROM pass WHERE content_id = ? AND buried = 0', content).map(passOf),
    /** Those whose content was taken back and whose recipients were not sent its tombstone. */
    toBury: (): PassRow[] =>
      sql
        .all<StoredPass>(
          `SELECT pass.* FROM pass JOIN tombstone ON tombstone.content_id = pass.content_id
             AND tombstone.signer = pass.share_key WHERE buried = 0`,
        )
        .map(passOf),
    /** The key of a share that was passed on, also after it was forgotten. */
    shareKey(content: Cid): Uint8Array | null {
      const row = sql.get<{ share_key: Uint8Array }>(
        'SELECT share_key FROM pass WHERE content_id = ? LIMIT 1',
        content,
      )
      return row && plain(row.share_key)
    },
    /** What is known of a share, oldest first. */
    reports: (share: ShareId): ReportRow[] =>
      sql
        .all<StoredReport>('SELECT * FROM pass_report WHERE share_id = ? ORDER BY at_ms, cid', share)
        .map(reportOf),
    /** What this person is still to be told of a share. */
    reportsTo: (share: ShareId, target: Did): ReportRow[] =>
      sql
        .all<StoredReport>(
          'SELECT * FROM pass_report WHERE share_id = ? AND target = ? ORDER BY at_ms, cid',
          share,
          target,
        )
        .map(reportOf),
    /** Rights to pass on an own share, of one person or of all. */
    rights: (share: ShareId, holder?: Did): PassRightRow[] =>
      sql
        .all<{ link: string; holder: string; revocation: Uint8Array }>(
          'SELECT link, holder, revocation FROM pass_right WHERE share_id = ? AND holder = coalesce(?, holder)',
          share,
          holder ?? null,
        )
        .map(row => ({
          link: Cid.parse(row.link),
          shareId: share,
          holder: Did.parse(row.holder),
          revocation: plain(row.revocation),
        })),
    /** Of what came by one hand. */
    countReports: (share: ShareId, hand: Did): number =>
      sql.get<{ n: number }>(
        'SELECT count(*) AS n FROM pass_report WHERE share_id = ? AND hand = ?',
        share,
        hand,
      )?.n ?? 0,
    /** Shares of which somebody is still to be told. */
    untold: (): { shareId: ShareId; target: Did }[] =>
      sql
        .all<{ share_id: string; target: string }>(
          'SELECT DISTINCT share_id, target FROM pass_report WHERE target IS NOT NULL',
        )
        .map(row => ({ shareId: ShareId.parse(row.share_id), target: Did.parse(row.target) })),
  }
}

export function makePassWriter(sql: WritingSql) {
  return {
    ...makePassReader(sql),
    add: (row: PassRow): void =>
      void sql.run(
        `INSERT INTO pass (owner, share_id, recipient, content_id, share_key, permissions, until_ms, note, terms_text, state,
           envelope, receipt)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        row.owner,
        row.shareId,
        row.recipient,
        row.contentId,
        row.shareKey,
        JSON.stringify(row.permissions),
        row.untilMs,
        row.note,
        row.termsText,
        row.state,
        row.envelope,
        row.receipt,
      ),
    addRight: ({ link, shareId, holder, revocation }: PassRightRow): void =>
      void sql.run(
        'INSERT INTO pass_right (link, share_id, holder, revocation) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        link,
        shareId,
        holder,
        revocation,
      ),
    /** Made for a recipient whose keys became known. */
    made: ({ owner, shareId, recipient }: PassRow, envelope: Uint8Array): void =>
      void sql.run(
        `UPDATE pass SET envelope = ?, state = 'queued'
         WHERE owner = ? AND share_id = ? AND recipient = ? AND state = 'pending'`,
        envelope,
        owner,
        shareId,
        recipient,
      ),
    /** It got there, or it will not. @returns false when that was known, or it had ended. */
    settle: (
      { owner, shareId, recipient }: PassRow,
      state: 'acknowledged' | 'refused',
      receipt: Uint8Array | null,
    ): boolean =>
      sql.run(
        `UPDATE pass SET state = ?, receipt = ?, envelope = NULL
         WHERE owner = ? AND share_id = ? AND recipient = ? AND state IN ('pending', 'queued')`,
        state,
        receipt,
        owner,
        shareId,
        recipient,
      ) > 0,
    /** What was held ended: ids stay, by which the others are told. */
    end: (owner: Did, share: ShareId): void =>
      void sql.run(
        `UPDATE pass SET state = 'ended', note = NULL, envelope = NULL WHERE owner = ? AND share_id = ?`,
        owner,
        share,
      ),
    buried: ({ owner, shareId, recipient }: PassRow): void =>
      void sql.run(
        'UPDATE pass SET buried = 1 WHERE owner = ? AND share_id = ? AND recipient = ?',
        owner,
        shareId,
        recipient,
      ),
    /** @param target - who is to be told; null: nobody, as it is the owner's own. @returns false when it was known. */
    report: (row: ReportRow, target: Did | null): boolean =>
      sql.run(
        `INSERT INTO pass_report (cid, share_id, passer, recipient, permissions, until_ms, at_ms, chain, invocation, hand,
           target)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        row.cid,
        row.shareId,
        row.passer,
        row.recipient,
        JSON.stringify(row.permissions),
        row.untilMs,
        row.atMs,
        row.wire.chain,
        row.wire.invocation,
        row.hand,
        target,
      ) > 0,
    told: (cid: Cid): void => void sql.run('UPDATE pass_report SET target = NULL WHERE cid = ?', cid),
  }
}
