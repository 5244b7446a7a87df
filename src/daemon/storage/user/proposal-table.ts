/** Table `proposal`: what scripts ask the user to share, and what the user answered. */
import type { Cid, Did, ProposalId, ShareId } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

export type ProposalDecision = 'approved' | 'rejected'

export interface ProposalRow {
  id: ProposalId
  /** Null while nobody has answered. */
  decision: ProposalDecision | null
  /** First link of the capability by which it was proposed, and the key of its holder; null for the user themself. */
  capability: Cid | null
  holder: Did | null
  /** What whoever proposed was called when they did. */
  name: string
  /** Params of `share.create` as JSON, people and circles by id. */
  params: string
  createdAtMs: number
  expiresAtMs: number
  decidedAtMs: number | null
  share: ShareId | null
}

const SELECT = `SELECT id, decision, capability, holder, name, params, created_at_ms AS createdAtMs,
  expires_at_ms AS expiresAtMs, decided_at_ms AS decidedAtMs, share FROM proposal`

export function makeProposalReader(sql: Sql) {
  return {
    /** Newest first. */
    list: (): ProposalRow[] => sql.all<ProposalRow>(`${SELECT} ORDER BY created_at_ms DESC, id`),
    /** By id or unique beginning of one. @param holder - only what this one proposed. */
    find(selector: string, holder: Did | null): ProposalRow | 'ambiguous' | null {
      if (selector === '') return null
      return onlyOne(
        sql.all<ProposalRow>(
          `${SELECT} WHERE id >= ? AND id < ? AND (? IS NULL OR holder = ?) LIMIT 2`,
          selector,
          prefixEnd(selector),
          holder,
          holder,
        ),
      )
    },
    /** The one that waits and asks for the same. */
    same: (holder: Did | null, params: string, nowMs: number): ProposalRow | null =>
      sql.get<ProposalRow>(
        `${SELECT} WHERE decision IS NULL AND expires_at_ms > ? AND holder IS ? AND params = ?`,
        nowMs,
        holder,
        params,
      ),
    /** How many wait for an answer. @param holder - only those of this one. */
    waiting: (nowMs: number, holder: Did | null = null): number =>
      sql.get<{ n: number }>(
        'SELECT count(*) AS n FROM proposal WHERE decision IS NULL AND expires_at_ms > ? AND (? IS NULL OR holder = ?)',
        nowMs,
        holder,
        holder,
      )?.n ?? 0,
  }
}

export function makeProposalWriter(sql: WritingSql) {
  return {
    ...makeProposalReader(sql),
    add: (row: ProposalRow): void =>
      void sql.run(
        `INSERT INTO proposal (id, decision, capability, holder, name, params, created_at_ms, expires_at_ms)
         VALUES (?, NULL, ?, ?, ?, ?, ?, ?)`,
        row.id,
        row.capability,
        row.holder,
        row.name,
        row.params,
        row.createdAtMs,
        row.expiresAtMs,
      ),
    decide: (id: ProposalId, decision: ProposalDecision, share: ShareId | null, nowMs: number): boolean =>
      sql.run(
        'UPDATE proposal SET decision = ?, share = ?, decided_at_ms = ? WHERE id = ? AND decision IS NULL',
        decision,
        share,
        nowMs,
        id,
      ) > 0,
    /** Drop what was answered or ended before this time. */
    sweep: (beforeMs: number): number =>
      sql.run('DELETE FROM proposal WHERE coalesce(decided_at_ms, expires_at_ms) <= ?', beforeMs),
  }
}
