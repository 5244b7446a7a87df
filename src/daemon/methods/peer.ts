/** RPC methods of the noun `peer`. */
import type { Handlers, Result } from '../../core/contract/methods.ts'
import type { Network, PeerInfo } from '../network/ports.ts'
import type { Caller } from '../rpc/caller.ts'

export type PeerMethods = Pick<Handlers<Caller>, Extract<keyof Handlers<Caller>, `peer.${string}`>>

export const makePeerMethods = (
  network: Pick<Network, 'peers' | 'connect' | 'block' | 'unblock'>,
): PeerMethods => ({
  'peer.list': async () => ({ peers: network.peers().map(shownPeer) }),
  'peer.connect': async (_caller, p, signal) => {
    const before = new Set(network.peers().map(peer => peer.peer))
    const peer = await network.connect(p.address, signal)
    return { ...shownPeer(peer), changed: !before.has(peer.peer) }
  },
  'peer.block': async (_caller, p) => ({ peerId: p.peer, changed: await network.block(p.peer) }),
  'peer.unblock': async (_caller, p) => ({ peerId: p.peer, changed: await network.unblock(p.peer) }),
})

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
