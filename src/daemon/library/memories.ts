/** Memories: short statements that the user keeps, accepts or turns down. Nothing makes one by itself, and none leaves by itself. */

import type { MemoryState } from '../../core/contract/library-shapes.ts'
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import { rememberedIn, rememberedInExport } from '../../core/conversation/remembered.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { AcuId, type Did, isoTime, MemoryId } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { MemoryRow } from '../storage/user/memory-table.ts'
import type { UserReader, UserWriter } from '../storage/user/tables.ts'
import type { Acus } from './acus.ts'
import { memoryOf } from './collections.ts'
import { folded } from './folded.ts'

/** Lists and searches read all of them. */
const MAX_MEMORIES = 10_000

type Memory = Result<'memory.show'>
type Source = Pick<MemoryRow, 'conversation' | 'message' | 'acu'>

const NOWHERE: Source = { conversation: null, message: null, acu: null }

export interface MemoriesDeps {
  users: UserDatabaseManager
  acus: Acus
  clock: Clock
  chance: Chance
}

export function makeMemories({ users, acus, clock, chance }: MemoriesDeps) {
  function sourceOf(local: Did, { acu, conversation }: ParsedParams<'memory.add'>): Source {
    if (acu !== undefined) {
      const [found] = acus.findOwn(local, [acu])
      return found
        ? { conversation: found.head.id, message: found.acu.messageId, acu: found.acu.id }
        : NOWHERE
    }
    if (conversation === undefined) return NOWHERE
    return { ...NOWHERE, conversation: acus.ofOwn(local, conversation).head.id }
  }

  function add(db: UserWriter, fields: Pick<MemoryRow, 'kind' | 'state' | 'text'> & Source): MemoryRow {
    if (db.memories.count() >= MAX_MEMORIES)
      throw new VivimError('library/full', `there are ${MAX_MEMORIES} memories`, { max: MAX_MEMORIES })
    const nowMs = clock.nowMs()
    const row = { ...fields, id: toBase32(chance.bytes(16)), createdAtMs: nowMs, updatedAtMs: nowMs }
    db.memories.put(row)
    return row
  }

  /** Change one, where it differs. */
  function change(
    local: Did,
    selector: string,
    to: (row: MemoryRow, db: UserReader) => Partial<Pick<MemoryRow, 'kind' | 'state' | 'text'>>,
  ): Memory & { changed: boolean } {
    const done = users.write(local, db => {
      const was = memoryOf(db, selector)
      const row = { ...was, ...to(was, db) }
      if (row.kind === was.kind && row.state === was.state && row.text === was.text)
        return { row: was, changed: false, rewritten: false }
      const now = { ...row, updatedAtMs: clock.nowMs() }
      db.memories.put(now)
      return { row: now, changed: true, rewritten: row.text !== was.text }
    })
    if (done.rewritten) users.compact(local)
    return { ...shown(done.row), changed: done.changed }
  }

  const decide = (state: MemoryState) => (local: Did, selector: string) =>
    change(local, selector, () => ({ state }))

  return {
    /** What is said already in these words is kept from now on, as the kind that is asked for. */
    add(local: Did, p: ParsedParams<'memory.add'>): Result<'memory.add'> {
      const text = trimmed(p.text)
      const source = sourceOf(local, p)
      return users.write(local, db => {
        const there = db.memories.saying(text)
        if (!there) {
          const kind = p.kind ?? 'factual'
          return { ...shown(add(db, { kind, state: 'kept', text, ...source })), changed: true }
        }
        const kind = p.kind ?? there.kind
        if (there.state === 'kept' && there.kind === kind) return { ...shown(there), changed: false }
        const kept: MemoryRow = { ...there, kind, state: 'kept', updatedAtMs: clock.nowMs() }
        db.memories.put(kept)
        return { ...shown(kept), changed: true }
      })
    },

    list(local: Did, { kind, state, query }: ParsedParams<'memory.list'>): Result<'memory.list'> {
      const words = folded(query ?? '')
        .split(/\s+/)
        .filter(word => word !== '')
      const memories = users
        .read(local, db => db.memories.list())
        .filter(
          row =>
            (kind === undefined || row.kind === kind) &&
            (state === undefined ? row.state !== 'rejected' : row.state === state) &&
            words.every(word => folded(row.text).includes(word)),
        )
      return { memories: memories.map(shown) }
    },

    show: (local: Did, selector: string): Memory => shown(users.read(local, db => memoryOf(db, selector))),

    edit(local: Did, p: ParsedParams<'memory.edit'>): Result<'memory.edit'> {
      if (p.text === undefined && p.kind === undefined)
        throw new VivimError('usage/invalid', 'say what to change: --text, --kind or both')
      return change(local, p.memory, (was, db) => {
        const text = p.text === undefined ? was.text : trimmed(p.text)
        const other = db.memories.saying(text)
        if (other && other.id !== was.id)
          throw new VivimError('memory/exists', 'another memory says this already', { memoryId: other.id })
        return { text, kind: p.kind ?? was.kind }
      })
    },

    accept: decide('kept'),
    reject: decide('rejected'),

    remove(local: Did, selector: string): Result<'memory.remove'> {
      const { id } = users.write(local, db => {
        const row = memoryOf(db, selector)
        db.collections.forget('memory', row.id)
        db.memories.delete(row.id)
        return row
      })
      users.compact(local)
      return { memoryId: MemoryId.parse(id), changed: true }
    },

    /** What was proposed before, and kept or turned down, is not proposed again. */
    propose(local: Did, { conversation, file }: ParsedParams<'memory.propose'>): Result<'memory.propose'> {
      if ((conversation === undefined) === (file === undefined))
        throw new VivimError('usage/invalid', 'name a conversation or a file')
      const cut = conversation === undefined ? null : acus.ofOwn(local, conversation)
      const remembered = cut ? rememberedIn(cut.messages) : rememberedInExport(file ?? '')
      const proposed = users.write(local, db =>
        remembered.flatMap(({ text, messageId, kind }) => {
          if (db.memories.saying(text)) return []
          const source = { conversation: cut?.head.id ?? null, message: messageId, acu: null }
          return [add(db, { kind, state: 'proposed', text, ...source })]
        }),
      )
      return { proposed: proposed.map(shown), changed: proposed.length > 0 }
    },
  }
}

export type Memories = ReturnType<typeof makeMemories>

/** @throws `usage/invalid` for nothing but blanks. */
function trimmed(text: string): string {
  const words = text.toWellFormed().trim()
  if (words === '') throw new VivimError('usage/invalid', 'a memory needs words')
  return words
}

const shown = (row: MemoryRow): Memory => ({
  memoryId: MemoryId.parse(row.id),
  kind: row.kind,
  state: row.state,
  text: row.text,
  source:
    row.conversation === null
      ? null
      : {
          conversationId: row.conversation,
          messageId: row.message,
          acuId: row.acu === null ? null : AcuId.parse(row.acu),
        },
  createdAt: isoTime(row.createdAtMs),
  updatedAt: isoTime(row.updatedAtMs),
})
