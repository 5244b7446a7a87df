/** Secrets come from a prompt without echo, from stdin (`-`) or from a file; never from an argument. */
import { readFileSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'
import { VivimError } from '../../core/kernel/errors.ts'
import { stdinBytes } from './stdin.ts'

/** Longest secret that is read, in bytes. */
const MAX_SECRET_BYTES = 4096

/** The first line of a file, or of stdin for `-`. @throws `file/not-found` and its like, `usage/invalid` when it is empty or too long */
export async function secretFrom(source: string): Promise<string> {
  const bytes = source === '-' ? await stdinBytes(MAX_SECRET_BYTES) : readFileSync(source)
  if (bytes.length > MAX_SECRET_BYTES)
    throw new VivimError('usage/invalid', `a secret has at most ${MAX_SECRET_BYTES} bytes`)
  const [line = ''] = bytes.toString('utf8').split(/\r?\n/, 1)
  if (line === '')
    throw new VivimError('usage/invalid', `${source === '-' ? 'stdin' : source} holds no secret`)
  return line
}

/** A text of several lines, such as words on a sheet, from a file, or from stdin for `-`. @throws as `secretFrom`. */
export async function secretTextFrom(source: string): Promise<string> {
  const bytes = source === '-' ? await stdinBytes(MAX_SECRET_BYTES) : readFileSync(source)
  if (bytes.length > MAX_SECRET_BYTES)
    throw new VivimError('usage/invalid', `a secret has at most ${MAX_SECRET_BYTES} bytes`)
  return bytes.toString('utf8')
}

/** Ask on the terminal, echoing nothing. Ctrl-C ends the program like anywhere else. */
export function askSecret(question: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { stdin, stderr } = process
    const decoder = new StringDecoder('utf8')
    let typed: string[] = []
    // Echo ends before the question is there to be answered.
    stdin.setRawMode(true)
    stdin.resume()
    stderr.write(question)
    const finish = (settle: () => void) => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write('\n')
      settle()
    }
    const onData = (chunk: Buffer) => {
      for (const key of decoder.write(chunk)) {
        if (key === '\r' || key === '\n') return finish(() => resolve(typed.join('')))
        if (key === '\u0003') return finish(() => process.kill(process.pid, 'SIGINT'))
        if (key === '\u0004')
          return finish(() => reject(new VivimError('usage/input-needed', 'nothing was entered')))
        if (key === '\u007f' || key === '\b') typed = typed.slice(0, -1)
        else if (key === '\u0015') typed = []
        else if (key >= ' ') typed.push(key)
      }
    }
    stdin.on('data', onData)
  })
}

/** A new passphrase, asked for twice until both agree, three times at most. */
export async function askNewSecret(question: string): Promise<string> {
  for (let round = 0; round < 3; round += 1) {
    const first = await askSecret(`${question}: `)
    if (first === '') process.stderr.write('It cannot be empty.\n')
    else if (first === (await askSecret('Again: '))) return first
    else process.stderr.write('They differ.\n')
  }
  throw new VivimError('usage/input-needed', 'no passphrase was agreed on')
}
