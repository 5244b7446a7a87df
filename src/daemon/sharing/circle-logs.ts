/** Logs of circles in a user's database: read and reduced once, extended with what others bring, mirrored as references. */
import { type Entry, parseEntry } from '../../core/circle/entry.ts'
import { MAX_CIRCLE_ENTRIES } from '../../core/circle/entry-graph.ts'
import { circleShard } from '../../core/circle/epoch.ts'
import { type CircleState, reduceCircle } from '../../core/circle/reduce.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { People } from './people.ts'

/** Entries whose ancestors are not here yet. */
const MAX_WAITING = 1000
const FOREIGN: readonly string[] = ['not-a-member', 'other-circle', 'another-beginning']

/** References in the master database: ids and states only. */
export interface CircleRefs {
  put(
    local: Did,
    circle: CircleId,
    refs: { epoch: number; shard: number; members: { did: Did; role: string }[] },
  ): Promise<void>
  /** Whether these are the members that are written there. */
  matches(local: Did, circle: CircleId, members: readonly { did: Did }[]): Promise<boolean>
  /** The newest epoch whose key a member's node acknowledged, or null. */
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
  /** Parsed entries by circle and user; a log only grows. */
  const logs = new Map<string, { seq: number; entries: Entry[]; state: CircleState | null }>()

  function load(local: Did, circle: CircleId): { entries: Entry[]; state: CircleState } {
    const key = `${local} ${circle}`
    const known = logs.get(key) ?? { seq: 0, entries: [], state: null }
    const rows = users.read(local, db => db.circles.entries(circle, known.seq))
    for (const row of rows) {
      known.entries.push(parseEntry(row.wire))
      known.seq = row.seq
    }
    if (known.state === null || rows.length > 0) known.state = reduceCircle(circle, known.entries)
    logs.set(key, known)
    return { entries: known.entries, state: known.state }
  }

  const state = (local: Did, circle: CircleId): CircleState => load(local, circle).state

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
    const { entries, state: now } = load(local, circle)
    if (now.owner === local || entries.some(entry => entry.op === 'create' && entry.did === local))
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
    const { invalid, waiting } = state(local, circle)
    const idle = new Set([...invalid.map(({ hash }) => hash), ...waiting])
    for (const entry of added) if (!idle.has(entry.hash)) entered(local, entry)
  }

  return {
    load,
    state,
    writeRefs,
    mend,
    adder,

    /** Take entries from a letter or a sync. Those of circles that the user is not in are dropped; each is verified.
     *  @param within - how much is taken of who sent them, null without such a limit. */
    async takeEntries(
      local: Did,
      wires: readonly Uint8Array[],
      within: CircleRoom | null = null,
    ): Promise<CircleId[]> {
      const byCircle = new Map<CircleId, Entry[]>()
      for (const wire of wires) {
        try {
          const entry = parseEntry(wire)
          const list = byCircle.get(entry.circle)
          if (list) list.push(entry)
          else byCircle.set(entry.circle, [entry])
        } catch (error) {
          log('circle.entry-refused', { code: codeOf(error) })
        }
      }
      const touched: CircleId[] = []
      for (const [circle, fresh] of byCircle) {
        const { entries } = load(local, circle)
        const isNew = entries.length === 0
        if (within !== null && !hasRoom(local, within, entries, fresh)) {
          log('circle.entries-refused', { circle, from: within.sender })
          continue
        }
        const room = fresh.slice(0, MAX_CIRCLE_ENTRIES - entries.length)
        const after = reduceCircle(circle, [...entries, ...room])
        // Who is out learns that they are, and nothing of circles that they never were in.
        const isIn = after.members.some(({ did }) => did === local)
        const wasIn = entries.length > 0 && after.former.some(({ did }) => did === local)
        if (after.name === null || !(isIn || wasIn)) continue
        const kept = worthKeeping(after, room)
        const { name } = after
        const added = users.write(local, db => {
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
        if (added.length === 0) continue
        touched.push(circle)
        for (const member of state(local, circle).members) await people.learn(member.document)
        await writeRefs(local, circle)
        log('circle.updated', { circle, entries: added.length })
        tell(local, circle, isNew, added)
        changed(local, circle)
      }
      return touched
    },
  }
}

/** Who is not in a circle writes nothing into its log here, however well signed; what waits for ancestors has little room. */
function worthKeeping(state: CircleState, fresh: readonly Entry[]): Entry[] {
  const foreign = new Set(state.invalid.filter(({ why }) => FOREIGN.includes(why)).map(({ hash }) => hash))
  const crowded = state.waiting.length > MAX_WAITING ? new Set(state.waiting) : new Set<string>()
  return fresh.filter(({ hash }) => !foreign.has(hash) && !crowded.has(hash))
}

export type CircleLogs = ReturnType<typeof makeCircleLogs>
