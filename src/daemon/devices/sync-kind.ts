/** What a sync of own devices carries, kind by kind. A kind names its rows, says by 16 bytes what each holds, and takes another device's
 *  so that both have the same afterwards, whichever was first (docs/protocol.md section 3.2). */
import { z } from 'zod'
import { type CborValue, encodeCbor } from '../../core/crypto/cbor.ts'
import { sha256 } from '../../core/crypto/hash.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'

/** Between whom, and what the other device may have. */
export interface SyncPair {
  readonly local: Did
  /** The other device's signing key, 32 bytes. */
  readonly device: Uint8Array
  /** What was received before this is the other's only with `history`. */
  readonly sinceMs: number
  readonly history: boolean
  /** Keys of epochs with a lower number are the other's only with `history`. */
  readonly fromEpoch: (circle: CircleId) => number
}

export interface TakenRow {
  /** The row's name within its kind. */
  readonly name: string
  readonly value: CborValue
}

export interface SyncKind {
  readonly kind: string
  /** Every row here that the other device may have. */
  marks(pair: SyncPair): Promise<[name: string, mark: Uint8Array][]>
  /** @returns null when the row is gone. */
  row(pair: SyncPair, name: string): Promise<CborValue | null>
  /** Each is judged for itself: what does not hold is left out. @returns how many changed something here. */
  take(pair: SyncPair, rows: readonly TakenRow[]): Promise<number>
}

const MARK_BYTES = 16

export const markOf = (value: CborValue): Uint8Array => sha256(encodeCbor(value)).slice(0, MARK_BYTES)

/** Of rows that never change. */
export const FIXED = markOf('fixed')

/** Read a row. @throws `crypto/bad-encoding` for another shape. */
export function shapeOf<S extends z.ZodType>(schema: S, value: CborValue): z.output<S> {
  const parsed = schema.safeParse(value)
  if (!parsed.success)
    throw new VivimError(
      'crypto/bad-encoding',
      `a row of another shape (${parsed.error.issues[0]?.path.join('.') ?? ''})`,
    )
  return parsed.data
}

export const Bytes = (max: number) =>
  z.custom<Uint8Array>(value => value instanceof Uint8Array && value.length <= max, `not ${max} bytes`)
export const Counter = z.number().int().nonnegative()

/** Whether the number of somebody's edit can be one: nobody edits a thing once a second since 1970. A device that turned bad can so never
 *  write one that no later edit outranks. @throws `crypto/bad-encoding`. */
export function checkVersion(version: number, nowMs: number): void {
  if (version > nowMs / 1000)
    throw new VivimError('crypto/bad-encoding', 'a row numbered ahead of the time in seconds')
}
