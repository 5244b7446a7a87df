/** Tables `circle` and `circle_member`: who of this node's users is in which circle with whom; names stand elsewhere. */
import { CircleId, Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'
import type { MasterSchema } from './schema.ts'

export interface MasterCircle {
  circleId: CircleId
  /** The local user in whose name it is held. */
  did: Did
  /** Display number of the current epoch; 0 while none is known. */
  epoch: number
  /** Its gossip topic, 0 to 15. */
  shard: number
  createdAtMs: number
}

export interface MasterMember {
  member: Did
  role: string
  state: string
}

export interface CircleTable {
  /** Add or replace a circle with all its members. */
  put(circle: MasterCircle, members: MasterMember[]): Promise<void>
  /** Circles of a local user. */
  ofUser(did: Did): Promise<MasterCircle[]>
  members(did: Did, circle: CircleId): Promise<MasterMember[]>
  /** Circles of which both are members, the local one here. */
  shared(local: Did, remote: Did): Promise<CircleId[]>
  /** Local users in a circle of this shard, with the circle. */
  ofShard(shard: number): Promise<MasterCircle[]>
  delete(did: Did, circle: CircleId): Promise<void>
}

const rowOf = (row: MasterSchema['circle']): MasterCircle => ({
  circleId: CircleId.parse(row.circle_id),
  did: Did.parse(row.did),
  epoch: row.epoch,
  shard: row.shard,
  createdAtMs: row.created_at_ms,
})

export function makeCircleTable({ read, write }: MasterAccess): CircleTable {
  return {
    put: (circle, members) =>
      write(async db => {
        const { circleId, did, epoch, shard, createdAtMs } = circle
        await db
          .insertInto('circle')
          .values({ circle_id: circleId, did, epoch, shard, created_at_ms: createdAtMs })
          .onConflict(conflict =>
            conflict.columns(['did', 'circle_id']).doUpdateSet(eb => ({ epoch: eb.ref('excluded.epoch') })),
          )
          .execute()
        await db
          .deleteFrom('circle_member')
          .where('did', '=', did)
          .where('circle_id', '=', circleId)
          .execute()
        for (const { member, role, state } of members)
          await db
            .insertInto('circle_member')
            .values({ circle_id: circleId, did, member, role, state })
            .execute()
      }),

    async ofUser(did) {
      const rows = await read(db =>
        db.selectFrom('circle').selectAll().where('did', '=', did).orderBy('circle_id').execute(),
      )
      return rows.map(rowOf)
    },

    async members(did, circle) {
      const rows = await read(db =>
        db
          .selectFrom('circle_member')
          .select(['member', 'role', 'state'])
          .where('did', '=', did)
          .where('circle_id', '=', circle)
          .orderBy('member')
          .execute(),
      )
      return rows.map(row => ({ ...row, member: Did.parse(row.member) }))
    },

    async shared(local, remote) {
      const rows = await read(db =>
        db
          .selectFrom('circle_member')
          .select('circle_id')
          .where('did', '=', local)
          .where('member', '=', remote)
          .where('state', '=', 'active')
          .orderBy('circle_id')
          .execute(),
      )
      return rows.map(row => CircleId.parse(row.circle_id))
    },

    async ofShard(shard) {
      const rows = await read(db => db.selectFrom('circle').selectAll().where('shard', '=', shard).execute())
      return rows.map(rowOf)
    },

    delete: (did, circle) =>
      write(async db => {
        await db.deleteFrom('circle').where('did', '=', did).where('circle_id', '=', circle).execute()
      }),
  }
}
