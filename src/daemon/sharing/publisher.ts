/** Keeps in the DHT what a node has to say there: the own directory slot and the records of live shares. Works while locked:
 *  what was signed is put again byte for byte. */

import { ed25519PublicKey } from '../../core/crypto/ed25519.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import { makeSlot, openSlot, parseSlot, type SlotPeer, slotKey } from '../../core/identity/slot.ts'
import { sameBytes, toHex } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
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
  /** What the slot says of the person's other nodes. */
  ownNodes: (local: Did, document: IdentityDocument, peers: readonly SlotPeer[]) => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export interface Publisher {
  /** Sign the slot anew where document or addresses changed. @throws `keystore/locked`. */
  renewSlot(local: Did): void
  /** Take the slot that another own node wrote last. @returns whether it was news. @throws `keystore/locked`, `crypto/…`. */
  takeSlot(local: Did, wire: Uint8Array): boolean
  /** Put everything soon: a peer came, something new is there. */
  soon(): void
  stop(): Promise<void>
}

export function startPublisher(deps: PublisherDeps): Publisher {
  const { users, keys, endedSlots, records, localUsers, network, ownNodes, clock, chance, log } = deps
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

  function readSlot(local: Did, wire: Uint8Array | null): ReturnType<typeof openSlot> {
    try {
      return wire && openSlot(parseSlot(wire), keys.keys(local).read)
    } catch (error) {
      // Of another read secret, such as that of a card before this one.
      if (!isVerdict(error)) throw error
      return null
    }
  }

  /** @param sawOthers - whether the slot was looked for where other nodes of the person may have put it: several do not begin blindly. */
  function renewSlot(local: Did, sawOthers = false): void {
    const own = keys.keys(local)
    if (own.document.peers.length > 1 && !sawOthers) {
      schedule(SOON_MS)
      return
    }
    const known = users.read(local, db => db.profile.bytes(PROFILE.slot))
    const before = known && parseSlot(known)
    const said = readSlot(local, known)
    const peer = network().peerId
    // Every node of the person stands in the one slot that they share: each says where it is itself, and leaves the others' as they were.
    const others = (said?.peers ?? []).filter(
      one => one.peer !== peer && own.document.peers.includes(one.peer),
    )
    const peers: SlotPeer[] = [{ peer, addrs: network().addrs() }, ...others].sort((a, b) =>
      a.peer < b.peer ? -1 : 1,
    )
    const same =
      said !== null &&
      sameBytes(said.document.hash, own.document.hash) &&
      JSON.stringify(plainPeers(said.peers)) === JSON.stringify(plainPeers(peers))
    if (before && same && before.expiresAtMs - clock.nowMs() > SLOT_RENEW_MS) return
    const wire = makeSlot(
      {
        // Whoever took over from a lost node cannot know the last number: the time in seconds is above it.
        seq: Math.max((before?.seq ?? 0) + 1, Math.floor(clock.nowMs() / 1000)),
        expiresAtMs: clock.nowMs() + SLOT_LIFE_MS,
        document: own.document,
        peers,
      },
      own.directoryKey,
      own.read,
      chance,
    )
    users.write(local, db => db.profile.put(PROFILE.slot, wire))
  }

  /** Where a person has several nodes: start from what another one put last, so that sequences go on instead of fighting. */
  async function takeNewer(local: Did): Promise<void> {
    if (keys.keys(local).document.peers.length < 2) return
    const known = users.read(local, db => db.profile.bytes(PROFILE.slot))
    const before = known && parseSlot(known)
    const place = slotKey(ed25519PublicKey(keys.keys(local).directoryKey))
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(PUT_TIMEOUT_MS)])
    const wire = await network().dhtGet('vivimid', place, signal)
    const found = wire && parseSlot(wire)
    if (wire && found && !(before && found.seq < before.seq)) takeSlot(local, wire)
  }

  /** A slot that another own node wrote: from its sequence the next goes on. @returns whether it was news. */
  function takeSlot(local: Did, wire: Uint8Array): boolean {
    const known = users.read(local, db => db.profile.bytes(PROFILE.slot))
    const slot = parseSlot(wire)
    if (known && (sameBytes(known, wire) || parseSlot(known).seq > slot.seq)) return false
    if (!sameBytes(slot.directory, ed25519PublicKey(keys.keys(local).directoryKey))) return false
    const said = readSlot(local, wire)
    if (said === null || said.document.did !== local) return false
    users.write(local, db => db.profile.put(PROFILE.slot, wire))
    ownNodes(
      local,
      said.document,
      said.peers.filter(({ peer }) => peer !== network().peerId),
    )
    return true
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
      if (keys.unlocked(local)) {
        await takeNewer(local).catch(error => log('directory.not-read', { code: codeOf(error) }))
        if (keys.unlocked(local)) renewSlot(local, true)
      }
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
    renewSlot: local => renewSlot(local),
    takeSlot,
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

const plainPeers = (peers: readonly SlotPeer[]): unknown => peers.map(({ peer, addrs }) => [peer, addrs])
