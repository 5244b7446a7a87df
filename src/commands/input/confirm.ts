/** Questions that a person answers with a line. */
import { createInterface } from 'node:readline/promises'

/** Ask on stderr. @returns what was typed, trimmed; empty at the end of the input. Ctrl-C ends the program like anywhere else. */
export async function askLine(question: string): Promise<string> {
  const lines = createInterface({ input: process.stdin, output: process.stderr })
  lines.on('SIGINT', () => process.kill(process.pid, 'SIGINT'))
  try {
    const { promise: ended, resolve } = Promise.withResolvers<string>()
    lines.once('close', () => resolve(''))
    return (await Promise.race([lines.question(question), ended])).trim()
  } finally {
    lines.close()
  }
}

export const isYes = (answer: string): boolean => /^y(es)?$/i.test(answer)
