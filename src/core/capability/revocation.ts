/** Taking back a capability: the UCAN invocation `/ucan/revoke`, signed by whoever issued the link or one before it. */
import { CID } from 'multiformats/cid'
import { cidOfLink, linkOf } from '../crypto/cid.ts'
import { type Ed25519Key, ed25519PublicKey } from '../crypto/ed25519.ts'
import { didFromKey } from '../identity/did.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Cid, Did } from '../model/id.ts'
import type { Chain } from './chain.ts'
import { parseInvocation, signInvocation } from './invocation.ts'

const REVOKE_COMMAND = '/ucan/revoke'

/** A revocation whose signature holds. It counts for a chain in which `by` issued the named link or one before it. */
export interface Revocation {
  /** The link that is taken back, with every chain that it stands in. */
  readonly link: Cid
  readonly by: Did
  readonly cid: Cid
  readonly bytes: Uint8Array
}

/** Of oneself, so that it needs no proof, and without an end: what was taken back stays taken back. */
export const signRevocation = (link: Cid, key: Ed25519Key, chance: Chance): Revocation =>
  parseRevocation(
    signInvocation(
      {
        sub: didFromKey(ed25519PublicKey(key)),
        cmd: REVOKE_COMMAND,
        args: { ucan: linkOf(link) },
        prf: [],
        expiresAtMs: null,
      },
      key,
      chance,
    ).bytes,
  )

/** No time is asked: neither a clock nor an end keeps a right from being taken back. @throws `capability/invalid`, `crypto/*`. */
export function parseRevocation(bytes: Uint8Array): Revocation {
  const invocation = parseInvocation(bytes)
  const named = CID.asCID(invocation.args.ucan)
  if (
    invocation.cmd !== REVOKE_COMMAND ||
    invocation.sub !== invocation.iss ||
    invocation.prf.length > 0 ||
    Object.keys(invocation.args).length !== 1 ||
    named === null
  )
    throw new VivimError('capability/invalid', 'not a revocation of one link by its signer')
  return { link: cidOfLink(named), by: invocation.iss, cid: invocation.cid, bytes }
}

/** The issuers that may take back the link at `at`: its own and those before it. One further down may only end their own. */
export const revokersOf = (chain: Chain, at: number): ReadonlySet<Did> =>
  new Set(chain.links.slice(0, at + 1).map(link => link.iss))
