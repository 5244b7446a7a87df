/** Runs the outbox: claims due jobs, does each once at a time, frees what failed for a later try. */
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, type ErrorCode, VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { retryDelayMs } from '../../core/pipeline/lifecycle.ts'
import type { JobKind, JobRow, JobStore } from '../../core/pipeline/ports.ts'
import { describeDefect } from '../defect.ts'

/** Longer than any handler may take, so that a lease ends only with its process. */
const LEASE_MS = 15 * 60_000
const HANDLER_TIMEOUT_MS = 10 * 60_000
const CONCURRENT = 8
/** Jobs for somebody who does not answer wait for the next try together; a young one tries as often as this anyway. */
const SILENCE_MS = 4_000
/** Longest sleep, so that a clock that was moved is noticed. */
const MAX_SLEEP_MS = 30_000
/** Before the database is asked again that did not answer. */
const FAILED_SLEEP_MS = 1_000

/** `done`, or not yet: a stable code, and when to come back where the usual back-off does not fit. */
export type JobOutcome = 'done' | { code: ErrorCode; atMs?: number }
export type JobHandler = (job: JobRow, signal: AbortSignal) => Promise<JobOutcome>

export interface JobRunner {
  /** Look for due jobs now. */
  wake(): void
  /** Stop claiming, abort what runs and wait for it. */
  stop(): Promise<void>
}

export interface JobRunnerDeps {
  jobs: JobStore
  handlers: Record<JobKind, JobHandler>
  clock: Clock
  /** A random number in [0, 1). */
  unit: () => number
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Start the runner; leases of an earlier process are freed first. */
export async function startJobRunner({
  jobs,
  handlers,
  clock,
  unit,
  log,
}: JobRunnerDeps): Promise<JobRunner> {
  await jobs.release()
  const stopping = new AbortController()
  const running = new Set<Promise<void>>()
  /** Targets that a job is talking to: two pushes to one person would only wait for each other. */
  const busy = new Set<Did>()
  let timer: NodeJS.Timeout | null = null
  let claiming: Promise<void> | null = null
  let again = false

  /** Do one job. @returns how it ended; `stopped` when that is because the process ends. */
  async function attempt(job: JobRow): Promise<JobOutcome | 'stopped'> {
    // Made by hand and taken down, because a job for somebody away runs every few seconds for weeks.
    const bound = new AbortController()
    const overdue = setTimeout(
      () => bound.abort(new VivimError('rpc/timeout', 'a job took too long')),
      HANDLER_TIMEOUT_MS,
    )
    const onStop = (): void => bound.abort(stopping.signal.reason)
    stopping.signal.addEventListener('abort', onStop)
    try {
      stopping.signal.throwIfAborted()
      return await handlers[job.kind](job, bound.signal)
    } catch (error) {
      if (stopping.signal.aborted) return 'stopped'
      const code = codeOf(error)
      if (code === 'program/defect')
        log('job.defect', {
          job: job.id,
          kind: job.kind,
          ...describeDefect(error),
        })
      return { code }
    } finally {
      clearTimeout(overdue)
      stopping.signal.removeEventListener('abort', onStop)
    }
  }

  /** Write how a job ended, again and again while the database cannot take it: a lease that nobody gives back would hold up the
   *  job until it ends. */
  async function surely(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write()
      } catch (error) {
        if (stopping.signal.aborted) return
        log('job.unwritten', { code: codeOf(error) })
        await pause(FAILED_SLEEP_MS, stopping.signal)
      }
    }
  }

  async function run(job: JobRow & { lease: string }): Promise<void> {
    const outcome = await attempt(job)
    // Its lease ends with this process; the next one begins with it, its last error as it was.
    if (outcome === 'stopped') return
    if (outcome === 'done') return await surely(() => jobs.done(job.id, job.lease))
    const { code } = outcome
    const nowMs = clock.nowMs()
    const atMs = outcome.atMs ?? nowMs + retryDelayMs(job.attempts, nowMs - job.createdAtMs, unit())
    if (job.lastError !== code)
      log('job.retry', { job: job.id, kind: job.kind, share: job.share, code, inMs: atMs - nowMs })
    await surely(() => jobs.retry(job.id, job.lease, code, atMs))
    if (code === 'peer/unreachable' && job.target !== null)
      await jobs.postpone({ owner: job.owner, target: job.target, code }, Math.min(atMs, nowMs + SILENCE_MS))
  }

  function start(job: JobRow & { lease: string }): void {
    const { target } = job
    if (target !== null) busy.add(target)
    const task = run(job)
      .catch(error => log('job.lost', { job: job.id, code: codeOf(error), ...describeDefect(error) }))
      .finally(() => {
        if (target !== null) busy.delete(target)
        running.delete(task)
        wake()
      })
    running.add(task)
  }

  /** Start what is due until nothing is, then sleep; a wake that comes meanwhile is one more round. */
  async function claim(): Promise<void> {
    do {
      again = false
      try {
        const room = CONCURRENT - running.size
        if (room > 0) for (const job of await jobs.claim(clock.nowMs(), LEASE_MS, room, [...busy])) start(job)
        const dueMs = await jobs.nextDueMs([...busy])
        sleep(dueMs === null || running.size >= CONCURRENT ? MAX_SLEEP_MS : dueMs - clock.nowMs())
      } catch (error) {
        log('job.claim-failed', { code: codeOf(error), ...describeDefect(error) })
        sleep(FAILED_SLEEP_MS)
      }
    } while (again && !stopping.signal.aborted)
  }

  function sleep(ms: number): void {
    if (timer) clearTimeout(timer)
    if (!stopping.signal.aborted) timer = setTimeout(wake, Math.min(MAX_SLEEP_MS, Math.max(0, ms)))
  }

  function wake(): void {
    if (stopping.signal.aborted) return
    again = true
    claiming ??= claim().finally(() => {
      claiming = null
      if (again) wake()
    })
  }

  wake()
  return {
    wake,
    async stop() {
      stopping.abort(new VivimError('daemon/not-ready', 'the daemon is stopping'))
      if (timer) clearTimeout(timer)
      await claiming
      await Promise.all(running)
    },
  }
}

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const onAbort = (): void => {
      clearTimeout(timer)
      resolve()
    }
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal.addEventListener('abort', onAbort, { once: true })
    if (signal.aborted) onAbort()
  })
