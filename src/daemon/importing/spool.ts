/** A place for a zip while it is read: a file without a name, gone with the process whatever happens. */
import { open, unlink } from 'node:fs/promises'
import { join } from 'node:path'
import type { ImportPorts } from '../../core/conversation/read-export.ts'
import { toHex } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { storageError } from '../storage/storage-error.ts'

type Spool = NonNullable<ImportPorts['spool']>

/** Largest archive that is taken, in bytes. */
const MAX_BYTES = 64 * 1024 ** 3

/** @param folder - on the disk of the home, 0700. The spool throws `storage/full`, `import/limit`. */
export const makeSpool =
  (folder: string, chance: Chance): Spool =>
  async bytes => {
    const path = join(folder, `import-${toHex(chance.bytes(8))}`)
    const file = await open(path, 'wx+', 0o600)
    try {
      await unlink(path)
      let size = 0
      for await (const piece of bytes) {
        if (size + piece.length > MAX_BYTES)
          throw new VivimError('import/limit', `an archive has at most ${MAX_BYTES} bytes`)
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
