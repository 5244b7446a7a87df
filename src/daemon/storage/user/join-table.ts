/** Table `circle_join`: circles that the user was invited to and is not in yet, with what their inviter is sent. */
import { InvitedRole } from '../../../core/circle/invite.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { CircleId, Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export interface JoinRow {
  circleId: CircleId
  inviteId: string
  inviter: Did
  name: string
  role: InvitedRole
  /** Delegations and invocation, wire forms; both are for this user only. */
  chain: Uint8Array
  invocation: Uint8Array
  /** The own document and card that the invocation binds. */
  document: Uint8Array
  card: string
  createdAtMs: number
  expiresAtMs: number
  /** Why the inviter said no, or null while they said nothing. */
  code: string | null
}

interface Stored {
  circle_id: string
  invite_id: string
  inviter: string
  name: string
  role: string
  chain: Uint8Array
  invocation: Uint8Array
  document: Uint8Array
  card: string
  created_at_ms: number
  expires_at_ms: number
  code: string | null
}

const rowOf = (row: Stored): JoinRow => ({
  circleId: CircleId.parse(row.circle_id),
  inviteId: row.invite_id,
  inviter: Did.parse(row.inviter),
  name: row.name,
  role: InvitedRole.parse(row.role),
  chain: plain(row.chain),
  invocation: plain(row.invocation),
  document: plain(row.document),
  card: row.card,
  createdAtMs: row.created_at_ms,
  expiresAtMs: row.expires_at_ms,
  code: row.code,
})

export function makeJoinReader(sql: Sql) {
  return {
    get(circle: CircleId): JoinRow | null {
      const row = sql.get<Stored>('SELECT * FROM circle_join WHERE circle_id = ?', circle)
      return row && rowOf(row)
    },
    list: (): JoinRow[] =>
      sql.all<Stored>('SELECT * FROM circle_join ORDER BY name COLLATE NOCASE, circle_id').map(rowOf),
  }
}

export function makeJoinWriter(sql: WritingSql) {
  return {
    ...makeJoinReader(sql),
    /** The newest invite to a circle takes the place of one before. */
    put: (row: JoinRow): void =>
      void sql.run(
        `INSERT OR REPLACE INTO circle_join (circle_id, invite_id, inviter, name, role, chain, invocation, document, card,
         created_at_ms, expires_at_ms, code) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.circleId,
        row.inviteId,
        row.inviter,
        row.name,
        row.role,
        row.chain,
        row.invocation,
        row.document,
        row.card,
        row.createdAtMs,
        row.expiresAtMs,
        row.code,
      ),
    /** @returns false when no such invite waits. */
    refuse: (circle: CircleId, inviteId: string, code: string): boolean =>
      sql.run(
        'UPDATE circle_join SET code = ? WHERE circle_id = ? AND invite_id = ?',
        code,
        circle,
        inviteId,
      ) > 0,
    delete: (circle: CircleId): boolean => sql.run('DELETE FROM circle_join WHERE circle_id = ?', circle) > 0,
  }
}
