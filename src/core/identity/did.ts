/** The DID method: `did:key` of an Ed25519 key. The only file that looks inside a DID. */
import { base58 } from '@scure/base'
import { checkEd25519PublicKey } from '../crypto/ed25519.ts'
import { concat } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { Did } from '../model/id.ts'

/** Multicodec `ed25519-pub` (0xed) as a varint. */
const ED25519_PUB = Uint8Array.of(0xed, 0x01)
const PREFIX = 'did:key:z'

/** @param key - 32 bytes, an Ed25519 public key. @throws `crypto/bad-key`. */
export function didFromKey(key: Uint8Array): Did {
  checkEd25519PublicKey(key)
  return Did.parse(PREFIX + base58.encode(concat(ED25519_PUB, key)))
}

/** @returns 32 bytes, the identity key. @throws `crypto/bad-key` for a point that no key may have, `crypto/bad-encoding`. */
export function keyFromDid(did: Did): Uint8Array {
  let bytes: Uint8Array
  try {
    bytes = base58.decode(did.slice(PREFIX.length))
  } catch {
    throw new VivimError('crypto/bad-encoding', 'not base58')
  }
  if (bytes.length !== 34 || bytes[0] !== 0xed || bytes[1] !== 0x01)
    throw new VivimError('crypto/bad-encoding', 'not a did:key of an Ed25519 key')
  const key = bytes.slice(2)
  checkEd25519PublicKey(key)
  return key
}

/** A DID from outside. @returns null unless it is well-formed and of a sound key. */
export function parseDid(text: string): Did | null {
  const did = Did.safeParse(text)
  if (!did.success) return null
  try {
    return didFromKey(keyFromDid(did.data)) === did.data ? did.data : null
  } catch {
    return null
  }
}
