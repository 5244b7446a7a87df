/** Entries of the deny and allow list: from an argument where they may be seen, else from stdin, a file or a prompt. */
import { readFileSync } from 'node:fs'
import { Args, Flags } from '@oclif/core'
import type { Client } from '../../core/client/client.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { askSecret } from '../input/secret.ts'
import { stdinBytes } from '../input/stdin.ts'

const MAX_BYTES = 4 * 1024 * 1024
/** Entries in one call, far below the daemon's limit of a frame. */
const AT_ONCE = 200

export const entryArgs = {
  text: Args.string({
    description:
      'what to list; - for stdin, one entry a line. A secret belongs there, or into the prompt that comes without it',
  }),
}
export const entryFlags = {
  file: Flags.string({ helpValue: 'FILE', description: 'read entries from there, one a line' }),
}

/** @param canAsk - whether a terminal is there to ask on. @throws `usage/input-needed`, `usage/invalid`, `file/not-found` and its like */
export async function entriesFrom(
  text: string | undefined,
  file: string | undefined,
  canAsk: boolean,
): Promise<string[]> {
  if (text !== undefined && file !== undefined)
    throw new VivimError('usage/invalid', 'give a text or --file, not both')
  if (file !== undefined) return linesOf(readFileSync(file), file)
  if (text === '-') return linesOf(await stdinBytes(MAX_BYTES), 'stdin')
  if (text !== undefined) return [text]
  if (!canAsk)
    throw new VivimError('usage/input-needed', 'a text is needed: give it, - for stdin, or --file', {
      flag: '--file',
    })
  const typed = await askSecret('Text: ')
  if (typed.trim() === '') throw new VivimError('usage/input-needed', 'nothing was entered')
  return [typed]
}

function linesOf(bytes: Buffer, source: string): string[] {
  if (bytes.length > MAX_BYTES)
    throw new VivimError('usage/invalid', `${source} holds more than ${MAX_BYTES} bytes`)
  const lines = bytes
    .toString('utf8')
    .split(/\r?\n/)
    .filter(line => line.trim() !== '')
  if (lines.length === 0) throw new VivimError('usage/invalid', `${source} holds no entry`)
  return lines
}

/** Call once for every so many entries. @returns the last answer, with the numbers of all. */
export async function inPieces<T extends { changed: boolean }>(
  client: Client,
  texts: readonly string[],
  call: (client: Client, texts: string[]) => Promise<T>,
  join: (before: T, after: T) => T,
): Promise<T> {
  let all: T | null = null
  for (let at = 0; at < texts.length; at += AT_ONCE) {
    const one = await call(client, texts.slice(at, at + AT_ONCE))
    all = all === null ? one : join(all, one)
  }
  if (all === null) throw new VivimError('usage/invalid', 'there is no entry')
  return all
}
