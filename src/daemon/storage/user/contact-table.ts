/** Tables `contact` and `contact_change`: people by DID, with the alias that the user gave, what their card said, and what changed
 *  of their identity. */

import type { ContactChange as ContactChangeKind } from '../../../core/contract/people-shapes.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { Did } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'
import { isLater, WRITER, type Written } from './written.ts'

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
  version: number
  writer: string
}

/** A contact as own devices tell each other of it; no row: the contact was removed. */
export interface WrittenContact extends Written {
  did: Did
  row: ContactRow | null
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
    /** By alias, DID, or unique beginning of a DID, with or without `did:key:`. An alias goes before any DID. */
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
    /** What is known of a contact, also that it was removed; null: it never was one. */
    written(did: Did): WrittenContact | null {
      const row = sql.get<Stored>('SELECT * FROM contact WHERE did = ?', did)
      if (row) return { did, version: row.version, writer: row.writer, row: rowOf(row) }
      const gone = sql.get<Written>('SELECT version, writer FROM contact_gone WHERE did = ?', did)
      return gone && { did, ...gone, row: null }
    },
    /** All of them, also those that were removed. */
    allWritten: (): WrittenContact[] => [
      ...sql
        .all<Stored>('SELECT * FROM contact')
        .map(row => ({ did: Did.parse(row.did), version: row.version, writer: row.writer, row: rowOf(row) })),
      ...sql
        .all<Written & { did: string }>('SELECT did, version, writer FROM contact_gone')
        .map(gone => ({ ...gone, did: Did.parse(gone.did), row: null })),
    ],
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
  const reader = makeContactReader(sql)

  function store(row: ContactRow, { version, writer }: Written): void {
    sql.run(
      `INSERT INTO contact (did, alias, state, card, dir, read_secret, peers, added_at_ms, last_seen_ms, card_at_ms,
         moved_to, moved_card, by_invite, version, writer) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
       ON CONFLICT DO UPDATE SET alias = excluded.alias, state = excluded.state, card = excluded.card,
         dir = excluded.dir, read_secret = excluded.read_secret, peers = excluded.peers,
         added_at_ms = excluded.added_at_ms, last_seen_ms = excluded.last_seen_ms,
         card_at_ms = excluded.card_at_ms, moved_to = excluded.moved_to, moved_card = excluded.moved_card,
         by_invite = excluded.by_invite, version = excluded.version, writer = excluded.writer`,
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
      version,
      writer,
    )
    sql.run('DELETE FROM contact_gone WHERE did = ?', row.did)
  }

  function bury(did: Did, { version, writer }: Written): void {
    sql.run('DELETE FROM contact WHERE did = ?', did)
    sql.run(
      'INSERT OR REPLACE INTO contact_gone (did, version, writer) VALUES (?, ?, ?)',
      did,
      version,
      writer,
    )
  }

  const own = (): string => sql.get<{ value: string }>(WRITER)?.value ?? ''

  return {
    ...reader,
    /** Add or replace. What a person decides goes before what the node writes down by itself, such as a stranger who wrote. */
    put(row: ContactRow): void {
      const before = reader.written(row.did)
      const same =
        before?.row != null &&
        before.row.alias === row.alias &&
        before.row.state === row.state &&
        before.row.card === row.card &&
        before.row.movedTo === row.movedTo &&
        before.row.byInvite === row.byInvite
      const step = row.state === 'stranger' ? 1 : 2
      store(row, same ? before : { version: (before?.version ?? -1) + step, writer: own() })
    },
    /** Take what another own device wrote. @returns false when what is here is later. */
    merge(next: WrittenContact): boolean {
      const before = reader.written(next.did)
      if (before !== null && !isLater(next, before)) return false
      if (next.row === null) bury(next.did, next)
      else store({ ...next.row, lastSeenMs: before?.row?.lastSeenMs ?? next.row.lastSeenMs }, next)
      return true
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
    delete(did: Did): boolean {
      const before = reader.written(did)
      if (before?.row == null) return false
      bury(did, { version: before.version + 1, writer: own() })
      return true
    },
  }
}
