/** Where the daemon's socket lies: the one rule that daemon and clients must agree on. */
import { createHash } from 'node:crypto'
import { join } from 'node:path'

/** Longer paths do not fit into `sockaddr_un` (108 bytes with their end on Linux). */
const MAX_PATH_BYTES = 107

/**
 * @param home - absolute path of the home
 * @param runtimeDir - a folder of the user's own for sockets (`XDG_RUNTIME_DIR`), or one made for them
 * @returns `<home>/run/vivimd.sock`, or where that is too long `<runtimeDir>/vivim/<hash of home>.sock`
 */
export function socketPathOf(home: string, runtimeDir: string): string {
  const path = join(home, 'run', 'vivimd.sock')
  if (Buffer.byteLength(path) <= MAX_PATH_BYTES) return path
  const name = createHash('sha256').update(home).digest('hex').slice(0, 16)
  return join(runtimeDir, 'vivim', `${name}.sock`)
}
