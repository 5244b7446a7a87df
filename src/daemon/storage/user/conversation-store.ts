/** Conversations of all users, as the daemon's methods and the pipeline use them. */
import { createHash } from 'node:crypto'
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmSync,
  writeSync,
} from 'node:fs'
import { join } from 'node:path'
import { setImmediate as turn } from 'node:timers/promises'
import type { Result } from '../../../core/contract/methods.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { VivimError } from '../../../core/kernel/errors.ts'
import type { ImportedConversation } from '../../../core/model/conversation.ts'
import { type Did, isoTime, type ShareId } from '../../../core/model/id.ts'
import { storageError } from '../storage-error.ts'
import type { AssetRow } from './asset-table.ts'
import type { Imported } from './conversation-import.ts'
import type { ConversationFilter, ConversationHead, MessageView } from './conversation-table.ts'
import type { UserDatabaseManager } from './manager.ts'
import type { UserWriter } from './tables.ts'

interface Whole {
  head: ConversationHead
  messages: MessageView[]
}

export interface ConversationStore {
  /** Store a batch in one transaction, on disk when it returns. @returns one answer for each. @throws `storage/full` */
  importConversations(did: Did, batch: readonly ImportedConversation[]): Imported[]
  /** @throws `query/invalid`, `usage/invalid` */
  list(did: Did, filter: ConversationFilter): Result<'conversation.list'>
  /** @throws `conversation/not-found`, `id/ambiguous` */
  show(
    did: Did,
    selector: string,
    all: { allBranches: boolean; hidden: boolean },
  ): Result<'conversation.show'>
  /** An own conversation with all its messages, for sharing. @throws `conversation/not-found`, `id/ambiguous` */
  whole(did: Did, selector: string): Whole
  /** The same for export, with its assets: also of what was opened from the inbox. @throws like `whole` */
  toExport(did: Did, selector: string): Whole & { assets: AssetRow[] }
  /** Bytes of an asset of a conversation from an offset on. @throws like `whole`, also for an asset that it does not have */
  assetPiece(did: Did, selector: string, sha256: string, offset: number, length: number): Uint8Array
  /** @throws `query/invalid` */
  search(did: Did, query: string, limit: number): Result<'conversation.search'>
  /** Remove an own conversation; its text is in no file any more when it returns, but for what notebooks and bundles keep.
   *  @returns its id, and those. @throws `conversation/not-found`, `id/ambiguous` */
  delete(did: Did, selector: string): Promise<Pick<Result<'conversation.delete'>, 'id' | 'keptIn'>>
  /** Remove what `remove` names in one transaction, with the opened texts of `shares`, before it returns for the first time;
   *  nothing of them is in any file when it is done. */
  forget(did: Did, shares: readonly ShareId[], remove: (db: UserWriter) => void): Promise<void>
  /** Finish removals that a crash has left unfinished, step by step with turns for others in between. */
  purge(did: Did): Promise<void>
  /** Keep the bytes of an asset. @returns their SHA-256, hex. */
  putAsset(did: Did, bytes: Uint8Array, mime: string | null): string
  /** null: not here, or no longer what its name says. */
  asset(did: Did, sha256: string): Uint8Array | null
  /** The first `bytes` bytes of an asset, unchecked; null: not here. */
  assetHead(did: Did, sha256: string, bytes: number): Uint8Array | null
  /** Remove assets that no conversation needs, such as those of an import that was broken off. @returns how many. */
  sweepAssets(did: Did): number
}

export function makeConversationStore(users: UserDatabaseManager): ConversationStore {
  const assetPath = (did: Did, sha256: string): string => join(users.folder(did), 'assets', sha256)
  const removeAssets = (did: Did, assets: readonly string[]): void => {
    for (const sha256 of assets) rmSync(assetPath(did, sha256), { force: true })
  }

  const purge = async (did: Did): Promise<void> => {
    while (!users.write(did, db => db.conversations.purgeStep())) await turn()
    users.compact(did)
  }

  return {
    importConversations: (did, batch) => users.write(did, db => db.conversations.importAll(batch)),

    list(did, filter) {
      const page = users.read(did, db => db.conversations.list(filter))
      return {
        conversations: page.conversations.map(head => ({
          id: head.id,
          title: head.title,
          opening: head.opening,
          provider: head.provider,
          model: head.model,
          createdAt: timeText(head.createdAtMs),
          updatedAt: timeText(head.updatedAtMs),
          messages: head.messageCount,
        })),
        next: page.next,
      }
    },

    show(did, selector, { allBranches, hidden }) {
      return users.read(did, db => {
        const head = db.conversations.find(selector, null)
        const messages = db.conversations
          .messages(head.id)
          .filter(message => (allBranches || message.branch === 'main') && (hidden || !message.hidden))
        return {
          id: head.id,
          title: head.title,
          provider: head.provider,
          model: head.model,
          createdAt: timeText(head.createdAtMs),
          messages: messages.map(message => ({
            id: message.id,
            index: message.index,
            role: message.role,
            createdAt: timeText(message.createdAtMs),
            hidden: message.hidden,
            branch: message.branch,
            parts: message.parts,
            text: message.text,
          })),
        }
      })
    },

    whole: (did, selector) =>
      users.read(did, db => {
        const head = db.conversations.find(selector, 'own')
        return { head, messages: db.conversations.messages(head.id) }
      }),

    toExport: (did, selector) =>
      users.read(did, db => {
        const head = db.conversations.find(selector, null)
        return { head, messages: db.conversations.messages(head.id), assets: db.assets.of(head.id) }
      }),

    assetPiece(did, selector, sha256, offset, length) {
      const isThere = users.read(did, db =>
        db.assets.of(db.conversations.find(selector, null).id).some(asset => asset.sha256 === sha256),
      )
      try {
        if (isThere) return piece(assetPath(did, sha256), offset, length)
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw storageError(error)
      }
      throw new VivimError('conversation/not-found', 'that conversation has no such asset')
    },

    search: (did, query, limit) => ({ hits: users.read(did, db => db.search.find(query, limit)) }),

    async delete(did, selector) {
      const { id } = users.read(did, db => db.conversations.find(selector, 'own'))
      const orphans = users.write(did, db => db.conversations.remove(id))
      removeAssets(did, orphans ?? [])
      await purge(did)
      return { id, keptIn: users.read(did, db => db.collections.keeping(id)) }
    },

    async forget(did, shares, remove) {
      const orphans = users.write(did, db => {
        const found = shares.flatMap(share => db.conversations.remove(share) ?? [])
        remove(db)
        return found
      })
      removeAssets(did, orphans)
      await purge(did)
    },

    purge,

    putAsset(did, bytes, mime) {
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      if (users.read(did, db => db.assets.get(sha256)) !== null) return sha256
      try {
        writeAsset(join(users.folder(did), 'assets'), sha256, bytes)
      } catch (error) {
        throw storageError(error)
      }
      users.write(did, db => db.assets.put({ sha256, mime, bytes: bytes.length }))
      return sha256
    },

    asset(did, sha256) {
      const row = users.read(did, db => db.assets.get(sha256))
      if (row === null) return null
      try {
        const bytes = readFileSync(assetPath(did, row.sha256))
        return createHash('sha256').update(bytes).digest('hex') === row.sha256 ? plain(bytes) : null
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw storageError(error)
      }
    },

    assetHead(did, sha256, bytes) {
      const row = users.read(did, db => db.assets.get(sha256))
      if (row === null) return null
      try {
        return piece(assetPath(did, row.sha256), 0, Math.min(bytes, row.bytes))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
        throw storageError(error)
      }
    },

    sweepAssets(did) {
      const unused = users.write(did, db => {
        const found = db.assets.unused()
        for (const sha256 of found) db.assets.delete(sha256)
        return found
      })
      const known = new Set(users.read(did, db => db.assets.list()).map(asset => asset.sha256))
      const stray = filesIn(join(users.folder(did), 'assets')).filter(name => !known.has(name))
      removeAssets(did, stray)
      return unused.length
    },
  }
}

const timeText = (ms: number | null): string | null => (ms === null ? null : isoTime(ms))

/** Whole under its name, or not there at all. */
function writeAsset(folder: string, sha256: string, bytes: Uint8Array): void {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const temporary = join(folder, `${sha256}.new`)
  const fd = openSync(temporary, 'w', 0o600)
  try {
    for (let at = 0; at < bytes.length; ) at += writeSync(fd, bytes, at)
    fsyncSync(fd)
  } finally {
    closeSync(fd)
  }
  renameSync(temporary, join(folder, sha256))
  const folderFd = openSync(folder, 'r')
  try {
    fsyncSync(folderFd)
  } finally {
    closeSync(folderFd)
  }
}

/** At most so many bytes of a file; fewer at its end. */
function piece(path: string, offset: number, length: number): Uint8Array {
  const bytes = new Uint8Array(length)
  const fd = openSync(path, 'r')
  try {
    let at = 0
    for (let got = -1; at < length && got !== 0; at += got)
      got = readSync(fd, bytes, at, length - at, offset + at)
    return bytes.subarray(0, at)
  } finally {
    closeSync(fd)
  }
}

function filesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return []
    throw storageError(error)
  }
}
