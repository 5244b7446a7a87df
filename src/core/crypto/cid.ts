/** Content identifiers: CIDv1 with sha2-256, of sealed blocks (raw) and of manifests (dag-cbor). */
import { CID } from 'multiformats/cid'
import { concat, fromBase32, sameBytes, toBase32 } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { Cid } from '../model/id.ts'
import { sha256 } from './hash.ts'

export const RAW_CODEC = 0x55
export const DAG_CBOR_CODEC = 0x71
export type Codec = typeof RAW_CODEC | typeof DAG_CBOR_CODEC

/** A CIDv1 of ours in binary: version, codec, hash function 0x12, hash length 32, hash. */
export const CID_BYTES = 36

const text = (binary: Uint8Array): Cid => Cid.parse(`b${toBase32(binary)}`)

/** The CID of `bytes`, as text. */
export const cidOf = (codec: Codec, bytes: Uint8Array): Cid =>
  text(concat(Uint8Array.of(1, codec, 0x12, 32), sha256(bytes)))

/** The CID of a sealed block. */
export const blockCid = (bytes: Uint8Array): Cid => cidOf(RAW_CODEC, bytes)

/** The CID of a manifest: the content id. */
export const contentIdOf = (manifestBytes: Uint8Array): Cid => cidOf(DAG_CBOR_CODEC, manifestBytes)

/** Whether `bytes` are what `cid` names. */
export const cidMatches = (cid: Cid, bytes: Uint8Array): boolean => {
  const binary = cidBytes(cid)
  return sameBytes(binary.subarray(4), sha256(bytes))
}

/** @returns 36 bytes. @throws `crypto/bad-encoding` for another version, codec or hash function. */
export function cidBytes(cid: Cid): Uint8Array {
  const binary = fromBase32(cid.slice(1))
  checkBinary(binary)
  return binary
}

/** @param binary - 36 bytes. @throws `crypto/bad-encoding`. */
export function cidFromBytes(binary: Uint8Array): Cid {
  checkBinary(binary)
  return text(binary)
}

function checkBinary(binary: Uint8Array): void {
  if (
    binary.length !== CID_BYTES ||
    binary[0] !== 1 ||
    (binary[1] !== RAW_CODEC && binary[1] !== DAG_CBOR_CODEC) ||
    binary[2] !== 0x12 ||
    binary[3] !== 32
  )
    throw new VivimError('crypto/bad-encoding', 'not a CIDv1 of a raw block or dag-cbor with sha2-256')
}

/** The form that stands as a value in dag-cbor. */
export const linkOf = (cid: Cid): CID => CID.decode(cidBytes(cid))

/** The text of a link that was read from dag-cbor. @throws `crypto/bad-encoding` for a kind of CID that we never make. */
export const cidOfLink = (link: CID): Cid => cidFromBytes(link.bytes)
