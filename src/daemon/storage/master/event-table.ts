/** Table `event`: what happened to shares, as references, in order. */
import { Did, ShareId } from '../../../core/model/id.ts'
import type { EventRow } from '../../../core/pipeline/ports.ts'
import type { MasterAccess } from './master.ts'
import type { MasterDb } from './schema.ts'

/** An event with its place in the order; grows. */
export type NumberedEvent = EventRow & { id: number }

export interface EventTable {
  /** Those of an owner behind `afterId`, in order. @param share - only of this one. */
  list(owner: Did, afterId: number, limit: number, share?: ShareId | undefined): Promise<NumberedEvent[]>
  /** The number of the owner's last event; 0 when there is none. */
  lastId(owner: Did): Promise<number>
  /** Forget what happened before `beforeMs`. */
  sweep(beforeMs: number): Promise<void>
}

export function makeEventTable({ read, write }: Pick<MasterAccess, 'read' | 'write'>): EventTable {
  return {
    async list(owner, afterId, limit, share) {
      const rows = await read(db => {
        let events = db.selectFrom('event').selectAll().where('owner', '=', owner).where('id', '>', afterId)
        if (share !== undefined) events = events.where('share', '=', share)
        return events.orderBy('id').limit(limit).execute()
      })
      return rows.map(row => ({
        id: row.id,
        atMs: row.at_ms,
        owner: Did.parse(row.owner),
        share: ShareId.parse(row.share),
        event: row.event,
        target: row.target === null ? null : Did.parse(row.target),
      }))
    },
    async lastId(owner) {
      const row = await read(db =>
        db
          .selectFrom('event')
          .select(eb => eb.fn.max('id').as('last'))
          .where('owner', '=', owner)
          .executeTakeFirst(),
      )
      return Number(row?.last ?? 0)
    },
    sweep: beforeMs =>
      write(async db => {
        await db.deleteFrom('event').where('at_ms', '<', beforeMs).execute()
      }),
  }
}

export async function insertEvent(db: MasterDb, row: EventRow): Promise<void> {
  await db
    .insertInto('event')
    .values({ at_ms: row.atMs, owner: row.owner, share: row.share, event: row.event, target: row.target })
    .execute()
}
