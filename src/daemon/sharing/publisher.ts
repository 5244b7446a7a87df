/** Keeps in the DHT what a node has to say there: the own directory slot and the records of live shares. Works while locked:
 *  what was signed is put again byte for byte. */

import { makeSlot, parseSlot, slotKey } from '../../core/identity/slot.ts'
import { sameBytes, toHex } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Did, ShareId } from '../../core/model/id.ts'
import type { Network } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { KeyRing } from './keys.ts'
import { PROFILE } from './profile-keys.ts'
import type { RecordStore } from './sealing.ts'

/** Values are served for 48 h from receipt; twice a day leaves room for a night offline. */
const PUT_AGAIN_MS = 12 * 3_600_000
/** After a peer came: it is known to the routing table by then. */
const SOON_MS = 2_000
/** While nobody stored anything: at first, and at most. */
const RETRY_MS = 4_000
const RETRY_MAX_MS = 60_000
/** With fewer holders than this it is put again sooner: more nodes may be there by then. */
const ENOUGH_NODES = 4
const FEW_AGAIN_MS = 5 * 60_000
/** A round twice a day must not find what the last one put a moment too fresh. */
const SLACK_MS = 60_000
const PUT_TIMEOUT_MS = 20_000
/** A slot counts as long as a standing statement may. */
const SLOT_LIFE_MS = 90 * 86_400_000
/** A slot with less than this left is signed anew when the keystore is unlocked. */
const SLOT_RENEW_MS = 60 * 86_400_000

export interface PublisherDeps {
  users: UserDatabaseManager
  keys: KeyRing
  /** Ends of the slots of earlier cards. */
  endedSlots: (local: Did) => Uint8Array[]
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
  const { users, keys, endedSlots, records, localUsers, network, clock, chance, log } = deps
  const stopping = new AbortController()
  let timer: NodeJS.Timeout | null = null
  let dueMs = Number.POSITIVE_INFINITY
  let running: Promise<void> = Promise.resolve()
  let retryMs = RETRY_MS
  /** What other nodes took, by key. */
  const held = new Map<string, { wire: Uint8Array; atMs: number; nodes: number }>()

  function schedule(inMs: number): void {
    const atMs = clock.nowMs() + inMs
    if (stopping.signal.aborted || (timer && atMs >= dueMs)) return
    if (timer) clearTimeout(timer)
    dueMs = atMs
    timer = setTimeout(() => {
      timer = null
      running = running.then(putAll).catch(error => {
        log('directory.not-put', { code: codeOf(error) })
        schedule(RETRY_MAX_MS)
      })
    }, inMs)
    timer.unref()
  }

  /** @returns how many other nodes stored it. */
  async function put(namespace: 'vivimid' | 'vivimrec', key: Uint8Array, wire: Uint8Array): Promise<number> {
    try {
      const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(PUT_TIMEOUT_MS)])
      return await network().dhtPut(namespace, key, wire, signal)
    } catch (error) {
      log('directory.not-put', { code: codeOf(error) })
      return 0
    }
  }

  function renewSlot(local: Did): void {
    const own = keys.keys(local)
    const known = users.read(local, db => db.profile.bytes(PROFILE.slot))
    const told = `${toHex(own.document.hash)} ${network().addrs().join(' ')}`
    const before = known && parseSlot(known)
    const same = users.read(local, db => db.profile.text(PROFILE.slotTold)) === told
    if (before && same && before.expiresAtMs - clock.nowMs() > SLOT_RENEW_MS) return
    const wire = makeSlot(
      {
        // Whoever took over from a lost node cannot know the last number: the time in seconds is above it.
        seq: Math.max((before?.seq ?? 0) + 1, Math.floor(clock.nowMs() / 1000)),
        expiresAtMs: clock.nowMs() + SLOT_LIFE_MS,
        document: own.document,
        peers: [{ peer: network().peerId, addrs: network().addrs() }],
      },
      own.directoryKey,
      own.read,
      chance,
    )
    users.write(local, db => {
      db.profile.put(PROFILE.slot, wire)
      db.profile.put(PROFILE.slotTold, told)
    })
  }

  /** Whether enough nodes hold these bytes for now: peers come and go, and each of them calls for a look. */
  function isHeld(key: string, wire: Uint8Array): boolean {
    const known = held.get(key)
    if (known === undefined || !sameBytes(known.wire, wire)) return false
    const ageMs = clock.nowMs() - known.atMs
    return ageMs < (known.nodes < ENOUGH_NODES ? FEW_AGAIN_MS : PUT_AGAIN_MS - SLACK_MS)
  }

  async function putAll(): Promise<void> {
    if (stopping.signal.aborted || network().peers().length === 0) return schedule(PUT_AGAIN_MS)
    const rows: { namespace: 'vivimid' | 'vivimrec'; key: Uint8Array; wire: Uint8Array; share?: ShareId }[] =
      []
    for (const local of await localUsers()) {
      if (keys.unlocked(local)) renewSlot(local)
      const current = users.read(local, db => db.profile.bytes(PROFILE.slot))
      const directory = users.read(local, db => db.profile.bytes(PROFILE.directory))
      const wires = current === null ? [] : [current]
      // The end of a slot is signed before another card is in force: until then it must not be put.
      for (const ended of endedSlots(local)) {
        const slot = parseSlot(ended)
        const counts = clock.nowMs() < slot.expiresAtMs
        if (counts && directory !== null && !sameBytes(slot.directory, directory)) wires.push(ended)
      }
      for (const wire of wires)
        rows.push({ namespace: 'vivimid', key: slotKey(parseSlot(wire).directory), wire })
    }
    for (const row of await records.live()) rows.push({ namespace: 'vivimrec', ...row })
    const names = new Set(rows.map(({ key }) => toHex(key)))
    for (const name of held.keys()) if (!names.has(name)) held.delete(name)
    let tried = 0
    let stored = 0
    for (const { namespace, key, wire, share } of rows) {
      const name = toHex(key)
      if (isHeld(name, wire)) continue
      if (stopping.signal.aborted) return
      tried++
      const nodes = await put(namespace, key, wire)
      if (nodes === 0) continue
      stored++
      held.set(name, { wire, atMs: clock.nowMs(), nodes })
      if (share !== undefined) await records.published(share)
    }
    if (tried > 0) log('directory.put', { tried, stored })
    const failed = tried > stored
    const few = [...held.values()].some(({ nodes }) => nodes < ENOUGH_NODES)
    schedule(failed ? retryMs : few ? FEW_AGAIN_MS : PUT_AGAIN_MS)
    retryMs = failed ? Math.min(RETRY_MAX_MS, 2 * retryMs) : RETRY_MS
  }

  return {
    renewSlot,
    soon() {
      retryMs = RETRY_MS
      schedule(SOON_MS)
    },
    async stop() {
      stopping.abort()
      if (timer) clearTimeout(timer)
      await running
    },
  }
}
