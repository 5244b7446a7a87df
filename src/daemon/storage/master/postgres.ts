/** PostgreSQL as the master's engine. */
import { Kysely, PostgresDialect, sql } from 'kysely'
import { VivimError } from '../../../core/kernel/errors.ts'
import { storageError } from '../storage-error.ts'
import type { EngineDoor } from './master.ts'
import type { MasterSchema } from './schema.ts'

/** Connections of one daemon: jobs and methods share them; a server allows 100 by default. */
const POOL_CONNECTIONS = 10
const CONNECT_TIMEOUT_MS = 5_000
/** Longer than this is a lock that does not go away. */
const STATEMENT_TIMEOUT_MS = 30_000
/** Any number that only VIVIM takes: "VIVIM" in hex. */
const MIGRATION_LOCK = 0x564956494d
/** `int8`: milliseconds and counts, all below 2^53. */
const INT8 = 20

/** Serialization failure and deadlock (PostgreSQL appendix A): the transaction may run again. */
const CONFLICTS = new Set(['40001', '40P01'])

/** @throws `storage/url-password` when the URL carries a password, `storage/unavailable` when nobody answers. */
export async function openPostgresMaster(config: {
  url: string
  password?: string | undefined
}): Promise<EngineDoor> {
  const address = addressOf(config.url)
  const where = address.host || 'the local socket'
  // `pg` takes what stands in a connection string before what stands beside it, also where the string has nothing.
  if (config.password !== undefined) address.searchParams.set('password', config.password)
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: address.href,
    max: POOL_CONNECTIONS,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    statement_timeout: STATEMENT_TIMEOUT_MS,
    idle_in_transaction_session_timeout: STATEMENT_TIMEOUT_MS,
    application_name: 'vivimd',
    types: {
      getTypeParser: ((oid: number, format?: 'text' | 'binary') =>
        oid === INT8 && format !== 'binary'
          ? Number
          : pg.types.getTypeParser(oid, format as 'text')) as never,
    },
  })
  // An idle connection that the server ends is replaced at the next use.
  pool.on('error', () => undefined)
  // One that ends while it is lent out fails the statement it runs; its own event would end the process.
  pool.on('connect', client => client.on('error', () => undefined))
  const db = new Kysely<MasterSchema>({ dialect: new PostgresDialect({ pool }) })
  try {
    await sql`select 1`.execute(db)
  } catch (error) {
    await db.destroy()
    throw unreachable(error, where)
  }
  return {
    engine: 'postgres',
    reader: db,
    transaction: fn => db.transaction().execute(fn),
    async lockMigrations(tx) {
      await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`.execute(tx)
    },
    isConflict: error =>
      typeof error === 'object' && error !== null && 'code' in error && CONFLICTS.has(String(error.code)),
    close: () => db.destroy(),
  }
}

/** @throws `storage/url-password`, `home/config` */
function addressOf(url: string): URL {
  let parsed: URL
  try {
    parsed = new URL(url)
  } catch {
    throw new VivimError('home/config', 'the address of the master database is not a postgres:// URL')
  }
  if (parsed.protocol !== 'postgres:' && parsed.protocol !== 'postgresql:')
    throw new VivimError('home/config', 'the address of the master database is not a postgres:// URL')
  if (parsed.password !== '' || parsed.searchParams.has('password'))
    throw new VivimError('storage/url-password', 'the URL of the master database carries a password')
  return parsed
}

function unreachable(error: unknown, where: string): unknown {
  const known = storageError(error)
  const code = known instanceof VivimError ? known.details.code : undefined
  const reason = known instanceof VivimError ? REASONS[String(code)] : undefined
  return new VivimError(
    'storage/unavailable',
    `PostgreSQL at ${where} ${reason ?? 'cannot be used'}`,
    { where, ...(code === undefined ? {} : { code }) },
    { cause: error },
  )
}

const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'does not answer: nothing listens there',
  ENOTFOUND: 'does not answer: there is no host of that name',
  ETIMEDOUT: 'does not answer in time',
  '28P01': 'refused the password',
  '28000': 'refused the user',
  '3D000': 'has no database of that name',
  '42501': 'does not let this user make tables',
  '53300': 'has no connection free',
}
