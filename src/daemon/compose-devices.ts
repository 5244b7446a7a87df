/** Part of the composition root: several nodes of one person, and how this one joins another. */

import { codeOf } from '../core/kernel/errors.ts'
import type { Scope } from '../core/kernel/scope.ts'
import type { Did } from '../core/model/id.ts'
import type { Ground } from './compose-ground.ts'
import type { Services } from './compose-services.ts'
import { readRecord, writeRecord } from './devices/device-records.ts'
import { makeDevices } from './devices/devices.ts'
import { makeJoining } from './devices/joining.ts'
import type { HomePaths } from './home.ts'
import type { JobRunner } from './jobs/runner.ts'
import type { Network } from './network/ports.ts'
import type { Publisher } from './sharing/publisher.ts'
import { removeUser } from './storage/master/user-removal.ts'
import { finishReplacing } from './user-folder.ts'

/** How long a node is tried that is to be told of a newer document. */
const TELL_TIMEOUT_MS = 5_000

export interface DevicesGround {
  ground: Ground
  services: Services
  paths: HomePaths
  node: Network
  runner: JobRunner
  publishing: Publisher
  /** Make the cards that are out worthless. @returns how many contacts are told. */
  renewCard(did: Did): Promise<number>
  /** Another person may be the operator now. */
  operatorChanged(): void
}

/** @param scope - closes what must be closed. */
export function makeDeviceServices(parts: DevicesGround, scope: Scope) {
  const { ground, services, paths, node, runner, publishing, renewCard, operatorChanged } = parts
  const { config, peerId, master, users, locals, network, clock, chance, say } = ground
  const { people, contacts, circles, upkeep, requests, ownSync } = services
  const { sessionOf } = locals
  const { jobs, shares: store } = master
  const devices = makeDevices({
    renewCard,
    users,
    sessionOf,
    requests,
    peerId,
    nodesOf: did => master.peers.peersOf(did),
    epochNumbers: local =>
      Object.fromEntries(
        users
          .read(local, db => db.circles.list())
          .map(({ circleId }) => [circleId, circles.state(local, circleId).sealing?.number ?? 0]),
      ),
    async announce(local, document, change) {
      // Own nodes first: also the one that is taken out is told, as long as it can be reached.
      for (const { peer, addrs } of await people.addressesOf(local, local))
        if (peer !== peerId)
          void node
            .tellDocument({ peer, addrs }, document.wire, AbortSignal.timeout(TELL_TIMEOUT_MS))
            .catch(error => say('device.not-told', { peer, code: codeOf(error) }))
      await people.learn(document)
      await upkeep.renewed(local)
      const nowMs = clock.nowMs()
      for (const { did, state } of users.read(local, db => db.contacts.list()))
        if (state === 'known' || state === 'verified')
          await jobs.add({
            kind: 'document',
            owner: local,
            share: null,
            circle: null,
            target: did,
            notBeforeMs: nowMs,
          })
      runner.wake()
      say('device.announced', { did: local, seq: document.seq, change })
    },
    clock,
    chance,
    log: say,
  })
  const joining = makeJoining({
    paths,
    network,
    isUnused: async local => {
      if (locals.list().length !== 1 || locals.list()[0] !== local) return false
      if (sessionOf(local).document.devices.length !== 1 || sessionOf(local).document.seq !== 1) return false
      if ((await store.list(local, {})).length > 0) return false
      return users.read(
        local,
        db =>
          db.conversations.list({ limit: 1 }).conversations.length === 0 &&
          db.contacts.list().length === 0 &&
          db.circles.list().length === 0 &&
          db.received.list().length === 0 &&
          db.letters.list('waiting').length === 0 &&
          db.memories.list().length === 0 &&
          db.collections.list('notebook').length === 0 &&
          db.collections.list('bundle').length === 0,
      )
    },
    needsPassphrase: local => sessionOf(local).needsPassphrase,
    async replace(old, did, { name, ed, passphrase }) {
      await locals.add(did, async () => {
        // From one moment to the next: nobody is asked in between which of the two is meant.
        const gone = locals.remove(old)
        contacts.keepName(did, config.name)
        await gone
        users.delete(old)
        for (const one of [old, ...finishReplacing(paths)]) await removeUser(master, one)
        // They were alone here, and so is this person now.
        operatorChanged()
      })
      if (name !== null) {
        const record = users.read(did, db => readRecord(db, ed))
        writeRecord(users, did, ed, { ...record, name, nameSeq: record.nameSeq + 1 })
      }
      if (passphrase !== null) await sessionOf(did).unlock(passphrase, null)
      publishing.soon()
      ownSync.soon(did)
    },
    isDeviceOf: local => !sessionOf(local).revoked,
    clock,
    chance,
    log: say,
  })
  scope.own(joining, one => one.stop())
  for (const did of locals.list()) requests.sweep(did)
  return { devices, joining }
}
