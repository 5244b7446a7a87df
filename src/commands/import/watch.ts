/** Importing on as sessions grow: every file that is new or changed is taken again, and only what is new is added. */
import { type FSWatcher, watch } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../core/client/client.ts'
import { silent } from './progress.ts'
import { type FileReport, sendFile } from './send.ts'
import type { ImportSource } from './sources.ts'

/** Changes that come together are taken together. */
const SETTLE_MS = 500
/** Where the system tells of no changes, as on some network disks, they are looked for this often. */
const POLL_MS = 5_000
/** A file is taken again after so many times as long as it took, so that a large store leaves the machine to others. */
const REST_FACTOR = 10
/** How a reader says that a file ends within a record: it is being written. */
const TORN = /ends in the middle of it|cut off here/

export interface Watched {
  /** Everything there is now. */
  find(): Promise<ImportSource[]>
  /** What to be told of by the system. */
  folders: readonly string[]
  onReport(report: FileReport): void
  /** After the first round. */
  onReady(files: number): void
}

/** Runs until the signal; the file at hand is finished first. */
export async function watchSources(client: Client, watched: Watched, signal: AbortSignal): Promise<void> {
  const taken = new Map<string, { version: string; restsUntil: number }>()
  const changes = makeChanges(watched.folders)
  try {
    for (let round = 0; !signal.aborted; round++) {
      const sources = await watched.find()
      const due = sources.filter(source => {
        const last = taken.get(source.label)
        return last === undefined || (last.version !== source.version && last.restsUntil <= performance.now())
      })
      if (due.length > 0) {
        const { importId } = await client.call('import.begin', {})
        for (const source of due) {
          if (signal.aborted) break
          const began = performance.now()
          const report = await sendOrLose(client, importId, source)
          const tookMs = performance.now() - began
          taken.set(source.label, {
            version: source.version,
            restsUntil: performance.now() + tookMs * REST_FACTOR,
          })
          if (report !== null) tell(report, watched)
        }
        await client.call('import.finish', { importId })
      }
      if (round === 0 && !signal.aborted) watched.onReady(sources.length)
      await changes.next(signal)
    }
  } finally {
    changes.close()
  }
}

/** Null for a file that went away, or shrank under our hands. */
async function sendOrLose(
  client: Client,
  importId: string,
  source: ImportSource,
): Promise<FileReport | null> {
  try {
    return (await sendFile(client, importId, source, silent)).report
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (code === 'file/unusable' || code === 'ENOENT' || code === 'EACCES') return null
    throw error
  }
}

function tell(report: FileReport, watched: Watched): void {
  const skipped = report.skipped.filter(one => !TORN.test(one.reason))
  const torn = report.skipped.length - skipped.length
  const told = { ...report, read: report.read - torn, skipped }
  if (told.imported + told.updated > 0 || skipped.length > 0) watched.onReport(told)
}

/** Waits for changes below folders: soon after the system tells of one, else for as long as a round of polling. */
function makeChanges(folders: readonly string[]): {
  next(signal: AbortSignal): Promise<void>
  close(): void
} {
  let hasChanged = false
  let wake = () => {}
  const watchers: FSWatcher[] = []
  for (const folder of folders)
    try {
      const watcher = watch(folder, { recursive: true }, () => {
        hasChanged = true
        wake()
      })
      // A folder that goes away, or more of them than the system watches: polling goes on.
      watcher.on('error', () => {})
      watchers.push(watcher)
    } catch {
      // It is not there yet.
    }
  const quiet = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal }).catch(() => {})
  return {
    async next(signal) {
      const over = AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)])
      if (!hasChanged)
        await new Promise<void>(resolve => {
          wake = resolve
          over.addEventListener('abort', () => resolve(), { once: true })
          if (over.aborted) resolve()
        })
      if (hasChanged) await quiet(SETTLE_MS, signal)
      hasChanged = false
    },
    close() {
      for (const watcher of watchers) watcher.close()
    },
  }
}
