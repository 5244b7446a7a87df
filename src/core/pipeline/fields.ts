/** Field types that the objects of the pipeline share. */
import { CID_BYTES } from '../crypto/cid.ts'
import { bytesOf } from '../identity/field.ts'

/** The binary form of a content id: 36 bytes. */
export const CidBytes = bytesOf(CID_BYTES)
export const HashBytes = bytesOf(32)
export const IdBytes = bytesOf(16)
