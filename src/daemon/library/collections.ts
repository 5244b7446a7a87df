/** Notebooks and bundles: made, filled, emptied, and opened into the pieces that a share or a text is made of. */
import type { Piece } from '../../core/conversation/bundle-text.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { numbersIn } from '../../core/model/message-ranges.ts'
import type { CollectionKind, CollectionRow, ItemRow } from '../storage/user/collection-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { MemoryRow } from '../storage/user/memory-table.ts'
import type { UserReader } from '../storage/user/tables.ts'
import { type Acus, copyOf, type Located } from './acus.ts'

/** Of one notebook or bundle: more is not read by anybody, and a share of it would not be previewed. */
const MAX_ITEMS = 10_000

/** What is to be added, as the methods take it. */
export interface Adding {
  acus: readonly string[]
  conversation?: string | undefined
  /** Of the conversation, as `3-9,12`. */
  messages?: string | undefined
  text?: string | undefined
  note?: string | undefined
  memories?: readonly string[] | undefined
  notebooks?: readonly string[] | undefined
}

/** An item as it is shown, with what it stands for. */
export interface ShownItem {
  item: ItemRow
  memory: MemoryRow | null
  notebook: CollectionRow | null
}

export interface CollectionsDeps {
  users: UserDatabaseManager
  acus: Acus
  clock: Clock
  chance: Chance
}

/** To whoever named nothing, in the words of the command line; what only bundles take comes last. */
const NOTHING_NAMED =
  'say what to add: units by id, a conversation with --from, a note with --text; to a bundle also --memory and --notebook'

export function makeCollections({ users, acus, clock, chance }: CollectionsDeps) {
  const newId = (): string => toBase32(chance.bytes(16))

  /** @throws `notebook/not-found`, `bundle/not-found`, `id/ambiguous` */
  const find = (local: Did, kind: CollectionKind, selector: string): CollectionRow =>
    users.read(local, db => collectionOf(db, kind, selector))

  const item = (kind: ItemRow['kind'], ref: string | null, more: Partial<ItemRow> = {}): ItemRow => ({
    id: newId(),
    kind,
    ref,
    note: null,
    unit: null,
    conversation: null,
    addedAtMs: clock.nowMs(),
    ...more,
  })

  const unit = (located: Located, note: string | undefined): ItemRow =>
    item('unit', located.acu.id, {
      note: note ?? null,
      unit: copyOf(located),
      conversation: located.head.id,
    })

  /** The units of a conversation's messages, without exchanges, which would say the same again. */
  function unitsOfMessages(local: Did, { conversation, messages, note }: Adding): ItemRow[] {
    if (conversation === undefined) {
      if (messages === undefined) return []
      throw new VivimError('usage/invalid', 'say of which conversation the messages are')
    }
    const cut = acus.ofOwn(local, conversation)
    const numbers = messages === undefined ? null : numbersIn(messages, cut.byIndex.size)
    const wanted = cut.acus.filter(
      ({ kind, messageIndex }) => kind !== 'exchange' && (numbers === null || numbers[messageIndex] === 1),
    )
    if (wanted.length > MAX_ITEMS) throw full(`${wanted.length} units are more than ${MAX_ITEMS}`)
    return wanted.map(acu => unit({ ...cut, acu }, note))
  }

  function itemsOf(local: Did, p: Adding): ItemRow[] {
    const units = acus.findOwn(local, p.acus).map(located => unit(located, p.note))
    const others = users.read(local, db => [
      ...(p.memories ?? []).map(selector => {
        const memory = memoryOf(db, selector)
        if (memory.state !== 'kept')
          throw new VivimError('memory/not-kept', `that memory is ${memory.state}`, { state: memory.state })
        return item('memory', memory.id)
      }),
      ...(p.notebooks ?? []).map(selector => item('notebook', collectionOf(db, 'notebook', selector).id)),
    ])
    const text = p.text === undefined ? [] : [item('note', null, { note: p.text })]
    const all = [...text, ...units, ...unitsOfMessages(local, p), ...others]
    if (all.length === 0) throw new VivimError('usage/invalid', NOTHING_NAMED)
    return all
  }

  return {
    find,

    create(local: Did, kind: CollectionKind, name: string): { row: CollectionRow; changed: boolean } {
      return users.write(local, db => {
        const there = db.collections.list(kind).find(row => row.name === name)
        if (there) return { row: there, changed: false }
        db.collections.create({ id: newId(), kind, name, createdAtMs: clock.nowMs() })
        return { row: collectionOf(db, kind, name), changed: true }
      })
    },

    list: (local: Did, kind: CollectionKind): CollectionRow[] =>
      users.read(local, db => db.collections.list(kind)),

    show: (local: Did, kind: CollectionKind, selector: string): { row: CollectionRow; items: ShownItem[] } =>
      users.read(local, db => {
        const row = collectionOf(db, kind, selector)
        return { row, items: db.collections.items(row.seq).map(one => shownItem(db, one)) }
      }),

    /** @returns the collection as it is then, and how many items are new in it. */
    add(local: Did, kind: CollectionKind, selector: string, p: Adding) {
      const { seq } = find(local, kind, selector)
      const items = itemsOf(local, p)
      const nowMs = clock.nowMs()
      return users.write(local, db => {
        let added = 0
        let noted = 0
        for (const one of items) {
          if (db.collections.add(seq, one)) added++
          else if (one.note !== null && one.ref !== null && db.collections.setNote(seq, one.ref, one.note))
            noted++
        }
        const changed = added + noted > 0
        if (changed) db.collections.touch(seq, nowMs)
        const row = collectionOf(db, kind, selector)
        if (row.items > MAX_ITEMS) throw full(`a ${kind} holds at most ${MAX_ITEMS} items`)
        return { row, added, changed }
      })
    },

    /** @param selectors - ids of items or of what they stand for, or beginnings of them. @throws `id/ambiguous` */
    remove(local: Did, kind: CollectionKind, selector: string, selectors: readonly string[]) {
      const done = users.write(local, db => {
        const { seq } = collectionOf(db, kind, selector)
        const items = db.collections.items(seq)
        const ids = new Set(selectors.flatMap(one => itemOf(items, one) ?? []))
        for (const id of ids) db.collections.removeItem(id)
        if (ids.size > 0) db.collections.touch(seq, clock.nowMs())
        return { row: collectionOf(db, kind, selector), removed: ids.size, changed: ids.size > 0 }
      })
      if (done.changed) users.compact(local)
      return done
    },

    /** Nothing of it is in any file when it returns. */
    delete(local: Did, kind: CollectionKind, selector: string): CollectionRow {
      const row = users.write(local, db => {
        const found = collectionOf(db, kind, selector)
        if (kind === 'notebook') db.collections.forget('notebook', found.id)
        db.collections.delete(found.seq)
        return found
      })
      users.compact(local)
      return row
    },

    /** What it is made of, in order, notebooks opened. Memories count only while they are kept. */
    pieces: (local: Did, kind: CollectionKind, selector: string): { row: CollectionRow; pieces: Piece[] } =>
      users.read(local, db => {
        const row = collectionOf(db, kind, selector)
        return { row, pieces: piecesOf(db, row.seq) }
      }),
  }
}

export type Collections = ReturnType<typeof makeCollections>

const full = (message: string): VivimError => new VivimError('library/full', message, { max: MAX_ITEMS })

const NOT_FOUND = { notebook: 'notebook/not-found', bundle: 'bundle/not-found' } as const

function collectionOf(db: UserReader, kind: CollectionKind, selector: string): CollectionRow {
  const found = db.collections.find(kind, selector)
  if (found === 'ambiguous')
    throw new VivimError('id/ambiguous', `more than one ${kind} begins with “${selector}”`)
  if (found === null) throw new VivimError(NOT_FOUND[kind], `no ${kind} is called “${selector}”`)
  return found
}

/** @throws `memory/not-found`, `id/ambiguous` */
export function memoryOf(db: UserReader, selector: string): MemoryRow {
  const found = db.memories.find(selector)
  if (found === 'ambiguous')
    throw new VivimError('id/ambiguous', `more than one memory begins with “${selector}”`)
  if (found === null) throw new VivimError('memory/not-found', `no memory is called “${selector}”`)
  return found
}

function shownItem(db: UserReader, item: ItemRow): ShownItem {
  const memory = item.kind === 'memory' && item.ref !== null ? db.memories.find(item.ref) : null
  return {
    item,
    memory: memory === 'ambiguous' ? null : memory,
    notebook: item.kind === 'notebook' && item.ref !== null ? db.collections.get(item.ref) : null,
  }
}

/** @returns null when nothing in it is called so. */
function itemOf(items: readonly ItemRow[], selector: string): string | null {
  const found = items.filter(({ id, ref }) => id.startsWith(selector) || ref?.startsWith(selector))
  if (found.length > 1) throw new VivimError('id/ambiguous', `more than one item begins with “${selector}”`)
  return found[0]?.id ?? null
}

/** @param seen - what stands in it already: the same unit or memory twice is once. */
function piecesOf(db: UserReader, collection: number, seen = new Set<string>()): Piece[] {
  return db.collections.items(collection).flatMap((item): Piece[] => {
    const { memory, notebook } = shownItem(db, item)
    if (item.ref !== null) {
      if (seen.has(item.ref)) return []
      seen.add(item.ref)
    }
    if (item.kind === 'note') return [{ type: 'note', itemId: item.id, text: item.note ?? '' }]
    if (item.unit) {
      const { kind, lang, text, title, role, messages } = item.unit
      return [{ type: 'unit', itemId: item.id, kind, lang, text, title, role, note: item.note, messages }]
    }
    if (memory) {
      const { kind, text, state } = memory
      return state === 'kept' ? [{ type: 'memory', itemId: item.id, kind, text }] : []
    }
    return notebook ? piecesOf(db, notebook.seq, seen) : []
  })
}
