/** RPC methods of the noun `peer`. */
import type { Handlers, Result } from '../../core/contract/methods.ts'
import type { Did } from '../../core/model/id.ts'
import type { Network, PeerInfo } from '../network/ports.ts'
import type { Caller } from '../rpc/caller.ts'

export type PeerMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `peer.${string}`>>

export function makePeerMethods(
  network: Pick<Network, 'peers' | 'peersOf' | 'connect' | 'block' | 'unblock'>,
  isRelated: (local: Did, remote: Did) => Promise<boolean>,
): PeerMethods {
  /** What the caller may know: the nodes of people they know. The operator and the monitor see every connection, but whose it is
   *  only where they know the person. */
  async function seenBy({ user, operator, via }: Caller): Promise<PeerInfo[]> {
    const own: PeerInfo[] = []
    for (const peer of user === null ? [] : network.peersOf(user))
      if (user !== null && peer.did !== null && (await isRelated(user, peer.did))) own.push(peer)
    if (!operator && via.kind !== 'monitor') return own
    const known = new Map(own.map(peer => [peer.peer, peer]))
    return network.peers().map(peer => known.get(peer.peer) ?? peer)
  }

  return {
    'peer.list': async caller => ({ peers: (await seenBy(caller)).map(shownPeer) }),
    'peer.connect': async (caller, p, signal) => {
      const before = new Set(network.peers().map(peer => peer.peer))
      const peer = await network.connect(p.address, signal)
      const shown = (await seenBy(caller)).find(one => one.peer === peer.peer) ?? peer
      return { ...shownPeer(shown), changed: !before.has(peer.peer) }
    },
    'peer.block': async (_caller, p) => ({ peerId: p.peer, changed: await network.block(p.peer) }),
    'peer.unblock': async (_caller, p) => ({ peerId: p.peer, changed: await network.unblock(p.peer) }),
  }
}

const shownPeer = ({
  peer,
  addrs,
  direction,
  did,
  latencyMs,
}: PeerInfo): Result<'peer.list'>['peers'][number] => ({
  peerId: peer,
  addrs,
  direction,
  did,
  latencyMs,
})
