/** The real command line as a process, and the real daemon behind it. */
import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { Test } from 'tap'
import { tempFolder } from './home.ts'

/** The repository, seen from build/test/kit. */
export const ROOT = join(import.meta.dirname, '..', '..', '..')
export const VIVIM = join(ROOT, 'bin', 'vivim.js')
export const VIVIMD = join(ROOT, 'bin', 'vivimd.js')

/** A hanging command is a failed test, not a hanging one. */
const COMMAND_TIMEOUT_MS = 60_000

export interface Ended {
  /** Null when a signal ended it. */
  code: number | null
  out: string
  err: string
}

/** What a program gets to see of this process's environment: nothing that would change what it prints or whom it finds. */
export function plainEnv(more: Record<string, string> = {}): NodeJS.ProcessEnv {
  const ours = (name: string) => name.startsWith('VIVIM_') || name.startsWith('TAP') || name === 'FORCE_COLOR'
  const kept = Object.entries(process.env).filter(([name]) => !ours(name))
  return { ...Object.fromEntries(kept), VIVIM_MDNS: 'off', VIVIM_CHECK_RESULTS: 'on', ...more }
}

/** Everything that a child prints, and how it ended. */
export function ended(child: ChildProcess): Promise<Ended> {
  let out = ''
  let err = ''
  child.stdout?.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    err += text
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), COMMAND_TIMEOUT_MS)
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', code => {
      clearTimeout(timer)
      resolve({ code, out, err })
    })
  })
}

/** Run `vivim` with arguments. */
export function vivim(
  args: readonly string[],
  options: { input?: string | Uint8Array; env?: Record<string, string>; cwd?: string } = {},
): Promise<Ended> {
  const child = spawn(process.execPath, [VIVIM, ...args], {
    cwd: options.cwd,
    env: plainEnv(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.on('error', () => {})
  child.stdin.end(options.input ?? '')
  return ended(child)
}

/** One person with a home of their own, and `vivim` on it. */
export interface Person {
  name: string
  home: string
  /** Run a command; its parsed JSON. @throws when it ends with another code than `exit` */
  run<T = Record<string, unknown>>(args: readonly string[], options?: RunOptions): Promise<T>
  /** Run a command that fails. @returns its error */
  fail(args: readonly string[], exit: number, options?: RunOptions): Promise<FailedWith>
  /** Run it as a person on a terminal-less shell would, without --json. */
  text(args: readonly string[]): Promise<Ended>
  start(): Promise<{ pid: number; socket: string; peerId: string; addrs: string[]; changed: boolean }>
  stop(): Promise<void>
}

interface RunOptions {
  input?: string | Uint8Array
  exit?: number
}

export interface FailedWith {
  code: string
  message: string
  details: Record<string, unknown>
  hint: string
}

/** Make a home, without a passphrase unless one is given. Its daemon, if started, is stopped with the test. */
export async function person(t: Test, name: string, options: { passphrase?: string } = {}): Promise<Person> {
  const home = join(tempFolder(t), name)
  const on = (args: readonly string[]) => [...args, '--home', home]
  const run: Person['run'] = async (args, { input, exit = 0 } = {}) => {
    const { code, out, err } = await vivim(
      [...on(args), '--json', '--no-input'],
      input === undefined ? {} : { input },
    )
    if (code !== exit)
      throw new Error(`vivim ${args.join(' ')} ended with ${code} instead of ${exit}: ${err}`)
    return JSON.parse(out)
  }
  const secret = options.passphrase === undefined ? ['--no-passphrase'] : ['--passphrase-file', '-']
  await run(
    ['init', '--name', name, '--listen', '/ip4/127.0.0.1/tcp/0', ...secret],
    options.passphrase === undefined ? {} : { input: `${options.passphrase}\n` },
  )
  let isStarted = false
  const stop = async () => {
    if (!isStarted) return
    isStarted = false
    await run(['daemon', 'stop'])
  }
  t.teardown(stop)
  return {
    name,
    home,
    run,
    async fail(args, exit, { input } = {}) {
      const { code, out, err } = await vivim(
        [...on(args), '--json', '--no-input'],
        input === undefined ? {} : { input },
      )
      if (code !== exit)
        throw new Error(`vivim ${args.join(' ')} ended with ${code} instead of ${exit}: ${err}${out}`)
      return JSON.parse(err.trim().split('\n').at(-1) ?? '').error
    },
    text: args => vivim(on(args)),
    async start() {
      isStarted = true
      return run(['daemon', 'start'])
    },
    stop,
  }
}
