/** Schemas of the fields that delegations and invocations share, and times in seconds as UCAN has them. */
import { z } from 'zod'
import type { CborValue } from '../crypto/cbor.ts'
import { parseDid } from '../identity/did.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { Did } from '../model/id.ts'
import type { Envelope, Tag } from './envelope.ts'
import { isMap } from './selector.ts'

const NONCE_BYTES = 16

export const makeNonce = (chance: Chance): Uint8Array => chance.bytes(NONCE_BYTES)

/** A `did:key` of a sound Ed25519 key. */
export const DidField = Did.refine(did => parseDid(did) !== null, 'not a did:key of a sound Ed25519 key')

export const NonceField = z.custom<Uint8Array>(
  value => value instanceof Uint8Array && value.length >= 12 && value.length <= 64,
  'not 12 to 64 bytes',
)

/** Seconds since 1970-01-01T00:00:00Z. The limit keeps milliseconds exact. */
export const SecondsField = z
  .number()
  .int()
  .nonnegative()
  .max(Math.floor(Number.MAX_SAFE_INTEGER / 1000))

export const MapField = z.custom<{ readonly [name: string]: CborValue }>(
  value => isMap(value as CborValue),
  'not a map',
)

export const secondsOf = (ms: number): number => Math.floor(ms / 1000)

/** Read the payload of an envelope by its schema, which is strict: a field that is not known is refused.
 *  @throws `capability/invalid`, naming the field. */
export function readPayload<S extends z.ZodType>(tag: Tag, envelope: Envelope, schema: S): z.output<S> {
  const parsed = schema.safeParse(envelope.payload)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const field = issue?.code === 'unrecognized_keys' ? issue.keys[0]?.slice(0, 60) : issue?.path.join('.')
  const why = issue?.code === 'unrecognized_keys' ? 'a field that is not known here' : issue?.message
  throw new VivimError('capability/invalid', `not a ${tag}: ${JSON.stringify(field ?? '')}: ${why}`)
}
