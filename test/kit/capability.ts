/** Capabilities for tests: a root by alice's device, holders with keys of their own, and a memory of uses that is real. */
import { authorise, type CapabilityPorts, type Use, type Uses } from '../../src/core/capability/authorise.ts'
import { type Chain, issueChain } from '../../src/core/capability/chain.ts'
import type { DelegationFields, Meta } from '../../src/core/capability/delegation.ts'
import { signInvocation } from '../../src/core/capability/invocation.ts'
import type { Revocation } from '../../src/core/capability/revocation.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { didFromKey } from '../../src/core/identity/did.ts'
import type { Cid, Did } from '../../src/core/model/id.ts'
import { DAY_MS, type Person, START_MS, seededChance } from './person.ts'

export const chance = seededChance('capability')

export interface Holder {
  key: Ed25519Key
  did: Did
}
export const holderOf = (key: Ed25519Key): Holder => ({ key, did: didFromKey(key.publicKey) })
export const makeHolder = (): Holder => holderOf(new Ed25519Key(chance.bytes(32)))

/** A right that a person's device gives. */
export const issue = (person: Person, holder: Holder, fields: Partial<DelegationFields> = {}): Chain =>
  issueChain(
    {
      aud: holder.did,
      cmd: '/vivim/share',
      pol: [],
      expiresAtMs: START_MS + 30 * DAY_MS,
      ...fields,
    },
    person.document,
    person.device.sign,
    chance,
  )

/** What a door remembers, in maps. */
export function makeMemory(revocations: readonly Revocation[] = []): CapabilityPorts {
  const nonces = new Set<string>()
  const counts = new Map<Cid, Uses & { at: number }>()
  return {
    revokersOf: async link => revocations.filter(each => each.link === link).map(each => each.by),
    async takeNonce(use) {
      if (nonces.has(use)) return false
      nonces.add(use)
      return true
    },
    async charge(links, nowMs, judge) {
      const at = Math.floor(nowMs / DAY_MS)
      const of = (link: Cid): Uses & { at: number } => {
        const known = counts.get(link) ?? { day: 0, all: 0, at }
        return known.at === at ? known : { day: 0, all: known.all, at }
      }
      judge(of)
      for (const { cid } of links) counts.set(cid, { day: of(cid).day + 1, all: of(cid).all + 1, at })
    },
  }
}

/** Call by a capability, as its holder would. */
export function call(
  person: Person,
  chain: Chain,
  holder: Holder,
  ports: CapabilityPorts,
  over: { command?: string; args?: Meta; at?: number; use?: Partial<Use> } = {},
): Promise<void> {
  const { command = '/vivim/share/propose', args = {}, at = START_MS } = over
  const invocation = signInvocation(
    {
      sub: chain.subject,
      cmd: command,
      args,
      prf: chain.links.map(link => link.cid),
      expiresAtMs: at + 60_000,
    },
    holder.key,
    chance,
  )
  return authorise(
    {
      invocation,
      chain,
      executor: chain.subject,
      document: person.document,
      command,
      nowMs: at,
      ...over.use,
    },
    ports,
  )
}
