/** Passing on: the right that an owner gives with `reshare`, and the signed word of each recipient who used it (docs/protocol.md 4.3). */
import { z } from 'zod'
import { authorise, type CapabilityPorts } from '../capability/authorise.ts'
import { type Chain, chainBytes, issueChain, narrowChain, parseChainBytes } from '../capability/chain.ts'
import { CAPABILITY_MAX_BYTES } from '../capability/envelope.ts'
import { type Invocation, parseInvocation, signInvocation } from '../capability/invocation.ts'
import type { Policy } from '../capability/policy.ts'
import { Permission } from '../contract/share-shapes.ts'
import { cidBytes, cidFromBytes } from '../crypto/cid.ts'
import type { Ed25519Key } from '../crypto/ed25519.ts'
import { didFromKey, keyFromDid } from '../identity/did.ts'
import { deviceOf, type IdentityDocument } from '../identity/document.ts'
import { bytesUpTo, TimeMs } from '../identity/field.ts'
import { fromBase32, toBase32 } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import { type Cid, Did, ShareId } from '../model/id.ts'
import { CidBytes, IdBytes } from './fields.ts'

const RESHARE_COMMAND = '/vivim/share/reshare'
/** Devices that can be given a right in one letter. */
export const MAX_DELEGATIONS = 256
/** An invocation travels by post to who may be away for long; of a share without an end it counts this long. */
const PASS_MAX_LIFE_MS = 400 * 86_400_000

type Right = z.infer<typeof Permission>

/** What is passed on, and on which terms. */
export interface PassTerms {
  share: ShareId
  version: number
  content: Cid
  allow: readonly Right[]
  untilMs: number | null
}

/** Two wire forms: by what right something is passed on, and to whom and how. */
export const PassWire = z.looseObject({
  chain: bytesUpTo(CAPABILITY_MAX_BYTES),
  invocation: bytesUpTo(CAPABILITY_MAX_BYTES),
})
export type PassWire = z.infer<typeof PassWire>

const Args = z.strictObject({
  share: IdBytes,
  version: z.number().int().positive().max(Number.MAX_SAFE_INTEGER),
  content: CidBytes,
  to: Did,
  allow: z.array(Permission).min(1).max(5),
  until: TimeMs.nullable(),
})

/** A word that something was passed on, whose shape and signatures hold; whether it counts is `checkPass`'s to say. */
export interface Pass {
  chain: Chain
  invocation: Invocation
  terms: PassTerms
  to: Did
  /** Whose devices the holder's key belongs to, as the one before them in the chain said. */
  by: Did
}

const denied = (why: string, message: string): VivimError =>
  new VivimError('capability/denied', message, { why })

/** The same thing, no more rights, no later end. */
const policyOf = ({ share, version, content, allow, untilMs }: PassTerms): Policy => [
  ['==', '.share', fromBase32(share)],
  ['==', '.version', version],
  ['==', '.content', cidBytes(content)],
  ['all', '.allow', ['or', allow.map(right => ['==', '.', right] as const)]],
  ...(untilMs === null ? [] : ([['<=', '.until', untilMs]] as const)),
]

/** A right to pass on for each device of these people, by the owner. @param to - devices with their Ed25519 public keys.
 *  @throws `share/too-many-devices`. */
export function rightsOf(
  terms: PassTerms,
  to: readonly { did: Did; devices: readonly { ed: Uint8Array }[] }[],
  owner: { document: IdentityDocument; device: Ed25519Key },
  chance: Chance,
): Uint8Array[] {
  const devices = to.flatMap(({ did, devices }) => devices.map(({ ed }) => ({ did, ed })))
  if (devices.length > MAX_DELEGATIONS)
    throw new VivimError(
      'share/too-many-devices',
      `at most ${MAX_DELEGATIONS} devices of a circle can be given the right to pass a share on`,
      { devices: devices.length },
    )
  return devices.map(({ did, ed }) =>
    chainBytes(
      issueChain(
        {
          aud: didFromKey(ed),
          cmd: RESHARE_COMMAND,
          pol: policyOf(terms),
          expiresAtMs: terms.untilMs,
          meta: { to: did },
        },
        owner.document,
        owner.device,
        chance,
      ),
    ),
  )
}

/** The right passed on for each device of a person, narrowed to these terms. @param key - of the chain's holder.
 *  @throws `capability/denied` where it would be wider, `capability/invalid` for too many links. */
export const narrowedRights = (
  chain: Chain,
  terms: PassTerms,
  to: Did,
  devices: readonly { ed: Uint8Array }[],
  key: Ed25519Key,
  chance: Chance,
): Uint8Array[] =>
  devices.map(({ ed }) =>
    chainBytes(
      narrowChain(
        chain,
        {
          aud: didFromKey(ed),
          pol: policyOf(terms),
          ...(terms.untilMs === null ? {} : { expiresAtMs: terms.untilMs }),
          meta: { to },
        },
        key,
        chance,
      ),
    ),
  )

/** The chain of a letter that gives a right to this device, or null. What cannot be read is passed over. */
export function rightFor(wires: readonly Uint8Array[], device: Did): Uint8Array | null {
  for (const wire of wires) {
    try {
      if (parseChainBytes(wire).holder === device) return wire
    } catch {
      // Somebody else's, or nobody's.
    }
  }
  return null
}

/** Sign that this is passed on. @param key - of the chain's holder. */
export function signPass(
  chain: Chain,
  terms: PassTerms,
  to: Did,
  key: Ed25519Key,
  nowMs: number,
  chance: Chance,
): PassWire {
  const expiresAtMs = Math.min(terms.untilMs ?? Number.MAX_SAFE_INTEGER, nowMs + PASS_MAX_LIFE_MS)
  const invocation = signInvocation(
    {
      sub: chain.subject,
      cmd: RESHARE_COMMAND,
      args: {
        share: fromBase32(terms.share),
        version: terms.version,
        content: cidBytes(terms.content),
        to,
        allow: terms.allow,
        until: terms.untilMs,
      },
      prf: chain.links.map(({ cid }) => cid),
      expiresAtMs,
    },
    key,
    chance,
  )
  return { chain: chainBytes(chain), invocation: invocation.bytes }
}

/** @throws `capability/invalid`, `capability/denied`, `crypto/*`. */
export function parsePass(wire: PassWire): Pass {
  const chain = parseChainBytes(wire.chain)
  const invocation = parseInvocation(wire.invocation)
  const args = Args.safeParse(invocation.args)
  const by = Did.safeParse(chain.last.meta.to)
  if (!args.success || !by.success)
    throw new VivimError('capability/invalid', 'not a word that a share was passed on')
  const { share, version, content, to, allow, until } = args.data
  const terms = {
    share: ShareId.parse(toBase32(share)),
    version,
    content: cidFromBytes(content),
    allow,
    untilMs: until,
  }
  return { chain, invocation, terms, to, by: by.data }
}

/** Whether something was passed on by right: the chain begins at a device of the owner, every link covers it, and it was signed by
 *  the last one's holder. Nothing is counted: who sees it twice knows it by its CID, or by the id of the notice that it came with.
 *  @param owner - their best known identity document. @throws `capability/*`. */
export const checkPass = (
  { chain, invocation }: Pass,
  owner: IdentityDocument,
  ports: Pick<CapabilityPorts, 'revokersOf'>,
  nowMs: number,
): Promise<void> =>
  authorise(
    {
      invocation,
      chain,
      executor: chain.subject,
      document: owner,
      command: RESHARE_COMMAND,
      nowMs,
      maxLifeMs: PASS_MAX_LIFE_MS,
      isFree: true,
    },
    { ...ports, takeNonce: async () => true, charge: async () => {} },
  )

/** Whether the right that was used is of a device of this person, by the chain and by their own identity document.
 *  @throws `capability/denied`. */
export function checkPasser(pass: Pass, document: IdentityDocument): void {
  if (pass.by !== document.did || deviceOf(document, keyFromDid(pass.invocation.iss)) === null)
    throw denied('other-audience', 'the right to pass this on was given to somebody else')
}

/** Whether a chain goes on from another: what was passed on further by whom it was passed on to. */
export const goesOnFrom = (chain: Chain, before: Chain): boolean =>
  chain.links.length > before.links.length &&
  before.links.every(({ cid }, at) => chain.links[at]?.cid === cid)

/** To whom a chain goes from whoever holds the first `held` of its links: its link after them says so, and they signed it.
 *  @throws `capability/invalid`. */
export function handAfter(chain: Chain, held: number): Did {
  const hand = Did.safeParse(chain.links[held]?.meta.to)
  if (!hand.success)
    throw new VivimError('capability/invalid', 'a right to pass on that says not whose it is')
  return hand.data
}
