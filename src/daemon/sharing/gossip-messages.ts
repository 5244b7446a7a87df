/** What circles tell each other by gossip: that their log has new heads, that a share was taken back. Sealed under an epoch. */

import { circleIdBytes, circleIdFromBytes } from '../../core/circle/circle-id.ts'
import { circleShard } from '../../core/circle/epoch.ts'
import { fromHex, toHex } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { codeOf, hasCode } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import {
  type Letter,
  openEpochLetter,
  parseEnvelope,
  sealLetterUnderEpoch,
} from '../../core/pipeline/letter.ts'
import type { ShareRow } from '../../core/pipeline/ports.ts'
import type { Network } from '../network/ports.ts'
import type { Circles } from './circles.ts'
import type { Endings } from './endings.ts'
import type { KeyRing } from './keys.ts'

export interface GossipDeps {
  circles: Circles
  endings: () => Endings
  keys: KeyRing
  network: () => Network
  localUsers: () => Promise<Did[]>
  /** Members of a circle have entries that are not here. */
  wantSync: (local: Did, circle: CircleId) => void
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeGossipMessages(deps: GossipDeps) {
  const { circles, endings, keys, network, localUsers, wantSync, chance, log } = deps

  async function tell(local: Did, circle: CircleId, letter: Omit<Letter, 'v'>): Promise<void> {
    try {
      const epoch = circles.sealingHere(local, circle)
      if (epoch === null) return
      const { ref, secret } = epoch
      const shard = circleShard(circle)
      const bytes = sealLetterUnderEpoch(letter, ref, secret, chance)
      await network().gossip(shard, bytes)
      // Nobody hears their own gossip, and other members may live on this node.
      await takeHere(shard, bytes, local)
    } catch (error) {
      // Gossip only hastens what jobs and syncs bring anyway.
      log('gossip.not-told', { circle, code: codeOf(error) })
    }
  }

  async function takeFor(local: Did, shard: number, bytes: Uint8Array): Promise<void> {
    const envelope = parseEnvelope(bytes)
    if (envelope.kind !== 'epoch') return
    const epoch = circles.epochOf(local, envelope, shard)
    if (epoch === null) return
    const { heads, tombstones } = openEpochLetter(envelope, epoch.ref, epoch.secret)
    for (const tombstone of tombstones ?? []) await endings().onTombstone(local, tombstone, epoch.circle)
    if (heads && circleIdFromBytes(heads.circle) === epoch.circle) {
      const known = new Set(circles.state(local, epoch.circle).heads)
      if (heads.hashes.some(hash => !known.has(toHex(hash)))) wantSync(local, epoch.circle)
    }
  }

  /** Hand a message to every user here whose keystore is open. @param but - who sent it. */
  async function takeHere(shard: number, bytes: Uint8Array, but: Did | null): Promise<void> {
    for (const local of await localUsers()) {
      if (local === but || !keys.unlocked(local)) continue
      try {
        await takeFor(local, shard, bytes)
      } catch (error) {
        if (!hasCode(error, 'keystore/locked')) log('gossip.unreadable', { code: codeOf(error) })
      }
    }
  }

  return {
    tellHeads: (local: Did, circle: CircleId): Promise<void> =>
      tell(local, circle, {
        heads: { circle: circleIdBytes(circle), hashes: circles.state(local, circle).heads.map(fromHex) },
      }),

    async tellEnd(share: ShareRow): Promise<void> {
      if (!keys.unlocked(share.owner)) return
      for (const circle of share.audience.circles)
        await tell(share.owner, circle, { tombstones: [share.tombstone] })
    },

    /** Every well-formed message is passed on, whether it says something here or not: a node cannot show what it is in. */
    async take(shard: number, bytes: Uint8Array): Promise<'accept' | 'reject'> {
      try {
        if (parseEnvelope(bytes).kind !== 'epoch') return 'reject'
      } catch {
        return 'reject'
      }
      await takeHere(shard, bytes, null)
      return 'accept'
    },
  }
}

export type GossipMessages = ReturnType<typeof makeGossipMessages>
