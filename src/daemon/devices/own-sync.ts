/** When a person's devices bring each other up to date, and one side of it: what is here told kind by kind, and what comes taken in order. */
import { deviceOf, parseDocument } from '../../core/identity/document.ts'
import { parseStanding } from '../../core/identity/standing.ts'
import { sameBytes, toB64u } from '../../core/kernel/bytes.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { KeystoreSession } from '../keystore-session.ts'
import type { DeviceSync, Network, Proof, SyncRow } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { readRecord } from './device-records.ts'
import type { SyncKind, SyncPair, TakenRow } from './sync-kind.ts'

/** What changes together is told together. */
const SOON_MS = 250
/** Besides, from time to time: somebody may have missed something. */
const EVERY_MS = 60_000
const RUN_TIMEOUT_MS = 5 * 60_000
/** Entries wait until all of them are here, up to this. */
const MAX_WAITING_ROWS = 200_000
const MAX_WAITING_BYTES = 64 * 1024 * 1024

export interface OwnSyncDeps {
  users: UserDatabaseManager
  find: (did: Did) => KeystoreSession | null
  localUsers: () => Did[]
  network: () => Network
  /** In the order in which they are taken. */
  kinds: readonly SyncKind[]
  /** Look the own nodes up in the directory. @returns whether it told of addresses that were not known. */
  lookUp: (local: Did, signal: AbortSignal) => Promise<boolean>
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeOwnSync({ users, find, localUsers, network, kinds, lookUp, log }: OwnSyncDeps) {
  const timers = new Map<Did, NodeJS.Timeout>()
  const running = new Map<Did, 'running' | 'again'>()
  const stopping = new AbortController()

  /** The other nodes that the document names. */
  const others = (local: Did): string[] => {
    const session = find(local)
    return session === null || session.revoked
      ? []
      : session.document.peers.filter(peer => peer !== network().peerId)
  }

  function soon(local: Did): void {
    if (stopping.signal.aborted || timers.has(local) || find(local) === null) return
    const timer = setTimeout(() => {
      timers.delete(local)
      void run(local)
    }, SOON_MS)
    timer.unref()
    timers.set(local, timer)
  }

  async function run(local: Did): Promise<void> {
    if (running.has(local)) return void running.set(local, 'again')
    do {
      running.set(local, 'running')
      if (find(local)?.unlocked !== true) break
      for (const peer of others(local)) await withPeer(local, peer)
    } while (running.get(local) === 'again' && !stopping.signal.aborted)
    running.delete(local)
  }

  async function withPeer(local: Did, peer: string): Promise<void> {
    const signal = AbortSignal.any([stopping.signal, AbortSignal.timeout(RUN_TIMEOUT_MS)])
    try {
      await network().syncDevice(local, peer, signal)
    } catch (error) {
      if (codeOf(error) === 'peer/unreachable' && (await lookUp(local, signal).catch(() => false)))
        running.set(local, 'again')
      log('device.not-synced', { did: local, peer, code: codeOf(error) })
    }
  }

  function pairOf(local: Did, device: Uint8Array): SyncPair | null {
    const session = find(local)
    if (session === null || !session.unlocked || session.revoked) return null
    const { document } = session
    const listed = deviceOf(document, device)
    if (listed === null || sameBytes(device, session.keys().device.publicKey)) return null
    const { approval } = users.read(local, db => readRecord(db, device))
    // How a device was taken in may not be known here yet: then it gets what came after it, and no keys, unless it was there first.
    const isFirst = document.devices[0] === listed
    return {
      local,
      device,
      sinceMs: approval?.atMs ?? (isFirst ? 0 : listed.at),
      history: approval?.history ?? isFirst,
      fromEpoch: circle =>
        approval ? (approval.epochs[circle] ?? 0) : isFirst ? 0 : Number.POSITIVE_INFINITY,
    }
  }

  function open(local: Did, proof: Proof): DeviceSync | null {
    if (parseDocument(proof.document).did !== local) return null
    const pair = pairOf(local, parseStanding(proof.standing).by)
    if (pair === null) return null
    let changed = 0
    let termsChanged = false
    /** Rows of a kind that must be taken together; the next kind comes after them. */
    let waiting: { kind: SyncKind; rows: TakenRow[]; bytes: number } | null = null

    async function flush(): Promise<void> {
      const due = waiting
      waiting = null
      if (due === null || pair === null) return
      // One row that does not hold must not keep the others from being taken, and entries are judged together.
      const groups = due.kind.kind === 'entry' ? [due.rows] : due.rows.map(row => [row])
      for (const rows of groups)
        try {
          const taken = await due.kind.take(pair, rows)
          changed += taken
          if (due.kind.kind === 'device' && taken > 0) termsChanged = true
        } catch (error) {
          if (!isVerdict(error) && !isParse(error)) throw error
          log('device.row-refused', {
            kind: due.kind.kind,
            code: codeOf(error),
            from: toB64u(pair.device).slice(0, 12),
          })
        }
    }

    return {
      async marks() {
        const all: [string, Uint8Array][] = []
        for (const one of kinds)
          for (const [name, mark] of await one.marks(pair)) all.push([`${one.kind} ${name}`, mark])
        return all
      },

      async *rows(theirs) {
        for (const one of kinds)
          for (const [name, mark] of await one.marks(pair)) {
            const id = `${one.kind} ${name}`
            const other = theirs.get(id)
            if (other !== undefined && sameBytes(other, mark)) continue
            const value = await one.row(pair, name)
            if (value !== null) yield { id, value }
          }
      },

      async take(rows: readonly SyncRow[]) {
        for (const { id, value } of rows) {
          const at = id.indexOf(' ')
          // A newer version may tell of more: what is not known here is left out.
          const kind = kinds.find(one => one.kind === id.slice(0, at))
          if (kind === undefined) continue
          if (waiting !== null && waiting.kind !== kind) await flush()
          waiting ??= { kind, rows: [], bytes: 0 }
          waiting.rows.push({ name: id.slice(at + 1), value })
          waiting.bytes += value instanceof Uint8Array ? value.length : 1024
          if (waiting.rows.length >= MAX_WAITING_ROWS || waiting.bytes >= MAX_WAITING_BYTES) await flush()
        }
      },

      async done() {
        await flush()
        if (changed === 0) return
        log('device.synced', { did: local, rows: changed })
        // A third device learns it from here, and the same one what it may have as is known now.
        if (others(local).length > 1 || termsChanged) soon(local)
      },
    }
  }

  const timer = setInterval(() => {
    for (const local of localUsers()) if (others(local).length > 0) soon(local)
  }, EVERY_MS)
  timer.unref()

  return {
    soon,
    open,
    stop(): void {
      stopping.abort()
      clearInterval(timer)
      for (const one of timers.values()) clearTimeout(one)
    },
  }
}

/** An id or DID in a row that is none. */
const isParse = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'issues' in error && Array.isArray(error.issues)

export type OwnSync = ReturnType<typeof makeOwnSync>
