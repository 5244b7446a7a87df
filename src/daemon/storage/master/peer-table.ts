/** Tables `peer` and `peer_did`: nodes that were met, where, and for whom they stood. */
import { plain } from '../../../core/crypto/hash.ts'
import { Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'

export interface PeerRow {
  /** Peer id as text. */
  peer: string
  addrs: string[]
  lastSeenMs: number
}

export interface PeerOfPerson extends PeerRow {
  /** The standing statement that the node showed, wire form, or null. */
  standing: Uint8Array | null
}

export interface PeerTable {
  /** Nodes of a person, last seen first; blocked ones are left out. */
  peersOf(did: Did): Promise<PeerOfPerson[]>
  /** People for whom a node stood. */
  didsOf(peer: string): Promise<Did[]>
  /** Remember a node; `did` and `standing` where it proved one. Empty `addrs` leave the known ones. */
  put(peer: PeerRow & { did: Did | null; standing: Uint8Array | null }): Promise<void>
  setBlocked(peer: string, blocked: boolean, atMs: number): Promise<boolean>
  blocked(): Promise<string[]>
  /** Forget nodes not seen since `beforeMs` that are not blocked. @returns how many. */
  sweep(beforeMs: number): Promise<number>
}

/** More addresses than a node honestly has; the first are kept. */
const ADDRESSES = 16

export function makePeerTable({ read, write }: MasterAccess): PeerTable {
  return {
    async peersOf(did) {
      const rows = await read(db =>
        db
          .selectFrom('peer_did')
          .innerJoin('peer', 'peer.peer', 'peer_did.peer')
          .select(['peer.peer', 'peer.addrs', 'peer_did.standing', 'peer_did.last_seen_ms'])
          .where('peer_did.did', '=', did)
          .where('peer.blocked', '=', 0)
          .orderBy('peer_did.last_seen_ms', 'desc')
          .orderBy('peer.peer')
          .execute(),
      )
      return rows.map(row => ({
        peer: row.peer,
        addrs: JSON.parse(row.addrs),
        lastSeenMs: row.last_seen_ms,
        standing: row.standing && plain(row.standing),
      }))
    },

    async didsOf(peer) {
      const rows = await read(db =>
        db.selectFrom('peer_did').select('did').where('peer', '=', peer).orderBy('did').execute(),
      )
      return rows.map(row => Did.parse(row.did))
    },

    put: ({ peer, addrs, lastSeenMs, did, standing }) =>
      write(async db => {
        await db
          .insertInto('peer')
          .values({
            peer,
            addrs: JSON.stringify(addrs.slice(0, ADDRESSES)),
            last_seen_ms: lastSeenMs,
            blocked: 0,
          })
          .onConflict(conflict =>
            conflict.column('peer').doUpdateSet(eb => ({
              addrs: addrs.length > 0 ? eb.ref('excluded.addrs') : eb.ref('peer.addrs'),
              last_seen_ms: eb.ref('excluded.last_seen_ms'),
            })),
          )
          .execute()
        if (did === null) return
        await db
          .insertInto('peer_did')
          .values({ peer, did, standing, last_seen_ms: lastSeenMs })
          .onConflict(conflict =>
            conflict.columns(['did', 'peer']).doUpdateSet(eb => ({
              standing: eb.fn.coalesce('excluded.standing', 'peer_did.standing'),
              last_seen_ms: eb.ref('excluded.last_seen_ms'),
            })),
          )
          .execute()
      }),

    setBlocked: (peer, blocked, atMs) =>
      write(async db => {
        const flag = blocked ? 1 : 0
        const { numUpdatedRows } = await db
          .updateTable('peer')
          .set({ blocked: flag })
          .where('peer', '=', peer)
          .where('blocked', '<>', flag)
          .executeTakeFirst()
        if (numUpdatedRows > 0n) return true
        if (!blocked) return false
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('peer')
          .values({ peer, addrs: '[]', last_seen_ms: atMs, blocked: 1 })
          .onConflict(conflict => conflict.column('peer').doNothing())
          .executeTakeFirst()
        return (numInsertedOrUpdatedRows ?? 0n) > 0n
      }),

    async blocked() {
      const rows = await read(db =>
        db.selectFrom('peer').select('peer').where('blocked', '=', 1).orderBy('peer').execute(),
      )
      return rows.map(row => row.peer)
    },

    sweep: beforeMs =>
      write(async db => {
        const { numDeletedRows } = await db
          .deleteFrom('peer')
          .where('last_seen_ms', '<', beforeMs)
          .where('blocked', '=', 0)
          .executeTakeFirst()
        return Number(numDeletedRows)
      }),
  }
}
