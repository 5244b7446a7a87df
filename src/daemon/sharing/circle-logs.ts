/** Logs of circles in a user's database: read and reduced once, extended with what others bring, mirrored as references. */
import {
  type Entry,
  type EntryHash,
  nameOfEntry,
  parseEntry,
  readKeptEntry,
} from '../../core/circle/entry.ts'
import { MAX_CIRCLE_ENTRIES } from '../../core/circle/entry-graph.ts'
import { circleShard } from '../../core/circle/epoch.ts'
import type { Fault } from '../../core/circle/judgement.ts'
import { CircleReduction, type CircleState } from '../../core/circle/reduce.ts'
import { stateBefore } from '../../core/circle/restoring.ts'
import { chooseKept, hasRoomFor, idleIn, keepAlone } from '../../core/circle/room.ts'
import { sha256 } from '../../core/crypto/hash.ts'
import { sameBytes, toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { CircleEntryRow } from '../storage/user/circle-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { People } from './people.ts'

/** Entries of all logs together that stay in memory; the log that was used last stays whatever its length. */
const MAX_HELD = 60_000
/** So many entries at once are reduced one by one; with more it is quicker to reduce everything. */
const MAX_ALONE = 256

/** What a member's node has once it was brought an epoch's key: sealed to these devices, so that another one of theirs calls for it again.
 *  @param epochId - hex. */
export const keyMark = (epochId: string, devices: readonly { readonly ed: Uint8Array }[]): string =>
  `${epochId} ${toHex(sha256(...devices.map(({ ed }) => ed).sort(Buffer.compare))).slice(0, 16)}`

/** References in the master database: ids and states only. */
export interface CircleRefs {
  put(
    local: Did,
    circle: CircleId,
    refs: { epoch: number; shard: number; members: { did: Did; role: string }[] },
  ): Promise<void>
  /** Whether these are the members that are written there. */
  matches(local: Did, circle: CircleId, members: readonly { did: Did }[]): Promise<boolean>
  /** The newest epoch whose key a member's node acknowledged, as `keyMark` has it, or the entry that it was told of; null for none. */
  knownEpoch(local: Did, circle: CircleId, member: Did): string | null
  setKnownEpoch(local: Did, circle: CircleId, member: Did, epoch: string): void
}

/** How much of circles is taken from one person. */
export interface CircleRoom {
  sender: Did
  /** Circles into which they brought the user. */
  circles: number
  /** Bytes of a circle's log. */
  bytes: number
}

/** A log as it is held in memory. */
interface Log {
  /** The place of the last entry that was read. */
  seq: number
  entries: Entry[]
  reduction: CircleReduction
}

/** A log that grew: entries by themselves where that gives the same, else everything. `entries` has the fresh ones already. */
function extended(circle: CircleId, { entries, reduction }: Log, fresh: readonly Entry[]): CircleReduction {
  if (fresh.length <= MAX_ALONE && fresh.every(entry => reduction.add(entry))) return reduction
  return new CircleReduction(circle, entries)
}

export interface CircleLogsDeps {
  users: UserDatabaseManager
  refs: CircleRefs
  people: People
  /** Others changed a circle. */
  changed: (local: Did, circle: CircleId) => void
  /** An entry of theirs counts from now on. */
  entered: (local: Did, entry: Entry) => void
  /** A circle that was not known here came, by this person. */
  joined: (local: Did, circle: CircleId, by: Did | null) => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Whom the references name: nobody once the user is out, so that nothing is synced with those who are in. */
const listed = (local: Did, { members }: CircleState): CircleState['members'] =>
  members.some(({ did }) => did === local) ? members : []

export function makeCircleLogs(deps: CircleLogsDeps) {
  const { users, refs, people, changed, entered, joined, clock, log } = deps
  /** Logs by user and circle, the one used last at the end; a log only grows. */
  const logs = new Map<string, Log>()
  let held = 0
  const keyOf = (local: Did, circle: CircleId): string => `${local} ${circle}`

  /** Of an entry that an earlier version stored the signatures are looked at once more. */
  function read(local: Did, row: CircleEntryRow): Entry {
    if (row.verified) return readKeptEntry(row.wire, row.hash)
    const entry = parseEntry(row.wire)
    users.write(local, db => db.circles.setVerified(row.seq))
    return entry
  }

  function forget(key: string): void {
    held -= logs.get(key)?.entries.length ?? 0
    logs.delete(key)
  }

  /** A log as it is stored now. */
  function load(local: Did, circle: CircleId): Log {
    const key = keyOf(local, circle)
    const known = logs.get(key) ?? { seq: 0, entries: [], reduction: new CircleReduction(circle, []) }
    const rows = users.read(local, db => db.circles.entries(circle, known.seq))
    const fresh = rows.map(row => read(local, row))
    forget(key)
    for (const entry of fresh) known.entries.push(entry)
    known.seq = rows.at(-1)?.seq ?? known.seq
    known.reduction = extended(circle, known, fresh)
    logs.set(key, known)
    held += known.entries.length
    for (const other of logs.keys()) {
      if (held <= MAX_HELD || other === key) break
      forget(other)
    }
    return known
  }

  const state = (local: Did, circle: CircleId): CircleState => load(local, circle).reduction.state

  async function writeRefs(local: Did, circle: CircleId): Promise<void> {
    const now = state(local, circle)
    await refs.put(local, circle, {
      epoch: now.sealing?.number ?? 0,
      shard: circleShard(circle),
      members: listed(local, now).map(({ did, role }) => ({ did, role })),
    })
  }

  /** Bring what is known of people and circles elsewhere up to the log: a process may have ended between the two. */
  async function mend(local: Did, circle: CircleId): Promise<void> {
    const members = listed(local, state(local, circle))
    if (await refs.matches(local, circle, members)) return
    for (const member of members) await people.learn(member.document)
    await writeRefs(local, circle)
    log('circle.mended', { circle })
  }

  /** Who brought the user into a circle: the signer of the entry that added them, themselves for their own. */
  function adder(local: Did, circle: CircleId): Did | null {
    const { entries, reduction } = load(local, circle)
    if (
      reduction.state.owner === local ||
      entries.some(entry => entry.op === 'create' && entry.did === local)
    )
      return local
    const add = entries.find(entry => entry.op === 'add' && entry.person.document.did === local)
    return add?.did ?? null
  }

  function hasRoom(
    local: Did,
    within: CircleRoom,
    known: readonly Entry[],
    fresh: readonly Entry[],
  ): boolean {
    const bytes = [...known, ...fresh].reduce((sum, { wire }) => sum + wire.length, 0)
    if (bytes > within.bytes) return false
    if (known.length > 0) return true
    const brought = users
      .read(local, db => db.circles.list())
      .filter(({ circleId }) => adder(local, circleId) === within.sender)
    return brought.length < within.circles
  }

  /** What others did that has an effect; of a circle that is new here, only that it came. */
  function tell(local: Did, circle: CircleId, isNew: boolean, added: readonly Entry[]): void {
    if (isNew) {
      joined(local, circle, adder(local, circle))
      return
    }
    const idle = idleIn(state(local, circle))
    for (const entry of added) if (!idle.has(entry.hash)) entered(local, entry)
  }

  return {
    load,
    state,
    writeRefs,
    mend,
    adder,

    /** Why an entry would have no effect, judged as everybody will judge it, or null. */
    faultOf(local: Did, circle: CircleId, entry: Entry): Fault | null {
      const { entries, reduction } = load(local, circle)
      const alone = reduction.faultOf(entry)
      if (alone !== undefined) return alone
      const { invalid } = new CircleReduction(circle, [...entries, entry]).state
      return invalid.find(({ hash }) => hash === entry.hash)?.why ?? null
    },

    /** A log as it was written, after those of its entries that have no effect: who has little room leaves out these. */
    idleFirst(local: Did, circle: CircleId): Entry[] {
      const { entries, reduction } = load(local, circle)
      const idle = idleIn(reduction.state)
      return [
        ...entries.filter(({ hash }) => idle.has(hash)),
        ...entries.filter(({ hash }) => !idle.has(hash)),
      ]
    },

    /** The circle without what somebody did that is not understood here. */
    before(local: Did, circle: CircleId, by: Did): CircleState {
      const { entries, reduction } = load(local, circle)
      return stateBefore(circle, reduction, entries, by)
    },

    /** Whether others keep an entry of the user's own that has an effect. */
    hasRoomFor(local: Did, circle: CircleId, entry: Entry): boolean {
      const { entries, reduction } = load(local, circle)
      return hasRoomFor(entry, reduction.state, entries)
    },

    /** Whether all of these are in a log, byte for byte. */
    holds: (local: Did, circle: CircleId, wires: readonly Uint8Array[]): boolean =>
      wires.every(wire => {
        const name = nameOrNull(wire)
        const kept = name && users.read(local, db => db.circles.entry(circle, name.hash))
        return kept !== null && sameBytes(kept, wire)
      }),

    /** Take entries from a letter or a sync. Those of circles that the user is not in are dropped; each is verified.
     *  @param within - how much is taken of who sent them, null without such a limit.
     *  @returns circles that changed, and those not known here of which the entries are a part only: whether the user is in them the
     *  rest would say. */
    async takeEntries(
      local: Did,
      wires: readonly Uint8Array[],
      within: CircleRoom | null = null,
    ): Promise<{ touched: CircleId[]; partial: CircleId[] }> {
      const touched: CircleId[] = []
      const partial: CircleId[] = []
      for (const [circle, fresh] of readFresh(local, wires)) {
        const { entries } = load(local, circle)
        const isNew = entries.length === 0
        if (within !== null && !hasRoom(local, within, entries, fresh)) {
          log('circle.entries-refused', { circle, from: within.sender })
          continue
        }
        const after = judged(local, circle, fresh.slice(0, MAX_CIRCLE_ENTRIES - entries.length))
        if (after === 'partial') partial.push(circle)
        if (after === null || after === 'partial') continue
        const { name, kept } = after
        const refused = fresh.length - kept.length
        if (refused > 0) log('circle.entries-refused', { circle, entries: refused })
        const added = store(local, circle, name, kept)
        if (added.length === 0) continue
        touched.push(circle)
        for (const member of state(local, circle).members) await people.learn(member.document)
        await writeRefs(local, circle)
        log('circle.updated', { circle, entries: added.length })
        tell(local, circle, isNew, added)
        changed(local, circle)
      }
      return { touched, partial }
    },
  }

  /** @returns those that were not stored before. */
  function store(local: Did, circle: CircleId, name: string, kept: readonly Entry[]): Entry[] {
    try {
      return users.write(local, db => {
        const row = db.circles.get(circle)
        if (row === null || row.name !== name)
          db.circles.put({
            circleId: circle,
            alias: row?.alias ?? null,
            name,
            document: row?.document ?? null,
            createdAtMs: row?.createdAtMs ?? clock.nowMs(),
          })
        return kept.filter(entry => db.circles.addEntry(circle, entry.hash, entry.wire))
      })
    } catch (error) {
      forget(keyOf(local, circle))
      throw error
    }
  }

  /** Verified entries that are not here yet, by circle. */
  function readFresh(local: Did, wires: readonly Uint8Array[]): Map<CircleId, Entry[]> {
    const byCircle = new Map<CircleId, Entry[]>()
    const refused = new Map<string, number>()
    for (const wire of wires) {
      try {
        // A letter brings the whole log, most of which is here: signatures are looked at only of what is new.
        const { circle, hash } = nameOfEntry(wire)
        if (users.read(local, db => db.circles.hasEntry(circle, hash))) continue
        const entry = parseEntry(wire)
        const list = byCircle.get(entry.circle)
        if (list) list.push(entry)
        else byCircle.set(entry.circle, [entry])
      } catch (error) {
        const code = codeOf(error)
        refused.set(code, (refused.get(code) ?? 0) + 1)
      }
    }
    for (const [code, entries] of refused) log('circle.entry-refused', { code, entries })
    return byCircle
  }

  /** What fresh entries make of a circle, and which of them are worth keeping; null when it is none of the user's, `partial` when that
   *  cannot be told yet. */
  function judged(
    local: Did,
    circle: CircleId,
    fresh: readonly Entry[],
  ): { name: string; kept: Entry[] } | 'partial' | null {
    const { entries, reduction } = load(local, circle)
    if (entries.length > 0 && fresh.length <= MAX_ALONE) {
      const kept = keepAlone(reduction, entries, fresh)
      if (kept !== null) return { name: reduction.state.name ?? '', kept }
      // Some of them may have gone into it, and what is held is what is stored.
      forget(keyOf(local, circle))
    }
    const after = new CircleReduction(circle, [...entries, ...fresh])
    const { name, members, former, missing } = after.state
    // Who is out learns that they are, and nothing of circles that they never were in.
    const isIn = members.some(({ did }) => did === local)
    const wasIn = entries.length > 0 && former.some(({ did }) => did === local)
    if (entries.length === 0 && !isIn && missing.length > 0) return 'partial'
    if (name === null || !(isIn || wasIn)) return null
    return { name, kept: chooseKept(after, entries, fresh) }
  }
}

function nameOrNull(wire: Uint8Array): { circle: CircleId; hash: EntryHash } | null {
  try {
    return nameOfEntry(wire)
  } catch (error) {
    if (!isVerdict(error)) throw error
    return null
  }
}

export type CircleLogs = ReturnType<typeof makeCircleLogs>
