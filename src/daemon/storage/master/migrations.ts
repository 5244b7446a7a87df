/** The schema of the master database as numbered steps, for both engines. A released step is never edited: a change is a new one. */
import { type ColumnDataType, type ColumnDefinitionBuilder, type Kysely, sql } from 'kysely'
import { VivimError } from '../../../core/kernel/errors.ts'
import type { Engine, MasterDb } from './schema.ts'

/** What the two engines call by different names. */
interface Types {
  bytes: ColumnDataType
  /** A growing number as primary key. */
  serial(column: ColumnDefinitionBuilder): ColumnDefinitionBuilder
  serialType: ColumnDataType
}

const TYPES: Readonly<Record<Engine, Types>> = {
  sqlite: { bytes: 'blob', serialType: 'integer', serial: column => column.primaryKey().autoIncrement() },
  postgres: { bytes: 'bytea', serialType: 'bigserial', serial: column => column.primaryKey() },
}

interface Step {
  name: string
  // biome-ignore lint/suspicious/noExplicitAny: a step works on the schema of its own time, not on today's.
  up(db: Kysely<any>, types: Types): Promise<void>
}

const STEPS: readonly Step[] = [
  { name: 'first', up: first },
  { name: 'audit anchors', up: auditAnchors },
]

/** The schema's number once every step ran. */
const MASTER_SCHEMA = STEPS.length

/** Bring the schema up to `MASTER_SCHEMA` within the transaction that is given: nobody else migrates at the same time.
 *  @param steps - stop after that many, for tests of upgrades. @throws `storage/newer-schema` */
export async function migrateMaster(
  db: MasterDb,
  engine: Engine,
  nowMs: number,
  steps = MASTER_SCHEMA,
): Promise<void> {
  await db.schema
    .createTable('vivim_migration')
    .ifNotExists()
    .addColumn('version', 'integer', column => column.primaryKey())
    .addColumn('name', 'text', column => column.notNull())
    .addColumn('applied_at_ms', 'bigint', column => column.notNull())
    .execute()
  const last = await db
    .selectFrom('vivim_migration')
    .select(eb => eb.fn.max('version').as('version'))
    .executeTakeFirst()
  const from = Number(last?.version ?? 0)
  if (from > MASTER_SCHEMA)
    throw new VivimError(
      'storage/newer-schema',
      `schema ${from} of the master database is newer than ${MASTER_SCHEMA}`,
      {
        schema: from,
      },
    )
  for (const [i, step] of STEPS.slice(from, steps).entries()) {
    await step.up(db, TYPES[engine])
    await db
      .insertInto('vivim_migration')
      .values({ version: from + i + 1, name: step.name, applied_at_ms: nowMs })
      .execute()
  }
}

async function first(db: Kysely<unknown>, types: Types): Promise<void> {
  const table = (name: string) => db.schema.createTable(name)
  const must = (column: ColumnDefinitionBuilder) => column.notNull()
  const flag = (name: string) => (column: ColumnDefinitionBuilder) =>
    column
      .notNull()
      .defaultTo(0)
      .check(sql`${sql.ref(name)} in (0, 1)`)

  await table('identity')
    .addColumn('did', 'text', column => column.primaryKey())
    .addColumn('local', 'integer', flag('local'))
    .addColumn('recovery', 'integer', flag('recovery'))
    .addColumn('seq', 'bigint', must)
    .addColumn('hash', 'text', must)
    .addColumn('document', types.bytes, must)
    .addColumn('alarm', 'integer', flag('alarm'))
    .addColumn('updated_at_ms', 'bigint', must)
    .execute()
  await table('device')
    .addColumn('did', 'text', must)
    .addColumn('ed', 'text', must)
    .addColumn('added_at_ms', 'bigint', must)
    .addColumn('revoked_at_ms', 'bigint')
    .addPrimaryKeyConstraint('device_pk', ['did', 'ed'])
    .execute()
  await table('session')
    .addColumn('id', 'text', column => column.primaryKey())
    .addColumn('did', 'text', must)
    .addColumn('created_at_ms', 'bigint', must)
    .addColumn('expires_at_ms', 'bigint', must)
    .addColumn('last_used_at_ms', 'bigint', must)
    .execute()
  await table('circle')
    .addColumn('circle_id', 'text', must)
    .addColumn('did', 'text', must)
    .addColumn('epoch', 'bigint', must)
    .addColumn('shard', 'integer', must)
    .addColumn('created_at_ms', 'bigint', must)
    .addPrimaryKeyConstraint('circle_pk', ['did', 'circle_id'])
    .execute()
  await table('circle_member')
    .addColumn('circle_id', 'text', must)
    .addColumn('did', 'text', must)
    .addColumn('member', 'text', must)
    .addColumn('role', 'text', must)
    .addColumn('state', 'text', must)
    .addPrimaryKeyConstraint('circle_member_pk', ['did', 'circle_id', 'member'])
    .addForeignKeyConstraint(
      'circle_member_circle',
      ['did', 'circle_id'],
      'circle',
      ['did', 'circle_id'],
      key => key.onDelete('cascade'),
    )
    .execute()
  await db.schema
    .createIndex('circle_member_by_member')
    .on('circle_member')
    .columns(['member', 'did'])
    .execute()
  await table('peer')
    .addColumn('peer', 'text', column => column.primaryKey())
    .addColumn('addrs', 'text', must)
    .addColumn('last_seen_ms', 'bigint', must)
    .addColumn('blocked', 'integer', flag('blocked'))
    .execute()
  await table('peer_did')
    .addColumn('peer', 'text', column => column.notNull().references('peer.peer').onDelete('cascade'))
    .addColumn('did', 'text', must)
    .addColumn('standing', types.bytes)
    .addColumn('last_seen_ms', 'bigint', must)
    .addPrimaryKeyConstraint('peer_did_pk', ['did', 'peer'])
    .execute()

  await table('share')
    .addColumn('share_id', 'text', column => column.primaryKey())
    .addColumn('owner', 'text', must)
    .addColumn('version', 'integer', must)
    .addColumn('content_id', 'text', must)
    .addColumn('state', 'text', must)
    .addColumn('terms', 'text', must)
    .addColumn('audience', 'text', must)
    .addColumn('slip', types.bytes, must)
    .addColumn('tombstone', types.bytes, must)
    .addColumn('expires_ms', 'bigint')
    .addColumn('created_at_ms', 'bigint', must)
    .addColumn('ended_at_ms', 'bigint')
    .execute()
  await db.schema.createIndex('share_by_owner').on('share').columns(['owner', 'created_at_ms']).execute()
  await db.schema.createIndex('share_by_content').on('share').column('content_id').execute()
  await db.schema.createIndex('share_by_end').on('share').column('expires_ms').execute()
  const share = (column: ColumnDefinitionBuilder) =>
    column.notNull().references('share.share_id').onDelete('cascade')
  await table('intent')
    .addColumn('share_id', 'text', column => share(column).primaryKey())
    .addColumn('owner', 'text', must)
    .addColumn('wire', types.bytes, must)
    .addColumn('key', 'text')
    .addUniqueConstraint('intent_key', ['owner', 'key'])
    .execute()
  await table('share_recipient')
    .addColumn('share_id', 'text', share)
    .addColumn('did', 'text', must)
    .addColumn('circle', 'text')
    .addColumn('state', 'text', must)
    .addColumn('envelopes', 'text', must)
    .addColumn('receipt', types.bytes)
    .addColumn('acknowledged_at_ms', 'bigint')
    .addPrimaryKeyConstraint('share_recipient_pk', ['share_id', 'did'])
    .execute()
  await table('envelope')
    .addColumn('hash', 'text', column => column.primaryKey())
    .addColumn('share_id', 'text', share)
    .addColumn('wire', types.bytes, must)
    .execute()
  await db.schema.createIndex('envelope_by_share').on('envelope').column('share_id').execute()
  await table('record')
    .addColumn('share_id', 'text', column => share(column).primaryKey())
    .addColumn('wire', types.bytes, must)
    .addColumn('published_at_ms', 'bigint')
    .execute()
  await table('event')
    .addColumn('id', types.serialType, types.serial)
    .addColumn('at_ms', 'bigint', must)
    .addColumn('owner', 'text', must)
    .addColumn('share', 'text', must)
    .addColumn('event', 'text', must)
    .addColumn('target', 'text')
    .execute()
  await db.schema.createIndex('event_by_owner').on('event').columns(['owner', 'id']).execute()

  await table('job')
    .addColumn('id', types.serialType, types.serial)
    .addColumn('kind', 'text', must)
    .addColumn('owner', 'text', must)
    .addColumn('share', 'text')
    .addColumn('circle', 'text')
    .addColumn('target', 'text')
    .addColumn('not_before_ms', 'bigint', must)
    .addColumn('next_try_at_ms', 'bigint', must)
    .addColumn('attempts', 'integer', must)
    .addColumn('last_error', 'text')
    .addColumn('lease_until_ms', 'bigint')
    .addColumn('created_at_ms', 'bigint', must)
    .execute()
  await db.schema.createIndex('job_due').on('job').columns(['next_try_at_ms', 'id']).execute()
  await db.schema.createIndex('job_by_share').on('job').column('share').execute()
  await db.schema.createIndex('job_by_target').on('job').column('target').execute()
  await table('config')
    .addColumn('key', 'text', column => column.primaryKey())
    .addColumn('value', 'text', must)
    .execute()
}

/** Heads of the users' audit logs, so that a log that was cut off or put back is seen. */
async function auditAnchors(db: Kysely<unknown>): Promise<void> {
  await db.schema
    .createTable('audit_anchor')
    .addColumn('did', 'text', column => column.notNull())
    .addColumn('seq', 'bigint', column => column.notNull())
    .addColumn('hash', 'text', column => column.notNull())
    .addColumn('at_ms', 'bigint', column => column.notNull())
    .addPrimaryKeyConstraint('audit_anchor_pk', ['did', 'seq', 'hash'])
    .execute()
}
