/** A capability as it is handed on: delegations from the issuing device to the holder, each narrower than the one before. */
import { decodeCbor, encodeCbor } from '../crypto/cbor.ts'
import { type Ed25519Key, ed25519PublicKey } from '../crypto/ed25519.ts'
import { didFromKey } from '../identity/did.ts'
import { fromB64u, toB64u } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { covers } from './command.ts'
import {
  type Delegation,
  type DelegationFields,
  type Meta,
  parseDelegation,
  signDelegation,
} from './delegation.ts'
import { CAPABILITY_MAX_BYTES } from './envelope.ts'
import { CHAIN_MAX_LINKS } from './invocation.ts'

/** What a chain in text begins with. */
const CHAIN_PREFIX = 'vivimcap1'
/** Base64url of the largest chain, with its prefix. */
const CHAIN_MAX_CHARS = CHAIN_PREFIX.length + Math.ceil((CAPABILITY_MAX_BYTES * 4) / 3)

/** A chain whose links hold together; whether it counts now, and for whom, is `authorise`'s to say. */
export interface Chain {
  /** The one that the subject issued first. */
  readonly links: readonly Delegation[]
  readonly root: Delegation
  readonly last: Delegation
  /** `did:key` of the device that issued the first link. */
  readonly subject: Did
  /** `did:key` of the key that may use it and pass it on. */
  readonly holder: Did
  /** What it gives a right to, once all links have narrowed it. */
  readonly cmd: string
  readonly notBeforeMs: number | null
  readonly expiresAtMs: number | null
}

const denied = (why: string, message: string): VivimError =>
  new VivimError('capability/denied', message, { why })

function checkLink(before: Delegation, link: Delegation): void {
  if (link.iss !== before.aud)
    throw denied('broken-chain', 'a link is issued by somebody who was not given the right')
  if (link.sub !== before.sub) throw denied('other-subject', 'a link is about another subject')
  if (!covers(before.cmd, link.cmd)) throw denied('widened', 'a link names a command that was not given')
  if (before.expiresAtMs !== null && (link.expiresAtMs === null || link.expiresAtMs > before.expiresAtMs))
    throw denied('widened', 'a link ends later than the one before it')
  if (before.notBeforeMs !== null && (link.notBeforeMs === null || link.notBeforeMs < before.notBeforeMs))
    throw denied('widened', 'a link begins earlier than the one before it')
}

/** Whether links make a chain: the first is by its own subject, each other by the audience before it and no wider.
 *  @throws `capability/denied` with `why`, `capability/invalid` for none or too many. */
export function chainOf(links: readonly Delegation[]): Chain {
  const root = links[0]
  const last = links.at(-1)
  if (root === undefined || last === undefined || links.length > CHAIN_MAX_LINKS)
    throw new VivimError('capability/invalid', `a capability has 1 to ${CHAIN_MAX_LINKS} links`)
  if (root.iss !== root.sub) throw denied('not-a-root', 'the first link is not by its own subject')
  for (const [at, link] of links.entries()) {
    const before = links[at - 1]
    if (before !== undefined) checkLink(before, link)
  }
  return {
    links,
    root,
    last,
    subject: root.sub,
    holder: last.aud,
    cmd: last.cmd,
    // Each link was checked to begin no earlier and end no later than the one before.
    notBeforeMs: last.notBeforeMs,
    expiresAtMs: last.expiresAtMs,
  }
}

/** dag-cbor: the list of the links' envelopes as byte strings, the first one issued first. */
export const chainBytes = (chain: Chain): Uint8Array => encodeCbor(chain.links.map(link => link.bytes))

/** @throws `crypto/*`, `capability/invalid`, `capability/denied`. */
export function parseChainBytes(bytes: Uint8Array): Chain {
  const items = decodeCbor(bytes, CAPABILITY_MAX_BYTES)
  if (!Array.isArray(items) || items.length > CHAIN_MAX_LINKS)
    throw new VivimError('capability/invalid', `a capability is a list of 1 to ${CHAIN_MAX_LINKS} links`)
  return chainOf(
    items.map(item => {
      if (!(item instanceof Uint8Array))
        throw new VivimError('capability/invalid', 'a link of a capability is not a byte string')
      return parseDelegation(item)
    }),
  )
}

/** One line of text, `vivimcap1` and base64url. */
export const chainText = (chain: Chain): string => CHAIN_PREFIX + toB64u(chainBytes(chain))

/** Read a chain as it stands in a file or was pasted, with blanks around it. @throws as `parseChainBytes`. */
export function parseChain(text: string): Chain {
  if (text.length > 2 * CHAIN_MAX_CHARS)
    throw new VivimError('capability/invalid', 'a capability is not this long')
  const line = text.trim()
  if (!line.startsWith(CHAIN_PREFIX))
    throw new VivimError('capability/invalid', `a capability begins with ${CHAIN_PREFIX}`)
  let bytes: Uint8Array
  try {
    bytes = fromB64u(line.slice(CHAIN_PREFIX.length))
  } catch (cause) {
    throw new VivimError('capability/invalid', 'a character of this capability is wrong', {}, { cause })
  }
  return parseChainBytes(bytes)
}

/** What the first link says of its issuer: the person, and the hash of the identity document that lists the device. */
const issuerMeta = (document: { readonly did: Did; readonly hash: Uint8Array }): Meta => ({
  did: document.did,
  doc: document.hash,
})

/** Issue the first link: a right of the device whose key signs. */
export const issueChain = (
  fields: Omit<DelegationFields, 'sub'>,
  document: { readonly did: Did; readonly hash: Uint8Array },
  deviceKey: Ed25519Key,
  chance: Chance,
): Chain =>
  chainOf([
    signDelegation(
      {
        ...fields,
        sub: didFromKey(ed25519PublicKey(deviceKey)),
        meta: { ...fields.meta, ...issuerMeta(document) },
      },
      deviceKey,
      chance,
    ),
  ])

/** What a holder may change when passing a capability on; what is left out stays as it was. */
export interface Narrowing {
  readonly aud: Did
  readonly cmd?: string
  /** Added to what every link before demands. */
  readonly pol?: DelegationFields['pol']
  readonly expiresAtMs?: number
  readonly notBeforeMs?: number
  readonly meta?: Meta
}

/** Pass a capability on, narrowed. @param key - of its holder.
 *  @throws `capability/denied` when it would be wider or the key is not the holder's, `capability/invalid` for too many links. */
export function narrowChain(chain: Chain, narrowing: Narrowing, key: Ed25519Key, chance: Chance): Chain {
  const next = signDelegation(
    {
      aud: narrowing.aud,
      sub: chain.subject,
      cmd: narrowing.cmd ?? chain.cmd,
      pol: narrowing.pol ?? [],
      expiresAtMs: narrowing.expiresAtMs ?? chain.expiresAtMs,
      notBeforeMs: narrowing.notBeforeMs ?? chain.notBeforeMs,
      ...(narrowing.meta === undefined ? {} : { meta: narrowing.meta }),
    },
    key,
    chance,
  )
  const narrowed = chainOf([...chain.links, next])
  if (chainBytes(narrowed).length > CAPABILITY_MAX_BYTES)
    throw new VivimError('capability/invalid', `a capability has at most ${CAPABILITY_MAX_BYTES} bytes`)
  return narrowed
}
