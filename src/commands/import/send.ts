/** Sends one file to the daemon, piece by piece; its answer to each is what slows us down to its pace. */
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
    if (codeOf(error) === 'file/unusable') await client.call('import.endFile', { fileId }, options)
    throw error
  }
  const report = await client.call('import.endFile', { fileId }, options)
  return { report, hasChanged: await opened.hasChanged() }
}

/** The pieces of a source that may keep one waiting for ever. @throws `rpc/cancelled` as soon as the signal is given */
async function* untilAborted(source: AsyncIterable<Buffer>, signal?: AbortSignal): AsyncGenerator<Buffer> {
  const pieces = source[Symbol.asyncIterator]()
  const { promise: aborted, reject } = Promise.withResolvers<never>()
  const onAbort = () => reject(new VivimError('rpc/cancelled', 'the import was interrupted'))
  signal?.addEventListener('abort', onAbort, { once: true })
  aborted.catch(() => {})
  try {
    for (
      let next = await Promise.race([pieces.next(), aborted]);
      !next.done;
      next = await Promise.race([pieces.next(), aborted])
    )
      yield next.value
  } finally {
    signal?.removeEventListener('abort', onAbort)
    // A read that hangs is left to the end of the program.
    if (!signal?.aborted) await pieces.return?.()
  }
}
