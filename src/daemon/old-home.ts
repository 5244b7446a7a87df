/** A home whose keys are lost, or a backup of one: what can be read of it, and how it comes into a new home. Nothing is written to it. */
import { constants, copyFileSync, cpSync, existsSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { parseEntry } from '../core/circle/entry.ts'
import { type IdentityDocument, parseDocument } from '../core/identity/document.ts'
import type { Clock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Did, ShareId } from '../core/model/id.ts'
import { isLive } from '../core/pipeline/lifecycle.ts'
import { parseConfig } from './config.ts'
import { readSmall } from './durable-file.ts'
import { type HomePaths, homePaths, listUsers, userPaths } from './home.ts'
import { lockFile } from './storage/file-lock.ts'
import { carryOver, grantAnew } from './storage/master/carry-over.ts'
import { type MasterConfig, openMaster } from './storage/master/master.ts'
import type { UserDatabaseManager } from './storage/user/manager.ts'

const DOCUMENT_MAX_BYTES = 64 * 1024
const CONFIG_MAX_BYTES = 256 * 1024
/** A SQLite database that was not closed: the file, its write-ahead log, and the index of that. */
const SQLITE_ENDINGS = ['', '-wal', '-shm']

/** What could not be brought back: `what` is a word of the contract, `id` of the thing where it has one. */
export interface Missing {
  readonly what:
    | 'conversations'
    | 'circle'
    | 'shares'
    | 'share'
    | 'epoch'
    | 'received'
    | 'contacts'
    | 'letters'
    | 'blocks'
  readonly id: string | null
  readonly why: string
}

export interface OldHome {
  readonly paths: HomePaths
  readonly did: Did
  /** What the person was called there, or null where its config cannot be read. */
  readonly name: string | null
  /** The identity document in force there, or null. */
  readonly document: IdentityDocument | null
  /** The URL of its PostgreSQL master, or null: it has its own file. */
  readonly masterUrl: string | null
}

/** Look into an old home. @param did - whose, where it is known; else it must be the home of one person.
 *  @throws `file/not-found` where nobody lives, `daemon/already-running` while a daemon uses it, `usage/invalid`. */
export function openOldHome(root: string, did: Did | null): OldHome {
  const paths = homePaths(root)
  const users = listUsers(paths)
  const [only] = users
  const found = did ?? (users.length === 1 ? only : undefined)
  if (found === undefined)
    throw users.length === 0
      ? new VivimError('file/not-found', `nobody lives in ${root}`, { path: root })
      : new VivimError('usage/invalid', `several people live in ${root}: give the export file of one`)
  if (!users.includes(found))
    throw new VivimError('file/not-found', `${found} does not live in ${root}`, { path: root })
  if (isInUse(paths))
    throw new VivimError('daemon/already-running', 'a daemon uses the old home: stop it first', {
      home: root,
    })
  return { paths, did: found, document: documentOf(paths, found), ...configOf(paths) }
}

/** Backups are often without `run/`, or on a medium that nobody can write to: no daemon is there. */
function isInUse(paths: HomePaths): boolean {
  if (!existsSync(paths.lock)) return false
  try {
    const lock = lockFile(paths.lock)
    lock?.release()
    return lock === null
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EROFS') return false
    throw error
  }
}

function documentOf(paths: HomePaths, did: Did): IdentityDocument | null {
  const wire = readSmall(userPaths(paths, did).document, DOCUMENT_MAX_BYTES)
  if (wire === null) return null
  try {
    const document = parseDocument(wire)
    return document.did === did ? document : null
  } catch {
    return null
  }
}

/** A backup may be without it, or with one of another version. */
function configOf(paths: HomePaths): { name: string | null; masterUrl: string | null } {
  try {
    const text = Buffer.from(readSmall(paths.config, CONFIG_MAX_BYTES) ?? []).toString('utf8')
    const config = parseConfig(text)
    return { name: config.name, masterUrl: config.master?.url ?? null }
  } catch {
    return { name: null, masterUrl: null }
  }
}

/** Copy a database that nobody writes to, with what stands in its log. @returns false where there is none. */
function copyDatabase(from: string, to: string): boolean {
  if (!existsSync(from)) return false
  for (const ending of SQLITE_ENDINGS)
    if (existsSync(from + ending)) copyFileSync(from + ending, to + ending, constants.COPYFILE_FICLONE)
  return true
}

/** Copy the user's own database, attachments and sealed blocks. @returns whether the database was there. */
export function copyUser(old: OldHome, paths: HomePaths, missing: Missing[]): boolean {
  const from = userPaths(old.paths, old.did)
  const to = userPaths(paths, old.did)
  if (!copyDatabase(from.database, to.database)) {
    const why = 'the old home has no user.db'
    missing.push({ what: 'conversations', id: null, why }, { what: 'shares', id: null, why })
    return false
  }
  const copy = (source: string, target: string): void => {
    if (existsSync(source))
      cpSync(source, target, { recursive: true, mode: constants.COPYFILE_FICLONE, preserveTimestamps: true })
  }
  copy(from.assets, to.assets)
  if (existsSync(old.paths.blocks)) copy(old.paths.blocks, paths.blocks)
  else
    missing.push({
      what: 'blocks',
      id: null,
      why: 'the old home has no folder blocks: sealed content is gone',
    })
  return true
}

/** Version and content of the live shares, as the master database has them. */
export type LiveShares = ReadonlyMap<ShareId, { readonly version: number; readonly contentId: string }>

/** Bring the user's rows of the old master database into the new one. @param master - URL of the new one, null for a file.
 *  @returns the live shares, or null where no rows could be had. @throws `storage/…` */
export async function carryMaster(
  old: OldHome,
  paths: HomePaths,
  { master, clock, users }: { master: string | null; clock: Clock; users: UserDatabaseManager },
  missing: Missing[],
): Promise<LiveShares | null> {
  const { did } = old
  if (old.masterUrl !== null && old.masterUrl !== master) {
    const why = 'the old master database is PostgreSQL: give its URL with --master to go on with it'
    missing.push({ what: 'shares', id: null, why })
    return null
  }
  const made = join(paths.tmp, 'master.import')
  const config: MasterConfig =
    master === null ? { engine: 'sqlite', path: made } : { engine: 'postgres', url: master }
  const fresh = await openMaster(config, clock)
  try {
    if (old.masterUrl === null) {
      const copied = join(paths.tmp, 'master.old')
      if (!copyDatabase(old.paths.master, copied)) {
        missing.push({ what: 'shares', id: null, why: 'the old home has no master.sqlite' })
        return null
      }
      const source = await openMaster({ engine: 'sqlite', path: copied }, clock)
      try {
        await carryOver(source, fresh, did, peopleOf(users, did))
      } finally {
        await source.close()
        for (const ending of SQLITE_ENDINGS) rmSync(copied + ending, { force: true })
      }
    }
    await grantAnew(fresh, did)
    const live = (await fresh.shares.list(did, {})).filter(({ state }) => isLive(state))
    return new Map(live.map(({ shareId, version, contentId }) => [shareId, { version, contentId }]))
  } finally {
    await fresh.close()
    if (master === null) for (const ending of SQLITE_ENDINGS) moveOver(made + ending, paths.master + ending)
  }
}

function moveOver(from: string, to: string): void {
  if (existsSync(from)) renameSync(from, to)
}

/** Everybody whose public documents and addresses are worth keeping. */
function peopleOf(users: UserDatabaseManager, did: Did): Did[] {
  const found = users.read(did, db => [
    ...db.contacts.list().map(row => row.did),
    ...db.received.list().map(row => row.owner),
    ...db.circles.list().flatMap(({ circleId }) => db.circles.entries(circleId).flatMap(signerOf)),
  ])
  return [...new Set(found)]
}

/** Every member signed an entry or was brought by one. */
function signerOf({ wire }: { wire: Uint8Array }): Did[] {
  try {
    const entry = parseEntry(wire)
    return 'person' in entry ? [entry.did, entry.person.document.did] : [entry.did]
  } catch {
    return []
  }
}
