/** Which home the command line talks to, and where its daemon's socket lies. */
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { socketPathOf } from '../core/contract/socket-path.ts'

/** The home that was named, by flag or `VIVIM_HOME`, else the platform's data folder; absolute. */
export function homeOf(flag: string | undefined): string {
  const named = flag ?? process.env.VIVIM_HOME
  if (named !== undefined && named !== '') return resolve(named)
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Application Support', 'vivim')
  return join(process.env.XDG_DATA_HOME || join(homedir(), '.local', 'share'), 'vivim')
}

/** The socket that was named, by flag or `VIVIM_SOCKET`; null for the one of the home. */
export function namedSocket(flag: string | undefined): string | null {
  const named = flag ?? process.env.VIVIM_SOCKET
  return named === undefined || named === '' ? null : resolve(named)
}

/** The socket of the daemon of `home`. */
export const socketOf = (home: string): string =>
  socketPathOf(home, process.env.XDG_RUNTIME_DIR || join(tmpdir(), `vivim-${process.geteuid?.() ?? 0}`))
