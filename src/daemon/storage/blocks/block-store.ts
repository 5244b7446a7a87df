/** Sealed blocks as files named by their CID, in folders by the CID's end; nothing here can be read without a key. */
import { mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cidMatches } from '../../../core/crypto/cid.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { Cid } from '../../../core/model/id.ts'
import type { BlockStore } from '../../../core/pipeline/ports.ts'
import { storageError } from '../storage-error.ts'

/** The first characters of all CIDs are alike; the last two spread evenly over 1,024 folders. */
const FOLDER_CHARS = 2
/** Where files are written before they get their name: no CID ends so. */
const UNNAMED = 'new'
/** Files synced at once: Node's file calls run in four threads. */
const SYNCED_AT_ONCE = 4

/** Open the store in `root`, which is made with mode 0700 where it is missing. What an interrupted `put` left is removed. */
export async function openBlockStore(root: string): Promise<BlockStore> {
  const unnamed = join(root, UNNAMED)
  await mkdir(root, { recursive: true, mode: 0o700 })
  await rm(unnamed, { recursive: true, force: true })
  await mkdir(unnamed, { mode: 0o700 })

  /** What is not known to be on disk: files, then the folders that name them. */
  let files = new Set<string>()
  let folders = new Set<string>()
  const madeFolders = new Set<string>()
  const running = new Map<Cid, Promise<void>>()
  let made = 0
  let lastSync: Promise<void> = Promise.resolve()
  /** Bytes of all blocks, once somebody has asked. */
  let total: Promise<{ bytes: number }> | null = null

  const folderOf = (cid: Cid): string => join(root, cid.slice(-FOLDER_CHARS))
  const pathOf = (cid: Cid): string => join(folderOf(cid), cid)

  async function* blocks(): AsyncGenerator<{ cid: Cid; path: string }> {
    for await (const folder of await opendir(root)) {
      if (!folder.isDirectory() || folder.name === UNNAMED) continue
      for await (const file of await opendir(join(root, folder.name))) {
        const cid = Cid.safeParse(file.name)
        if (file.isFile() && cid.success) yield { cid: cid.data, path: join(root, folder.name, file.name) }
      }
    }
  }

  const count = async (): Promise<{ bytes: number }> => {
    let bytes = 0
    for await (const { path } of blocks()) bytes += (await sizeOf(path)) ?? 0
    return { bytes }
  }

  const add = async (bytes: number): Promise<void> => {
    if (total) (await total).bytes += bytes
  }

  async function get(cid: Cid): Promise<Uint8Array | null> {
    try {
      const bytes = plain(await readFile(pathOf(cid)))
      return cidMatches(cid, bytes) ? bytes : null
    } catch (error) {
      if (isMissing(error)) return null
      throw storageError(error)
    }
  }

  async function write(cid: Cid, bytes: Uint8Array): Promise<void> {
    const [path, folder] = [pathOf(cid), folderOf(cid)]
    const before = await sizeOf(path)
    if (before === null || (await get(cid)) === null) {
      if (!madeFolders.has(folder)) {
        await mkdir(folder, { recursive: true, mode: 0o700 })
        madeFolders.add(folder)
        folders.add(root)
      }
      const scratch = join(unnamed, String(made++))
      try {
        const file = await open(scratch, 'wx', 0o600)
        try {
          await file.writeFile(bytes)
        } finally {
          await file.close()
        }
        // A power cut may leave the name without the bytes: `get` checks them, and `sync` puts an end to that.
        await rename(scratch, path)
      } catch (error) {
        await rm(scratch, { force: true })
        throw error
      }
      await add(bytes.length - (before ?? 0))
    }
    // Also when it was there: an earlier process may have ended before it was synced.
    files.add(path)
    folders.add(folder)
  }

  async function syncAll(): Promise<void> {
    const [theseFiles, theseFolders] = [files, folders]
    files = new Set()
    folders = new Set()
    try {
      await syncPaths([...theseFiles])
      await syncPaths([...theseFolders])
    } catch (error) {
      // Nothing of it may be taken for durable: the next call begins with it again.
      files = new Set([...theseFiles, ...files])
      folders = new Set([...theseFolders, ...folders])
      throw storageError(error)
    }
  }

  return {
    get,
    has: async cid => (await get(cid)) !== null,

    put(cid, bytes) {
      const earlier = running.get(cid)
      if (earlier) return earlier
      const mine = write(cid, bytes)
        .catch(error => {
          throw storageError(error)
        })
        .finally(() => running.delete(cid))
      running.set(cid, mine)
      return mine
    },

    // One after the other: what somebody else's call is still syncing is not on disk yet.
    sync() {
      lastSync = lastSync.catch(() => undefined).then(syncAll)
      return lastSync
    },

    async delete(cid) {
      const path = pathOf(cid)
      const size = await sizeOf(path)
      if (size === null) return
      await rm(path, { force: true })
      await add(-size)
    },

    async *list() {
      for await (const { cid } of blocks()) yield cid
    },

    async bytes() {
      total ??= count()
      return (await total).bytes
    },
  }
}

async function sizeOf(path: string): Promise<number | null> {
  try {
    return (await stat(path)).size
  } catch (error) {
    if (isMissing(error)) return null
    throw storageError(error)
  }
}

const isMissing = (error: unknown): boolean => (error as NodeJS.ErrnoException).code === 'ENOENT'

async function syncPaths(paths: string[]): Promise<void> {
  const next = async (): Promise<void> => {
    for (let path = paths.pop(); path !== undefined; path = paths.pop()) await syncPath(path)
  }
  await Promise.all(Array.from({ length: SYNCED_AT_ONCE }, next))
}

async function syncPath(path: string): Promise<void> {
  const file = await open(path, 'r').catch(error => {
    // Deleted since: nothing that has to be on disk.
    if (isMissing(error)) return null
    throw error
  })
  if (file === null) return
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
