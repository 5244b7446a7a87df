/** Where the command line keeps the tokens of sessions, and which of them a command shows. No schema library here: every command
 *  loads this file. */
import { createHash } from 'node:crypto'
import { lstatSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { homedir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { systemClock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { homeOf, namedSocket, socketOf } from './place.ts'

/** What stands in a file of a session, as JSON. */
export interface KeptSession {
  token: string
  sessionId: string
  did: string
  name: string
  expiresAt: string
}

export interface PlaceFlags {
  home?: string | undefined
  socket?: string | undefined
  as?: string | undefined
}

/** A file of a session is a few hundred bytes. */
const MAX_BYTES = 16 * 1024

/** The tokens of one node: by the socket that was named, else by its home. */
function folderOf(flags: PlaceFlags): string {
  const place = namedSocket(flags.socket) ?? homeOf(flags.home)
  const state = process.env.XDG_STATE_HOME || join(homedir(), '.local', 'state')
  const hash = createHash('sha256').update(place).digest('hex').slice(0, 16)
  return join(state, 'vivim', 'sessions', hash)
}

/** The file that was named by `VIVIM_SESSION`, absolute; null for none. */
function namedFile(): string | null {
  const named = process.env.VIVIM_SESSION
  return named === undefined || named === '' ? null : resolve(named)
}

/** Where a new session is kept unless the user says where. */
export const sessionFileOf = (flags: PlaceFlags, did: string): string =>
  join(folderOf(flags), `${did.replaceAll(':', '_')}.json`)

/** The file that the user says a new session goes to; null for none. What stands there is left alone, unless it is an earlier session, or
 *  empty. @throws `file/exists`. */
export function placeOf(out: string | undefined): string | null {
  const path = out === undefined ? namedFile() : resolve(out)
  if (path === null) return null
  const stat = lstatSync(path, { throwIfNoEntry: false })
  if (stat === undefined || (stat.isFile() && stat.size === 0)) return path
  try {
    readSession(path)
    return path
  } catch {
    throw new VivimError(
      'file/exists',
      `${path} is there already, and does not hold a session that only you can read`,
      { path },
    )
  }
}

/** @throws what reading a file throws; `file/unusable` for one that others can read or that holds no session. */
function readSession(path: string): KeptSession {
  const stat = lstatSync(path)
  if (!stat.isFile() || (stat.mode & 0o077) !== 0)
    throw new VivimError('file/unusable', `${path} can be used by others: chmod 600 it`, { path })
  try {
    const { token, sessionId, did, name, expiresAt } = JSON.parse(
      readFileSync(path, 'utf8').slice(0, MAX_BYTES),
    ) as Record<string, unknown>
    const kept = { token, sessionId, did, name, expiresAt }
    if (Object.values(kept).every(value => typeof value === 'string')) return kept as unknown as KeptSession
  } catch {
    // The parser's words would quote a token.
  }
  throw new VivimError('file/unusable', `${path} does not hold a session`, { path })
}

/** Keep a session, readable for its owner alone from the first byte on. */
export function writeSession(path: string, session: KeptSession): void {
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  const scratch = `${path}.${process.pid}.new`
  try {
    writeFileSync(scratch, `${JSON.stringify(session)}\n`, { mode: 0o600, flag: 'wx' })
    renameSync(scratch, path)
  } catch (error) {
    rmSync(scratch, { force: true })
    throw error
  }
}

/** All that are kept for a node, newest use last; what cannot be read is none. */
function kept(flags: PlaceFlags): { path: string; session: KeptSession }[] {
  const folder = folderOf(flags)
  let names: string[]
  try {
    names = readdirSync(folder)
  } catch {
    return []
  }
  return names.flatMap(name => {
    if (!name.endsWith('.json')) return []
    try {
      const path = join(folder, name)
      return [{ path, session: readSession(path) }]
    } catch {
      return []
    }
  })
}

const isOf = (session: KeptSession, as: string): boolean => session.did === as || session.name === as

/** The session that a command shows: of `VIVIM_SESSION`; else the one that is kept for the user who was named; else, on a socket
 *  that was named, the only one. On the own socket of a home a session that nobody asked for would hide who one is. */
function chosen(flags: PlaceFlags): KeptSession | null {
  const file = namedFile()
  if (file !== null) return readSession(file)
  const sessions = kept(flags).map(({ session }) => session)
  if (flags.as !== undefined) {
    const { as } = flags
    return sessions.find(session => isOf(session, as)) ?? null
  }
  const [only, ...others] = sessions
  return namedSocket(flags.socket) !== null && others.length === 0 ? (only ?? null) : null
}

/** Where to connect and with which token. A session whose time is over is shown too where it was asked for by its file: the daemon
 *  says what is wrong with it. */
export function doorOf(flags: PlaceFlags): { socket: string; token: string | undefined } {
  const session = chosen(flags)
  const isOver =
    session !== null && namedFile() === null && Date.parse(session.expiresAt) <= systemClock.nowMs()
  return {
    socket: namedSocket(flags.socket) ?? socketOf(homeOf(flags.home)),
    token: session === null || isOver ? undefined : session.token,
  }
}

/** The token of an earlier session of somebody, also of one that is over. */
export const previousToken = (flags: PlaceFlags, as: string | undefined): string | undefined =>
  kept(flags).find(({ session }) => as === undefined || isOf(session, as))?.session.token

/** Forget sessions that were ended. @param ended - their ids; null for all of a user */
export function forgetSessions(flags: PlaceFlags, did: string, ended: string | null): void {
  for (const { path, session } of kept(flags))
    if (session.did === did && (ended === null || session.sessionId.startsWith(ended)))
      rmSync(path, { force: true })
  const named = namedFile()
  if (named === null) return
  try {
    const session = readSession(named)
    if (session.did === did && (ended === null || session.sessionId.startsWith(ended)))
      rmSync(named, { force: true })
  } catch {
    // What holds no session is not ours to remove.
  }
}
