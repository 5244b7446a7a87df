/** Starting and stopping `vivimd` as a process of its own. */
import { spawn } from 'node:child_process'
import { closeSync, existsSync, mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Client, connect } from '../../core/client/client.ts'
import { errorFromFrame } from '../../core/contract/codes.ts'
import { codeOf, ERRORS, type ErrorCode, hasCode, VivimError } from '../../core/kernel/errors.ts'
import { socketOf } from '../place.ts'
import { logFileOf } from './log-file.ts'

/** The whole way to ready, with migrations of a large database on a slow disk. */
const START_TIMEOUT_MS = 60_000
/** The daemon promises 10 s for a clean stop. */
const STOP_TIMEOUT_MS = 15_000
const POLL_MS = 25

export interface DaemonState {
  pid: number
  socket: string
  peerId: string
  addrs: string[]
  changed: boolean
}

/** Start the daemon of `home` unless it runs, and wait until it is ready. @param root - the package's folder */
export async function startDaemon(
  home: string,
  root: string,
  timeoutMs = START_TIMEOUT_MS,
): Promise<DaemonState> {
  const running = await runningDaemon(home)
  if (running !== null) return running
  if (!existsSync(home)) throw new VivimError('home/missing', `there is no home at ${home}`, { home })
  mkdirSync(join(home, 'run'), { recursive: true, mode: 0o700 })
  const logFile = logFileOf(home)
  const log = openSync(logFile, 'a', 0o600)
  const child = spawn(
    process.execPath,
    [join(root, 'bin', 'vivimd.js'), '--home', home, '--log-file', logFile],
    { detached: true, stdio: ['ignore', 'pipe', log], cwd: '/' },
  )
  closeSync(log)
  const stdout = child.stdout as Readable
  const state = await new Promise<DaemonState>((resolve, reject) => {
    let out = ''
    const timer = setTimeout(() => {
      child.kill('SIGTERM')
      reject(
        new VivimError('daemon/not-ready', `vivimd was not ready within ${timeoutMs} ms`, { log: logFile }),
      )
    }, timeoutMs)
    const settle = () => clearTimeout(timer)
    child.on('error', error => {
      settle()
      reject(new VivimError('daemon/not-ready', `vivimd does not start: ${error.message}`))
    })
    child.on('exit', code => {
      settle()
      reject(
        lastError(logFile, child.pid) ??
          new VivimError('daemon/not-ready', `vivimd ended (${code ?? 'killed'}) before it was ready`, {
            log: logFile,
          }),
      )
    })
    stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const line = out.split('\n').find(candidate => candidate.includes('"ready"'))
      if (line === undefined || !out.includes('\n')) return
      settle()
      const { pid, socket, peerId, addrs } = JSON.parse(line) as DaemonState
      resolve({ pid, socket, peerId, addrs, changed: true })
    })
  })
  stdout.destroy()
  child.unref()
  return state
}

/** The daemon that answers for `home`, or null when none does. */
async function runningDaemon(home: string): Promise<DaemonState | null> {
  const socket = socketOf(home)
  let client: Client
  try {
    client = await connect(socket, { clientName: 'vivim daemon' })
  } catch (error) {
    if (hasCode(error, 'daemon/not-running')) return null
    throw error
  }
  try {
    const { pid, node } = client.hello
    if (node === undefined)
      throw new VivimError('daemon/not-ready', 'what answers there is not the own socket')
    return { pid, socket, ...node, changed: false }
  } finally {
    client.close()
  }
}

/** The way to a daemon that is to stop. */
export interface StopDoor {
  socket: string
  token: string | undefined
  as: string | undefined
  /** Its home, where it is the own one: a daemon that does not answer is stopped by the process id that lies there. */
  home: string | null
}

/** Stop a daemon and wait until its process is gone. @returns false when none was running. @throws `rpc/denied` for who is not its operator */
export async function stopDaemon(
  { socket, token, as, home }: StopDoor,
  timeoutMs = STOP_TIMEOUT_MS,
): Promise<boolean> {
  let pid: number | null = null
  try {
    const client = await connect(socket, { clientName: 'vivim daemon stop', token, as })
    pid = client.hello.pid
    try {
      await client.call('system.stop', {})
    } finally {
      client.close()
    }
  } catch (error) {
    const isGone = hasCode(error, 'daemon/not-running')
    if (isGone && pid === null) return false
    if (!isGone && !hasCode(error, 'daemon/not-ready') && !hasCode(error, 'rpc/timeout')) throw error
    // It holds its socket and does not answer on it: the signal is the other way to a clean stop.
    if (!isGone) {
      if (home === null) throw error
      pid = pidOf(home)
      process.kill(pid, 'SIGTERM')
    }
  }
  if (pid === null) return false
  const until = performance.now() + timeoutMs
  while (isAlive(pid)) {
    if (performance.now() > until)
      throw new VivimError('daemon/not-ready', `vivimd (pid ${pid}) did not stop within ${timeoutMs} ms`, {
        pid,
      })
    await sleep(POLL_MS)
  }
  return true
}

/** The process id that the daemon wrote down. @throws `daemon/not-ready` */
function pidOf(home: string): number {
  const pid = Number.parseInt(readText(join(home, 'run', 'vivimd.pid')), 10)
  if (pid > 1) return pid
  throw new VivimError('daemon/not-ready', 'vivimd does not answer and its process id is not known')
}

/** A process that ended and was not collected by its parent counts as gone. */
function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  const stat = readText(`/proc/${pid}/stat`)
  return !/^\d+ \(.*\) [ZX]/s.test(stat)
}

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}

/** Why the daemon `pid` ended: the last error that it logged. */
function lastError(logFile: string, pid: number | undefined): VivimError | null {
  for (const line of readText(logFile).trimEnd().split('\n').slice(-20).reverse()) {
    try {
      const { level, code, msg, ...facts } = JSON.parse(line) as Record<string, unknown>
      if (facts.pid === pid && level === 'error' && typeof code === 'string' && Object.hasOwn(ERRORS, code))
        return new VivimError(code as ErrorCode, String(msg), { log: logFile })
    } catch {
      // A line of another program, or a torn one, says nothing about the code.
    }
  }
  return null
}

/** Run `vivimd --init` with `request` on its stdin. @returns its result. @throws what it failed with */
export async function initHome(root: string, request: object): Promise<unknown> {
  const child = spawn(process.execPath, [join(root, 'bin', 'vivimd.js'), '--init'], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  child.stdin.on('error', () => {})
  child.stdin.end(JSON.stringify(request))
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
  })
  const code = await new Promise<number | null>((resolve, reject) => {
    child.on('error', reject)
    child.on('close', resolve)
  })
  const answer = parsedOrNull(out)
  if (answer === null)
    throw new VivimError('program/defect', `vivimd --init ended with ${code} and no answer`)
  if (typeof answer === 'object' && 'error' in answer) {
    const error = errorFromFrame(answer.error)
    throw codeOf(error) === error.code ? error : new VivimError('program/defect', error.message)
  }
  return answer
}

const parsedOrNull = (text: string): object | null => {
  try {
    const parsed: unknown = JSON.parse(text)
    return typeof parsed === 'object' ? parsed : null
  } catch {
    return null
  }
}
