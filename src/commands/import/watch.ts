/** Importing on as sessions grow: every file that is new or changed is taken again, and only what is new is added. */
import { type FSWatcher, watch } from 'node:fs'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../core/client/client.ts'
import { silent } from './progress.ts'
import { type FileReport, isFileTrouble, sendFile } from './send.ts'
import type { ImportSource } from './sources.ts'

/** Changes that come together are taken together. */
const SETTLE_MS = 500
/** Where the system tells of no changes, as on some network disks, they are looked for this often. */
const POLL_MS = 5_000
/** Folders of which the system is to tell; the latest files are those that grow. Others are found by looking. */
const MOST_FOLDERS = 200
/** A file is taken again after so many times as long as it took, so that a large store leaves the machine to others. */
const REST_FACTOR = 10
/** How a reader says that a file ends within a record: it is being written. */
const TORN = /ends in the middle of it|cut off here/

export interface Watched {
  /** Everything there is now. */
  find(): Promise<ImportSource[]>
  onReport(report: FileReport): void
  /** After the first round. */
  onReady(files: number): void
}

/** Runs until the signal; the file at hand is finished first. */
export async function watchSources(client: Client, watched: Watched, signal: AbortSignal): Promise<void> {
  const taken = new Map<string, { version: string; restsUntil: number }>()
  const changes = makeChanges()
  try {
    for (let round = 0; !signal.aborted; round++) {
      const sources = await watched.find()
      changes.follow(sources)
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
    if (isFileTrouble(error)) return null
    throw error
  }
}

function tell(report: FileReport, watched: Watched): void {
  const skipped = report.skipped.filter(one => !TORN.test(one.reason))
  const torn = report.skipped.length - skipped.length
  const told = { ...report, read: report.read - torn, skipped }
  if (told.imported + told.updated > 0 || skipped.length > 0) watched.onReport(told)
}

interface Changes {
  /** Be told of changes beside these files. */
  follow(sources: readonly ImportSource[]): void
  next(signal: AbortSignal): Promise<void>
  close(): void
}

/** Waits for changes: soon after the system tells of one, else for as long as a round of looking. Single folders are
 *  watched, not trees: those of editors hold a hundred thousand files that are none of ours. */
function makeChanges(): Changes {
  let hasChanged = false
  let wake = () => {}
  const watchers = new Map<string, FSWatcher>()
  const drop = (folder: string) => {
    watchers.get(folder)?.close()
    watchers.delete(folder)
  }
  const follow = (folder: string) => {
    try {
      const watcher = watch(folder, () => {
        hasChanged = true
        wake()
      })
      watcher.on('error', () => drop(folder))
      watchers.set(folder, watcher)
    } catch {
      // It went away, or the system watches no more of them.
    }
  }
  const quiet = (ms: number, signal: AbortSignal) => pause(ms, undefined, { signal }).catch(() => {})
  return {
    follow(sources) {
      const latest = sources.toSorted((a, b) => b.changedAtMs - a.changedAtMs)
      const folders = new Set(latest.map(source => dirname(source.label)))
      const wanted = new Set([...folders].slice(0, MOST_FOLDERS))
      for (const folder of watchers.keys()) if (!wanted.has(folder)) drop(folder)
      for (const folder of wanted) if (!watchers.has(folder)) follow(folder)
    },
    async next(signal) {
      if (!hasChanged) {
        const over = AbortSignal.any([signal, AbortSignal.timeout(POLL_MS)])
        await new Promise<void>(resolve => {
          wake = resolve
          over.addEventListener('abort', () => resolve(), { once: true })
          if (over.aborted) resolve()
        })
      }
      if (hasChanged) await quiet(SETTLE_MS, signal)
      hasChanged = false
    },
    close() {
      for (const watcher of watchers.values()) watcher.close()
    },
  }
}
