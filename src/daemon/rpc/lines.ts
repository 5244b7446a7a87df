/** Splits a byte stream into lines under a limit; bytes of a line over it are counted and dropped, never kept. */

const NEWLINE = 0x0a

export interface LineSplitter {
  /** Feed the next bytes; `onLine` and `onTooLong` run before it returns. */
  push(chunk: Uint8Array): void
}

/**
 * @param maxBytes - longest line that is kept, without its newline
 * @param onLine - a whole line without its newline, never empty
 * @param onTooLong - once for each line over the limit, as soon as it passes it
 * @param onDropped - after each chunk that was dropped, with the bytes dropped of this line so far
 */
export function makeLineSplitter(
  maxBytes: number,
  onLine: (line: Buffer) => void,
  onTooLong: () => void,
  onDropped: (bytes: number) => void,
): LineSplitter {
  let held: Uint8Array[] = []
  let heldBytes = 0
  let dropped = 0
  let isDropping = false

  const take = (piece: Uint8Array) => {
    if (isDropping) {
      dropped += piece.length
      return onDropped(dropped)
    }
    if (heldBytes + piece.length > maxBytes) {
      dropped = heldBytes + piece.length
      held = []
      heldBytes = 0
      isDropping = true
      onTooLong()
      return onDropped(dropped)
    }
    if (piece.length > 0) held.push(piece)
    heldBytes += piece.length
  }

  const end = () => {
    const line = isDropping || heldBytes === 0 ? null : Buffer.concat(held, heldBytes)
    held = []
    heldBytes = 0
    isDropping = false
    if (line !== null) onLine(line)
  }

  return {
    push(chunk) {
      let from = 0
      for (let at = chunk.indexOf(NEWLINE); at >= 0; at = chunk.indexOf(NEWLINE, from)) {
        take(chunk.subarray(from, at))
        end()
        from = at + 1
      }
      if (from < chunk.length) take(chunk.subarray(from))
    },
  }
}
