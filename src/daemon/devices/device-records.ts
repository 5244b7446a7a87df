/** What a person's devices know of each other beside the identity document: the name that the person gave one, and on what terms it was
 *  taken in. Kept in the user's database, synced between own devices, told to nobody else. */
import { z } from 'zod'
import { fromB64u, toB64u } from '../../core/kernel/bytes.ts'
import { CircleId, type Did } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { UserReader } from '../storage/user/tables.ts'

const KEY = 'device '
const FREE_TEXT = z.string().max(100)

export const DeviceRecord = z.object({
  name: FREE_TEXT.nullable(),
  /** Counts the names that the device was given: the last one stands. */
  nameSeq: z.number().int().nonnegative(),
  /** How it was taken in; null for the device that made the identity. */
  approval: z
    .object({
      atMs: z.number().int().nonnegative(),
      peer: z.string().max(64),
      /** Whether what was shared before is handed over. */
      history: z.boolean(),
      /** Of each circle the number of the epoch that counted then: keys before it are not handed over without history. */
      epochs: z.record(CircleId, z.number().int().nonnegative()),
    })
    .nullable(),
})
export type DeviceRecord = z.infer<typeof DeviceRecord>

const NONE: DeviceRecord = { name: null, nameSeq: 0, approval: null }

/** The record of a device. @param ed - 32 bytes. */
export function readRecord(db: UserReader, ed: Uint8Array): DeviceRecord {
  const text = db.profile.text(KEY + toB64u(ed))
  return text === null ? NONE : DeviceRecord.parse(JSON.parse(text))
}

export const allRecords = (db: UserReader): { ed: Uint8Array; record: DeviceRecord }[] =>
  db.profile.texts(KEY).map(({ key, value }) => ({
    ed: fromB64u(key.slice(KEY.length)),
    record: DeviceRecord.parse(JSON.parse(value)),
  }))

export const writeRecord = (
  users: UserDatabaseManager,
  local: Did,
  ed: Uint8Array,
  record: DeviceRecord,
): void => users.write(local, db => db.profile.put(KEY + toB64u(ed), JSON.stringify(record)))

/** Of two records of one device what both together say; the same whichever comes first. */
export function joinRecords(a: DeviceRecord, b: DeviceRecord): DeviceRecord {
  const named = a.nameSeq > b.nameSeq || (a.nameSeq === b.nameSeq && (a.name ?? '') >= (b.name ?? '')) ? a : b
  return { name: named.name, nameSeq: named.nameSeq, approval: a.approval ?? b.approval }
}
