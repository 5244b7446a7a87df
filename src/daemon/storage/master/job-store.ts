/** The jobs of the master database (`JobStore` of the pipeline): claimed with a lease, freed by success, failure or time. */
import type { ExpressionBuilder } from 'kysely'
import type { Clock } from '../../../core/kernel/env.ts'
import type { Did } from '../../../core/model/id.ts'
import type { JobStore } from '../../../core/pipeline/ports.ts'
import { addJob, jobOf } from './job-row.ts'
import type { MasterAccess } from './master.ts'
import type { MasterSchema } from './schema.ts'

/** Each claim counts an attempt, so number and attempt together name one claim and no other. */
const leaseOf = (id: number, attempts: number): string => `${id}.${attempts}`

/** The attempt that a lease stands for, or null when it is for another job. */
function attemptOf(id: number, lease: string): number | null {
  const [job, attempts] = lease.split('.')
  return job === String(id) ? Number(attempts) : null
}

const isApart = (targets: readonly Did[]) => (eb: ExpressionBuilder<MasterSchema, 'job'>) =>
  targets.length === 0 ? eb.lit(true) : eb.or([eb('target', 'is', null), eb('target', 'not in', targets)])

export function makeJobStore(
  { engine, read, write }: Pick<MasterAccess, 'engine' | 'read' | 'write'>,
  clock: Clock,
): JobStore {
  return {
    add: job => write(db => addJob(db, job, clock.nowMs())),

    claim: (nowMs, leaseMs, limit, apart) =>
      write(async db => {
        const isDue = (eb: ExpressionBuilder<MasterSchema, 'job'>) =>
          eb.and([
            eb('next_try_at_ms', '<=', nowMs),
            eb.or([eb('lease_until_ms', 'is', null), eb('lease_until_ms', '<=', nowMs)]),
            ...(apart ? [isApart(apart)(eb)] : []),
          ])
        const isFirst = (eb: ExpressionBuilder<MasterSchema, 'job'>) =>
          eb.or([
            eb('target', 'is', null),
            eb('id', 'in', firsts =>
              firsts.selectFrom('job').select(eb.fn.min('id').as('id')).where(isDue).groupBy('target'),
            ),
          ])
        const rows = await db
          .updateTable('job')
          .set(eb => ({ lease_until_ms: nowMs + leaseMs, attempts: eb('attempts', '+', 1) }))
          .where('id', 'in', eb => {
            const due = eb
              .selectFrom('job')
              .select('id')
              .where(isDue)
              .$if(apart !== undefined, rows => rows.where(isFirst))
              .orderBy('next_try_at_ms')
              .orderBy('id')
              .limit(limit)
            return engine === 'postgres' ? due.forUpdate().skipLocked() : due
          })
          .returningAll()
          .execute()
        return rows
          .map(row => ({ ...jobOf(row), lease: leaseOf(row.id, row.attempts) }))
          .sort((a, b) => a.nextTryAtMs - b.nextTryAtMs || a.id - b.id)
      }),

    done: (id, lease) =>
      write(async db => {
        await db
          .deleteFrom('job')
          .where('id', '=', id)
          .where('attempts', '=', attemptOf(id, lease) ?? -1)
          .execute()
      }),

    retry: (id, lease, code, nextTryAtMs) =>
      write(async db => {
        await db
          .updateTable('job')
          .set({ lease_until_ms: null, last_error: code, next_try_at_ms: nextTryAtMs })
          .where('id', '=', id)
          .where('attempts', '=', attemptOf(id, lease) ?? -1)
          .execute()
      }),

    hurry: ({ target, share, kind, lastError }, nowMs) =>
      write(async db => {
        let jobs = db
          .updateTable('job')
          // Never before the time that the job was made for, such as a share's `from` or its end.
          .set(eb => ({
            next_try_at_ms: eb
              .case()
              .when('not_before_ms', '>', nowMs)
              .then(eb.ref('not_before_ms'))
              .else(nowMs)
              .end(),
          }))
          .where('lease_until_ms', 'is', null)
          .where('next_try_at_ms', '>', nowMs)
          .whereRef('next_try_at_ms', '>', 'not_before_ms')
        if (target !== undefined) jobs = jobs.where('target', '=', target)
        if (share !== undefined) jobs = jobs.where('share', '=', share)
        if (kind !== undefined) jobs = jobs.where('kind', '=', kind)
        if (lastError !== undefined) jobs = jobs.where('last_error', '=', lastError)
        const { numUpdatedRows } = await jobs.executeTakeFirst()
        return Number(numUpdatedRows)
      }),

    postpone: ({ owner, target, code }, untilMs) =>
      write(async db => {
        await db
          .updateTable('job')
          .set({ next_try_at_ms: untilMs, last_error: code })
          .where('owner', '=', owner)
          .where('target', '=', target)
          .where('lease_until_ms', 'is', null)
          .where('next_try_at_ms', '<', untilMs)
          .where(eb => eb.or([eb('last_error', 'is', null), eb('last_error', '=', code)]))
          .execute()
      }),

    async nextDueMs(apart = []) {
      const row = await read(db =>
        db
          .selectFrom('job')
          .where(isApart(apart))
          // A lease that ends unheard makes its job due again.
          .select(eb => eb.fn.min(eb.fn.coalesce('lease_until_ms', 'next_try_at_ms')).as('due'))
          .executeTakeFirst(),
      )
      return row?.due === null || row?.due === undefined ? null : Number(row.due)
    },

    async list({ share, owner }) {
      const rows = await read(db => {
        let jobs = db.selectFrom('job').selectAll()
        if (share !== undefined) jobs = jobs.where('share', '=', share)
        if (owner !== undefined) jobs = jobs.where('owner', '=', owner)
        return jobs.orderBy('id').execute()
      })
      return rows.map(jobOf)
    },

    drop: ({ kind, owner, share, circle, target }) =>
      write(async db => {
        let jobs = db.deleteFrom('job').where('kind', '=', kind).where('owner', '=', owner)
        if (share !== undefined) jobs = jobs.where('share', '=', share)
        if (circle !== undefined) jobs = jobs.where('circle', '=', circle)
        if (target !== undefined) jobs = jobs.where('target', '=', target)
        await jobs.execute()
      }),

    release: () =>
      write(async db => {
        await db
          .updateTable('job')
          .set({ lease_until_ms: null })
          .where('lease_until_ms', 'is not', null)
          .execute()
      }),
  }
}
