/** libp2p's datastore in network.sqlite: peers and their metadata as they come, DHT records under our rules (newest wins on
 *  a put too, a quota a peer and in all), provider records not at all. */
import { AsyncLocalStorage } from 'node:async_hooks'
import { Libp2pRecord } from '@libp2p/record'
import Database from 'better-sqlite3'
import { BaseDatastore } from 'datastore-core'
import { Key, type KeyQuery, type Pair, type Query } from 'interface-datastore'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { makePrivate } from '../storage/sqlite.ts'
import { checkRecord } from './records.ts'

const RECORD_PREFIX = '/dht/record/'
const PROVIDER_PREFIX = '/dht/provider/'
/** Records one peer may have put that are still kept, and records in all: about 1 GB at most when every one is of full size. */
const MAX_RECORDS_A_PEER = 256
const MAX_RECORDS = 10_000
/** kad-dht serves a record for two days after it came; later it is only ballast. */
const RECORD_KEPT_MS = 48 * 3_600_000
/** Peers (and other rows of libp2p) kept; the least recently written go first. */
const MAX_ROWS = 10_000
const MAX_ROW_BYTES = 256 * 1024

/** The peer whose message is being handled; nothing while we put something ourselves. */
export const putter = new AsyncLocalStorage<string>()

/** Open network.sqlite, or a database in memory for `:memory:`. */
export function openNetworkDatabase(path: string): Database.Database {
  if (path !== ':memory:') makePrivate(path)
  const db = new Database(path)
  db.pragma('journal_mode = WAL')
  // After a power cut the last peers seen may be missing; nothing here is promised to anybody.
  db.pragma('synchronous = NORMAL')
  db.exec(`
    create table if not exists row (key text primary key, value blob not null, at_ms integer not null) strict;
    create index if not exists row_at on row (at_ms);
    create table if not exists dht_record (
      key text primary key, value blob not null, record blob not null, seq integer not null, peer text, at_ms integer not null
    ) strict;
    create index if not exists dht_record_peer on dht_record (peer);
    create index if not exists dht_record_at on dht_record (at_ms);
  `)
  return db
}

const notFound = (): Error => Object.assign(new Error('not found'), { name: 'NotFoundError' })
const refused = (why: string): Error => Object.assign(new Error(why), { name: 'RecordRefusedError' })
/** Two nodes of one person write one slot: the slower of them is late, and breaks no rule. */
const late = (why: string): Error => Object.assign(refused(why), { isLate: true })

interface RecordRow {
  value: Buffer
  record: Buffer
  seq: number
  peer: string | null
}

export class NetworkDatastore extends BaseDatastore {
  readonly #db: Database.Database
  readonly #clock: Clock
  readonly #onRefused: (peer: string, why: string, isLate: boolean) => void

  /** @param onRefused - told when a peer put a record that may not stand. */
  constructor(
    db: Database.Database,
    clock: Clock,
    onRefused: (peer: string, why: string, isLate: boolean) => void,
  ) {
    super()
    this.#db = db
    this.#clock = clock
    this.#onRefused = onRefused
  }

  override put(key: Key, value: Uint8Array): Key {
    const name = key.toString()
    // While stopping, libp2p still writes what it learnt last.
    if (!this.#db.open || name.startsWith(PROVIDER_PREFIX)) return key
    if (name.startsWith(RECORD_PREFIX)) this.#putRecord(name, value)
    else this.#putRow(name, value)
    return key
  }

  #putRow(name: string, value: Uint8Array): void {
    if (value.length > MAX_ROW_BYTES) throw refused('larger than anything kept about a peer')
    this.#db
      .prepare(
        'insert into row (key, value, at_ms) values (?, ?, ?) on conflict (key) do update set value = excluded.value, at_ms = excluded.at_ms',
      )
      .run(name, value, this.#clock.nowMs())
    if (this.#count('row') > MAX_ROWS)
      this.#db.prepare('delete from row where key in (select key from row order by at_ms limit 100)').run()
  }

  #count(table: 'row' | 'dht_record'): number {
    return this.#db.prepare<[], { n: number }>(`select count(*) as n from ${table}`).get()?.n ?? 0
  }

  #putRecord(name: string, value: Uint8Array): void {
    const peer = putter.getStore() ?? null
    try {
      this.#storeRecord(name, value, peer)
    } catch (error) {
      if (peer !== null)
        this.#onRefused(
          peer,
          error instanceof Error ? error.message : 'refused',
          error instanceof Error && 'isLate' in error,
        )
      throw error
    }
  }

  #storeRecord(name: string, value: Uint8Array, peer: string | null): void {
    const nowMs = this.#clock.nowMs()
    const next = Libp2pRecord.deserialize(value)
    const { seq } = checkRecord(next.key, next.value, nowMs)
    const known = this.#db
      .prepare<[string], RecordRow>('select value, record, seq, peer from dht_record where key = ?')
      .get(name)
    if (known !== undefined) {
      if (known.seq > seq) throw late('a newer record stands there')
      if (known.seq === seq && !sameBytes(known.record, next.value))
        throw late('another record of that sequence stands there')
    } else this.#makeRoom(peer, nowMs)
    this.#db
      .prepare(
        `insert into dht_record (key, value, record, seq, peer, at_ms) values (?, ?, ?, ?, ?, ?)
         on conflict (key) do update set value = excluded.value, record = excluded.record, seq = excluded.seq, at_ms = excluded.at_ms`,
      )
      .run(name, value, next.value, seq, known === undefined ? peer : known.peer, nowMs)
  }

  /** @throws RecordRefusedError when this peer, or everybody together, has put all that is kept. */
  #makeRoom(peer: string | null, nowMs: number): void {
    this.#db
      .prepare('delete from dht_record where peer is not null and at_ms < ?')
      .run(nowMs - RECORD_KEPT_MS)
    if (peer === null) return
    const ofPeer = this.#db
      .prepare<[string], { n: number }>('select count(*) as n from dht_record where peer = ?')
      .get(peer)
    if ((ofPeer?.n ?? 0) >= MAX_RECORDS_A_PEER) throw refused('this peer has put all that it may')
    if (this.#count('dht_record') >= MAX_RECORDS) throw refused('no room for another record')
  }

  override get(key: Key): Uint8Array {
    const name = key.toString()
    if (!this.#db.open) throw notFound()
    const table = name.startsWith(RECORD_PREFIX) ? 'dht_record' : 'row'
    const found = this.#db
      .prepare<[string], { value: Buffer }>(`select value from ${table} where key = ?`)
      .get(name)
    if (found === undefined) throw notFound()
    return new Uint8Array(found.value)
  }

  override has(key: Key): boolean {
    try {
      this.get(key)
      return true
    } catch {
      return false
    }
  }

  override delete(key: Key): void {
    if (!this.#db.open) return
    const name = key.toString()
    const table = name.startsWith(RECORD_PREFIX) ? 'dht_record' : 'row'
    this.#db.prepare(`delete from ${table} where key = ?`).run(name)
  }

  #rows(prefix: string): { key: string; value: Buffer }[] {
    if (!this.#db.open) return []
    return this.#db
      .prepare<[string, string], { key: string; value: Buffer }>(
        'select key, value from row where key >= ? and key < ? order by key',
      )
      .all(prefix, `${prefix}\u{10ffff}`)
  }

  override *_all(query: Query): Generator<Pair> {
    for (const { key, value } of this.#rows(query.prefix ?? '/'))
      yield { key: new Key(key), value: new Uint8Array(value) }
  }

  override *_allKeys(query: KeyQuery): Generator<Key> {
    for (const { key } of this.#rows(query.prefix ?? '/')) yield new Key(key)
  }
}
