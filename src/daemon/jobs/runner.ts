/** Runs the outbox: claims due jobs, does each once at a time, frees what failed for a later try. */
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, type ErrorCode, VivimError } from '../../core/kernel/errors.ts'
import { retryDelayMs } from '../../core/pipeline/lifecycle.ts'
import type { JobKind, JobRow, JobStore } from '../../core/pipeline/ports.ts'

/** Longer than any handler may take, so that a lease ends only with its process. */
const LEASE_MS = 15 * 60_000
const HANDLER_TIMEOUT_MS = 10 * 60_000
const CONCURRENT = 8
/** Longest sleep, so that a clock that was moved is noticed. */
const MAX_SLEEP_MS = 30_000

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
  const busy = new Set<string>()
  let timer: NodeJS.Timeout | null = null
  let claiming = false
  let again = false

  async function run(job: JobRow & { lease: string }): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(HANDLER_TIMEOUT_MS)])
    let outcome: JobOutcome
    try {
      outcome = await handlers[job.kind](job, signal)
    } catch (error) {
      const code = codeOf(error)
      if (code === 'program/defect' && !stopping.signal.aborted)
        log('job.defect', {
          job: job.id,
          kind: job.kind,
          error: String(error instanceof Error ? error.stack : error),
        })
      outcome = { code }
    }
    if (outcome === 'done') {
      await jobs.done(job.id, job.lease)
      return
    }
    const nowMs = clock.nowMs()
    const atMs = outcome.atMs ?? nowMs + retryDelayMs(job.attempts, nowMs - job.createdAtMs, unit())
    if (job.lastError !== outcome.code)
      log('job.retry', {
        job: job.id,
        kind: job.kind,
        share: job.share,
        code: outcome.code,
        inMs: atMs - nowMs,
      })
    await jobs.retry(job.id, job.lease, outcome.code, atMs)
  }

  function start(job: JobRow & { lease: string }): void {
    const target = job.target ?? `#${job.id}`
    busy.add(target)
    const task = run(job)
      .catch(error => log('job.lost', { job: job.id, error: String(error) }))
      .finally(() => {
        busy.delete(target)
        running.delete(task)
        wake()
      })
    running.add(task)
  }

  async function claim(): Promise<void> {
    if (claiming || stopping.signal.aborted) {
      again = true
      return
    }
    claiming = true
    try {
      do {
        again = false
        const room = CONCURRENT - running.size
        if (room > 0) {
          for (const job of await jobs.claim(clock.nowMs(), LEASE_MS, room)) {
            if (job.target !== null && busy.has(job.target))
              await jobs.retry(job.id, job.lease, 'rpc/busy', clock.nowMs() + 50)
            else start(job)
          }
        }
      } while (again && !stopping.signal.aborted)
      await sleepUntilDue()
    } catch (error) {
      log('job.claim-failed', { code: codeOf(error), error: String(error) })
      schedule(1000)
    } finally {
      claiming = false
    }
  }

  async function sleepUntilDue(): Promise<void> {
    const dueMs = await jobs.nextDueMs()
    if (dueMs === null) schedule(MAX_SLEEP_MS)
    else schedule(Math.min(MAX_SLEEP_MS, Math.max(running.size < CONCURRENT ? 0 : 50, dueMs - clock.nowMs())))
  }

  function schedule(inMs: number): void {
    if (timer) clearTimeout(timer)
    if (stopping.signal.aborted) return
    timer = setTimeout(() => void claim(), inMs)
  }

  function wake(): void {
    if (!stopping.signal.aborted) void claim()
  }

  wake()
  return {
    wake,
    async stop() {
      stopping.abort(new VivimError('daemon/not-ready', 'the daemon is stopping'))
      if (timer) clearTimeout(timer)
      await Promise.all(running)
    },
  }
}
