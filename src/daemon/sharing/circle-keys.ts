/** Keys of circles' epochs: kept sealed in the user's database, wrapped for members, found by the tag of an envelope. */

import { circleIdBytes } from '../../core/circle/circle-id.ts'
import { circleShard, makeWrap, openWrap, parseWrap } from '../../core/circle/epoch.ts'
import { memberOfDevice } from '../../core/circle/reduce.ts'
import type { Recipient } from '../../core/crypto/sealed.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { fromHex } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import { type Envelope, type EpochRef, isOfEpoch } from '../../core/pipeline/letter.ts'
import type { EpochRow } from '../storage/user/epoch-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { CircleLogs } from './circle-logs.ts'
import { epochPlace, type KeyRing, openStored, sealStored } from './keys.ts'

/** One epoch of one circle; `epochId` is the hash of its entry, hex. */
export interface EpochName {
  circle: CircleId
  epochId: string
}

export interface CircleKeysDeps {
  users: UserDatabaseManager
  logs: CircleLogs
  keys: KeyRing
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Gossip tells of now: a circle with a thousand epochs must not make every message of everybody cost a thousand openings. */
const GOSSIP_EPOCHS = 16

export const epochRef = ({ circle, epochId }: EpochName): EpochRef => ({
  circle: circleIdBytes(circle),
  epoch: fromHex(epochId),
})

export function makeCircleKeys({ users, logs, keys, clock, chance, log }: CircleKeysDeps) {
  /** Wrap an epoch's secret for the devices of one person. @returns the wire form. @throws `keystore/locked`. */
  function wrapFor(
    local: Did,
    { circle, epochId }: EpochName,
    secret: SecretBytes,
    to: Did,
    devices: readonly Recipient[],
  ): Uint8Array {
    const { document, device } = keys.keys(local)
    const fields = { circle, epoch: epochId, secret, to, devices, document, atMs: clock.nowMs() }
    return makeWrap(fields, device, chance)
  }

  /** What is kept of a key: sealed for daily use, and wrapped for own devices and the recovery key. @throws `keystore/locked`. */
  function kept(local: Did, name: EpochName, number: number, secret: SecretBytes): EpochRow {
    const own = keys.keys(local)
    return {
      epochId: name.epochId,
      circleId: name.circle,
      secretSealed: sealStored(own, epochPlace(name.circle, name.epochId), secret, chance),
      ownWrap: wrapFor(local, name, secret, local, [
        ...activeDevices(own.document),
        { kem: own.recovery.kem },
      ]),
      number,
    }
  }

  /** @returns the secret of an epoch, or null. @throws `keystore/locked`. */
  function secretOf(local: Did, circle: CircleId, epochId: string): SecretBytes | null {
    const row = users.read(local, db => db.epochs.get(circle, epochId))
    return row && openStored(keys.keys(local), epochPlace(circle, epochId), row.secretSealed)
  }

  return {
    wrapFor,
    kept,
    secretOf,

    /** The epoch of an envelope, by its tag, or null while it is not known here.
     *  @param shard - for gossip: look among the newest epochs of the circles of this shard only. @throws `keystore/locked`. */
    epochOf(
      local: Did,
      envelope: Extract<Envelope, { kind: 'epoch' }>,
      shard?: number,
    ): { circle: CircleId; epochId: string; ref: EpochRef; secret: SecretBytes } | null {
      const own = keys.keys(local)
      const rows = users.read(local, db =>
        shard === undefined ? db.epochs.all() : db.epochs.newest(GOSSIP_EPOCHS),
      )
      for (const row of rows) {
        if (shard !== undefined && circleShard(row.circleId) !== shard) continue
        const secret = openStored(own, epochPlace(row.circleId, row.epochId), row.secretSealed)
        if (isOfEpoch(envelope, secret))
          return {
            circle: row.circleId,
            epochId: row.epochId,
            ref: epochRef({ circle: row.circleId, epochId: row.epochId }),
            secret,
          }
        secret.wipe()
      }
      return null
    },

    /** Take wraps: each must be by a member's device and hold what its epoch's entry committed to. @returns whether a key is new. */
    takeWraps(local: Did, wires: readonly Uint8Array[]): boolean {
      const own = keys.keys(local)
      let fresh = false
      for (const wire of wires) {
        try {
          const wrap = parseWrap(wire)
          if (wrap.to !== local || users.read(local, db => db.epochs.get(wrap.circle, wrap.epoch)) !== null)
            continue
          const now = logs.state(local, wrap.circle)
          const epoch = now.epochs.find(({ id }) => id === wrap.epoch)
          if (!epoch || memberOfDevice(now, wrap.by) === null) continue
          const secret = openWrap(wrap, own.kem, epoch.commitment)
          const row = kept(local, { circle: wrap.circle, epochId: epoch.id }, epoch.number, secret)
          users.write(local, db => db.epochs.put(row))
          fresh = true
          log('circle.key', { circle: wrap.circle, epoch: epoch.number })
        } catch (error) {
          if (!isVerdict(error)) throw error
          log('circle.wrap-refused', { code: codeOf(error) })
        }
      }
      return fresh
    },
  }
}
