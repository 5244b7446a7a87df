/** Multiaddrs: what a person or a card gives, what we dial, what we put into our own card. */
import { peerIdFromString } from '@libp2p/peer-id'
import { type Multiaddr, multiaddr } from '@multiformats/multiaddr'
import { VivimError } from '../../core/kernel/errors.ts'
import type { PeerAddress } from './ports.ts'

/** Addresses of one node that are dialled or shown; a card carries no more. */
const MAX_ADDRS = 8
const MAX_ADDR_CHARS = 512

const parse = (text: string): Multiaddr | null => {
  if (text.length > MAX_ADDR_CHARS) return null
  try {
    return multiaddr(text)
  } catch {
    return null
  }
}

const componentOf = (addr: Multiaddr, ...names: string[]): string | undefined =>
  addr.getComponents().find(component => names.includes(component.name))?.value

const hostOf = (addr: Multiaddr): string | undefined =>
  componentOf(addr, 'ip4', 'ip6', 'dns', 'dns4', 'dns6', 'dnsaddr')

/** Whether our transports can dial it: a host and a TCP port, or a path through a relay. */
const isDialable = (addr: Multiaddr): boolean =>
  (hostOf(addr) !== undefined && componentOf(addr, 'tcp') !== undefined) || hostOf(addr) === 'dnsaddr'

/** Read a full address with its `/p2p` end. @throws `peer/bad-address`. */
export function parsePeerAddress(text: string): { peer: string; addr: Multiaddr } {
  const bad = (why: string) => new VivimError('peer/bad-address', `not a node's address: ${why}`)
  const addr = parse(text)
  if (addr === null) throw bad('it is not a multiaddr')
  const last = addr.getComponents().at(-1)
  if (last?.name !== 'p2p' || last.value === undefined) throw bad('it does not end with /p2p and a peer id')
  if (!isPeerId(last.value)) throw bad('its peer id is not one of an Ed25519 key')
  if (!isDialable(addr)) throw bad('it names no host and TCP port')
  return { peer: last.value, addr }
}

/** Whether the text is a peer id that carries an Ed25519 key, the only kind that our nodes have. */
export function isPeerId(text: string): boolean {
  try {
    return text.length <= 128 && peerIdFromString(text).type === 'Ed25519'
  } catch {
    return false
  }
}

/** What to dial for a node, its peer id appended so that nobody else can answer; unreadable addresses are passed over. */
export function dialable({ peer, addrs }: PeerAddress): Multiaddr[] {
  if (!isPeerId(peer)) return []
  return addrs
    .slice(0, MAX_ADDRS)
    .map(parse)
    .filter(addr => addr !== null)
    .filter(isDialable)
    .map(addr => (addr.getComponents().at(-1)?.value === peer ? addr : addr.encapsulate(`/p2p/${peer}`)))
}

const withoutPeer = (addr: Multiaddr, peer: string): string => addr.toString().replace(`/p2p/${peer}`, '')

const isLoopback = (addr: Multiaddr): boolean => {
  const host = hostOf(addr) ?? ''
  return host === '::1' || host.startsWith('127.')
}

const isLinkLocal = (addr: Multiaddr): boolean => {
  const host = (hostOf(addr) ?? '').toLowerCase()
  return host.startsWith('fe80:') || host.startsWith('169.254.')
}

/** Addresses for a card: announced first, then those of real interfaces, loopback last so that two nodes on one machine
 *  still find each other. Link-local ones mean nothing to another node. At most 8. */
export function cardAddrs(
  announced: readonly string[],
  listening: readonly Multiaddr[],
  peer: string,
): string[] {
  const usable = listening.filter(addr => hostOf(addr) !== undefined && !isLinkLocal(addr))
  const ordered = [
    ...announced
      .map(parse)
      .filter(addr => addr !== null)
      .map(addr => withoutPeer(addr, peer)),
    ...usable.filter(addr => !isLoopback(addr)).map(addr => withoutPeer(addr, peer)),
    ...usable
      .filter(isLoopback)
      .sort((a, b) => Number(hostOf(a) === '::1') - Number(hostOf(b) === '::1'))
      .map(addr => withoutPeer(addr, peer)),
  ]
  const distinct = [...new Set(ordered)]
  if (distinct.length <= MAX_ADDRS) return distinct
  const loopback = distinct.filter(text => text.startsWith('/ip4/127.')).slice(0, 1)
  return [
    ...distinct.filter(text => !loopback.includes(text)).slice(0, MAX_ADDRS - loopback.length),
    ...loopback,
  ]
}

/** Whether one of `bound` is what `wanted` asked for: same port, or any where port 0 was asked. */
export function isBound(wanted: string, bound: readonly Multiaddr[]): boolean {
  const addr = parse(wanted)
  const port = addr === null ? undefined : componentOf(addr, 'tcp')
  const host = addr === null ? undefined : hostOf(addr)
  return bound.some(
    candidate =>
      (port === '0' || componentOf(candidate, 'tcp') === port) &&
      (host === '0.0.0.0' || host === '::' || hostOf(candidate) === host),
  )
}

/** Whether the text can be read as a multiaddr at all. */
export const isAddress = (text: string): boolean => parse(text) !== null

/** Whether a listen address is one that must be bound by us, not one through a relay. */
export const isOwnTcp = (text: string): boolean => {
  const addr = parse(text)
  return addr !== null && componentOf(addr, 'tcp') !== undefined && !text.includes('/p2p-circuit')
}
