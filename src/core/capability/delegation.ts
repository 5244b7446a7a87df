/** One link of a capability: `ucan/dlg@1.0.0-rc.1`, by which its issuer lets its audience do something in the subject's name. */
import { z } from 'zod'
import type { CborValue } from '../crypto/cbor.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import type { Chance } from '../kernel/env.ts'
import type { Cid, Did } from '../model/id.ts'
import { Command } from './command.ts'
import { openEnvelope, signEnvelope, TAGS } from './envelope.ts'
import { DidField, MapField, makeNonce, NonceField, readPayload, SecondsField, secondsOf } from './field.ts'
import { type Policy, parsePolicy } from './policy.ts'

export type Meta = { readonly [name: string]: CborValue }

export interface DelegationFields {
  /** Whom the right is given to. */
  readonly aud: Did
  /** Whose right it is: the `did:key` of the device that issued the first link. */
  readonly sub: Did
  readonly cmd: string
  readonly pol: Policy
  /** Rounded down to seconds; null: without an end. */
  readonly expiresAtMs: number | null
  readonly notBeforeMs?: number | null
  /** Said by the issuer; gives and takes no right. */
  readonly meta?: Meta
}

/** A delegation whose signature and shape hold; whether it is worth anything is a matter of its chain. */
export interface Delegation {
  readonly iss: Did
  readonly aud: Did
  readonly sub: Did
  readonly cmd: string
  readonly pol: Policy
  readonly nonce: Uint8Array
  readonly notBeforeMs: number | null
  readonly expiresAtMs: number | null
  readonly meta: Meta
  readonly cid: Cid
  readonly bytes: Uint8Array
}

/** `sub: null`, which would pass on whatever the issuer is given later, is refused like any other wrong subject. */
const shape = z.strictObject({
  iss: DidField,
  aud: DidField,
  sub: DidField,
  cmd: Command,
  pol: z.unknown(),
  nonce: NonceField,
  nbf: SecondsField.optional(),
  exp: SecondsField.nullable(),
  meta: MapField.optional(),
})

/** @throws `capability/invalid`, `crypto/*`. */
export function parseDelegation(bytes: Uint8Array): Delegation {
  const envelope = openEnvelope(TAGS.delegation, bytes)
  const { iss, aud, sub, cmd, nonce, nbf, exp, meta } = readPayload(TAGS.delegation, envelope, shape)
  return {
    iss,
    aud,
    sub,
    cmd,
    pol: parsePolicy(envelope.payload.pol),
    nonce,
    notBeforeMs: nbf === undefined ? null : nbf * 1000,
    expiresAtMs: exp === null ? null : exp * 1000,
    meta: meta ?? {},
    cid: envelope.cid,
    bytes,
  }
}

/** @throws `capability/invalid` for fields that no reader would take. */
export const signDelegation = (fields: DelegationFields, key: Ed25519Key, chance: Chance): Delegation =>
  parseDelegation(
    signEnvelope(
      TAGS.delegation,
      {
        aud: fields.aud,
        sub: fields.sub,
        cmd: fields.cmd,
        pol: fields.pol,
        nonce: makeNonce(chance),
        nbf:
          fields.notBeforeMs === undefined || fields.notBeforeMs === null
            ? undefined
            : secondsOf(fields.notBeforeMs),
        exp: fields.expiresAtMs === null ? null : secondsOf(fields.expiresAtMs),
        meta: fields.meta,
      },
      key,
    ),
  )
