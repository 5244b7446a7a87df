/** What Ctrl-C does: it ends the program with 130, or, while something is under way that can be left in good order, asks
 *  that to stop; a second one always ends it at once. */

/** 128 + SIGINT. */
export const EXIT_INTERRUPTED = 130

let stopping: AbortController | null = null

export function exitOnInterrupt(): void {
  process.on('SIGINT', () => {
    if (stopping === null || stopping.signal.aborted) process.exit(EXIT_INTERRUPTED)
    stopping.abort()
  })
}

/** Work that is told of Ctrl-C by its signal. */
export async function interruptible<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  stopping = new AbortController()
  try {
    return await work(stopping.signal)
  } finally {
    stopping = null
  }
}
