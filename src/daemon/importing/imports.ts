/** The imports that are open: each belongs to the connection that began it and ends with it. */
import type { Result } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Caller } from '../rpc/caller.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import { type FileImport, type ImportPlaces, makeFileImport } from './file-import.ts'

type ImportReport = Result<'import.finish'>
type FileReport = Result<'import.endFile'>

/** Imports at once over all connections: each holds a batch and a piece of its file in memory. */
const MAX_IMPORTS = 8
/** Files of one import; their reports stay in memory until it is finished. */
const MAX_FILES = 100_000

interface OpenFile {
  id: string
  work: FileImport
  ifKnown: boolean
  inFolder: boolean
}

interface OpenImport {
  file: OpenFile | null
  reports: FileReport[]
  skipped: number
}

export interface FileFacts {
  /** A file of no known format is not reported. */
  ifKnown?: boolean
  /** A file that is known to hold no conversations is not reported. */
  inFolder?: boolean
  /** For a database whose write-ahead log follows: where that begins, in bytes. */
  mainBytes?: number | null
}

export interface Imports {
  /** @throws `rpc/busy` when too many are open */
  begin(caller: Caller): string
  /** Begin the next file; the one before must be ended. @throws `usage/invalid` */
  file(caller: Caller, importId: string, label: string, more?: FileFacts): string
  /** @throws `usage/invalid` for a file that is not open here, and what storing failed with */
  chunk(caller: Caller, fileId: string, bytes: Uint8Array): Promise<Result<'import.chunk'>>
  /** @returns the report, with nothing in it for a file that is passed over */
  endFile(caller: Caller, fileId: string): Promise<FileReport>
  /** The report over all files that were ended. */
  finish(caller: Caller, importId: string): ImportReport
}

export function makeImports(
  store: Pick<ConversationStore, 'importConversations' | 'putAsset' | 'sweepAssets'>,
  places: ImportPlaces,
): Imports {
  const open = new Map<string, OpenImport>()
  /** How many each connection began: a number over all of them would tell each user how busy the others are. */
  const begun = new Map<number, number>()
  const keyOf = (caller: Caller, importId: string): string => `${caller.connection} ${importId}`

  const find = (caller: Caller, importId: string): OpenImport => {
    const found = open.get(keyOf(caller, importId))
    if (found === undefined)
      throw new VivimError('usage/invalid', 'no such import is open on this connection')
    return found
  }
  const findFile = (caller: Caller, fileId: string): [OpenImport, FileImport] => {
    const [importId = ''] = fileId.split('.')
    const found = find(caller, importId)
    if (found.file?.id !== fileId) throw new VivimError('usage/invalid', 'that file is not open')
    return [found, found.file.work]
  }

  return {
    begin(caller) {
      if (open.size >= MAX_IMPORTS)
        throw new VivimError('rpc/busy', `at most ${MAX_IMPORTS} imports run at once`)
      const { connection } = caller
      const number = (begun.get(connection) ?? 0) + 1
      if (number === 1) caller.onEnd(() => begun.delete(connection))
      begun.set(connection, number)
      const id = `import-${number}`
      const entry: OpenImport = { file: null, reports: [], skipped: 0 }
      open.set(keyOf(caller, id), entry)
      caller.onEnd(() => {
        if (!open.delete(keyOf(caller, id))) return
        entry.file?.work.abort(new VivimError('rpc/cancelled', 'the connection was closed'))
      })
      return id
    },
    file(caller, importId, label, { ifKnown = false, inFolder = false, mainBytes = null } = {}) {
      const entry = find(caller, importId)
      if (entry.file !== null) throw new VivimError('usage/invalid', 'the file before is not ended yet')
      if (entry.reports.length >= MAX_FILES)
        throw new VivimError('usage/invalid', `an import has at most ${MAX_FILES} files`)
      const id = `${importId}.${entry.reports.length + 1}`
      const work = makeFileImport(label, caller.did, store, places, mainBytes)
      entry.file = { id, work, ifKnown, inFolder }
      return id
    },
    async chunk(caller, fileId, bytes) {
      const [, work] = findFile(caller, fileId)
      await work.push(bytes)
      return work.progress()
    },
    async endFile(caller, fileId) {
      const [entry, work] = findFile(caller, fileId)
      try {
        const { report, skipped, isCompanion } = await work.end()
        const { ifKnown, inFolder } = entry.file as OpenFile
        if (report.format === null && (ifKnown || (inFolder && isCompanion)))
          return { ...report, read: 0, skipped: [] }
        entry.reports.push(report)
        entry.skipped += skipped
        return report
      } finally {
        entry.file = null
      }
    },
    finish(caller, importId) {
      const entry = find(caller, importId)
      if (entry.file !== null) throw new VivimError('usage/invalid', 'a file is not ended yet')
      open.delete(keyOf(caller, importId))
      const sum = (key: 'read' | 'imported' | 'updated' | 'unchanged' | 'empty') =>
        entry.reports.reduce((total, report) => total + report[key], 0)
      return {
        files: entry.reports,
        totals: {
          read: sum('read'),
          imported: sum('imported'),
          updated: sum('updated'),
          unchanged: sum('unchanged'),
          empty: sum('empty'),
          skipped: entry.skipped,
        },
      }
    },
  }
}
