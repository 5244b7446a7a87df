/** The id of a circle: 16 bytes that commit to who made it. */
import { sha256 } from '../crypto/hash.ts'
import { bound, LABELS } from '../crypto/labels.ts'
import { fromBase32, toBase32, utf8 } from '../kernel/bytes.ts'
import { CircleId, type Did } from '../model/id.ts'

export const CIRCLE_ID_BYTES = 16
export const CREATE_SALT_BYTES = 16

/** The bytes of a circle's id, 16. */
export const circleIdBytes = (circle: CircleId): Uint8Array => fromBase32(circle)

/** @param bytes - 16 bytes. */
export const circleIdFromBytes = (bytes: Uint8Array): CircleId => CircleId.parse(toBase32(bytes))

/** The id of the circle that a person makes with this salt: nobody else can write another beginning for it.
 *  @param salt - 16 bytes. */
export const circleIdOf = (owner: Did, salt: Uint8Array): CircleId =>
  circleIdFromBytes(
    sha256(bound(LABELS.circleId, utf8(owner), Uint8Array.of(0), salt)).slice(0, CIRCLE_ID_BYTES),
  )
