/** Sends one file to the daemon, piece by piece; its answer to each is what slows us down to its pace. */
import { setTimeout as pause } from 'node:timers/promises'
import type { Client } from '../../core/client/client.ts'
import type { Result } from '../../core/contract/methods.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { Progress } from './progress.ts'
import type { ImportSource } from './sources.ts'

export type FileReport = Result<'import.endFile'>

/** As base64 far below the daemon's limit of a frame: larger ones cost memory on both sides and save no time. */
const CHUNK_BYTES = 128 * 1024

export interface Sent {
  report: FileReport
  /** A database that was written to meanwhile may have been read in the middle of a change. */
  hasChanged: boolean
}

/** @param signal - ends it between two answers. @throws `rpc/cancelled` then, and what the daemon and the disk throw */
export async function sendFile(
  client: Client,
  importId: string,
  source: ImportSource,
  progress: Progress,
  signal?: AbortSignal,
): Promise<Sent> {
  const options = signal === undefined ? {} : { signal }
  const opened = await source.open()
  const { fileId } = await client.call('import.file', {
    importId,
    path: source.label,
    ...(opened.size === null ? {} : { size: opened.size }),
    ...(source.ifKnown ? { ifKnown: true } : {}),
    ...(source.inFolder ? { inFolder: true } : {}),
    ...(opened.walBytes === null ? {} : { walBytes: opened.walBytes }),
  })
  progress.begin(source)
  try {
    for await (const piece of untilAborted(opened.read(CHUNK_BYTES), signal)) {
      const { messages, enough } = await client.call(
        'import.chunk',
        { fileId, dataB64: piece.toString('base64') },
        options,
      )
      progress.sent(piece.length, messages)
      if (enough) break
    }
  } catch (error) {
    // The file failed, not the daemon: the import can go on with the next one.
    if (isFileTrouble(error)) await client.call('import.endFile', { fileId }, options)
    throw error
  }
  const report = await finish(client, fileId, progress, options)
  return { report, hasChanged: await opened.hasChanged() }
}

/** Whether an error is that of a file: it shrank, went away, is closed to us, or lies on a disk that fails. */
export const isFileTrouble = (error: unknown): boolean =>
  codeOf(error) === 'file/unusable' || (error instanceof Error && 'syscall' in error && 'errno' in error)

/** How often the daemon is asked how far it is while it finishes a file. */
const ASK_EVERY_MS = 1_000

/** Waits for the end of a file; the daemon may read the most of it only now. */
async function finish(
  client: Client,
  fileId: string,
  progress: Progress,
  options: { signal?: AbortSignal },
): Promise<FileReport> {
  let isEnded = false
  const ended = client.call('import.endFile', { fileId }, options).finally(() => {
    isEnded = true
  })
  const asked = new AbortController()
  const asking = async () => {
    while (!isEnded) {
      await pause(ASK_EVERY_MS, undefined, { signal: asked.signal })
      const { messages } = await client.call(
        'import.chunk',
        { fileId, dataB64: '' },
        { signal: asked.signal },
      )
      progress.sent(0, messages)
    }
  }
  // It ends with an error when the file does, or before: what `ended` gives is what counts.
  const last = asking().catch(() => {})
  try {
    return await ended
  } finally {
    asked.abort()
    await last
  }
}

/** The pieces of a source that may keep one waiting for ever. @throws `rpc/cancelled` as soon as the signal is given */
async function* untilAborted(source: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]()
  let giveUp = () => {}
  const onAbort = () => giveUp()
  signal?.addEventListener('abort', onAbort, { once: true })
  // Not a race against one promise: that would hold on to every piece.
  const nextPiece = () =>
    new Promise<IteratorResult<Buffer>>((resolve, reject) => {
      giveUp = () => reject(new VivimError('rpc/cancelled', 'the import was interrupted'))
      if (signal?.aborted) giveUp()
      else pieces.next().then(resolve, reject)
    })
  try {
    for (let next = await nextPiece(); !next.done; next = await nextPiece()) yield next.value
  } finally {
    signal?.removeEventListener('abort', onAbort)
    // A read that hangs is left to the end of the program.
    if (!signal?.aborted) await pieces.return?.()
  }
}
