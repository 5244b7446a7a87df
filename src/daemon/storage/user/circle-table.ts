/** Tables `circle`, `circle_wish` and `circle_entry`: the circles a user is in, with names, logs and who waits to be added. */
import { AddedRole } from '../../../core/circle/entry.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { CircleId, Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'
import { isLater, WRITER, type Written } from './written.ts'

export interface CircleRow {
  circleId: CircleId
  /** The name that the user gave; only this one selects. */
  alias: string | null
  /** The name in the log. */
  name: string
  /** The saved Automerge document, or null before the first. */
  document: Uint8Array | null
  createdAtMs: number
}

/** Who is to be added once their identity document is known. */
export interface CircleWish {
  did: Did
  role: AddedRole
}

export interface CircleEntryRow {
  /** Hex. */
  hash: string
  wire: Uint8Array
  /** The place in this node's own log; grows. */
  seq: number
  /** Whether it was verified by the rules of this version; those of an earlier one may have let pass what these refuse. */
  verified: boolean
}

/** Grows with each version whose rules for an entry by itself are stricter. */
const ENTRY_RULES = 1

interface Stored {
  circle_id: string
  alias: string | null
  name: string
  document: Uint8Array | null
  created_at_ms: number
  version: number
  writer: string
}

/** What own devices tell each other of a circle beside its log. */
export interface WrittenCircle extends Written {
  circleId: CircleId
  alias: string | null
}

const rowOf = (row: Stored): CircleRow => ({
  circleId: CircleId.parse(row.circle_id),
  alias: row.alias,
  name: row.name,
  document: row.document && plain(row.document),
  createdAtMs: row.created_at_ms,
})

export function makeCircleReader(sql: Sql) {
  return {
    get(circle: CircleId): CircleRow | null {
      const row = sql.get<Stored>('SELECT * FROM circle WHERE circle_id = ?', circle)
      return row && rowOf(row)
    },
    /** By alias, id, or unique beginning of an id. An alias goes before any id; a name that somebody else chose selects nothing. */
    find(selector: string): CircleRow | 'ambiguous' | null {
      const named = sql.all<Stored>('SELECT * FROM circle WHERE alias = ? LIMIT 2', selector)
      const rows =
        named.length > 0 || selector === ''
          ? named
          : sql.all<Stored>(
              'SELECT * FROM circle WHERE circle_id >= ? AND circle_id < ? LIMIT 2',
              selector,
              prefixEnd(selector),
            )
      const found = onlyOne(rows)
      return found === null || found === 'ambiguous' ? found : rowOf(found)
    },
    list: (): CircleRow[] =>
      sql
        .all<Stored>('SELECT * FROM circle ORDER BY coalesce(alias, name) COLLATE NOCASE, circle_id')
        .map(rowOf),
    allWritten: (): WrittenCircle[] =>
      sql
        .all<Stored>('SELECT * FROM circle ORDER BY circle_id')
        .map(({ circle_id, alias, version, writer }) => ({
          circleId: CircleId.parse(circle_id),
          alias,
          version,
          writer,
        })),
    wishes: (circle: CircleId): CircleWish[] =>
      sql
        .all<{ did: string; role: string }>(
          'SELECT did, role FROM circle_wish WHERE circle_id = ? ORDER BY did',
          circle,
        )
        .map(row => ({ did: Did.parse(row.did), role: AddedRole.parse(row.role) })),
    /** In the order in which they came here. @param afterSeq - only those behind it. */
    entries: (circle: CircleId, afterSeq = 0): CircleEntryRow[] =>
      sql
        .all<Omit<CircleEntryRow, 'verified'> & { verified: number }>(
          'SELECT seq, hash, wire, verified FROM circle_entry WHERE circle_id = ? AND seq > ? ORDER BY seq',
          circle,
          afterSeq,
        )
        .map(row => ({ ...row, wire: plain(row.wire), verified: row.verified === ENTRY_RULES })),
    /** The wire form of one entry, or null. @param hash - hex. */
    entry(circle: CircleId, hash: string): Uint8Array | null {
      const row = sql.get<{ wire: Uint8Array }>(
        'SELECT wire FROM circle_entry WHERE circle_id = ? AND hash = ?',
        circle,
        hash,
      )
      return row && plain(row.wire)
    },
    /** The place of the newest entry, or 0. */
    lastSeq: (circle: CircleId): number =>
      sql.get<{ seq: number | null }>('SELECT max(seq) AS seq FROM circle_entry WHERE circle_id = ?', circle)
        ?.seq ?? 0,
    hasEntry: (circle: CircleId, hash: string): boolean =>
      sql.get('SELECT 1 FROM circle_entry WHERE circle_id = ? AND hash = ?', circle, hash) !== null,
  }
}

export function makeCircleWriter(sql: WritingSql) {
  return {
    ...makeCircleReader(sql),
    /** Add or replace alias, name and document; wishes and entries stay. */
    put(row: CircleRow): void {
      sql.run(
        `INSERT INTO circle (circle_id, alias, name, document, created_at_ms, version, writer)
         VALUES (?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET alias = excluded.alias, name = excluded.name, document = excluded.document,
           version = version + (alias IS NOT excluded.alias), writer = iif(alias IS excluded.alias, writer, excluded.writer)`,
        row.circleId,
        row.alias,
        row.name,
        row.document,
        row.createdAtMs,
        row.alias === null ? 0 : 1,
        sql.get<{ value: string }>(WRITER)?.value ?? '',
      )
    },
    /** Take the name that another own device gave. @returns false when what is here is later, or the circle is not here. */
    mergeAlias({ circleId, alias, version, writer }: WrittenCircle): boolean {
      const before = sql.get<Written>('SELECT version, writer FROM circle WHERE circle_id = ?', circleId)
      if (before === null || !isLater({ version, writer }, before)) return false
      sql.run(
        'UPDATE circle SET alias = ?, version = ?, writer = ? WHERE circle_id = ?',
        alias,
        version,
        writer,
        circleId,
      )
      return true
    },
    /** @returns false when there is no such circle. */
    setDocument: (circle: CircleId, document: Uint8Array): boolean =>
      sql.run('UPDATE circle SET document = ? WHERE circle_id = ?', document, circle) > 0,
    /** Keep a verified entry. It never leaves; the same one twice is one. @returns false when it was there. */
    addEntry: (circle: CircleId, hash: string, wire: Uint8Array): boolean =>
      sql.run(
        'INSERT INTO circle_entry (circle_id, hash, wire, verified) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        circle,
        hash,
        wire,
        ENTRY_RULES,
      ) > 0,
    /** What an earlier version stored holds by the rules of this one too. */
    setVerified: (seq: number): void =>
      void sql.run('UPDATE circle_entry SET verified = ? WHERE seq = ?', ENTRY_RULES, seq),
    putWish(circle: CircleId, wish: CircleWish): void {
      sql.run(
        `INSERT INTO circle_wish (circle_id, did, role) VALUES (?, ?, ?)
         ON CONFLICT DO UPDATE SET role = excluded.role`,
        circle,
        wish.did,
        wish.role,
      )
    },
    deleteWish: (circle: CircleId, did: Did): boolean =>
      sql.run('DELETE FROM circle_wish WHERE circle_id = ? AND did = ?', circle, did) > 0,
    /** Forget a circle whole: name, document, wishes, entries. */
    delete(circle: CircleId): boolean {
      sql.run('DELETE FROM circle_entry WHERE circle_id = ?', circle)
      return sql.run('DELETE FROM circle WHERE circle_id = ?', circle) > 0
    },
  }
}
