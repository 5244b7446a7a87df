/** Which home the command line talks to, and where its daemon's socket lies. */
import { lstatSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { socketPathOf } from '../core/contract/socket-path.ts'
import { VivimError } from '../core/kernel/errors.ts'

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

/** The socket of the daemon of `home`. @throws `daemon/not-ready` where somebody else could have put one of theirs. */
export function socketOf(home: string): string {
  const runtime = process.env.XDG_RUNTIME_DIR || join(tmpdir(), `vivim-${process.geteuid?.() ?? 0}`)
  const socket = socketPathOf(home, runtime)
  const folder = dirname(socket)
  if (folder !== join(home, 'run')) for (const one of [runtime, folder]) checkOwn(one)
  return socket
}

/** As the daemon does: who made the folder in its stead would be told passphrases. */
function checkOwn(folder: string): void {
  const stat = lstatSync(folder, { throwIfNoEntry: false })
  if (stat === undefined) return
  const isOwn = process.geteuid === undefined || stat.uid === process.geteuid()
  if (!stat.isDirectory() || !isOwn || (stat.mode & 0o077) !== 0)
    throw new VivimError(
      'daemon/not-ready',
      `${folder} must be a folder of mode 0700 that belongs to this user`,
      { folder },
    )
}
