/** `vivimd` in the foreground, for tests of how it starts, speaks and ends. */
import { type ChildProcess, spawn } from 'node:child_process'
import type { Test } from 'tap'
import { type Ended, ended, plainEnv, VIVIMD } from './cli.ts'

export interface Ready {
  event: 'ready'
  socket: string
  peerId: string
  addrs: string[]
  pid: number
}

export interface Vivimd {
  child: ChildProcess
  /** The ready line, or null when it ended before. */
  ready: Promise<Ready | null>
  ended: Promise<Ended>
}

/** Start it on a home; it is killed with the test if it still runs. */
export function vivimd(t: Test, args: readonly string[], env: Record<string, string> = {}): Vivimd {
  const child = spawn(process.execPath, [VIVIMD, ...args], {
    env: plainEnv(env),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const all = ended(child)
  t.teardown(async () => {
    child.kill('SIGKILL')
    await all
  })
  const ready = new Promise<Ready | null>(resolve => {
    let text = ''
    child.stdout.on('data', (chunk: string) => {
      text += chunk
      const [line, rest] = text.split('\n', 2)
      if (line !== undefined && rest !== undefined) resolve(JSON.parse(line))
    })
    child.on('close', () => resolve(null))
  })
  return { child, ready, ended: all }
}
