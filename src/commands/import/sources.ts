/** The files that an import reads: what was named, and what lies in the folders that were named. */
import { access, constants, type FileHandle, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { VivimError } from '../../core/kernel/errors.ts'

/** A file as it is when it is read. */
export interface OpenedSource {
  /** Bytes, or null where it is not known before the end. */
  readonly size: number | null
  /** Of a database: bytes of its write-ahead log, which follow; null for any other file, or without a log. */
  readonly walBytes: number | null
  read(chunkBytes: number): AsyncIterable<Buffer>
  /** Of a database: whether something was written to it meanwhile. */
  hasChanged(): Promise<boolean>
}

export interface ImportSource {
  /** The path as the report names it. */
  readonly label: string
  /** Bytes when it was found, or null where it is not known before the end. */
  readonly size: number | null
  /** Nobody named the file, and it may well be something else: then the report passes over it. */
  readonly ifKnown: boolean
  /** Nobody named the file: when it is known to hold no conversations, the report passes over it. */
  readonly inFolder: boolean
  /** Changes with the content. */
  readonly version: string
  /** When it was last written to, in milliseconds since the epoch; 0 where that is not known. */
  readonly changedAtMs: number
  open(): Promise<OpenedSource>
}

/** What exports, sessions and stores are called inside a folder. A file that is named itself may be called anything. */
const IN_FOLDERS = /\.(json|jsonl|ndjson|zip|gz|zst|vscdb|db|sqlite|sqlite3)$/i
/** What transcripts and pages are called, and exports that have no ending, such as a prompt `Plans 2.0` on a drive; most files of
 *  such names are something else. */
const PERHAPS = /\.(md|markdown|txt|html?)$|^\.?[^.]+$|\.(?![a-z][a-z0-9]{0,9}$)[^.]*$/i
/** Folders of programs, with thousands of files that nobody wrote in a conversation. */
const PASSED: ReadonlySet<string> = new Set(['.git', 'node_modules'])
/** What people attached to their messages, and what an account pays and signs in with. */
const NOT_READ = /^chat-[0-9a-f-]{36}-files$|^prod-mc-(?:asset-server|auth|billing)/i
/** Files beside which a write-ahead log may grow while they stay as they are. */
const DATABASES = /\.(vscdb|db|sqlite|sqlite3)$/i
/** Deeper than any export, shallower than a loop. */
const MAX_LEVELS = 32
/** How a SQLite file begins (SQLite file format, 1.3.1). */
const SQLITE = Buffer.from('SQLite format 3\0')

/** @param onLost - as for `filesIn`; with it, paths that are gone or empty are passed over.
 *  @throws `import/not-found` before anything was sent, when one of the paths is not there */
export async function sourcesOf(
  paths: readonly string[],
  onLost?: (error: NodeJS.ErrnoException) => void,
): Promise<ImportSource[]> {
  const sources: ImportSource[] = []
  for (const path of paths) {
    if (path === '-') {
      sources.push(standardInput)
      continue
    }
    const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
      onLost?.(error)
      if (onLost !== undefined) return null
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
        throw new VivimError('import/not-found', `there is no ${path}`, { path })
      throw error
    })
    if (info === null) continue
    if (!info.isDirectory()) {
      sources.push(await fileSource(path, info.isFile() ? info : null, { ifKnown: false, inFolder: false }))
      continue
    }
    const before = sources.length
    for await (const file of filesIn(path, MAX_LEVELS, onLost)) sources.push(file)
    if (sources.length === before && onLost === undefined)
      throw new VivimError('import/unreadable', `no export or session lies in ${path}`, { path })
  }
  return sources
}

const standardInput: ImportSource = {
  label: '-',
  size: null,
  ifKnown: false,
  inFolder: false,
  version: '',
  changedAtMs: 0,
  open: async () => ({
    size: null,
    walBytes: null,
    read: () => process.stdin,
    hasChanged: async () => false,
  }),
}

/** Regular files by name, folders in turn; links are not followed, so that nothing outside is read.
 *  @param levels - folders below this one that are looked into. @param onLost - takes the error of a folder or file that is
 *  gone or closed to us, which is passed over then; without it the error is thrown */
export async function* filesIn(
  folder: string,
  levels = MAX_LEVELS,
  onLost?: (error: NodeJS.ErrnoException) => void,
): AsyncGenerator<ImportSource> {
  const orLost = async <T>(found: Promise<T>): Promise<T | null> => {
    try {
      return await found
    } catch (error) {
      if (onLost === undefined) throw error
      onLost(error as NodeJS.ErrnoException)
      return null
    }
  }
  const entries = (await orLost(readdir(folder, { withFileTypes: true }))) ?? []
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (NOT_READ.test(entry.name)) continue
    if (entry.isDirectory()) {
      if (levels > 0 && !PASSED.has(entry.name)) yield* filesIn(path, levels - 1, onLost)
      continue
    }
    const ifKnown = !IN_FOLDERS.test(entry.name)
    if (!entry.isFile() || entry.name.startsWith('._') || (ifKnown && !PERHAPS.test(entry.name))) continue
    if (ifKnown && !(await isReadable(path))) continue
    const info = await orLost(stat(path))
    if (info !== null) yield await fileSource(path, info, { ifKnown, inFolder: true })
  }
}

const isReadable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )

/** @param info - null for what is no regular file, such as a pipe */
async function fileSource(
  path: string,
  info: { size: number; mtimeMs: number } | null,
  from: Pick<ImportSource, 'ifKnown' | 'inFolder'>,
): Promise<ImportSource> {
  return {
    label: path,
    size: info?.size ?? null,
    ...from,
    version:
      info === null ? '' : DATABASES.test(path) ? await versionOf(path) : `${info.size} ${info.mtimeMs}`,
    changedAtMs: info?.mtimeMs ?? 0,
    open: () => (info === null ? openPipe(path) : openFile(path)),
  }
}

const openPipe = async (path: string): Promise<OpenedSource> => ({
  size: null,
  walBytes: null,
  hasChanged: async () => false,
  async *read(chunkBytes) {
    const file = await open(path, 'r')
    yield* piecesOf(file, chunkBytes, Number.POSITIVE_INFINITY, path)
  },
})

async function openFile(path: string): Promise<OpenedSource> {
  const file = await open(path, 'r')
  try {
    const { size } = await file.stat()
    const { buffer } = await file.read(Buffer.alloc(SQLITE.length), 0, SQLITE.length, 0)
    if (!buffer.equals(SQLITE))
      return {
        size,
        walBytes: null,
        read: chunkBytes => piecesOf(file, chunkBytes, Number.POSITIVE_INFINITY, path),
        hasChanged: async () => false,
      }
    const log = `${path}-wal`
    const walBytes = (await stat(log).catch(() => null))?.size || null
    const before = await versionOf(path)
    return {
      size,
      walBytes,
      async *read(chunkBytes) {
        yield* piecesOf(file, chunkBytes, size, path)
        if (walBytes !== null) yield* piecesOf(await open(log, 'r'), chunkBytes, walBytes, log)
      },
      hasChanged: async () => (await versionOf(path)) !== before,
    }
  } catch (error) {
    await file.close()
    throw error
  }
}

/** Of a database and its log, by size and time. */
async function versionOf(path: string): Promise<string> {
  const facts = [path, `${path}-wal`].map(async each => {
    const info = await stat(each).catch(() => null)
    return info === null ? '–' : `${info.size} ${info.mtimeMs}`
  })
  return (await Promise.all(facts)).join(', ')
}

/** The first bytes of a file, all of which must be there where their number is finite; closes it. */
async function* piecesOf(
  file: FileHandle,
  chunkBytes: number,
  bytes: number,
  path: string,
): AsyncGenerator<Buffer> {
  try {
    let left = bytes
    let at = 0
    const readNext = async (): Promise<Buffer> => {
      const { buffer, bytesRead } = await file.read(
        Buffer.allocUnsafe(chunkBytes),
        0,
        Math.min(chunkBytes, left),
        // A pipe has no places.
        null,
      )
      left -= bytesRead
      at += bytesRead
      return buffer.subarray(0, bytesRead)
    }
    // The next piece is read while this one is on its way.
    let next = readNext()
    for (let piece = await next; piece.length > 0; piece = await next) {
      next = readNext()
      next.catch(() => {})
      yield piece
    }
    if (Number.isFinite(bytes) && at < bytes)
      throw new VivimError('file/unusable', `${path} became shorter while it was read`, { path })
  } finally {
    await file.close()
  }
}
