/** A call of the daemon by capability: an invocation of the method's command over the method and a hash of its params. */
import type { Method } from '../contract/method.ts'
import { type MethodName, methods } from '../contract/methods.ts'
import { type CborValue, encodeCbor } from '../crypto/cbor.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { sha256 } from '../crypto/hash.ts'
import { sameBytes, toB64u } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Chain } from './chain.ts'
import { type Invocation, signInvocation } from './invocation.ts'

/** How long a signed call counts; it is made when it is sent. */
const CALL_LIFE_MS = 60_000

/** @param params - as they stand in the frame. @returns 32 bytes, SHA-256 of their dag-cbor. @throws `crypto/bad-encoding`. */
const hashOfParams = (params: unknown): Uint8Array => sha256(encodeCbor(params ?? {}))

const specOf = (method: string): Method | null =>
  Object.hasOwn(methods, method) ? methods[method as MethodName] : null

/** Sign a call. @returns base64url for the frame's `invocation`; undefined for a method that no capability covers.
 *  @param params - as they are given to JSON. */
export function signCall(
  method: string,
  params: unknown,
  { chain, key }: { chain: Chain; key: Ed25519Key },
  nowMs: number,
  chance: Chance,
): string | undefined {
  const command = specOf(method)?.command
  if (command === undefined) return undefined
  // As the other side will read them: what is undefined is not there.
  const asSent = JSON.parse(JSON.stringify(params ?? {}))
  const invocation = signInvocation(
    {
      sub: chain.subject,
      cmd: command,
      args: { method, params: hashOfParams(asSent) },
      prf: chain.links.map(link => link.cid),
      expiresAtMs: nowMs + CALL_LIFE_MS,
    },
    key,
    chance,
  )
  return toB64u(invocation.bytes)
}

/** Whether an invocation is of this very call. @throws `capability/denied`. */
export function checkCall(invocation: Invocation, method: string, params: CborValue | undefined): void {
  const { method: named, params: hash, ...others } = invocation.args
  if (
    named !== method ||
    !(hash instanceof Uint8Array) ||
    !sameBytes(hash, hashOfParams(params)) ||
    Object.keys(others).length > 0
  )
    throw new VivimError('capability/denied', 'the signature is of another call than this one', {
      why: 'other-call',
    })
}
