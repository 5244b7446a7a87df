/** The master database: references of all users of a node, on SQLite or PostgreSQL, behind one schema. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { sql } from 'kysely'
import type { Clock } from '../../../core/kernel/env.ts'
import { VivimError } from '../../../core/kernel/errors.ts'
import type { JobStore, ShareStore } from '../../../core/pipeline/ports.ts'
import { storageError } from '../storage-error.ts'
import { type AuditAnchorTable, makeAuditAnchorTable } from './audit-anchor-table.ts'
import { type CircleTable, makeCircleTable } from './circle-table.ts'
import { type ConfigTable, makeConfigTable } from './config-table.ts'
import { type EventTable, makeEventTable } from './event-table.ts'
import { type IdentityTable, makeIdentityTable } from './identity-table.ts'
import { makeJobStore } from './job-store.ts'
import { migrateMaster } from './migrations.ts'
import { makePeerTable, type PeerTable } from './peer-table.ts'
import { openPostgresMaster } from './postgres.ts'
import { makeRecordTable, type RecordTable } from './record-table.ts'
import type { Engine, MasterDb } from './schema.ts'
import { makeSessionTable, type SessionTable } from './session-table.ts'
import { makeShareStore } from './share-store.ts'
import { openSqliteMaster } from './sqlite.ts'

export type MasterConfig =
  | { engine: 'sqlite'; path: string }
  /** `password` stands apart from the URL; without one, PostgreSQL's own password file is asked. */
  | { engine: 'postgres'; url: string; password?: string | undefined }

/** How the tables reach the database: `read` sees what is committed, `write` is one transaction. */
export interface MasterAccess {
  readonly engine: Engine
  /** @throws `storage/unavailable`, `storage/corrupt` */
  read<T>(fn: (db: MasterDb) => Promise<T>): Promise<T>
  /** One transaction, on disk when this resolves, undone as a whole when `fn` rejects. On a conflict with another it runs again, so
   *  `fn` must do nothing but use `db`. @throws `storage/full`, `storage/unavailable`, `storage/corrupt` */
  write<T>(fn: (db: MasterDb) => Promise<T>): Promise<T>
}

export interface Master extends MasterAccess {
  shares: ShareStore
  jobs: JobStore
  identities: IdentityTable
  sessions: SessionTable
  circles: CircleTable
  peers: PeerTable
  records: RecordTable
  events: EventTable
  config: ConfigTable
  auditAnchors: AuditAnchorTable
  close(): Promise<void>
}

/** What an engine gives: a way to read, one to run a transaction, and what another transaction in its way looks like. */
export interface EngineDoor {
  readonly engine: Engine
  readonly reader: MasterDb
  transaction<T>(fn: (db: MasterDb) => Promise<T>): Promise<T>
  /** Keeps other processes from migrating until the transaction ends. */
  lockMigrations(db: MasterDb): Promise<void>
  isConflict(error: unknown): boolean
  close(): Promise<void>
}

/** How often a transaction that met another in its way is tried. */
const TRIES = 5

/** Open the database and bring its schema up to date. @throws `storage/url-password`, `storage/unavailable`,
 *  `storage/newer-schema`, `storage/corrupt` */
export async function openMaster(config: MasterConfig, clock: Clock): Promise<Master> {
  const door = config.engine === 'sqlite' ? openSqliteMaster(config.path) : await openPostgresMaster(config)
  const access = accessOf(door)
  try {
    await access.write(async db => {
      await door.lockMigrations(db)
      await migrateMaster(db, door.engine, clock.nowMs())
    })
  } catch (error) {
    await door.close()
    throw error
  }
  return {
    ...access,
    shares: makeShareStore(access),
    jobs: makeJobStore(access, clock),
    identities: makeIdentityTable(access),
    sessions: makeSessionTable(access),
    circles: makeCircleTable(access),
    peers: makePeerTable(access),
    records: makeRecordTable(access),
    events: makeEventTable(access),
    config: makeConfigTable(access),
    auditAnchors: makeAuditAnchorTable(access),
    close: () => door.close(),
  }
}

function accessOf(door: EngineDoor): MasterAccess {
  const writing = new AsyncLocalStorage<{ ended: boolean }>()
  const write = async <T>(fn: (db: MasterDb) => Promise<T>): Promise<T> => {
    // On SQLite it would wait for itself for ever. What a transaction only set off may write once it has ended.
    if (writing.getStore()?.ended === false)
      throw new VivimError('program/defect', 'a write inside a write of the master database')
    for (let tried = 1; ; tried++) {
      const transaction = { ended: false }
      try {
        return await writing.run(transaction, () => door.transaction(fn))
      } catch (error) {
        if (tried === TRIES || !door.isConflict(error)) throw storageError(error)
      } finally {
        transaction.ended = true
      }
    }
  }
  return {
    engine: door.engine,
    write,
    async read(fn) {
      try {
        return await fn(door.reader)
      } catch (error) {
        throw storageError(error)
      }
    },
  }
}

/** Whether the database answers, for `doctor`. @throws `storage/unavailable` */
export async function pingMaster(master: MasterAccess): Promise<void> {
  await master.read(db => sql`select 1`.execute(db))
}
