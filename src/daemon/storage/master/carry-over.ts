/** Brings one user's rows of a master database into another: what a node that takes over from a lost one goes on with. */
import type { Did } from '../../../core/model/id.ts'
import type { JobKind } from '../../../core/pipeline/ports.ts'
import type { MasterAccess } from './master.ts'
import type { MasterDb, MasterSchema } from './schema.ts'

/** PostgreSQL takes 65,535 values a statement, SQLite 32,766. */
const ROWS_AT_ONCE = 500

async function insert<T extends keyof MasterSchema>(
  db: MasterDb,
  table: T,
  rows: readonly object[],
): Promise<void> {
  for (let at = 0; at < rows.length; at += ROWS_AT_ONCE)
    await db
      .insertInto(table)
      .values(rows.slice(at, at + ROWS_AT_ONCE) as never)
      .onConflict(conflict => conflict.doNothing())
      .execute()
}

/** Whether a recipient still waits for their share. */
const WAITING: readonly string[] = ['pending', 'queued', 'delivering']

/** What was sealed and not taken yet was signed by a device that does not count any more: its grants are made anew, by the `grant` jobs
 *  that stand in for deliveries. */
export const grantAnew = ({ write }: Pick<MasterAccess, 'write'>, did: Did): Promise<void> =>
  write(async db => {
    const own = db.selectFrom('share').select('share_id').where('owner', '=', did)
    await db
      .updateTable('share_recipient')
      .set({ state: 'pending', envelopes: '[]' })
      .where('state', 'in', [...WAITING])
      .where('share_id', 'in', own)
      .execute()
    await db.deleteFrom('envelope').where('share_id', 'in', own).execute()
    await db
      .updateTable('job')
      .set({ kind: 'grant' satisfies JobKind, lease_until_ms: null, last_error: null, attempts: 0 })
      .where('owner', '=', did)
      .where('kind', '=', 'deliver' satisfies JobKind)
      .execute()
    await db
      .updateTable('share')
      .set({ state: 'queued' })
      .where('owner', '=', did)
      .where('state', '=', 'publishing')
      .execute()
  })

/** Copy everything of `did` but the envelopes. @param people - whose public documents and addresses come along. */
export async function carryOver(
  old: Pick<MasterAccess, 'read'>,
  fresh: Pick<MasterAccess, 'write'>,
  did: Did,
  people: readonly Did[],
): Promise<void> {
  const rows = await old.read(async db => {
    const shares = await db.selectFrom('share').selectAll().where('owner', '=', did).execute()
    const ids = new Set(shares.map(({ share_id }) => share_id))
    const ofShares = <R extends { share_id: string }>(all: readonly R[]): R[] =>
      all.filter(({ share_id }) => ids.has(share_id))
    const known = new Set<string>(people)
    const peerDids = (await db.selectFrom('peer_did').selectAll().execute()).filter(row => known.has(row.did))
    const peers = new Set(peerDids.map(({ peer }) => peer))
    return {
      shares,
      intents: await db.selectFrom('intent').selectAll().where('owner', '=', did).execute(),
      recipients: ofShares(await db.selectFrom('share_recipient').selectAll().execute()),
      records: ofShares(await db.selectFrom('record').selectAll().execute()),
      events: await db.selectFrom('event').selectAll().where('owner', '=', did).execute(),
      jobs: await db.selectFrom('job').selectAll().where('owner', '=', did).execute(),
      circles: await db.selectFrom('circle').selectAll().where('did', '=', did).execute(),
      members: await db.selectFrom('circle_member').selectAll().where('did', '=', did).execute(),
      identities: (await db.selectFrom('identity').selectAll().execute()).filter(row => known.has(row.did)),
      devices: (await db.selectFrom('device').selectAll().execute()).filter(row => known.has(row.did)),
      anchors: await db.selectFrom('audit_anchor').selectAll().where('did', '=', did).execute(),
      peerDids,
      peers: (await db.selectFrom('peer').selectAll().execute()).filter(({ peer }) => peers.has(peer)),
    }
  })
  await fresh.write(async db => {
    await insert(
      db,
      'identity',
      rows.identities.map(row => ({ ...row, local: 0 })),
    )
    await insert(db, 'device', rows.devices)
    await insert(db, 'peer', rows.peers)
    await insert(db, 'peer_did', rows.peerDids)
    // The audit log came along in the user's database: what it is held against does too.
    await insert(db, 'audit_anchor', rows.anchors)
    await insert(db, 'circle', rows.circles)
    await insert(db, 'circle_member', rows.members)
    await insert(db, 'share', rows.shares)
    await insert(db, 'intent', rows.intents)
    await insert(db, 'share_recipient', rows.recipients)
    await insert(db, 'record', rows.records)
    await insert(
      db,
      'event',
      rows.events.map(({ id: _, ...row }) => row),
    )
    await insert(
      db,
      'job',
      rows.jobs.map(({ id: _, ...row }) => row),
    )
  })
}
