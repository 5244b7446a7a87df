/** A person with a node of their own making, who takes whatever is shared and answers to nobody. */
import type { Test } from 'tap'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { parseManifest } from '../../src/core/crypto/manifest.ts'
import { encodeCard, parseCard } from '../../src/core/identity/card.ts'
import type { Cid } from '../../src/core/model/id.ts'
import type { LiveNode } from './live-node.ts'
import { chance, type Home, home, MemoryHost, Person } from './network-host.ts'

/** Takes everything, blocks and all. */
export class Holder extends MemoryHost {
  override chunks(manifest: Uint8Array): Cid[] {
    return [...parseManifest(manifest).chunks]
  }
}

/** A person with a node of their own making, whom these nodes know and who knows them. */
export async function holder(t: Test, name: string, ...nodes: LiveNode[]): Promise<Home> {
  const host = new Holder(new Person(name))
  const made = await home(name, t.teardown, {}, ':memory:', host.me, host)
  for (const node of nodes) {
    await findNode(made, node)
    const own = encodeCard({
      did: host.me.did,
      directory: new Ed25519Key(chance.bytes(32)).publicKey,
      read: host.me.read,
      peer: made.network.peerId,
      addrs: made.network.addrs(),
    })
    await node.call('contact.add', { card: own, name })
  }
  return made
}

/** Know where somebody's node is, and how to ask it for them. */
export async function findNode(from: Home, node: LiveNode): Promise<void> {
  const card = parseCard((await node.call('contact.card', {})).card)
  from.host.contacts.set(card.did, [{ peer: card.peer, addrs: [...card.addrs] }])
  from.host.cards.set(card.did, card.read)
}
