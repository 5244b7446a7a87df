/** The outbox's runner over a real database: each job once at a time, nothing forgotten, nothing spun on. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/core/kernel/env.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import { type Did, ShareId } from '../../src/core/model/id.ts'
import type { JobKind, JobRow, JobStore, NewJob } from '../../src/core/pipeline/ports.ts'
import { type JobHandler, startJobRunner } from '../../src/daemon/jobs/runner.ts'
import { openMaster } from '../../src/daemon/storage/master/master.ts'
import { tempFolder } from '../kit/home.ts'
import { didOf } from './storage/people.ts'

const [alice, bob, carol] = [didOf(1), didOf(2), didOf(3)] as [Did, Did, Did]
const LETTERS = 'abcdefghijklmnopqrstuvwxyz'

const job = (n: number, target: Did | null, more: Partial<NewJob> = {}): NewJob => ({
  kind: 'deliver',
  owner: alice,
  share: ShareId.parse(`${LETTERS[n % 26]}${LETTERS[Math.floor(n / 26)]}${'a'.repeat(24)}`),
  circle: null,
  target,
  notBeforeMs: systemClock.nowMs(),
  ...more,
})

interface Line {
  event: string
  [field: string]: unknown
}

interface RunningOptions {
  /** Jobs that are there at the start. */
  before?: readonly NewJob[]
  onLine?: (line: Line) => void
  /** Awaited between the look at what is due next and the sleep until then. */
  afterLook?: () => Promise<void>
}

/** A runner over a database of its own, every kind of job done by one handler. */
async function running(t: Test, handler: JobHandler, options: RunningOptions = {}) {
  const path = join(tempFolder(t), 'master.sqlite')
  const master = await openMaster({ engine: 'sqlite', path }, systemClock)
  t.teardown(() => master.close())
  for (const one of options.before ?? []) await master.jobs.add(one)
  const lines: Line[] = []
  let claims = 0
  const watched: JobStore = {
    ...master.jobs,
    claim: (...args) => {
      claims++
      return master.jobs.claim(...args)
    },
    async nextDueMs(apart) {
      const dueMs = await master.jobs.nextDueMs(apart)
      await options.afterLook?.()
      return dueMs
    },
  }
  const kinds: JobKind[] = ['grant', 'deliver', 'bury', 'expire', 'circle', 'add-member']
  const runner = await startJobRunner({
    jobs: watched,
    handlers: Object.fromEntries(kinds.map(kind => [kind, handler])) as Record<JobKind, JobHandler>,
    clock: systemClock,
    unit: () => 0.5,
    log: (event, fields) => {
      const line = { event, ...fields }
      lines.push(line)
      options.onLine?.(line)
    },
  })
  t.teardown(() => runner.stop())
  const add = async (one: NewJob): Promise<void> => {
    await master.jobs.add(one)
    runner.wake()
  }
  return { jobs: master.jobs, runner, lines, add, claims: () => claims }
}

/** Something that is waited for, and how to say that it happened. */
function signal(): { happened: Promise<void>; say: () => void } {
  const { promise, resolve } = Promise.withResolvers<void>()
  return { happened: promise, say: resolve }
}

t.test('one person is talked to by one job at a time, others at the same time', async t => {
  const order: string[] = []
  const bobAnswers = signal()
  const carolDone = signal()
  const allDone = signal()
  const talking = new Set<string>()
  const handler: JobHandler = async ({ target }) => {
    const who = target === bob ? 'bob' : 'carol'
    t.notOk(talking.has(who))
    talking.add(who)
    if (who === 'bob') await bobAnswers.happened
    talking.delete(who)
    order.push(who)
    if (order.filter(name => name === 'carol').length === 5) carolDone.say()
    if (order.length === 25) allDone.say()
    return 'done'
  }
  const before = Array.from({ length: 20 }, (_, n) => job(n, bob))
  const { jobs, add, claims } = await running(t, handler, { before })
  for (let n = 0; n < 5; n++) await add(job(n, carol))
  await carolDone.happened
  t.notOk(order.includes('bob'))
  const idle = claims()
  await new Promise(resolve => setTimeout(resolve, 200))
  t.ok(claims() - idle <= 2, 'who waits for bob does not ask the database again and again')
  bobAnswers.say()
  await allDone.happened
  t.equal(order.length, 25)
  t.ok((await jobs.list({})).every(({ attempts }) => attempts === 1))
})

t.test('what is added while a round ends is not slept through', async t => {
  const done = signal()
  const handler: JobHandler = async () => {
    done.say()
    return 'done'
  }
  const once: (() => Promise<void>)[] = [() => add(job(1, bob))]
  const { add } = await running(t, handler, { afterLook: async () => once.pop()?.() })
  await done.happened
  t.equal(once.length, 0)
})

t.test('somebody who does not answer is tried once for all that waits for them', async t => {
  const tries: JobRow[] = []
  const tried = signal()
  const handler: JobHandler = async row => {
    tries.push(row)
    throw new VivimError('peer/unreachable', 'nobody there')
  }
  const before = Array.from({ length: 10 }, (_, n) => job(n, bob))
  const { jobs, runner } = await running(t, handler, { before, onLine: tried.say })
  await tried.happened
  await runner.stop()
  t.equal(tries.length, 1)
  t.ok((await jobs.list({})).every(({ lastError }) => lastError === 'peer/unreachable'))
})

t.test('stopping ends what runs, keeps what it was, and the next start goes on at once', async t => {
  const begun = signal()
  const handler: JobHandler = async (_row, stop) => {
    begun.say()
    await new Promise((_resolve, reject) => stop.addEventListener('abort', () => reject(stop.reason)))
    return 'done'
  }
  const first = await running(t, handler, { before: [job(1, bob)] })
  await begun.happened
  await first.runner.stop()
  t.match(await first.jobs.list({}), [{ lastError: null }])
  t.same(first.lines, [])
  const again = signal()
  const second = await startJobRunner({
    jobs: first.jobs,
    handlers: {
      deliver: async () => {
        again.say()
        return 'done'
      },
    } as unknown as Record<JobKind, JobHandler>,
    clock: systemClock,
    unit: () => 0.5,
    log: () => {},
  })
  t.teardown(() => second.stop())
  await again.happened
})
