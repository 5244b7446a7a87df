/** A question that a person answers with yes or no. */
import { createInterface } from 'node:readline/promises'

/** Ask on stderr; anything but y or yes is no, the end of the input too. */
export async function confirm(question: string): Promise<boolean> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  try {
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    lines.once('close', () => resolve(''))
    return /^y(es)?$/i.test((await Promise.race([lines.question(`${question} [y/N] `), ended])).trim())
  } finally {
    lines.close()
  }
}
