/** Signed objects: one wire form, one signature rule, one hash, for everything that somebody answers for. */
import { z } from 'zod'
import { VivimError } from '../kernel/errors.ts'
import { type CborValue, decodeCbor, encodeCbor } from './cbor.ts'
import {
  ED25519_PUBLIC_KEY_BYTES,
  ED25519_SIGNATURE_BYTES,
  type Ed25519Key,
  ed25519Verify,
} from './ed25519.ts'
import { sha256 } from './hash.ts'
import { bound } from './labels.ts'

/** What every payload has; schemas of objects extend it. `by` is the signer's 32-byte Ed25519 key. */
export const signedFields = {
  type: z.string().max(64),
  v: z.literal(1),
  by: z.custom<Uint8Array>(
    value => value instanceof Uint8Array && value.length === ED25519_PUBLIC_KEY_BYTES,
    'not a 32-byte key',
  ),
  crit: z.array(z.string().max(64)).max(32).optional(),
} as const

/** Fields that every reader knows, so that `crit` may name them. */
const COMMON_FIELDS: readonly string[] = ['type', 'v', 'by', 'at', 'seq', 'prev', 'crit']

/** `wire` is dag-cbor `[payload, signature]`; `hash` is SHA-256(type ‖ 0x00 ‖ payload), 32 bytes, without the signature. */
export interface SignedObject {
  readonly wire: Uint8Array
  readonly hash: Uint8Array
}

/** A verified object. `payload` has what the schema made and, beside it, the fields it did not name. */
export interface OpenedObject<T> extends SignedObject {
  readonly payload: T
}

export interface OpenOptions {
  /** Largest wire form, in bytes (docs/protocol.md section 9). */
  readonly maxBytes: number
  /** Names of fields that this reader understands when `crit` demands it, beside those that every object has. */
  readonly crit?: readonly string[]
  /** Whether the signature is to be held against the payload; false only for what was verified when it was stored. */
  readonly verify?: boolean
}

/** Sign a payload. `type`, `v` and `by` are written here; fields with the value `undefined` are left out.
 *  @throws `crypto/bad-encoding` for values that dag-cbor cannot carry. */
export function signObject(
  type: string,
  fields: { readonly [name: string]: CborValue | undefined },
  key: Ed25519Key,
): SignedObject {
  const present: Record<string, CborValue> = {}
  for (const [name, value] of Object.entries(fields)) if (value !== undefined) present[name] = value
  const before = bound(type)
  const signedBytes = encodeCbor({ ...present, type, v: 1, by: key.publicKey }, before)
  const payload = signedBytes.subarray(before.length)
  return {
    wire: encodeCbor([payload, key.sign(signedBytes)]),
    // When it is asked for: most of what is signed is only sent.
    get hash() {
      return sha256(signedBytes)
    },
  }
}

const bad = (type: string, why: string): VivimError =>
  new VivimError('crypto/bad-encoding', `not a ${type}: ${why}`, { type })

const isMap = (value: CborValue | undefined): value is { readonly [key: string]: CborValue } =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

/** An object of any version whose signature holds; its payload is still of no known shape. */
export interface VerifiedObject extends SignedObject {
  readonly payload: { readonly [name: string]: CborValue }
}

/** Verify an object from outside, of whatever version: size, canonical form, `type`, signature by `by`.
 *  @param verify - false leaves the signature out, for what was verified when it was stored.
 *  @throws `crypto/too-large`, `crypto/bad-encoding`, `crypto/bad-signature`. */
export function verifyObject(
  type: string,
  wire: Uint8Array,
  maxBytes: number,
  verify = true,
): VerifiedObject {
  const pair = decodeCbor(wire, maxBytes)
  const [payloadBytes, signature] = Array.isArray(pair) && pair.length === 2 ? pair : []
  if (!(payloadBytes instanceof Uint8Array) || !(signature instanceof Uint8Array))
    throw bad(type, 'not a pair of payload and signature')
  if (signature.length !== ED25519_SIGNATURE_BYTES) throw bad(type, 'the signature is not 64 bytes')
  const payload = decodeCbor(payloadBytes, maxBytes)
  if (!isMap(payload)) throw bad(type, 'the payload is not a map')
  if (payload.type !== type) throw bad(type, 'it is of another type')
  const by = payload.by
  if (!(by instanceof Uint8Array)) throw bad(type, 'no signer')
  const signedBytes = bound(type, payloadBytes)
  if (verify && !ed25519Verify(by, signedBytes, signature))
    throw new VivimError('crypto/bad-signature', `the signature of this ${type} does not hold`, { type })
  return { payload, hash: sha256(signedBytes), wire }
}

/** Verify and read an object from outside: `verifyObject`, then `v`, `crit` and shape. Whether that signer may say so is the
 *  caller's to decide.
 *  @throws `crypto/too-large`, `crypto/bad-encoding`, `crypto/bad-signature`, `crypto/unknown-critical`. */
export function openObject<S extends z.ZodType<object>>(
  type: string,
  wire: Uint8Array,
  schema: S,
  { maxBytes, crit = [], verify = true }: OpenOptions,
): OpenedObject<z.output<S>> {
  const { payload, hash } = verifyObject(type, wire, maxBytes, verify)
  if (payload.v !== 1)
    throw new VivimError('crypto/unknown-critical', `a ${type} of another version`, { type })
  if (!knowsCritical(type, payload.crit, crit))
    throw new VivimError(
      'crypto/unknown-critical',
      `this ${type} has a critical field that is not known here`,
      { type },
    )
  const parsed = schema.safeParse(payload)
  if (!parsed.success) {
    const issue = parsed.error.issues[0]
    throw bad(type, `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'wrong shape'}`)
  }
  return { payload: { ...payload, ...parsed.data }, hash, wire }
}

/** Whether every field that `crit` names is among those of all objects and `known`. @throws `crypto/bad-encoding`. */
export function knowsCritical(type: string, crit: CborValue | undefined, known: readonly string[]): boolean {
  if (crit === undefined) return true
  if (!Array.isArray(crit)) throw bad(type, 'crit is not a list')
  return crit.every(name => {
    if (typeof name !== 'string') throw bad(type, 'crit holds something else than names')
    return COMMON_FIELDS.includes(name) || known.includes(name)
  })
}
