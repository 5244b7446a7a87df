/** Ends received shares when their time has come, also with nobody asking: sleeps until the next end. */
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Endings } from './endings.ts'
import type { SharingEvents } from './events.ts'

/** Longest sleep, so that a clock that was moved is noticed. */
const MAX_SLEEP_MS = 30_000

export interface ExpiryDeps {
  endings: Endings
  events: SharingEvents
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** What is due ends before this resolves: nobody sees what ended while the node was down. @returns how to stop. */
export async function startExpiry({
  endings,
  events,
  clock,
  log,
}: ExpiryDeps): Promise<{ stop(): Promise<void> }> {
  let timer: NodeJS.Timeout | null = null
  let stopped = false
  let running: Promise<void> = Promise.resolve()

  async function sweep(): Promise<void> {
    let next: number | null = null
    try {
      next = await endings.sweepDue()
    } catch (error) {
      log('expiry.failed', { code: codeOf(error) })
    }
    plan(next === null ? MAX_SLEEP_MS : Math.min(MAX_SLEEP_MS, Math.max(20, next - clock.nowMs())))
  }

  function plan(inMs: number): void {
    if (timer) clearTimeout(timer)
    if (stopped) return
    timer = setTimeout(() => {
      running = running.then(sweep)
    }, inMs)
  }

  // Something new in an inbox may end sooner than what was slept for.
  const unlisten = events.listen(event => {
    if (event.kind === 'inbox') plan(0)
  })
  await sweep()
  return {
    async stop() {
      stopped = true
      unlisten()
      if (timer) clearTimeout(timer)
      await running
    },
  }
}
