/** Standard input, read whole for `-`. */
import { VivimError } from '../../core/kernel/errors.ts'

/** Everything up to the end. A pipe whose writer has not written yet is waited for: a plain `readFileSync(0)` fails on it with EAGAIN.
 *  @throws `usage/invalid` over `maxBytes`. */
export async function stdinBytes(maxBytes: number): Promise<Buffer> {
  const pieces: Buffer[] = []
  let size = 0
  for await (const piece of process.stdin) {
    const bytes = Buffer.from(piece)
    size += bytes.length
    if (size > maxBytes) throw new VivimError('usage/invalid', `stdin holds more than ${maxBytes} bytes`)
    pieces.push(bytes)
  }
  return Buffer.concat(pieces)
}
