/** One file of an import: bytes in, conversations stored in batches, a report that adds up. */
import { setImmediate as turn } from 'node:timers/promises'
import type { Result } from '../../core/contract/methods.ts'
import {
  type ImportEvent,
  type ImportPorts,
  isCompanion,
  readExport,
} from '../../core/conversation/read-export.ts'
import type { Shelf } from '../../core/conversation/shelf.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { ImportedConversation } from '../../core/model/conversation.ts'
import type { Did } from '../../core/model/id.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import { makeByteQueue } from './byte-queue.ts'

type FileReport = Result<'import.endFile'>

/** One transaction holds about so many messages: each leaves a piece of the index that must be merged with others, so that few
 *  large ones cost less; no more, for the memory and for other calls, which wait for it. */
const BATCH_MESSAGES = 2_000
/** Or so many characters, so that memory stays bounded where messages are long. */
const BATCH_CHARACTERS = 3 << 19
/** Records that are named in `skipped` one by one; a last entry stands for the rest. */
const NAMED_SKIPPED = 10_000

/** Where what cannot be read as it streams in is put. */
export interface ImportPlaces extends Required<Pick<ImportPorts, 'spool' | 'database'>> {
  /** One for each file. */
  shelf(): Shelf & { close(): void }
}

export interface FileImport {
  /** Feed the next bytes. Resolves when there is room for more. @throws `storage/full` and what else storing failed with */
  push(bytes: Uint8Array): Promise<void>
  /** No more bytes. @returns the report once everything is committed, and whether the file is one that holds no conversations.
   *  @throws like `push` */
  end(): Promise<{ report: FileReport; skipped: number; isCompanion: boolean }>
  /** Stop; what was committed stays. */
  abort(reason: unknown): void
  progress(): { receivedBytes: number; read: number; messages: number; enough: boolean }
}

export function makeFileImport(
  label: string,
  owner: Did,
  store: Pick<ConversationStore, 'importConversations' | 'putAsset'>,
  places: ImportPlaces,
  mainBytes: number | null = null,
): FileImport {
  const queue = makeByteQueue()
  const tally = { imported: 0, updated: 0, unchanged: 0, empty: 0, skipped: 0 }
  const formats = new Set<string>()
  const named: FileReport['skipped'] = []
  const notes: NonNullable<FileReport['notes']> = []
  let batch: ImportedConversation[] = []
  let batchMessages = 0
  let batchCharacters = 0
  let receivedBytes = 0
  let messages = 0
  let isDone = false
  let holdsNone = false
  let failure: { error: unknown } | null = null

  const skip = (where: string, reason: string) => {
    tally.skipped += 1
    if (named.length < NAMED_SKIPPED) named.push({ where, reason })
  }
  const flush = async () => {
    if (batch.length === 0) return
    const full = batch
    batch = []
    batchMessages = 0
    batchCharacters = 0
    for (const outcome of store.importConversations(owner, full)) tally[outcome] += 1
    await turn()
  }
  const take = async (event: ImportEvent) => {
    if (event.kind === 'file') {
      if (event.format !== null) formats.add(event.format)
    } else if (event.kind === 'empty') tally.empty += 1
    else if (event.kind === 'skipped') skip(event.where, event.reason)
    else {
      if (event.note !== undefined && notes.length < NAMED_SKIPPED)
        notes.push({ where: event.where, note: event.note })
      batch.push(event.conversation)
      batchMessages += event.conversation.messages.length
      batchCharacters += charactersOf(event.conversation)
      messages += event.conversation.messages.length
      if (batchMessages >= BATCH_MESSAGES || batchCharacters >= BATCH_CHARACTERS) await flush()
    }
  }
  const run = async () => {
    const shelf = places.shelf()
    const ports: ImportPorts = {
      ...places,
      shelf,
      assets: { put: async (bytes, mime) => store.putAsset(owner, bytes, mime) },
    }
    try {
      const file = { label, bytes: queue.bytes, ...(mainBytes === null ? {} : { mainBytes }) }
      for await (const event of readExport(file, ports)) await take(event)
      await flush()
    } catch (error) {
      // What cannot be read ends this file, after what was good in it; anything else ends the import.
      const code = codeOf(error)
      if (code !== 'import/unreadable' && code !== 'import/limit') throw error
      await flush()
      holdsNone = isCompanion(error)
      const { message } = error as Error
      // The report names the file already.
      skip('file', message.startsWith(`${label} `) ? message.slice(label.length + 1) : message)
    } finally {
      shelf.close()
    }
  }
  const finished = run()
    .catch(error => {
      failure = { error }
    })
    .finally(() => {
      isDone = true
      queue.fail(new Error('the file is done'))
    })

  return {
    async push(bytes) {
      receivedBytes += bytes.length
      await queue.push(bytes)
      if (failure !== null) throw failure.error
    },
    async end() {
      queue.end()
      await finished
      if (failure !== null) throw (failure as { error: unknown }).error
      const { imported, updated, unchanged, empty, skipped } = tally
      if (skipped > named.length) {
        const rest = skipped - named.length
        named.push({ where: 'file', reason: `${rest} more records that are not named here` })
      }
      const report: FileReport = {
        path: label,
        format: formats.size === 0 ? null : [...formats].join('+'),
        read: imported + updated + unchanged + empty + skipped,
        imported,
        updated,
        unchanged,
        empty,
        skipped: named,
        ...(notes.length === 0 ? {} : { notes }),
      }
      return { report, skipped, isCompanion: holdsNone }
    },
    abort: reason => queue.fail(reason),
    progress: () => {
      const { imported, updated, unchanged, empty, skipped } = tally
      const read = imported + updated + unchanged + empty + skipped + batch.length
      return { receivedBytes, read, messages, enough: isDone }
    },
  }
}

/** As many as fill a batch at most: the parts of a long session are not in memory. */
function charactersOf(conversation: ImportedConversation): number {
  let characters = 0
  for (const message of conversation.messages) {
    if (characters >= BATCH_CHARACTERS) break
    for (const part of message.parts)
      for (const value of Object.values(part)) if (typeof value === 'string') characters += value.length
  }
  return characters
}
