/** The peer id of a node, in the text and byte forms of libp2p, for Ed25519 node keys (libp2p peer-ids specification). */
import { base58 } from '@scure/base'
import { checkEd25519PublicKey } from '../crypto/ed25519.ts'
import { concat } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'

/** Identity multihash of 36 bytes over the protobuf `PublicKey {Type: Ed25519, Data: 32 bytes}`. */
const PREFIX = Uint8Array.of(0x00, 0x24, 0x08, 0x01, 0x12, 0x20)
export const PEER_ID_BYTES = 38

/** @param key - 32 bytes, the node's Ed25519 public key. @returns text that begins with `12D3KooW`. @throws `crypto/bad-key`. */
export const peerIdFromKey = (key: Uint8Array): string => peerIdFromBytes(concat(PREFIX, key))

/** @param bytes - 38 bytes. @returns the text form. @throws `crypto/bad-encoding`, `crypto/bad-key`. */
export function peerIdFromBytes(bytes: Uint8Array): string {
  if (bytes.length !== PEER_ID_BYTES || PREFIX.some((byte, at) => bytes[at] !== byte))
    throw new VivimError('crypto/bad-encoding', 'not a peer id of an Ed25519 key')
  checkEd25519PublicKey(bytes.subarray(PREFIX.length))
  return base58.encode(bytes)
}

/** @returns 38 bytes. @throws `crypto/bad-encoding`, `crypto/bad-key`. */
export function peerIdBytes(peer: string): Uint8Array {
  // 53 characters hold 38 bytes: more would only cost time, since decoding is quadratic.
  if (peer.length > 53) throw new VivimError('crypto/bad-encoding', 'too long for a peer id')
  let bytes: Uint8Array
  try {
    bytes = base58.decode(peer)
  } catch {
    throw new VivimError('crypto/bad-encoding', 'not base58')
  }
  peerIdFromBytes(bytes)
  return bytes
}
