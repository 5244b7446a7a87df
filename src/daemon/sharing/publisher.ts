/** Keeps in the DHT what a node has to say there: the own directory slot and the records of live shares. Works while locked:
 *  what was signed is put again byte for byte. */

import type { SecretBytes } from '../../core/crypto/secret.ts'
import { makeSlot, parseSlot, slotKey } from '../../core/identity/slot.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { Network } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { KeyRing } from './keys.ts'
import type { RecordStore } from './shares.ts'

/** Values are served for 48 h from receipt; twice a day leaves room for a night offline. */
const PUT_AGAIN_MS = 12 * 3_600_000
/** After the first peer came, and again while nobody stored anything. */
const SOON_MS = 2_000
const RETRY_MS = 60_000
const PUT_TIMEOUT_MS = 20_000
/** A slot counts as long as a standing statement may. */
const SLOT_LIFE_MS = 90 * 86_400_000
/** A slot with less than this left is signed anew when the keystore is unlocked. */
const SLOT_RENEW_MS = 60 * 86_400_000

const SLOT = 'slot'

export interface PublisherDeps {
  users: UserDatabaseManager
  keys: KeyRing
  readSecret: (local: Did) => SecretBytes
  records: RecordStore
  localUsers: () => Promise<Did[]>
  network: () => Network
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export interface Publisher {
  /** Sign the slot anew where document or addresses changed. @throws `keystore/locked`. */
  renewSlot(local: Did): void
  /** Put everything soon: a peer came, something new is there. */
  soon(): void
  stop(): Promise<void>
}

export function startPublisher(deps: PublisherDeps): Publisher {
  const { users, keys, readSecret, records, localUsers, network, clock, chance, log } = deps
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | null = null
  let dueMs = Number.POSITIVE_INFINITY
  let running: Promise<void> = Promise.resolve()

  function schedule(inMs: number): void {
    const atMs = clock.nowMs() + inMs
    if (stopping.signal.aborted || (timer && atMs >= dueMs)) return
    if (timer) clearTimeout(timer)
    dueMs = atMs
    timer = setTimeout(() => {
      timer = null
      running = running.then(putAll)
    }, inMs)
    timer.unref()
  }

  async function put(namespace: 'vivimid' | 'vivimrec', key: Uint8Array, wire: Uint8Array): Promise<boolean> {
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(PUT_TIMEOUT_MS)])
      return (await network().dhtPut(namespace, key, wire, signal)) > 0
    } catch (error) {
      log('directory.not-put', { code: codeOf(error) })
      return false
    }
  }

  async function putAll(): Promise<void> {
    if (stopping.signal.aborted || network().peers().length === 0) return schedule(PUT_AGAIN_MS)
    let stored = 0
    let tried = 0
    const count = (ok: boolean): void => {
      tried++
      if (ok) stored++
    }
    for (const local of await localUsers()) {
      const wire = users.read(local, db => db.profile.bytes(SLOT))
      if (wire) count(await put('vivimid', slotKey(parseSlot(wire).directory), wire))
    }
    for (const { share, key, wire } of await records.live()) {
      if (stopping.signal.aborted) return
      const ok = await put('vivimrec', key, wire)
      if (ok) await records.published(share)
      count(ok)
    }
    log('directory.put', { tried, stored })
    schedule(tried > 0 && stored === 0 ? RETRY_MS : PUT_AGAIN_MS)
  }

  return {
    renewSlot(local) {
      const own = keys.keys(local)
      const known = users.read(local, db => db.profile.bytes(SLOT))
      const told = `${Buffer.from(own.document.hash).toString('hex')} ${network().addrs().join(' ')}`
      const before = known && parseSlot(known)
      const same = users.read(local, db => db.profile.text('slot.told')) === told
      if (before && same && before.expiresAtMs - clock.nowMs() > SLOT_RENEW_MS) return
      const wire = makeSlot(
        {
          seq: (before?.seq ?? 0) + 1,
          expiresAtMs: clock.nowMs() + SLOT_LIFE_MS,
          document: own.document,
          peers: [{ peer: network().peerId, addrs: network().addrs() }],
        },
        own.directoryKey,
        readSecret(local),
        chance,
      )
      users.write(local, db => {
        db.profile.put(SLOT, wire)
        db.profile.put('slot.told', told)
      })
    },
    soon: () => schedule(SOON_MS),
    async stop() {
      stopping.abort()
      if (timer) clearTimeout(timer)
      await running
    },
  }
}
