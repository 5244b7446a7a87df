/** Table `contact`: people by DID, with the alias that the user gave and what their card said. */
import { plain } from '../../../core/crypto/hash.ts'
import { Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

export type ContactState = 'known' | 'stranger' | 'verified' | 'blocked'

export interface ContactRow {
  did: Did
  /** The name that the user gave; null: none. */
  alias: string | null
  state: ContactState
  /** The card's text as it came, or null. */
  card: string | null
  /** 32 bytes, the directory key of the card, or null. */
  dir: Uint8Array | null
  /** 16 bytes, the read secret of the card, or null. */
  readSecret: Uint8Array | null
  /** Where their nodes were last known, best first. */
  peers: { peer: string; addrs: string[] }[]
  addedAtMs: number
  lastSeenMs: number | null
}

interface Stored {
  did: string
  alias: string | null
  state: ContactState
  card: string | null
  dir: Uint8Array | null
  read_secret: Uint8Array | null
  peers: string
  added_at_ms: number
  last_seen_ms: number | null
}

const rowOf = (row: Stored): ContactRow => ({
  did: Did.parse(row.did),
  alias: row.alias,
  state: row.state,
  card: row.card,
  dir: row.dir && plain(row.dir),
  readSecret: row.read_secret && plain(row.read_secret),
  peers: JSON.parse(row.peers),
  addedAtMs: row.added_at_ms,
  lastSeenMs: row.last_seen_ms,
})

const DID_START = 'did:key:'

export function makeContactReader(sql: Sql) {
  return {
    get(did: Did): ContactRow | null {
      const row = sql.get<Stored>('SELECT * FROM contact WHERE did = ?', did)
      return row && rowOf(row)
    },
    /** By alias, DID, or unique beginning of a DID, with or without `did:key:`. An alias is compared as it was given and goes
     *  before any DID. */
    find(selector: string): ContactRow | 'ambiguous' | null {
      const named = sql.all<Stored>('SELECT * FROM contact WHERE alias = ? LIMIT 2', selector)
      const begin = selector.startsWith(DID_START) ? selector : DID_START + selector
      const rows =
        named.length > 0 || selector === ''
          ? named
          : sql.all<Stored>(
              'SELECT * FROM contact WHERE did >= ? AND did < ? LIMIT 2',
              begin,
              prefixEnd(begin),
            )
      const found = onlyOne(rows)
      return found === null || found === 'ambiguous' ? found : rowOf(found)
    },
    /** By alias, then those without one, in the order of adding. */
    list(state?: ContactState): ContactRow[] {
      const rows = sql.all<Stored>(
        `SELECT * FROM contact WHERE state = coalesce(?, state)
         ORDER BY alias IS NULL, alias COLLATE NOCASE, added_at_ms, did`,
        state ?? null,
      )
      return rows.map(rowOf)
    },
  }
}

export function makeContactWriter(sql: WritingSql) {
  return {
    ...makeContactReader(sql),
    /** Add or replace. */
    put(row: ContactRow): void {
      sql.run(
        `INSERT OR REPLACE INTO contact (did, alias, state, card, dir, read_secret, peers, added_at_ms, last_seen_ms)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        row.did,
        row.alias,
        row.state,
        row.card,
        row.dir,
        row.readSecret,
        JSON.stringify(row.peers),
        row.addedAtMs,
        row.lastSeenMs,
      )
    },
    /** @returns false when there is no such contact. */
    seen: (did: Did, atMs: number): boolean =>
      sql.run(
        'UPDATE contact SET last_seen_ms = max(coalesce(last_seen_ms, 0), ?) WHERE did = ?',
        atMs,
        did,
      ) > 0,
    delete: (did: Did): boolean => sql.run('DELETE FROM contact WHERE did = ?', did) > 0,
  }
}
