/** The job runner over a real master database: once each, again after failures, nothing lost at a stop. */
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { systemClock } from '../../src/core/kernel/env.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import type { JobKind, NewJob } from '../../src/core/pipeline/ports.ts'
import { type JobHandler, startJobRunner } from '../../src/daemon/jobs/runner.ts'
import { openMaster } from '../../src/daemon/storage/master/master.ts'
import { makePerson } from '../kit/person.ts'

const alice = makePerson('alice').document.did
const bob = makePerson('bob').document.did
const carol = makePerson('carol').document.did

const job = (kind: JobKind, target: typeof bob | null): NewJob => ({
  kind,
  owner: alice,
  share: null,
  circle: null,
  target,
  notBeforeMs: systemClock.nowMs(),
})

async function setting(t: Test, handlers: Partial<Record<JobKind, JobHandler>>) {
  const master = await openMaster({ engine: 'sqlite', path: join(t.testdir(), 'master.sqlite') }, systemClock)
  t.teardown(() => master.close())
  const logged: string[] = []
  const none: JobHandler = async () => 'done'
  const start = () =>
    startJobRunner({
      jobs: master.jobs,
      handlers: {
        deliver: none,
        bury: none,
        grant: none,
        expire: none,
        circle: none,
        'add-member': none,
        ...handlers,
      },
      clock: systemClock,
      unit: () => 0.5,
      log: event => logged.push(event),
    })
  return { jobs: master.jobs, start, logged }
}

t.test('a job that fails is tried again until it is done, and then it is gone', async t => {
  let tries = 0
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const { jobs, start } = await setting(t, {
    deliver: async () => {
      tries++
      if (tries < 3) throw new VivimError('peer/unreachable', 'nobody there')
      resolve()
      return 'done'
    },
  })
  await jobs.add(job('deliver', bob))
  const runner = await start()
  await done
  await runner.stop()
  t.equal(tries, 3)
  t.same(await jobs.list({ owner: alice }), [])
})

t.test('one person is served by one job at a time, two people side by side', async t => {
  const now = new Map<string, number>()
  let together = 0
  let most = 0
  let left = 6
  const { promise: done, resolve } = Promise.withResolvers<void>()
  const handler: JobHandler = async ({ target }) => {
    const key = target ?? ''
    now.set(key, (now.get(key) ?? 0) + 1)
    together++
    most = Math.max(most, together)
    t.equal(now.get(key), 1, 'alone with this person')
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)))
    now.set(key, (now.get(key) ?? 0) - 1)
    together--
    if (--left === 0) resolve()
    return 'done'
  }
  const { jobs, start } = await setting(t, { deliver: handler, bury: handler, circle: handler })
  for (const kind of ['deliver', 'bury', 'circle'] as const)
    for (const target of [bob, carol]) await jobs.add(job(kind, target))
  const runner = await start()
  await done
  await runner.stop()
  t.equal(most, 2)
})

t.test('a job that was running at a stop is done by the next start', async t => {
  let starts = 0
  const { promise: begun, resolve } = Promise.withResolvers<void>()
  const { promise: done, resolve: finish } = Promise.withResolvers<void>()
  const { jobs, start } = await setting(t, {
    bury: async (_job, signal) => {
      if (++starts > 1) {
        finish()
        return 'done'
      }
      resolve()
      await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
      return 'done'
    },
  })
  await jobs.add(job('bury', bob))
  const first = await start()
  await begun
  await first.stop()
  t.equal((await jobs.list({ owner: alice })).length, 1)
  await jobs.hurry({ target: bob }, systemClock.nowMs())
  const second = await start()
  await done
  await second.stop()
  t.same(await jobs.list({ owner: alice }), [])
})

t.test('a defect in a handler is logged with its place, and loses no job', async t => {
  const { jobs, start, logged } = await setting(t, {
    grant: async () => {
      throw new TypeError('a defect')
    },
  })
  await jobs.add(job('grant', bob))
  const runner = await start()
  const failed = async (): Promise<boolean> =>
    (await jobs.list({ owner: alice }))[0]?.lastError === 'program/defect'
  for (let tries = 0; tries < 10_000 && !(await failed()); tries++)
    await new Promise(resolve => setImmediate(resolve))
  await runner.stop()
  t.ok(logged.includes('job.defect'))
  t.match(await jobs.list({ owner: alice }), [{ kind: 'grant', lastError: 'program/defect' }])
})
