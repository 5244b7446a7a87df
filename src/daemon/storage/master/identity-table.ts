/** Tables `identity` and `device`: the newest identity document of each person met, and the devices it lists. */
import { plain } from '../../../core/crypto/hash.ts'
import { Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'
import type { MasterDb, MasterSchema } from './schema.ts'

export interface IdentityRow {
  did: Did
  /** Whether the person lives on this node. */
  local: boolean
  /** Whether the document is signed by the recovery key: then it outranks all that are not. */
  recovery: boolean
  seq: number
  /** Hash of the document, hex. */
  hash: string
  /** Wire form. */
  document: Uint8Array
  /** Whether another document of the same sequence was met: neither may add a device. */
  alarm: boolean
  updatedAtMs: number
}

export interface NewIdentity {
  did: Did
  local: boolean
  /** Default: false. */
  recovery?: boolean
  seq: number
  hash: string
  document: Uint8Array
  /** All devices that the document lists, revoked ones too; without it the table `device` is left as it is. */
  devices?: DeviceRow[]
  atMs: number
}

export interface DeviceRow {
  /** Ed25519 public key, hex. */
  ed: string
  addedAtMs: number
  revokedAtMs: number | null
}

/** `stored`; `same`: it was known; `rollback`: a newer one is known, nothing was changed; `conflict`: another of the same
 *  sequence is known, which stays, and the alarm is raised. */
export type PutIdentity = 'stored' | 'same' | 'rollback' | 'conflict'

export interface IdentityTable {
  put(identity: NewIdentity): Promise<PutIdentity>
  get(did: Did): Promise<IdentityRow | null>
  devices(did: Did): Promise<DeviceRow[]>
  /** After a conflict: only these signing keys (hex) are left of a person's devices. */
  keepDevices(did: Did, eds: readonly string[]): Promise<void>
  localUsers(): Promise<Did[]>
  /** Forget a person who is no contact and no member any more. */
  delete(did: Did): Promise<void>
}

const rowOf = (row: MasterSchema['identity']): IdentityRow => ({
  did: Did.parse(row.did),
  local: row.local === 1,
  recovery: row.recovery === 1,
  seq: row.seq,
  hash: row.hash,
  document: plain(row.document),
  alarm: row.alarm === 1,
  updatedAtMs: row.updated_at_ms,
})

export function makeIdentityTable({ engine, read, write }: MasterAccess): IdentityTable {
  const known = (db: MasterDb, did: Did) => {
    const rows = db.selectFrom('identity').selectAll().where('did', '=', did)
    return (engine === 'postgres' ? rows.forUpdate() : rows).executeTakeFirst()
  }

  return {
    put: identity =>
      write(async db => {
        const { did, seq, hash } = identity
        const recovery = identity.recovery === true ? 1 : 0
        const local = identity.local ? 1 : 0
        const fresh = {
          did,
          local,
          recovery,
          seq,
          hash,
          document: identity.document,
          alarm: 0,
          updated_at_ms: identity.atMs,
        }
        // The first of two that come at once is inserted; the other waits and is compared with it.
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('identity')
          .values(fresh)
          .onConflict(conflict => conflict.column('did').doNothing())
          .executeTakeFirst()
        if (!numInsertedOrUpdatedRows) {
          const was = await known(db, did)
          const verdict = was ? compare(was, { recovery, seq, hash }) : 'newer'
          if (was && local > was.local)
            await db.updateTable('identity').set({ local }).where('did', '=', did).execute()
          if (verdict === 'conflict')
            await db.updateTable('identity').set({ alarm: 1 }).where('did', '=', did).execute()
          if (verdict !== 'newer') return verdict
          await db
            .updateTable('identity')
            .set({ ...fresh, local: Math.max(local, was?.local ?? 0) })
            .where('did', '=', did)
            .execute()
        }
        if (identity.devices) await replaceDevices(db, did, identity.devices)
        return 'stored'
      }),

    async get(did) {
      const row = await read(db =>
        db.selectFrom('identity').selectAll().where('did', '=', did).executeTakeFirst(),
      )
      return row ? rowOf(row) : null
    },

    async devices(did) {
      const rows = await read(db =>
        db
          .selectFrom('device')
          .selectAll()
          .where('did', '=', did)
          .orderBy('added_at_ms')
          .orderBy('ed')
          .execute(),
      )
      return rows.map(row => ({ ed: row.ed, addedAtMs: row.added_at_ms, revokedAtMs: row.revoked_at_ms }))
    },

    keepDevices: (did, eds) =>
      write(async db => {
        const gone = db.deleteFrom('device').where('did', '=', did)
        await (eds.length > 0 ? gone.where('ed', 'not in', [...eds]) : gone).execute()
      }),

    async localUsers() {
      const rows = await read(db =>
        db.selectFrom('identity').select('did').where('local', '=', 1).orderBy('did').execute(),
      )
      return rows.map(row => Did.parse(row.did))
    },

    delete: did =>
      write(async db => {
        await db.deleteFrom('device').where('did', '=', did).execute()
        await db.deleteFrom('identity').where('did', '=', did).execute()
      }),
  }
}

function compare(
  was: Pick<MasterSchema['identity'], 'recovery' | 'seq' | 'hash'>,
  now: Pick<MasterSchema['identity'], 'recovery' | 'seq' | 'hash'>,
): 'newer' | 'same' | 'rollback' | 'conflict' {
  if (was.hash === now.hash) return 'same'
  if (was.recovery !== now.recovery) return now.recovery > was.recovery ? 'newer' : 'rollback'
  if (was.seq !== now.seq) return now.seq > was.seq ? 'newer' : 'rollback'
  return 'conflict'
}

async function replaceDevices(db: MasterDb, did: Did, devices: readonly DeviceRow[]): Promise<void> {
  await db.deleteFrom('device').where('did', '=', did).execute()
  for (const { ed, addedAtMs, revokedAtMs } of devices)
    await db
      .insertInto('device')
      .values({ did, ed, added_at_ms: addedAtMs, revoked_at_ms: revokedAtMs })
      .execute()
}
