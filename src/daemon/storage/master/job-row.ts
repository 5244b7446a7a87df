/** Rows of `job`, and adding to them within any transaction. */
import { CircleId, Did, ShareId } from '../../../core/model/id.ts'
import type { JobKind, JobRow, NewJob } from '../../../core/pipeline/ports.ts'
import type { MasterDb, MasterSchema } from './schema.ts'

/** A row as it comes back, its number made. */
export type StoredJob = Omit<MasterSchema['job'], 'id'> & { id: number }

export const jobOf = (row: StoredJob): JobRow => ({
  id: row.id,
  kind: row.kind as JobKind,
  owner: Did.parse(row.owner),
  share: row.share === null ? null : ShareId.parse(row.share),
  circle: row.circle === null ? null : CircleId.parse(row.circle),
  target: row.target === null ? null : Did.parse(row.target),
  notBeforeMs: row.not_before_ms,
  attempts: row.attempts,
  lastError: row.last_error,
  nextTryAtMs: row.next_try_at_ms,
  createdAtMs: row.created_at_ms,
})

/** Rows of one insert: PostgreSQL takes 65,535 values a statement, SQLite 32,766. */
const ROWS_AT_ONCE = 1_000

const stored = (job: NewJob, nowMs: number): Omit<MasterSchema['job'], 'id'> => ({
  kind: job.kind,
  owner: job.owner,
  share: job.share,
  circle: job.circle,
  target: job.target,
  not_before_ms: job.notBeforeMs,
  next_try_at_ms: job.notBeforeMs,
  attempts: 0,
  last_error: null,
  lease_until_ms: null,
  created_at_ms: nowMs,
})

/** Add jobs of a share that has none like them. */
export async function insertJobs(db: MasterDb, jobs: readonly NewJob[], nowMs: number): Promise<void> {
  for (let at = 0; at < jobs.length; at += ROWS_AT_ONCE)
    await db
      .insertInto('job')
      .values(jobs.slice(at, at + ROWS_AT_ONCE).map(job => stored(job, nowMs)))
      .execute()
}

/** Add a job. One that waits already and asks for the same is moved forward instead; one that somebody works on is not the same,
 *  because the work may have passed what the new one is about. */
export async function addJob(db: MasterDb, job: NewJob, nowMs: number): Promise<void> {
  const { notBeforeMs } = job
  const { numUpdatedRows } = await db
    .updateTable('job')
    .set(eb => ({
      not_before_ms: eb
        .case()
        .when('not_before_ms', '<', notBeforeMs)
        .then(eb.ref('not_before_ms'))
        .else(notBeforeMs)
        .end(),
      next_try_at_ms: eb
        .case()
        .when('next_try_at_ms', '<', notBeforeMs)
        .then(eb.ref('next_try_at_ms'))
        .else(notBeforeMs)
        .end(),
    }))
    .where('lease_until_ms', 'is', null)
    .where('kind', '=', job.kind)
    .where('owner', '=', job.owner)
    .where('share', job.share === null ? 'is' : '=', job.share)
    .where('circle', job.circle === null ? 'is' : '=', job.circle)
    .where('target', job.target === null ? 'is' : '=', job.target)
    .executeTakeFirst()
  if (numUpdatedRows === 0n) await insertJobs(db, [job], nowMs)
}
