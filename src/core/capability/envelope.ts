/** The UCAN 1.0 envelope: dag-cbor `[signature, {h: varsig header, tag: payload}]`, signed with Ed25519 over the second part. */
import { type CborValue, decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { cidOf, DAG_CBOR_CODEC } from '../crypto/cid.ts'
import { ED25519_SIGNATURE_BYTES, type Ed25519Key, ed25519Verify } from '../crypto/ed25519.ts'
import { didFromKey, keyFromDid, parseDid } from '../identity/did.ts'
import { sameBytes } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Cid, Did } from '../model/id.ts'
import { isMap } from './selector.ts'

/** Largest envelope of one delegation or invocation; a whole chain has the same limit. */
export const CAPABILITY_MAX_BYTES = 64 * 1024

export const TAGS = { delegation: 'ucan/dlg@1.0.0-rc.1', invocation: 'ucan/inv@1.0.0-rc.1' } as const
export type Tag = (typeof TAGS)[keyof typeof TAGS]

/** Varsig v1: `0x34`, version 1, EdDSA over edwards25519 with SHA2-512, payload in dag-cbor. */
const HEADER = Uint8Array.of(0x34, 0x01, 0xed, 0x01, 0xed, 0x01, 0x13, 0x71)

export type Payload = { readonly [name: string]: CborValue }

/** An envelope whose signature holds. */
export interface Envelope {
  readonly payload: Payload
  readonly iss: Did
  /** CIDv1, dag-cbor and SHA-256, of the whole envelope. */
  readonly cid: Cid
  readonly bytes: Uint8Array
}

const invalid = (tag: Tag, why: string): VivimError =>
  new VivimError('capability/invalid', `not a ${tag}: ${why}`)

/** Sign a payload; `iss` is written here. @throws `crypto/bad-encoding` for values that dag-cbor cannot carry. */
export function signEnvelope(
  tag: Tag,
  fields: { readonly [name: string]: CborValue | undefined },
  key: Ed25519Key,
): Uint8Array {
  const present = Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))
  const signed = { h: HEADER, [tag]: { ...present, iss: didFromKey(key.publicKey) } }
  return encodeCbor([key.sign(encodeCbor(signed)), signed])
}

/** Read an envelope from outside: one canonical form, one algorithm, one type, a signature by `iss`.
 *  @throws `capability/invalid`, `crypto/bad-encoding`, `crypto/too-large`, `crypto/bad-signature`. */
export function openEnvelope(tag: Tag, bytes: Uint8Array): Envelope {
  const pair = decodeCbor(bytes, CAPABILITY_MAX_BYTES)
  const [signature, signed] = Array.isArray(pair) && pair.length === 2 ? pair : []
  if (!(signature instanceof Uint8Array) || signature.length !== ED25519_SIGNATURE_BYTES)
    throw invalid(tag, 'it does not begin with an Ed25519 signature')
  if (!isMap(signed) || Object.keys(signed).length !== 2) throw invalid(tag, 'not a header and a payload')
  if (!(signed.h instanceof Uint8Array) || !sameBytes(signed.h, HEADER))
    throw invalid(tag, 'its header names another algorithm or encoding than Ed25519 and dag-cbor')
  const payload = Object.hasOwn(signed, tag) ? signed[tag] : undefined
  if (!isMap(payload)) throw invalid(tag, 'it is of another type or version')
  const iss = typeof payload.iss === 'string' ? parseDid(payload.iss) : null
  if (iss === null) throw invalid(tag, 'its issuer is not a did:key of an Ed25519 key')
  // The reader takes one encoding only, so that this gives the very bytes that were signed.
  if (!ed25519Verify(keyFromDid(iss), encodeCbor(signed), signature))
    throw new VivimError('crypto/bad-signature', `the signature of this ${tag} does not hold`, { type: tag })
  return { payload, iss, cid: cidOf(DAG_CBOR_CODEC, bytes), bytes }
}
