/** Who may connect: blocked peers (kept in network.sqlite), peers that broke the rules, and what is connected now. */
import type { Connection, ConnectionGater, Libp2p } from '@libp2p/interface'
import { peerIdFromString } from '@libp2p/peer-id'
import type { Database } from 'better-sqlite3'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { isPeerId } from './addresses.ts'

/** Points for what a peer did wrong; at 100 it is sent away. Points fade by 10 a minute. */
export const POINTS = {
  /** Put a record that a newer one, or one of the same sequence, was before: nodes of one person do so now and then. */
  late: 1,
  /** Asked more than its share. */
  greedy: 5,
  /** Showed a statement or document that does not hold. */
  badProof: 20,
  /** Sent what no honest node sends: a wrong frame, record or message. */
  brokenRule: 34,
  /** Sent bytes for a CID that they do not have: never an accident. */
  forgery: 100,
} as const

const BAN_POINTS = 100
const POINTS_PER_MS = 10 / 60_000
const BAN_MS = 10 * 60_000
/** Peers whose behaviour is remembered at once. */
const MAX_KNOWN = 4096

interface Conduct {
  points: number
  atMs: number
  bannedUntilMs: number
}

export class Connections {
  readonly #db: Database
  readonly #clock: Clock
  readonly #log: (event: string, fields: Record<string, unknown>) => void
  readonly #blocked: Set<string>
  readonly #conduct = new Map<string, Conduct>()
  #node: Libp2p | null = null

  constructor(db: Database, clock: Clock, log: (event: string, fields: Record<string, unknown>) => void) {
    this.#db = db
    this.#clock = clock
    this.#log = log
    db.exec(
      'create table if not exists blocked_peer (peer text primary key, since_ms integer not null) strict, without rowid',
    )
    const rows = db.prepare<[], { peer: string }>('select peer from blocked_peer').all()
    this.#blocked = new Set(rows.map(row => row.peer))
  }

  /** The node whose connections these are; it is made after its gater. */
  attach(node: Libp2p): void {
    this.#node = node
  }

  /** Whether nothing may go to or come from this peer. */
  isRefused(peer: string): boolean {
    if (this.#blocked.has(peer)) return true
    const conduct = this.#conduct.get(peer)
    return conduct !== undefined && conduct.bannedUntilMs > this.#clock.nowMs()
  }

  readonly gater: ConnectionGater = {
    denyDialPeer: peer => this.isRefused(peer.toString()),
    denyInboundEncryptedConnection: peer => this.isRefused(peer.toString()),
    denyOutboundEncryptedConnection: peer => this.isRefused(peer.toString()),
    denyInboundRelayedConnection: (_relay, peer) => this.isRefused(peer.toString()),
  }

  /** Write down that a peer broke a rule; at 100 points it is hung up and refused for ten minutes. */
  punish(peer: string, points: number, why: string): void {
    const nowMs = this.#clock.nowMs()
    const known = this.#conduct.get(peer) ?? { points: 0, atMs: nowMs, bannedUntilMs: 0 }
    const faded = Math.max(0, known.points - Math.max(0, nowMs - known.atMs) * POINTS_PER_MS)
    const total = faded + points
    const banned = total >= BAN_POINTS
    this.#conduct.delete(peer)
    this.#conduct.set(peer, {
      points: banned ? 0 : total,
      atMs: nowMs,
      bannedUntilMs: banned ? nowMs + BAN_MS : known.bannedUntilMs,
    })
    if (this.#conduct.size > MAX_KNOWN) this.#forgetOldest()
    this.#log('network.rule-broken', { peer, why, points: Math.round(total), banned })
    if (banned) void this.hangUp(peer)
  }

  #forgetOldest(): void {
    const nowMs = this.#clock.nowMs()
    for (const [peer, conduct] of this.#conduct) {
      if (conduct.bannedUntilMs > nowMs && this.#conduct.size <= 2 * MAX_KNOWN) continue
      this.#conduct.delete(peer)
      return
    }
  }

  /** @returns whether it was not blocked before. @throws `peer/bad-address` for something else than a peer id. */
  async block(peer: string): Promise<boolean> {
    if (!isPeerId(peer)) throw new VivimError('peer/bad-address', 'that is not a peer id')
    const isNew = !this.#blocked.has(peer)
    this.#db
      .prepare('insert into blocked_peer (peer, since_ms) values (?, ?) on conflict do nothing')
      .run(peer, this.#clock.nowMs())
    this.#blocked.add(peer)
    await this.hangUp(peer)
    return isNew
  }

  /** Also lifts a ban. @returns whether it was blocked or banned. @throws `peer/bad-address` */
  async unblock(peer: string): Promise<boolean> {
    if (!isPeerId(peer)) throw new VivimError('peer/bad-address', 'that is not a peer id')
    const refused = this.isRefused(peer)
    this.#db.prepare('delete from blocked_peer where peer = ?').run(peer)
    this.#blocked.delete(peer)
    this.#conduct.delete(peer)
    return refused
  }

  async hangUp(peer: string): Promise<void> {
    const node = this.#node
    if (node === null || node.status !== 'started') return
    await node.hangUp(peerIdFromString(peer), { signal: AbortSignal.timeout(1_000) }).catch(() => {
      for (const connection of this.openTo(peer)) connection.abort(new Error('hung up'))
    })
  }

  /** Open connections to a peer, those without a relay's limits first. */
  openTo(peer: string): Connection[] {
    return this.open()
      .filter(connection => connection.remotePeer.toString() === peer)
      .sort((a, b) => Number(a.limits !== undefined) - Number(b.limits !== undefined))
  }

  open(): Connection[] {
    return this.#node?.getConnections().filter(connection => connection.status === 'open') ?? []
  }
}
