/** The door: whether an invocation may be carried out by the right that its chain gives. Every use passes here. */
import type { CborValue } from '../crypto/cbor.ts'
import { keyFromDid } from '../identity/did.ts'
import { deviceOf, type IdentityDocument } from '../identity/document.ts'
import { documentTime } from '../identity/succession.ts'
import { toHex } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Cid, Did } from '../model/id.ts'
import type { Chain } from './chain.ts'
import { covers } from './command.ts'
import type { Delegation } from './delegation.ts'
import type { Invocation } from './invocation.ts'
import { meets } from './policy.ts'
import { revokersOf } from './revocation.ts'

/** How far the clock of an issuer may run ahead of ours; an end is never stretched. */
const CAPABILITY_SKEW_MS = 60_000
/** A use must end this soon, so that what is remembered against repetition stays small. */
const INVOCATION_MAX_LIFE_MS = 5 * 60_000

/** How often a link was used before, through whatever chain. A day is one of UTC. */
export interface Uses {
  readonly day: number
  readonly all: number
}
export const NO_USES: Uses = { day: 0, all: 0 }

/** What the door asks of the place where it stands. */
export interface CapabilityPorts {
  /** Who signed a revocation of this link; asked for every link of a chain, every time. */
  revokersOf(link: Cid): Promise<readonly Did[]>
  /** Remember a use until it is over. @returns false when it was remembered already. */
  takeNonce(use: string, untilMs: number): Promise<boolean>
  /** In one transaction: say how often each link was used, let `judge` refuse by a throw, and count one more for every link. */
  charge(
    links: readonly Delegation[],
    nowMs: number,
    judge: (usesOf: (link: Cid) => Uses) => void,
  ): Promise<void>
}

export interface Use {
  readonly invocation: Invocation
  readonly chain: Chain
  /** `did:key` of whoever is asked to carry it out: must be the invocation's audience, or its subject where it names none. */
  readonly executor: Did
  /** Newest known identity document of the person in whose name the chain was issued. */
  readonly document: IdentityDocument
  /** What is to be done, by the door's own knowledge. */
  readonly command: string
  /** The arguments as the door understands them; those of the invocation unless given. `uses` is put in by the door. */
  readonly args?: { readonly [name: string]: CborValue }
  readonly nowMs: number
  /** For invocations that travel by post; `INVOCATION_MAX_LIFE_MS` unless given. */
  readonly maxLifeMs?: number
  /** Whether this use is neither counted nor measured against a count: for questions about what was counted before. */
  readonly isFree?: boolean
}

const denied = (why: string, message: string): VivimError =>
  new VivimError('capability/denied', message, { why })

/** Whether a chain is by a device of this person. @throws `capability/denied`. */
export function checkRoot(chain: Chain, document: IdentityDocument, nowMs: number): void {
  const { did, doc } = chain.root.meta
  if (!(doc instanceof Uint8Array) || doc.length !== 32)
    throw denied('foreign-root', 'the capability names no identity document')
  if (did !== document.did)
    throw denied('foreign-root', 'the capability was issued in the name of another person')
  if (documentTime(document, nowMs) !== 'current')
    throw denied('foreign-root', 'the identity document of its issuer does not count now')
  if (deviceOf(document, keyFromDid(chain.subject)) === null)
    throw denied('foreign-root', 'the device that issued the capability is not one of that person')
}

/** @throws `capability/expired`, `capability/not-yet`. */
export function checkChainTime(chain: Chain, nowMs: number): void {
  for (const link of chain.links) {
    if (link.expiresAtMs !== null && nowMs >= link.expiresAtMs)
      throw new VivimError('capability/expired', 'the time of this capability is over', {
        expiredAt: new Date(link.expiresAtMs).toISOString(),
      })
    if (link.notBeforeMs !== null && nowMs + CAPABILITY_SKEW_MS < link.notBeforeMs)
      throw new VivimError('capability/not-yet', 'the time of this capability has not come', {
        from: new Date(link.notBeforeMs).toISOString(),
      })
  }
}

/** @throws `capability/revoked`. */
export async function checkRevocations(
  chain: Chain,
  ports: Pick<CapabilityPorts, 'revokersOf'>,
): Promise<void> {
  for (const [at, link] of chain.links.entries()) {
    const mayRevoke = revokersOf(chain, at)
    if ((await ports.revokersOf(link.cid)).some(by => mayRevoke.has(by)))
      throw new VivimError('capability/revoked', 'this capability was taken back', { link: link.cid })
  }
}

/** Everything about a use that needs no memory. @throws `capability/*`. */
function checkUse(use: Use): void {
  const { invocation, chain, nowMs } = use
  if (invocation.iss !== chain.holder)
    throw denied('other-audience', 'the capability is for the key of somebody else')
  if (invocation.sub !== chain.subject) throw denied('other-subject', 'the call is about another subject')
  if ((invocation.aud ?? invocation.sub) !== use.executor)
    throw denied('other-executor', 'the call is for another node')
  if (
    invocation.prf.length !== chain.links.length ||
    !chain.links.every((link, at) => link.cid === invocation.prf[at])
  )
    throw denied('other-proofs', 'the call names other delegations than were shown')
  if (invocation.cmd !== use.command) throw denied('other-command', 'the call is signed for another command')
  if (!covers(chain.cmd, use.command)) throw denied('command', `the capability does not cover ${use.command}`)
  if (invocation.expiresAtMs === null || nowMs >= invocation.expiresAtMs)
    throw denied('call-expired', 'the time of this call is over')
  if (invocation.expiresAtMs > nowMs + (use.maxLifeMs ?? INVOCATION_MAX_LIFE_MS) + CAPABILITY_SKEW_MS)
    throw denied('call-too-long', 'a call must end sooner')
  if (invocation.notBeforeMs !== null && nowMs + CAPABILITY_SKEW_MS < invocation.notBeforeMs)
    throw denied('call-ahead', 'the time of this call has not come')
  checkRoot(chain, use.document, nowMs)
  checkChainTime(chain, nowMs)
}

/** The policies of every link over the arguments with that link's own count. @throws `capability/denied`, `capability/exhausted`. */
function judgePolicies(use: Use, usesOf: (link: Cid) => Uses): void {
  const args = use.args ?? use.invocation.args
  const holds = (link: Delegation, { day, all }: Uses): boolean =>
    meets({ ...args, uses: { day, all } }, link.pol)
  for (const link of use.chain.links) {
    if (holds(link, usesOf(link.cid))) continue
    if (holds(link, NO_USES))
      throw new VivimError('capability/exhausted', 'this capability was used as often as it may be', {
        link: link.cid,
      })
    throw denied('policy', 'the capability does not cover this')
  }
}

/** Let one use pass, and count it. In order: what the signatures say, revocations, repetition, policies with the counts.
 *  Nothing is remembered of a use that fails before the last two.
 *  @throws `capability/denied` with `why`, `capability/expired`, `capability/not-yet`, `capability/revoked`,
 *    `capability/exhausted`. */
export async function authorise(use: Use, ports: CapabilityPorts): Promise<void> {
  checkUse(use)
  judgePolicies(use, () => NO_USES)
  await checkRevocations(use.chain, ports)
  const { iss, nonce, expiresAtMs } = use.invocation
  // The expiry was checked to be there; its nonce is of no use to anybody after it.
  if (!(await ports.takeNonce(`${iss} ${toHex(nonce)}`, expiresAtMs ?? use.nowMs)))
    throw denied('replayed', 'this very call was made before')
  if (use.isFree !== true)
    await ports.charge(use.chain.links, use.nowMs, usesOf => judgePolicies(use, usesOf))
}
