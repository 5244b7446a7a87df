/** Places for what cannot be read as it streams in: a zip in a file without a name, gone with the process whatever happens;
 *  a database in a file that keeps its name only until it is opened. */
import { closeSync, openSync, readdirSync, readSync, rmSync, unlinkSync, writeSync } from 'node:fs'
import { type FileHandle, open, rm, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportPorts } from '../../core/conversation/read-export.ts'
import type { Shelf } from '../../core/conversation/shelf.ts'
import { toHex } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { openForeignDatabase } from '../storage/foreign-database.ts'
import { storageError } from '../storage/storage-error.ts'

type Spool = NonNullable<ImportPorts['spool']>

/** Largest archive or database that is taken, in bytes. */
const MAX_BYTES = 64 * 1024 ** 3
const PREFIX = 'import-'

/** Removes what a killed process left in the folder. */
export function sweepSpool(folder: string): void {
  for (const name of readdirSync(folder))
    if (name.startsWith(PREFIX)) rmSync(join(folder, name), { force: true })
}

const newPath = (folder: string, chance: Chance): string => join(folder, `${PREFIX}${toHex(chance.bytes(8))}`)

const tooLarge = (): VivimError => new VivimError('import/limit', `an archive has at most ${MAX_BYTES} bytes`)

/** @param folder - on the disk of the home, 0700. The spool throws `storage/full`, `import/limit`. */
export const makeSpool =
  (folder: string, chance: Chance): Spool =>
  async bytes => {
    const path = newPath(folder, chance)
    const file = await open(path, 'wx+', 0o600)
    try {
      await unlink(path)
      let size = 0
      for await (const piece of bytes) {
        if (size + piece.length > MAX_BYTES) throw tooLarge()
        await file.writev([piece])
        size += piece.length
      }
      return {
        size,
        async read(offset, length) {
          const { buffer, bytesRead } = await file.read(new Uint8Array(length), 0, length, offset)
          return buffer.subarray(0, bytesRead)
        },
        close: () => file.close(),
      }
    } catch (error) {
      await file.close()
      throw storageError(error)
    }
  }

/** @param folder - as for `makeSpool`. The spool throws `storage/full`, `import/limit`, `import/unreadable`. */
export const makeDatabaseSpool =
  (folder: string, chance: Chance): NonNullable<ImportPorts['database']> =>
  async (bytes, mainBytes) => {
    const path = newPath(folder, chance)
    const files = [path, `${path}-wal`, `${path}-shm`]
    try {
      await writeParts(bytes, [path, `${path}-wal`], mainBytes ?? MAX_BYTES)
      return openForeignDatabase(path)
    } catch (error) {
      throw storageError(error)
    } finally {
      // Opened, it needs no names any more; nobody else is to find them.
      for (const file of files) await rm(file, { force: true })
    }
  }

/** @param folder - as for `makeSpool`. Makes a shelf in a file without a name, which is there from the first use on.
 *  `append` throws `storage/full`. */
export const makeShelves = (folder: string, chance: Chance) => (): Shelf & { close(): void } => {
  let file: number | null = null
  let size = 0
  return {
    append(bytes) {
      try {
        if (file === null) {
          const path = newPath(folder, chance)
          file = openSync(path, 'wx+', 0o600)
          unlinkSync(path)
        }
        const at = size
        while (size < at + bytes.length)
          size += writeSync(file, bytes, size - at, bytes.length - (size - at), size)
        return at
      } catch (error) {
        throw storageError(error)
      }
    },
    read(at, length) {
      const bytes = Buffer.allocUnsafe(length)
      let done = 0
      while (file !== null && done < length) {
        const more = readSync(file, bytes, done, length - done, at + done)
        if (more === 0) break
        done += more
      }
      return bytes.subarray(0, done)
    },
    close() {
      if (file !== null) closeSync(file)
      file = null
    },
  }
}

/** Writes the first bytes into the first file, and what follows them into the second, which is made only for that. */
async function writeParts(
  bytes: AsyncIterable<Uint8Array>,
  [first, second]: readonly [string, string],
  firstBytes: number,
): Promise<void> {
  let size = 0
  let file: FileHandle = await open(first, 'wx', 0o600)
  try {
    for await (const piece of bytes) {
      const own = Math.max(0, Math.min(piece.length, firstBytes - size))
      if (own > 0) await file.writev([piece.subarray(0, own)])
      if (own < piece.length) {
        if (size <= firstBytes) {
          await file.close()
          file = await open(second, 'wx', 0o600)
        }
        await file.writev([piece.subarray(own)])
      }
      size += piece.length
      if (size > MAX_BYTES) throw tooLarge()
    }
  } finally {
    await file.close()
  }
}
