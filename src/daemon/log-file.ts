/** The log as a file that never grows beyond a bound: a full one is put aside under `.1`, and a new one begun. */
import { closeSync, fstatSync, openSync, renameSync, writeSync } from 'node:fs'

/** Together with the one put aside this is all that logs take of the disk. */
const MAX_BYTES = 8 << 20

/** A destination for `makeLog`. A line that cannot be written, as on a full disk, is lost; the daemon goes on. */
export function openLogFile(path: string, maxBytes = MAX_BYTES): { write(line: string): void } {
  let file = openSync(path, 'a', 0o600)
  let size = fstatSync(file).size
  const putAside = () => {
    renameSync(path, `${path}.1`)
    const next = openSync(path, 'a', 0o600)
    closeSync(file)
    file = next
    size = 0
  }
  return {
    write(line) {
      try {
        if (size >= maxBytes) putAside()
        size += writeSync(file, line)
      } catch {
        // There is no other place to say it.
      }
    },
  }
}
