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

/** Add jobs. One that waits already and asks for the same is moved forward instead; one that somebody works on is not the same,
 *  because the work may have passed what the new one is about. */
export async function addJobs(db: MasterDb, jobs: readonly NewJob[], nowMs: number): Promise<void> {
  for (const job of jobs) {
    const waiting = await db
      .updateTable('job')
      .set(eb => ({
        not_before_ms: eb
          .case()
          .when('not_before_ms', '<', job.notBeforeMs)
          .then(eb.ref('not_before_ms'))
          .else(job.notBeforeMs)
          .end(),
        next_try_at_ms: eb
          .case()
          .when('next_try_at_ms', '<', job.notBeforeMs)
          .then(eb.ref('next_try_at_ms'))
          .else(job.notBeforeMs)
          .end(),
      }))
      .where('lease_until_ms', 'is', null)
      .where('kind', '=', job.kind)
      .where('owner', '=', job.owner)
      .where('share', job.share === null ? 'is' : '=', job.share)
      .where('circle', job.circle === null ? 'is' : '=', job.circle)
      .where('target', job.target === null ? 'is' : '=', job.target)
      .executeTakeFirst()
    if (waiting.numUpdatedRows > 0n) continue
    await db
      .insertInto('job')
      .values({
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
      .execute()
  }
}
