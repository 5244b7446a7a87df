/** Tables `conversation` and `message`, for writing: imports that can be repeated, opened shares, removal. */
import { createHash } from 'node:crypto'
import { conversationId } from '../../../core/conversation/conversation-id.ts'
import { sameBytes } from '../../../core/kernel/bytes.ts'
import type { ImportedConversation, ImportedMessage, Part, Role } from '../../../core/model/conversation.ts'
import type { ShareId } from '../../../core/model/id.ts'
import type { WritingSql } from '../sqlite.ts'
import { isRicher, leafOf, mergePlaces } from './conversation-merge.ts'
import { type ConversationRow, makeConversationReader } from './conversation-table.ts'
import { INDEXED_COLUMNS, type IndexedMessage, makeMessageIndex } from './message-index.ts'
import {
  makeMessageRows,
  type Prepared,
  placed,
  prepare,
  prepareAll,
  timeOf,
  type Within,
} from './message-rows.ts'

export type Imported = 'imported' | 'updated' | 'unchanged'

/** What an opened share brings. */
export interface ReceivedConversation {
  title: string | null
  createdAtMs: number | null
  messages: { index: number; role: Role; createdAtMs: number | null; parts: Part[] }[]
}

interface StoredMessage {
  seq: number
  id: string
  parent: string | null
  ordinal: number
  branch: string
  hidden: number
  createdAtMs: number | null
  hash: Uint8Array
}

export function makeConversationWriter(sql: WritingSql) {
  const reader = makeConversationReader(sql)
  const index = makeMessageIndex(sql)
  const rows = makeMessageRows(sql, index)

  const rowOf = (id: string): ConversationRow | null =>
    sql.get<ConversationRow>('SELECT * FROM conversation WHERE id = ?', id)

  const within = (
    row: Pick<ConversationRow, 'seq' | 'provider' | 'updated_at_ms' | 'created_at_ms'>,
  ): Within => ({
    seq: row.seq,
    provider: row.provider,
    timeMs: row.updated_at_ms ?? row.created_at_ms,
  })

  const insertConversation = (
    row: Omit<ConversationRow, 'seq' | 'sort_ms' | 'message_count'>,
    messages: readonly Prepared[],
  ): void => {
    const seq = sql.insert(
      `INSERT INTO conversation (id, origin, provider, source_id, title, model, created_at_ms, updated_at_ms, sort_ms, leaf,
         meta, message_count, text_bytes, last_import) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?)`,
      row.id,
      row.origin,
      row.provider,
      row.source_id,
      row.title,
      row.model,
      row.created_at_ms,
      row.updated_at_ms,
      row.updated_at_ms ?? row.created_at_ms ?? 0,
      row.leaf,
      row.meta,
      row.last_import,
    )
    index.insertTitle(seq, row.title)
    messages.forEach((prepared, ordinal) => {
      rows.insert(within({ ...row, seq }), ordinal, prepared)
    })
    rows.count(seq)
  }

  /** Add what is new of an export to what is stored. @returns whether anything changed. */
  const merge = (row: ConversationRow, conversation: ImportedConversation, messages: Prepared[]): boolean => {
    const updatedAtMs = timeOf(conversation.updatedAtMs)
    const newer = (updatedAtMs ?? 0) >= (row.updated_at_ms ?? 0)
    const stored = sql.all<StoredMessage>(
      `SELECT seq, id, parent, ordinal, branch, hidden, created_at_ms AS createdAtMs, content_hash AS hash
       FROM message WHERE conversation = ? ORDER BY ordinal`,
      row.seq,
    )
    const offered = leafOf(conversation.messages)
    // An older export says where the active branch ends only where nothing else has said it.
    const leaf = newer ? (offered ?? row.leaf) : (row.leaf ?? offered)
    let changed = mergeHead(row, conversation, newer, leaf)

    const known = new Map(stored.map(message => [message.id, message]))
    const incoming = new Map(messages.map(prepared => [prepared.message.id, prepared]))
    const places = mergePlaces({
      stored,
      incoming: messages.map(({ message, createdAtMs }) => ({
        id: message.id,
        parent: message.parent,
        createdAtMs,
      })),
      newer,
      leaf,
    })
    let recount = false
    places.forEach((place, ordinal) => {
      const was = known.get(place.id)
      const now = incoming.get(place.id)
      if (!was) {
        if (!now) return
        rows.insert(within(row), ordinal, placed(now, place))
        recount = true
        return
      }
      if (was.parent !== place.parent || was.ordinal !== ordinal || was.branch !== place.branch) {
        sql.run(
          'UPDATE message SET parent = ?, ordinal = ?, branch = ? WHERE seq = ?',
          place.parent,
          ordinal,
          place.branch,
          was.seq,
        )
        changed = true
      }
      if (!now || sameBytes(was.hash, now.hash)) return
      const parts =
        sql.get<{ parts: string }>('SELECT parts FROM message WHERE seq = ?', was.seq)?.parts ?? '[]'
      if (isRicher(now.message.parts, JSON.parse(parts))) {
        rows.replace(within(row), was.seq, now, was.hidden === 1 || now.message.hidden)
        recount = true
      } else if (now.message.hidden && was.hidden === 0) {
        rows.hide(was.seq)
        changed = true
      }
    })
    if (recount) rows.count(row.seq)
    return changed || recount
  }

  const mergeHead = (
    row: ConversationRow,
    conversation: ImportedConversation,
    newer: boolean,
    leaf: string | null,
  ): boolean => {
    const [first, last] = newer
      ? [{ ...conversation, createdAtMs: timeOf(conversation.createdAtMs) }, headOf(row)]
      : [headOf(row), { ...conversation, createdAtMs: timeOf(conversation.createdAtMs) }]
    const title = first.title ?? last.title
    const model = first.model ?? last.model
    const createdAtMs = row.created_at_ms ?? timeOf(conversation.createdAtMs)
    const updatedAtMs = newer ? (timeOf(conversation.updatedAtMs) ?? row.updated_at_ms) : row.updated_at_ms
    const meta = JSON.stringify(sorted({ ...last.meta, ...first.meta }))
    const same =
      title === row.title &&
      model === row.model &&
      createdAtMs === row.created_at_ms &&
      updatedAtMs === row.updated_at_ms &&
      meta === row.meta &&
      leaf === row.leaf
    if (same) return false
    if (title !== row.title) {
      index.removeTitle(row.seq, row.title)
      index.insertTitle(row.seq, title)
    }
    sql.run(
      `UPDATE conversation SET title = ?, model = ?, created_at_ms = ?, updated_at_ms = ?, sort_ms = ?, meta = ?, leaf = ?
       WHERE seq = ?`,
      title,
      model,
      createdAtMs,
      updatedAtMs,
      updatedAtMs ?? createdAtMs ?? 0,
      meta,
      leaf,
      row.seq,
    )
    return true
  }

  const importOne = (conversation: ImportedConversation): Imported => {
    const messages = prepareAll(distinct(conversation.messages))
    const lastImport = fingerprint(conversation, messages)
    const id = conversationId(conversation.provider, conversation.sourceId)
    const row = rowOf(id)
    if (!row) {
      insertConversation(
        {
          id,
          origin: 'own',
          provider: conversation.provider,
          source_id: conversation.sourceId,
          title: conversation.title,
          model: conversation.model,
          created_at_ms: timeOf(conversation.createdAtMs),
          updated_at_ms: timeOf(conversation.updatedAtMs),
          leaf: leafOf(conversation.messages),
          meta: JSON.stringify(sorted(conversation.meta)),
          last_import: lastImport,
        },
        messages,
      )
      return 'imported'
    }
    if (wasSeen(row.last_import, lastImport)) return 'unchanged'
    if (!merge(row, conversation, messages)) return 'unchanged'
    const seen = Buffer.concat([lastImport, row.last_import ?? Buffer.alloc(0)])
    sql.run(
      'UPDATE conversation SET last_import = ? WHERE seq = ?',
      seen.subarray(0, SEEN_EXPORTS * FINGERPRINT_BYTES),
      row.seq,
    )
    return 'updated'
  }

  return {
    ...reader,

    /** Store a conversation, or add to the stored one what is new in it. */
    import: (conversation: ImportedConversation): Imported => index.following(() => importOne(conversation)),

    /** As `import`, for many at once, which costs less. @returns one answer for each */
    importAll: (batch: readonly ImportedConversation[]): Imported[] =>
      index.following(() => batch.map(importOne)),

    /** Store an opened share under its own id, so that search finds it. Again: the first stays. @returns false then. */
    putReceived(share: ShareId, received: ReceivedConversation): boolean {
      if (rowOf(share)) return false
      const messages = received.messages.map((message, i) =>
        prepare({
          id: String(message.index),
          parent: i === 0 ? null : String(received.messages[i - 1]?.index),
          role: message.role,
          author: null,
          createdAtMs: message.createdAtMs,
          branch: 'main',
          hidden: false,
          model: null,
          parts: message.parts,
        }),
      )
      const row = {
        id: share,
        origin: 'received',
        provider: 'vivim',
        source_id: share,
        title: received.title,
        model: null,
        created_at_ms: timeOf(received.createdAtMs),
        updated_at_ms: null,
        leaf: messages.at(-1)?.message.id ?? null,
        meta: '{}',
        last_import: null,
      } as const
      index.following(() => insertConversation(row, messages))
      return true
    },

    /** A step towards leaving no word of what was removed. @returns true when nothing is left to do */
    purgeStep: (): boolean => index.purgeStep(),

    /** Remove a conversation or an opened share with its messages and its part of the index. Its text is in no file any more
     *  once `purgeStep` has said that nothing is left and the database was compacted. @returns the assets that nothing needs any more, or null when there was none. */
    remove(id: string): string[] | null {
      const row = rowOf(id)
      if (!row) return null
      const messages = sql.all<IndexedMessage>(
        `SELECT ${INDEXED_COLUMNS} FROM message JOIN conversation ON conversation.seq = message.conversation
         WHERE conversation.seq = ?`,
        row.seq,
      )
      const assets = sql.all<{ sha256: string }>(
        'SELECT sha256 FROM asset_use WHERE conversation = ?',
        row.seq,
      )
      index.removeAll(messages)
      index.removeTitle(row.seq, row.title)
      sql.run('DELETE FROM asset_use WHERE conversation = ?', row.seq)
      sql.run('DELETE FROM message WHERE conversation = ?', row.seq)
      sql.run('DELETE FROM conversation WHERE seq = ?', row.seq)
      const orphans = assets
        .map(asset => asset.sha256)
        .filter(sha256 => sql.get('SELECT 1 FROM asset_use WHERE sha256 = ?', sha256) === null)
      for (const sha256 of orphans) sql.run('DELETE FROM asset WHERE sha256 = ?', sha256)
      return orphans
    },
  }
}

/** Of several messages with one id the first counts. */
function distinct(messages: readonly ImportedMessage[]): ImportedMessage[] {
  const byId = new Map<string, ImportedMessage>()
  for (const message of messages) if (!byId.has(message.id)) byId.set(message.id, message)
  return [...byId.values()]
}

const FINGERPRINT_BYTES = 32
/** A file may hold one conversation several times, each time with another title and the same date: without a memory of
 *  all of them they would take turns at every import. More than any export was seen to repeat one. */
const SEEN_EXPORTS = 16

/** Whether this export is one of those that were merged last: it has nothing to add. */
function wasSeen(seen: Uint8Array | null, fingerprint: Uint8Array): boolean {
  for (let at = 0; seen !== null && at < seen.length; at += FINGERPRINT_BYTES)
    if (sameBytes(seen.subarray(at, at + FINGERPRINT_BYTES), fingerprint)) return true
  return false
}

/** 32 bytes over a whole export of a conversation: the same again is known without a look at the messages. */
function fingerprint(conversation: ImportedConversation, messages: readonly Prepared[]): Uint8Array {
  const { provider, sourceId, title, model, createdAtMs, updatedAtMs, meta } = conversation
  const hash = createHash('sha256')
  hash.update(JSON.stringify([provider, sourceId, title, model, createdAtMs, updatedAtMs, sorted(meta)]))
  for (const prepared of messages) {
    const { id, parent, branch } = prepared.message
    hash.update(JSON.stringify([id, parent, branch])).update(prepared.hash)
  }
  return hash.digest()
}

const sorted = (meta: Readonly<Record<string, string>>): Record<string, string> =>
  Object.fromEntries(Object.entries(meta).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)))

const headOf = (row: ConversationRow): Pick<ImportedConversation, 'title' | 'model' | 'meta'> => ({
  title: row.title,
  model: row.model,
  meta: JSON.parse(row.meta),
})
