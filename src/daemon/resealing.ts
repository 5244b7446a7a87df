/** Opens with the recovery key what the own database keeps sealed, and seals it for a new device: epochs, content keys, own grants. */
import { parseEntry } from '../core/circle/entry.ts'
import { makeWrap, openWrap, parseWrap } from '../core/circle/epoch.ts'
import type { XWingKey } from '../core/crypto/xwing.ts'
import { activeDevices } from '../core/identity/document.ts'
import type { Chance } from '../core/kernel/env.ts'
import { codeOf, isVerdict } from '../core/kernel/errors.ts'
import { Cid, type CircleId, type Did } from '../core/model/id.ts'
import { grantToSelf, openOwnGrant } from '../core/pipeline/notice.ts'
import type { LiveShares, Missing } from './old-home.ts'
import { contentPlace, epochPlace, type Keys, sealStored } from './sharing/keys.ts'
import type { UserDatabaseManager } from './storage/user/manager.ts'

export interface ResealingDeps {
  readonly did: Did
  readonly users: UserDatabaseManager
  /** The recovery key, which every own grant and epoch was sealed to. */
  readonly recovery: XWingKey
  /** Those of the new device. */
  readonly keys: Keys
  readonly chance: Chance
  readonly nowMs: number
}

/** What each epoch's entry committed to, by the entry's hash. */
function commitments(users: UserDatabaseManager, did: Did, circle: CircleId): Map<string, Uint8Array> {
  const found = new Map<string, Uint8Array>()
  for (const { hash, wire } of users.read(did, db => db.circles.entries(circle))) {
    const entry = parseEntry(wire)
    if ('epoch' in entry && entry.epoch !== null) found.set(hash, entry.epoch.commitment)
  }
  return found
}

/** @returns how many epochs' secrets are there again; what does not open is dropped, so that a member may bring it. */
export function resealEpochs(deps: ResealingDeps, missing: Missing[]): number {
  const { did, users, recovery, keys, chance, nowMs } = deps
  let restored = 0
  for (const { circleId } of users.read(did, db => db.circles.list())) {
    const known = commitments(users, did, circleId)
    for (const row of users.read(did, db => db.epochs.ofCircle(circleId))) {
      try {
        const commitment = known.get(row.epochId) ?? new Uint8Array(0)
        const secret = openWrap(parseWrap(row.ownWrap), recovery, commitment)
        const secretSealed = sealStored(keys, epochPlace(circleId, row.epochId), secret, chance)
        const devices = [...activeDevices(keys.document), { kem: keys.recovery.kem }]
        const ownWrap = makeWrap(
          {
            circle: circleId,
            epoch: row.epochId,
            secret,
            to: did,
            devices,
            document: keys.document,
            atMs: nowMs,
          },
          keys.device,
          chance,
        )
        secret.wipe()
        users.write(did, db => db.epochs.reseal({ ...row, secretSealed, ownWrap }))
        restored++
      } catch (error) {
        if (!isVerdict(error)) throw error
        users.write(did, db => db.epochs.delete(circleId, row.epochId))
        missing.push({ what: 'epoch', id: row.epochId, why: `its key does not open (${codeOf(error)})` })
      }
    }
  }
  return restored
}

/** @returns how many live shares can be granted, opened and taken back again. */
export function resealShares(deps: ResealingDeps, live: LiveShares, missing: Missing[]): number {
  const { did, users, recovery, keys, chance } = deps
  let restored = 0
  for (const [share, { version, contentId }] of live) {
    const content = users.read(did, db => db.shareContents.get(share))
    try {
      if (content?.ownGrant == null) {
        missing.push({ what: 'share', id: share, why: 'the user database has no grant of it' })
        continue
      }
      const grantFor = { owner: did, share, version, content: Cid.parse(contentId) }
      const { contentKey, shareSeed } = openOwnGrant(grantFor, recovery, content.ownGrant)
      const devices = [...activeDevices(keys.document), { kem: keys.recovery.kem }]
      const ownGrant = grantToSelf(grantFor, contentKey, shareSeed, devices, chance)
      const contentKeySealed = sealStored(keys, contentPlace(share), contentKey, chance)
      contentKey.wipe()
      shareSeed.wipe()
      users.write(did, db => db.shareContents.reseal(share, contentKeySealed, ownGrant))
      restored++
    } catch (error) {
      if (!isVerdict(error)) throw error
      missing.push({ what: 'share', id: share, why: `its grant does not open (${codeOf(error)})` })
    }
  }
  return restored
}

/** What others sent to the lost device alone: no key that is left opens it. */
export function findLostReceived({ did, users }: ResealingDeps, missing: Missing[]): void {
  const { received, letters } = users.read(did, db => ({
    received: db.received.list(),
    letters: db.letters.list('waiting').length,
  }))
  for (const { shareId, circleId, state } of received)
    if (circleId === null && (state === 'new' || state === 'held' || state === 'opened'))
      missing.push({
        what: 'received',
        id: shareId,
        why:
          state === 'opened'
            ? 'its key was for the lost device: what was opened stays readable, its owner gives the share again when their node meets this one'
            : 'its key was for the lost device: its owner gives it again when their node meets this one',
      })
  if (letters > 0)
    missing.push({
      what: 'letters',
      id: null,
      why: `${letters} were sealed to the lost device and not opened yet`,
    })
}
