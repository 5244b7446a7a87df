/** Tables `contact` and `contact_change`: people by DID, with the alias that the user gave, what their card said, and what changed
 *  of their identity. */

import type { ContactChange as ContactChangeKind } from '../../../core/contract/people-shapes.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

/** A list of changes that is longer is not read by anybody. */
const MAX_CHANGES = 256

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
  /** When the card that is kept was made, as its owner said in a letter; 0: nobody said. */
  cardAtMs: number
  /** The DID that they moved to, by their recovery key; null: they did not. */
  movedTo: Did | null
  /** The card of that DID, where it came. */
  movedCard: string | null
  /** Known only because they used an invite of the user's: what they leave here has a bound. */
  byInvite: boolean
}

/** Something about a contact's identity that nobody looked at yet. */
export interface ContactChange {
  did: Did
  what: ContactChangeKind
  atMs: number
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
  card_at_ms: number
  moved_to: string | null
  moved_card: string | null
  by_invite: number
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
  cardAtMs: row.card_at_ms,
  movedTo: row.moved_to === null ? null : Did.parse(row.moved_to),
  movedCard: row.moved_card,
  byInvite: row.by_invite === 1,
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
    /** What nobody looked at yet, oldest first, of one contact or of all. */
    changes: (did?: Did): ContactChange[] =>
      sql
        .all<{ did: string; what: string; at_ms: number }>(
          `SELECT did, what, at_ms FROM contact_change WHERE seen = 0 AND did = coalesce(?, did)
           ORDER BY at_ms, did, what LIMIT ?`,
          did ?? null,
          MAX_CHANGES,
        )
        .map(row => ({
          did: Did.parse(row.did),
          what: row.what as ContactChangeKind,
          atMs: row.at_ms,
        })),
  }
}

export function makeContactWriter(sql: WritingSql) {
  return {
    ...makeContactReader(sql),
    /** Add or replace. */
    put(row: ContactRow): void {
      sql.run(
        `INSERT INTO contact (did, alias, state, card, dir, read_secret, peers, added_at_ms, last_seen_ms, card_at_ms,
           moved_to, moved_card, by_invite) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET alias = excluded.alias, state = excluded.state, card = excluded.card,
           dir = excluded.dir, read_secret = excluded.read_secret, peers = excluded.peers,
           added_at_ms = excluded.added_at_ms, last_seen_ms = excluded.last_seen_ms,
           card_at_ms = excluded.card_at_ms, moved_to = excluded.moved_to, moved_card = excluded.moved_card,
           by_invite = excluded.by_invite`,
        row.did,
        row.alias,
        row.state,
        row.card,
        row.dir,
        row.readSecret,
        JSON.stringify(row.peers),
        row.addedAtMs,
        row.lastSeenMs,
        row.cardAtMs,
        row.movedTo,
        row.movedCard,
        row.byInvite ? 1 : 0,
      )
    },
    /** Note what a document changed; the same document again says nothing new, also after somebody looked. @returns whether it is new. */
    addChange: (did: Did, document: string, what: ContactChangeKind, atMs: number): boolean =>
      sql.run(
        'INSERT INTO contact_change (did, document, what, at_ms) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING',
        did,
        document,
        what,
        atMs,
      ) > 0,
    /** Somebody looked. @returns whether there was anything to see. */
    seeChanges: (did: Did): boolean =>
      sql.run('UPDATE contact_change SET seen = 1 WHERE did = ? AND seen = 0', did) > 0,
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
