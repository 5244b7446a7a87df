/** Tables `collection` and `collection_item`: notebooks and bundles, each an ordered list of copied units, notes and references. */

import type { Part, Role } from '../../../core/model/conversation.ts'
import type { AcuKind } from '../../../core/model/library.ts'
import type { Sql, WritingSql } from '../sqlite.ts'
import { onlyOne, prefixEnd } from './selector.ts'

export type CollectionKind = 'notebook' | 'bundle'

export interface CollectionRow {
  seq: number
  /** 26 characters of base32. */
  id: string
  kind: CollectionKind
  name: string
  createdAtMs: number
  updatedAtMs: number
  items: number
}

/** A unit as it was when it was added. */
export interface UnitCopy {
  kind: AcuKind
  lang: string | null
  text: string
  contentHash: string
  role: Role
  /** Of its conversation. */
  title: string | null
  messageId: string
  messageIndex: number
  /** Its messages with that of their parts which is the unit. */
  messages: { role: Role; createdAtMs: number | null; parts: Part[] }[]
}

export interface ItemRow {
  id: string
  kind: 'unit' | 'note' | 'memory' | 'notebook'
  /** The id of the unit, memory or notebook; null for a note. */
  ref: string | null
  /** The text of a note, or what was written beside a unit. */
  note: string | null
  unit: UnitCopy | null
  /** The conversation of a unit. */
  conversation: string | null
  addedAtMs: number
}

interface Stored {
  seq: number
  id: string
  kind: CollectionKind
  name: string
  created_at_ms: number
  updated_at_ms: number
  items: number
}
interface StoredItem extends Omit<ItemRow, 'unit' | 'addedAtMs'> {
  unit: string | null
  added_at_ms: number
}

const rowOf = ({ created_at_ms, updated_at_ms, ...row }: Stored): CollectionRow => ({
  ...row,
  createdAtMs: created_at_ms,
  updatedAtMs: updated_at_ms,
})

const SELECT = `SELECT seq, id, kind, name, created_at_ms, updated_at_ms,
  (SELECT count(*) FROM collection_item WHERE collection = collection.seq) AS items FROM collection`

export function makeCollectionReader(sql: Sql) {
  return {
    /** By name. */
    list: (kind: CollectionKind): CollectionRow[] =>
      sql.all<Stored>(`${SELECT} WHERE kind = ? ORDER BY name COLLATE NOCASE, name`, kind).map(rowOf),

    /** By name, which goes first, or by id or unique beginning of one. */
    find(kind: CollectionKind, selector: string): CollectionRow | 'ambiguous' | null {
      const named = sql.all<Stored>(`${SELECT} WHERE kind = ? AND name = ?`, kind, selector)
      const rows =
        named.length > 0 || selector === ''
          ? named
          : sql.all<Stored>(
              `${SELECT} WHERE kind = ? AND id >= ? AND id < ? LIMIT 2`,
              kind,
              selector,
              prefixEnd(selector),
            )
      const found = onlyOne(rows)
      return found === null || found === 'ambiguous' ? found : rowOf(found)
    },

    get(id: string): CollectionRow | null {
      const row = sql.get<Stored>(`${SELECT} WHERE id = ?`, id)
      return row && rowOf(row)
    },

    /** In order. */
    items: (collection: number): ItemRow[] =>
      sql
        .all<StoredItem>(
          'SELECT id, kind, ref, note, unit, conversation, added_at_ms FROM collection_item WHERE collection = ? ORDER BY seq',
          collection,
        )
        .map(({ unit, added_at_ms, ...row }) => ({
          ...row,
          unit: unit === null ? null : JSON.parse(unit),
          addedAtMs: added_at_ms,
        })),

    /** Which collections keep copies of a conversation's units, and how many. */
    keeping: (conversation: string): { id: string; name: string; items: number }[] =>
      sql.all(
        `SELECT collection.id, name, count(*) AS items FROM collection_item JOIN collection
           ON collection.seq = collection_item.collection
         WHERE conversation = ? GROUP BY collection.seq ORDER BY name`,
        conversation,
      ),
  }
}

export function makeCollectionWriter(sql: WritingSql) {
  return {
    ...makeCollectionReader(sql),

    create: ({ id, kind, name, createdAtMs }: Omit<CollectionRow, 'seq' | 'items' | 'updatedAtMs'>): void => {
      sql.run(
        'INSERT INTO collection (id, kind, name, created_at_ms, updated_at_ms) VALUES (?, ?, ?, ?, ?)',
        id,
        kind,
        name,
        createdAtMs,
        createdAtMs,
      )
    },

    /** Put an item at the end. @returns false when what it names is in it already. */
    add(collection: number, item: ItemRow): boolean {
      return (
        sql.run(
          `INSERT INTO collection_item (collection, id, kind, ref, note, unit, conversation, added_at_ms)
           VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (collection, kind, ref) DO NOTHING`,
          collection,
          item.id,
          item.kind,
          item.ref,
          item.note,
          item.unit && JSON.stringify(item.unit),
          item.conversation,
          item.addedAtMs,
        ) > 0
      )
    },

    /** Write another note beside a unit that is in it. @returns false when it is the same. */
    setNote: (collection: number, ref: string, note: string): boolean =>
      sql.run(
        'UPDATE collection_item SET note = ? WHERE collection = ? AND ref = ? AND note IS NOT ?',
        note,
        collection,
        ref,
        note,
      ) > 0,

    touch: (collection: number, atMs: number): void => {
      sql.run('UPDATE collection SET updated_at_ms = ? WHERE seq = ?', atMs, collection)
    },

    removeItem: (id: string): boolean => sql.run('DELETE FROM collection_item WHERE id = ?', id) > 0,

    /** Take a memory or notebook that is no more out of every bundle. */
    forget: (kind: 'memory' | 'notebook', ref: string): void => {
      sql.run('DELETE FROM collection_item WHERE kind = ? AND ref = ?', kind, ref)
    },

    delete: (collection: number): boolean => sql.run('DELETE FROM collection WHERE seq = ?', collection) > 0,
  }
}
