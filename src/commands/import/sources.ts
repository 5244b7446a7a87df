/** The files that an import reads: what was named, and what lies in the folders that were named. */
import { access, constants, open, readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { VivimError } from '../../core/kernel/errors.ts'

export interface ImportSource {
  /** The path as the report names it. */
  label: string
  /** Bytes, or null where it is not known before the end. */
  size: number | null
  /** Nobody named the file, and it may well be something else: then the report passes over it. */
  ifKnown: boolean
  read(chunkBytes: number): AsyncIterable<Buffer>
}

/** What exports and sessions are called inside a folder. A file that is named itself may be called anything. */
const IN_FOLDERS = /\.(json|jsonl|ndjson|zip|gz|zst)$/i
/** What transcripts are called, and exports that have no ending; most files of such names are something else. */
const PERHAPS = /\.(md|markdown|txt)$|^\.?[^.]+$/i
/** Folders of programs, with thousands of files that nobody wrote in a conversation. */
const PASSED: ReadonlySet<string> = new Set(['.git', 'node_modules'])
/** Deeper than any export, shallower than a loop. */
const MAX_DEPTH = 32

/** @throws `import/not-found` before anything was sent, when one of the paths is not there */
export async function sourcesOf(paths: readonly string[]): Promise<ImportSource[]> {
  const sources: ImportSource[] = []
  for (const path of paths) {
    if (path === '-') {
      sources.push({ label: '-', size: null, ifKnown: false, read: () => process.stdin })
      continue
    }
    const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT' || error.code === 'ENOTDIR')
        throw new VivimError('import/not-found', `there is no ${path}`, { path })
      throw error
    })
    if (!info.isDirectory()) {
      sources.push(fileSource(path, info.isFile() ? info.size : null, false))
      continue
    }
    const before = sources.length
    for await (const file of filesIn(path, 0)) sources.push(file)
    if (sources.length === before)
      throw new VivimError('import/unreadable', `no export or session lies in ${path}`, { path })
  }
  return sources
}

/** Regular files by name, folders in turn; links are not followed, so that nothing outside is read. */
async function* filesIn(folder: string, depth: number): AsyncGenerator<ImportSource> {
  if (depth > MAX_DEPTH) return
  const entries = await readdir(folder, { withFileTypes: true })
  entries.sort((a, b) => (a.name < b.name ? -1 : 1))
  for (const entry of entries) {
    const path = join(folder, entry.name)
    if (entry.isDirectory()) {
      if (!PASSED.has(entry.name)) yield* filesIn(path, depth + 1)
      continue
    }
    const ifKnown = !IN_FOLDERS.test(entry.name)
    if (!entry.isFile() || entry.name.startsWith('._') || (ifKnown && !PERHAPS.test(entry.name))) continue
    if (ifKnown && !(await isReadable(path))) continue
    yield fileSource(path, (await stat(path)).size, ifKnown)
  }
}

const isReadable = (path: string): Promise<boolean> =>
  access(path, constants.R_OK).then(
    () => true,
    () => false,
  )

function fileSource(path: string, size: number | null, ifKnown: boolean): ImportSource {
  return {
    label: path,
    size,
    ifKnown,
    async *read(chunkBytes) {
      const file = await open(path, 'r')
      try {
        // The next piece is read while this one is on its way.
        let next = readPiece(file, chunkBytes)
        for (let piece = await next; piece.length > 0; piece = await next) {
          next = readPiece(file, chunkBytes)
          next.catch(() => {})
          yield piece
        }
      } finally {
        await file.close()
      }
    },
  }
}

async function readPiece(file: Awaited<ReturnType<typeof open>>, bytes: number): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(bytes), 0, bytes, null)
  return buffer.subarray(0, bytesRead)
}
