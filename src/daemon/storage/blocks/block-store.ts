/** Sealed blocks as files named by their CID, in folders by the CID's end; nothing here can be read without a key. */
import { type FileHandle, mkdir, open, opendir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { cidMatches } from '../../../core/crypto/cid.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { Cid } from '../../../core/model/id.ts'
import type { BlockStore } from '../../../core/pipeline/ports.ts'
import { storageError } from '../storage-error.ts'

/** The first characters of all CIDs are alike; the last two spread evenly. */
const FOLDER_CHARS = 2
const TEMPORARY = '.new'

/** Open the store in `root`, which exists with mode 0700. What an interrupted `put` left is removed. */
export async function openBlockStore(root: string): Promise<BlockStore> {
  /** Files and folders written since the last `sync`, and how many bytes lie here. */
  let written = new Set<string>()
  let folders = new Set<string>()
  const known = new Set<string>()
  let total = 0
  let temporary = 0

  const folderOf = (cid: Cid): string => join(root, cid.slice(-FOLDER_CHARS))
  const pathOf = (cid: Cid): string => join(folderOf(cid), cid)

  async function* files(): AsyncGenerator<{ name: string; path: string }> {
    for await (const folder of await opendir(root)) {
      if (!folder.isDirectory()) continue
      for await (const file of await opendir(join(root, folder.name)))
        if (file.isFile()) yield { name: file.name, path: join(root, folder.name, file.name) }
    }
  }

  for await (const { name, path } of files()) {
    if (name.endsWith(TEMPORARY)) await rm(path, { force: true })
    else total += (await stat(path)).size
  }

  const sizeOf = async (path: string): Promise<number | null> => {
    try {
      return (await stat(path)).size
    } catch {
      return null
    }
  }

  async function get(cid: Cid): Promise<Uint8Array | null> {
    try {
      const bytes = plain(await readFile(pathOf(cid)))
      return cidMatches(cid, bytes) ? bytes : null
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
      throw storageError(error)
    }
  }

  return {
    get,
    has: async cid => (await get(cid)) !== null,

    async put(cid, bytes) {
      const path = pathOf(cid)
      const before = await sizeOf(path)
      if (before !== null && (await get(cid)) !== null) return
      const folder = folderOf(cid)
      try {
        if (!known.has(folder)) {
          await mkdir(folder, { recursive: true, mode: 0o700 })
          known.add(folder)
          folders.add(root)
        }
        const scratch = `${path}.${temporary++}${TEMPORARY}`
        const file = await open(scratch, 'wx', 0o600)
        try {
          await file.writeFile(bytes)
        } catch (error) {
          await rm(scratch, { force: true })
          throw error
        } finally {
          await file.close()
        }
        // The name must not outlive a power cut without its bytes: `get` checks them, and `sync` makes both durable.
        await rename(scratch, path)
        total += bytes.length - (before ?? 0)
        written.add(path)
        folders.add(folder)
      } catch (error) {
        throw storageError(error)
      }
    },

    async sync() {
      const paths = [...written, ...folders]
      written = new Set()
      folders = new Set()
      try {
        for (const path of paths) await syncPath(path)
      } catch (error) {
        throw storageError(error)
      }
    },

    async delete(cid) {
      const path = pathOf(cid)
      const size = await sizeOf(path)
      if (size === null) return
      await rm(path, { force: true })
      written.delete(path)
      total -= size
    },

    async *list() {
      for await (const { name } of files()) {
        const cid = Cid.safeParse(name)
        if (cid.success) yield cid.data
      }
    },

    bytes: async () => total,
  }
}

async function syncPath(path: string): Promise<void> {
  let file: FileHandle
  try {
    file = await open(path, 'r')
  } catch (error) {
    // Deleted since: nothing that has to be on disk.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return
    throw error
  }
  try {
    await file.sync()
  } finally {
    await file.close()
  }
}
