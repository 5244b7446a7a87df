/** Tables `capability`, `capability_use`, `capability_nonce` and `capability_revocation`: rights that were given here, and what the
 *  door remembers of their use. */
import { plain } from '../../../core/crypto/hash.ts'
import { VivimError } from '../../../core/kernel/errors.ts'
import type { Cid, Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export interface CapabilityRow {
  /** CID of the first link. */
  cid: Cid
  name: string
  /** The chain of that one link. */
  chain: Uint8Array
  /** Signed when the right was given, so that taking it back needs no key. */
  revocation: Uint8Array
  createdAtMs: number
}

export interface UseRow {
  /** Of the day that was asked about. */
  dayUses: number
  allUses: number
  lastMs: number
}

/** Links of which uses are remembered; whoever passes rights on could make endless ones. */
const MAX_COUNTED_LINKS = 10_000

/** Uses are remembered so long after they are over: a clock that is set back by less lets none of them in again. */
const REMEMBER_MS = 3_600_000

const SELECT = 'SELECT cid, name, chain, revocation, created_at_ms AS createdAtMs FROM capability'

export function makeCapabilityReader(sql: Sql) {
  return {
    get: (cid: Cid): CapabilityRow | null => sql.get<CapabilityRow>(`${SELECT} WHERE cid = ?`, cid),
    /** Newest first. */
    list: (): CapabilityRow[] => sql.all<CapabilityRow>(`${SELECT} ORDER BY created_at_ms DESC, cid`),
    /** @param day - days since 1970 in UTC. A clock that is set back over midnight starts no fresh count. */
    usesOf: (link: Cid, day: number): UseRow | null =>
      sql.get<UseRow>(
        `SELECT CASE WHEN day IN (?, ?) THEN day_uses ELSE 0 END AS dayUses, all_uses AS allUses, last_ms AS lastMs
           FROM capability_use WHERE link = ?`,
        day,
        day + 1,
        link,
      ),
    revokersOf: (link: Cid): Did[] =>
      sql
        .all<{ signer: Did }>('SELECT signer FROM capability_revocation WHERE link = ?', link)
        .map(row => row.signer),
    /** Wire forms of what took a link back. */
    revocations: (link: Cid): Uint8Array[] =>
      sql
        .all<{ revocation: Uint8Array }>('SELECT revocation FROM capability_revocation WHERE link = ?', link)
        .map(row => plain(row.revocation)),
  }
}

export function makeCapabilityWriter(sql: WritingSql) {
  return {
    ...makeCapabilityReader(sql),
    add: (row: CapabilityRow): void =>
      void sql.run(
        'INSERT INTO capability (cid, name, chain, revocation, created_at_ms) VALUES (?, ?, ?, ?, ?)',
        row.cid,
        row.name,
        row.chain,
        row.revocation,
        row.createdAtMs,
      ),
    /** @returns false when it was there. */
    revoke: (link: Cid, by: Did, revocation: Uint8Array, nowMs: number): boolean =>
      sql.run(
        'INSERT INTO capability_revocation (link, signer, revocation, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        link,
        by,
        revocation,
        nowMs,
      ) > 0,
    /** Remember a use until it is over, and longer. @returns false when it is remembered already. */
    takeNonce(use: string, untilMs: number, nowMs: number): boolean {
      sql.run('DELETE FROM capability_nonce WHERE until_ms <= ?', nowMs - REMEMBER_MS)
      return (
        sql.run(
          'INSERT INTO capability_nonce (use, until_ms) VALUES (?, ?) ON CONFLICT DO NOTHING',
          use,
          untilMs,
        ) > 0
      )
    },
    /** One more use of a link. @param untilMs - when nobody asks any more; null: never.
     *  @throws `capability/exhausted` when uses of too many links are remembered. */
    count(link: Cid, day: number, nowMs: number, untilMs: number | null): void {
      const isKnown =
        sql.run(
          `UPDATE capability_use SET day_uses = CASE WHEN day IN (?, ?) THEN day_uses + 1 ELSE 1 END,
             day = CASE day WHEN ? THEN day ELSE ? END, all_uses = all_uses + 1, last_ms = ? WHERE link = ?`,
          day,
          day + 1,
          day + 1,
          day,
          nowMs,
          link,
        ) > 0
      if (isKnown) return
      sql.run(
        'DELETE FROM capability_use WHERE until_ms <= ? AND link NOT IN (SELECT cid FROM capability)',
        nowMs,
      )
      const known = sql.get<{ n: number }>('SELECT count(*) AS n FROM capability_use')?.n ?? 0
      if (known >= MAX_COUNTED_LINKS)
        throw new VivimError('capability/exhausted', 'too many capabilities were made from those given here')
      sql.run(
        'INSERT INTO capability_use (link, day, day_uses, all_uses, last_ms, until_ms) VALUES (?, ?, 1, 1, ?, ?)',
        link,
        day,
        nowMs,
        untilMs,
      )
    },
  }
}
