/** Tables `circle_invite`, `circle_invite_use` and `circle_answer`: invites that the user made, who used them, and what is still to be
 *  said to whom. The line itself, which is a secret, is not kept. */
import { InvitedRole } from '../../../core/circle/invite.ts'
import { Cid, CircleId, Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

export interface InviteRow {
  inviteId: string
  circleId: CircleId
  /** The first delegation. */
  link: Cid
  /** `did:key` of the own device that issued it. */
  by: Did
  role: InvitedRole
  uses: number
  createdAtMs: number
  expiresAtMs: number
  revoked: boolean
  /** The place in this node's log of the circle that it was made at; what came later came after it. */
  logSeq: number
}

/** What somebody who wanted to join is told; `code` is null when they are in. */
export interface AnswerRow {
  inviteId: string
  circleId: CircleId
  did: Did
  code: string | null
}

interface Stored {
  invite_id: string
  circle_id: string
  link: string
  issuer: string
  role: string
  uses: number
  created_at_ms: number
  expires_at_ms: number
  revoked: number
  log_seq: number
}

const rowOf = (row: Stored): InviteRow => ({
  inviteId: row.invite_id,
  circleId: CircleId.parse(row.circle_id),
  link: Cid.parse(row.link),
  by: Did.parse(row.issuer),
  role: InvitedRole.parse(row.role),
  uses: row.uses,
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms,
  revoked: row.revoked === 1,
  logSeq: row.log_seq,
})

export function makeInviteReader(sql: Sql) {
  return {
    byLink(link: Cid): InviteRow | null {
      const row = sql.get<Stored>('SELECT * FROM circle_invite WHERE link = ?', link)
      return row && rowOf(row)
    },
    /** By id or unique beginning of an id. */
    find(circle: CircleId, selector: string): InviteRow | 'ambiguous' | null {
      const rows = sql.all<Stored>(
        'SELECT * FROM circle_invite WHERE circle_id = ? AND invite_id >= ? AND invite_id < ? LIMIT 2',
        circle,
        selector,
        prefixEnd(selector),
      )
      const found = onlyOne(rows)
      return found === null || found === 'ambiguous' ? found : rowOf(found)
    },
    /** Oldest first. */
    ofCircle: (circle: CircleId): InviteRow[] =>
      sql
        .all<Stored>(
          'SELECT * FROM circle_invite WHERE circle_id = ? ORDER BY created_at_ms, invite_id',
          circle,
        )
        .map(rowOf),
    /** How many people used a link. */
    uses: (link: Cid): number =>
      sql.get<{ n: number }>('SELECT count(*) AS n FROM circle_invite_use WHERE link = ?', link)?.n ?? 0,
    hasUsed: (link: Cid, did: Did): boolean =>
      sql.get('SELECT 1 FROM circle_invite_use WHERE link = ? AND did = ?', link, did) !== null,
    answers: (did: Did): AnswerRow[] =>
      sql
        .all<{ invite_id: string; circle_id: string; code: string | null }>(
          'SELECT invite_id, circle_id, code FROM circle_answer WHERE did = ? ORDER BY invite_id',
          did,
        )
        .map(row => ({
          inviteId: row.invite_id,
          circleId: CircleId.parse(row.circle_id),
          did,
          code: row.code,
        })),
  }
}

export function makeInviteWriter(sql: WritingSql) {
  return {
    ...makeInviteReader(sql),
    add: (row: InviteRow): void =>
      void sql.run(
        `INSERT INTO circle_invite (invite_id, circle_id, link, issuer, role, uses, created_at_ms, expires_at_ms, revoked,
           log_seq)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.inviteId,
        row.circleId,
        row.link,
        row.by,
        row.role,
        row.uses,
        row.createdAtMs,
        row.expiresAtMs,
        row.revoked ? 1 : 0,
        row.logSeq,
      ),
    /** @returns false when it was revoked already. */
    revoke: (inviteId: string): boolean =>
      sql.run('UPDATE circle_invite SET revoked = 1 WHERE invite_id = ? AND revoked = 0', inviteId) > 0,
    /** The same person twice is one use. */
    use: (link: Cid, did: Did): void =>
      void sql.run(
        'INSERT INTO circle_invite_use (link, did) VALUES (?, ?) ON CONFLICT DO NOTHING',
        link,
        did,
      ),
    putAnswer: (row: AnswerRow): void =>
      void sql.run(
        `INSERT INTO circle_answer (invite_id, circle_id, did, code) VALUES (?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET code = excluded.code`,
        row.inviteId,
        row.circleId,
        row.did,
        row.code,
      ),
    /** What was said need not be said again, unless it changed meanwhile. */
    dropAnswer: ({ inviteId, did, code }: AnswerRow): void =>
      void sql.run(
        'DELETE FROM circle_answer WHERE invite_id = ? AND did = ? AND code IS ?',
        inviteId,
        did,
        code,
      ),
  }
}
