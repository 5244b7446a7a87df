/** One use of a capability: `ucan/inv@1.0.0-rc.1`, signed by the holder of its chain for one command with its arguments. */
import { CID } from 'multiformats/cid'
import { z } from 'zod'
import { cidOfLink, linkOf } from '../crypto/cid.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Cid, Did } from '../model/id.ts'
import { Command } from './command.ts'
import type { Meta } from './delegation.ts'
import { openEnvelope, signEnvelope, TAGS } from './envelope.ts'
import { DidField, MapField, makeNonce, NonceField, readPayload, SecondsField, secondsOf } from './field.ts'

/** Links of a chain at most. */
export const CHAIN_MAX_LINKS = 8

export interface InvocationFields {
  readonly sub: Did
  readonly cmd: string
  readonly args: Meta
  /** CIDs of the chain's links, the first one issued first. */
  readonly prf: readonly Cid[]
  /** Rounded down to seconds; null: without an end. */
  readonly expiresAtMs: number | null
  readonly meta?: Meta
}

/** An invocation whose signature and shape hold. */
export interface Invocation {
  readonly iss: Did
  readonly sub: Did
  /** Who is to carry it out; null: the subject. */
  readonly aud: Did | null
  readonly cmd: string
  readonly args: Meta
  readonly prf: readonly Cid[]
  readonly nonce: Uint8Array
  readonly notBeforeMs: number | null
  readonly expiresAtMs: number | null
  readonly meta: Meta
  readonly cid: Cid
  readonly bytes: Uint8Array
}

const shape = z.strictObject({
  iss: DidField,
  sub: DidField,
  aud: DidField.optional(),
  cmd: Command,
  args: MapField,
  prf: z.array(z.custom<CID>(value => CID.asCID(value) !== null, 'not a link')).max(CHAIN_MAX_LINKS),
  nonce: NonceField,
  nbf: SecondsField.optional(),
  exp: SecondsField.nullable(),
  iat: SecondsField.optional(),
  meta: MapField.optional(),
})

/** @throws `capability/invalid`, `crypto/*`. */
export function parseInvocation(bytes: Uint8Array): Invocation {
  const envelope = openEnvelope(TAGS.invocation, bytes)
  const read = readPayload(TAGS.invocation, envelope, shape)
  return {
    iss: read.iss,
    sub: read.sub,
    aud: read.aud ?? null,
    cmd: read.cmd,
    args: read.args,
    prf: read.prf.map(proofCid),
    nonce: read.nonce,
    notBeforeMs: read.nbf === undefined ? null : read.nbf * 1000,
    expiresAtMs: read.exp === null ? null : read.exp * 1000,
    meta: read.meta ?? {},
    cid: envelope.cid,
    bytes,
  }
}

function proofCid(link: CID): Cid {
  try {
    return cidOfLink(link)
  } catch (cause) {
    throw new VivimError(
      'capability/invalid',
      'a proof is named by a link that no delegation has',
      {},
      { cause },
    )
  }
}

/** @throws `capability/invalid` for fields that no reader would take. */
export const signInvocation = (fields: InvocationFields, key: Ed25519Key, chance: Chance): Invocation =>
  parseInvocation(
    signEnvelope(
      TAGS.invocation,
      {
        sub: fields.sub,
        cmd: fields.cmd,
        args: fields.args,
        prf: fields.prf.map(linkOf),
        nonce: makeNonce(chance),
        exp: fields.expiresAtMs === null ? null : secondsOf(fields.expiresAtMs),
        meta: fields.meta,
      },
      key,
    ),
  )
