/** Bytes handed from the socket to a reader, one piece at a time: whoever brings the next waits until the last was taken. */

export interface ByteQueue {
  /** Resolves when the reader took it, or wants no more. */
  push(bytes: Uint8Array): Promise<void>
  /** No more bytes come. */
  end(): void
  /** The reader's next step throws this. */
  fail(error: unknown): void
  /** For one reader, once. When it stops early, `push` resolves at once from then on. */
  readonly bytes: AsyncIterable<Uint8Array>
}

export function makeByteQueue(): ByteQueue {
  let piece: Uint8Array | null = null
  let isEnded = false
  let isAbandoned = false
  let failure: { error: unknown } | null = null
  let wakeReader = () => {}
  let wakeWriter = () => {}

  async function* read(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) {
        if (failure !== null) throw failure.error
        if (piece !== null) {
          const taken = piece
          piece = null
          wakeWriter()
          yield taken
        } else if (isEnded) return
        else
          await new Promise<void>(resolve => {
            wakeReader = resolve
          })
      }
    } finally {
      isAbandoned = true
      wakeWriter()
    }
  }

  return {
    bytes: read(),
    async push(bytes) {
      while (piece !== null && !isAbandoned && failure === null)
        await new Promise<void>(resolve => {
          wakeWriter = resolve
        })
      if (isAbandoned || failure !== null || isEnded) return
      piece = bytes
      wakeReader()
    },
    end() {
      isEnded = true
      wakeReader()
    },
    fail(error) {
      failure ??= { error }
      wakeReader()
      wakeWriter()
    },
  }
}
