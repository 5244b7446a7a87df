/** What a person's devices know of each other beside the identity document: the name that the person gave one, and on what terms it was
 *  taken in. Kept in the user's database, synced between own devices, told to nobody else. */
import { z } from 'zod'
import { type Approval, parseApproval, standingApproval } from '../../core/identity/approval.ts'
import { fromB64u, toB64u } from '../../core/kernel/bytes.ts'
import type { Did } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { UserReader } from '../storage/user/tables.ts'

const KEY = 'device '

export const DeviceName = z.string().max(100).nullable()

export interface DeviceRecord {
  readonly name: string | null
  /** Counts the names that the device was given: the last one stands. */
  readonly nameSeq: number
  /** How it was taken in; null for the device that made the identity, or where it is not known here. */
  readonly approval: Approval | null
}

const Stored = z.object({
  name: DeviceName,
  nameSeq: z.number().int().nonnegative(),
  /** Wire form, base64url. */
  approval: z.string().nullable(),
})

const NONE: DeviceRecord = { name: null, nameSeq: 0, approval: null }

function recordOf(text: string): DeviceRecord {
  const { approval, ...rest } = Stored.parse(JSON.parse(text))
  return { ...rest, approval: approval === null ? null : parseApproval(fromB64u(approval), false) }
}

/** The record of a device. @param ed - 32 bytes. */
export function readRecord(db: UserReader, ed: Uint8Array): DeviceRecord {
  const text = db.profile.text(KEY + toB64u(ed))
  return text === null ? NONE : recordOf(text)
}

export const allRecords = (db: UserReader): { ed: Uint8Array; record: DeviceRecord }[] =>
  db.profile
    .texts(KEY)
    .map(({ key, value }) => ({ ed: fromB64u(key.slice(KEY.length)), record: recordOf(value) }))

export const writeRecord = (
  users: UserDatabaseManager,
  local: Did,
  ed: Uint8Array,
  { approval, ...rest }: DeviceRecord,
): void =>
  users.write(local, db =>
    db.profile.put(
      KEY + toB64u(ed),
      JSON.stringify({ ...rest, approval: approval && toB64u(approval.wire) } satisfies z.input<
        typeof Stored
      >),
    ),
  )

/** Of two records of one device what both together say; the same whichever comes first. @param recovery - as in `standingApproval`. */
export function joinRecords(a: DeviceRecord, b: DeviceRecord, recovery: Uint8Array): DeviceRecord {
  const named = a.nameSeq > b.nameSeq || (a.nameSeq === b.nameSeq && (a.name ?? '') >= (b.name ?? '')) ? a : b
  return {
    name: named.name,
    nameSeq: named.nameSeq,
    approval: standingApproval(a.approval, b.approval, recovery),
  }
}
