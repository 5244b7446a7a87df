/** The real programs as processes: the command line, the daemon, an empty Node, and how much memory each took. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Scope } from '../src/core/kernel/scope.ts'

/** The repository, seen from build/bench. */
const ROOT = join(import.meta.dirname, '..', '..')
const VIVIM = join(ROOT, 'bin', 'vivim.js')
const VIVIMD = join(ROOT, 'bin', 'vivimd.js')

/** Whatever takes longer hangs. */
const PATIENCE_MS = 300_000
const MEMORY_POLL_MS = 20
const MDNS_OFF = { VIVIM_MDNS: 'off' }

/** This process's environment without what would change what the programs do. */
function plainEnv(): NodeJS.ProcessEnv {
  const env: NodeJS.ProcessEnv = { ...process.env, ...MDNS_OFF }
  for (const name of Object.keys(env)) if (name.startsWith('VIVIM_') && !(name in MDNS_OFF)) delete env[name]
  return env
}

/** A field of /proc/PID/status in MB (10^6 bytes): `VmRSS` is now, `VmHWM` the most so far. null: the process is gone, or this is
 *  no Linux. */
export function memoryMb(pid: number, field: 'VmRSS' | 'VmHWM'): number | null {
  try {
    const kib = new RegExp(`^${field}:\\s+(\\d+) kB$`, 'm').exec(
      readFileSync(`/proc/${pid}/status`, 'utf8'),
    )?.[1]
    return kib === undefined ? null : (Number(kib) * 1024) / 1e6
  } catch {
    return null
  }
}

export interface Run {
  readonly out: string
  readonly ms: number
  /** The most memory it held, in MB; null where that cannot be known. */
  readonly peakMb: number | null
}

/** Run Node with these arguments until it ends. @throws when it ends with another code than 0. */
async function runNode(args: readonly string[], input = ''): Promise<Run> {
  const began = performance.now()
  const child = spawn(process.execPath, args, { env: plainEnv(), stdio: ['pipe', 'pipe', 'pipe'] })
  let out = ''
  let err = ''
  let peakMb: number | null = null
  child.stdout.setEncoding('utf8').on('data', text => {
    out += text
  })
  child.stderr.setEncoding('utf8').on('data', text => {
    err += text
  })
  child.stdin.on('error', () => {})
  child.stdin.end(input)
  const poll = setInterval(() => {
    peakMb = memoryMb(child.pid ?? 0, 'VmHWM') ?? peakMb
  }, MEMORY_POLL_MS)
  const timer = setTimeout(() => child.kill('SIGKILL'), PATIENCE_MS)
  try {
    const [code] = await once(child, 'close')
    const ms = performance.now() - began
    if (code !== 0) throw new Error(`node ${args.join(' ')} ended with ${code}: ${err}${out}`)
    return { out, ms, peakMb }
  } finally {
    clearInterval(poll)
    clearTimeout(timer)
  }
}

/** An empty Node: what every program here pays before it does anything. */
export const emptyNode = (): Promise<Run> => runNode(['-e', '0'])

/** `vivim` with arguments. */
export const vivim = (args: readonly string[], input?: string): Promise<Run> =>
  runNode([VIVIM, ...args], input)

export interface Daemon {
  readonly child: ChildProcess
  readonly pid: number
  readonly socket: string
  /** From spawning to the line that says ready. */
  readonly readyMs: number
  stop(): Promise<void>
}

/** Start `vivimd` on a home and wait until it is ready. */
export async function startDaemon(home: string): Promise<Daemon> {
  const began = performance.now()
  const child = spawn(process.execPath, [VIVIMD, '--home', home], {
    env: plainEnv(),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let err = ''
  child.stderr.setEncoding('utf8').on('data', text => {
    err = (err + text).slice(-2_000)
  })
  const closed = once(child, 'close')
  const { promise, resolve, reject } = Promise.withResolvers<{ pid: number; socket: string }>()
  closed.then(() => reject(new Error(`vivimd ended before it was ready: ${err}`)), reject)
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    const end = out.indexOf('\n')
    if (end >= 0) resolve(JSON.parse(out.slice(0, end)))
  })
  const { pid, socket } = await promise
  const readyMs = performance.now() - began
  return {
    child,
    pid,
    socket,
    readyMs,
    async stop() {
      child.kill('SIGTERM')
      await closed
    },
  }
}

/** A person with a home below `folder`; no passphrase, loopback only, no discovery of others. */
export interface Person {
  readonly home: string
  readonly did: string
  /** Run a command. @returns its JSON. */
  run<T>(args: readonly string[], input?: string): Promise<{ result: T; run: Run }>
}

export async function makePerson(folder: string, name: string): Promise<Person> {
  const home = join(folder, name)
  const run = async <T>(args: readonly string[], input?: string) => {
    const done = await vivim([...args, '--home', home, '--json', '--no-input'], input)
    return { result: JSON.parse(done.out) as T, run: done }
  }
  const init = ['init', '--name', name, '--no-passphrase', '--listen', '/ip4/127.0.0.1/tcp/0']
  return { home, did: (await run<{ did: string }>(init)).result.did, run }
}

/** The daemon of a person, stopped with the scope. */
export const ownDaemon = async (scope: Scope, { home }: Person): Promise<Daemon> =>
  scope.own(await startDaemon(home), daemon => daemon.stop())

/** RSS in MB of a process after `ms` without anything to do. */
export async function idleMb(pid: number, ms: number): Promise<number> {
  await sleep(ms)
  return memoryMb(pid, 'VmRSS') ?? Number.NaN
}

/** RSS in MB of an empty Node that waits. */
export async function emptyNodeIdleMb(ms: number): Promise<number> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1e6)'], { stdio: 'ignore' })
  const closed = once(child, 'close')
  try {
    return await idleMb(child.pid ?? 0, ms)
  } finally {
    child.kill('SIGKILL')
    await closed
  }
}
