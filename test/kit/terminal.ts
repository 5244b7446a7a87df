/** The real command line on a real terminal (pty). */
import { spawn } from '@lydell/node-pty'
import type { Test } from 'tap'
import { plainEnv, VIVIM } from './cli.ts'

const TIMEOUT_MS = 60_000

export interface Terminal {
  /** Everything that was printed so far, without escape sequences. */
  text(): string
  /** Until it was printed, after what was waited for before. @throws when it does not come */
  sees(text: string): Promise<void>
  type(keys: string): void
  /** The exit code. */
  ended: Promise<number>
}

export const KEY = {
  enter: '\r',
  down: '\u001b[B',
  up: '\u001b[A',
  escape: '\u001b',
  interrupt: '\u0003',
  end: '\u0004',
} as const

// biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one.
const ESCAPES = /\u001b(\[[0-9;?]*[ -/]*[@-~]|\][^\u0007]*\u0007|[=>78])/g

/** Run `vivim` on a terminal of 100 by 40. */
export function onTerminal(t: Test, args: readonly string[], more: Record<string, string> = {}): Terminal {
  // Ink draws nothing until the end where it takes the terminal for a CI log.
  const { CI: _ci, CONTINUOUS_INTEGRATION: _long, NO_COLOR: _plain, ...env } = plainEnv(more)
  const child = spawn(process.execPath, [VIVIM, ...args], {
    name: 'xterm-256color',
    cols: 100,
    rows: 40,
    env: env as Record<string, string>,
  })
  let out = ''
  let seen = 0
  let code: number | null = null
  const waiting = new Set<() => void>()
  const wake = () => {
    for (const check of [...waiting]) check()
  }
  child.onData(data => {
    out += data
    wake()
  })
  const end = Promise.withResolvers<number>()
  child.onExit(({ exitCode }) => {
    code = exitCode
    end.resolve(exitCode)
    wake()
  })
  t.teardown(() => {
    if (code === null) child.kill('SIGKILL')
  })
  const text = () => out.replace(ESCAPES, '')
  return {
    text,
    sees: wanted =>
      new Promise((resolve, reject) => {
        const finish = (settle: () => void) => {
          clearTimeout(timer)
          waiting.delete(check)
          settle()
        }
        const fail = (why: string) =>
          finish(() => reject(new Error(`${why} before ${JSON.stringify(wanted)}: ${text()}`)))
        const check = () => {
          const at = text().indexOf(wanted, seen)
          if (at >= 0) {
            seen = at + wanted.length
            finish(resolve)
          } else if (code !== null) fail(`ended with ${code}`)
        }
        const timer = setTimeout(() => fail('nothing'), TIMEOUT_MS)
        waiting.add(check)
        check()
      }),
    type: keys => child.write(keys),
    ended: end.promise,
  }
}
