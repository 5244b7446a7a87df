/** How much of a circle's log is kept (docs/protocol.md section 7). Whoever is in a circle may sign entries without end; what they sign
 *  must neither fill the disks of the others nor take the places that the owner needs to put them out. */
import { toHex } from '../kernel/bytes.ts'
import type { Did } from '../model/id.ts'
import type { Entry, EntryHash } from './entry.ts'
import { MAX_CIRCLE_ENTRIES } from './entry-graph.ts'
import type { Fault } from './judgement.ts'
import type { CircleReduction, CircleState } from './reduce.ts'

const MIB = 1024 * 1024

interface Measure {
  entries: number
  bytes: number
}

const none = (): Measure => ({ entries: 0, bytes: 0 })

/** What all people but the owner wrote. An owner who wrote less than 2,000 entries still has room for their next one and for as much
 *  again of others that it was made after, wherever others filled the log with different entries. */
const OTHERS: Measure = { entries: 9_000, bytes: 64 * MIB }
/** What admins did among it: a thousand places are left for what members have to say of themselves. */
const ACTS: Measure = { entries: 8_000, bytes: 48 * MIB }
/** What tells nobody anything, of everybody together, since its signer may be somebody else than it says. A node that follows the rules
 *  writes none; some of it something at the same time takes out, and some comes before what it waits for. */
const IDLE: Measure = { entries: 1_024, bytes: 4 * MIB }
/** As much again of it is taken for the sake of what a member says of themselves after it. */
const BUILT_ON: Measure = { entries: 2_048, bytes: 8 * MIB }
/** New documents of one person, and their leaving. */
const NEWS: Measure = { entries: 256, bytes: 4 * MIB }
/** A thief of the identity key leaves room for the documents that only the recovery key signs. */
const LAST_WORD: Measure = { entries: 512, bytes: 8 * MIB }

/** `owner`: of the owner, and has an effect. `act`: has one that only an admin's entry can have. `news`: a member's own document, or leave.
 *  `idle`: has none, waits, or brings a document that is here. */
type Kind = 'owner' | 'act' | 'news' | 'idle'

/** The room of one log while entries are put into it. */
class LogRoom {
  readonly #owner: Did | null
  readonly #isIdle: (entry: Entry) => boolean
  readonly #documents = new Set<string>()
  readonly #news = new Map<Did, Measure>()
  readonly #all = none()
  readonly #others = none()
  readonly #acts = none()
  readonly #idle = none()

  /** @param kept - what is in the log: it stays. @param isIdle - whether an entry has no effect, or waits. */
  constructor(owner: Did | null, kept: Iterable<Entry>, isIdle: (entry: Entry) => boolean) {
    this.#owner = owner
    this.#isIdle = isIdle
    for (const entry of kept) this.#put(entry)
  }

  /** Put in an entry that is not there yet. @param before - its ancestors that are not there either, asked for where they matter.
   *  @returns those that were put in, or null, changing nothing, where there is no room. */
  take(entry: Entry, before: () => readonly Entry[] = () => []): Entry[] | null {
    const kind = this.#kindOf(entry)
    if (this.#isFull(kind, entry, [])) return null
    const built = before()
    if (built.length > 0 && (kind === 'idle' || this.#isFull(kind, entry, built))) return null
    const together = [...built, entry]
    for (const each of together) this.#put(each)
    return together
  }

  #isFull(kind: Kind, entry: Entry, before: readonly Entry[]): boolean {
    const together = [...before, entry]
    if (this.#all.entries + together.length > MAX_CIRCLE_ENTRIES) return true
    if (kind === 'owner') return false
    if (!fits(this.#others, together, OTHERS)) return true
    if (kind === 'act') return !fits(this.#acts, [entry], ACTS)
    if (kind === 'idle') return !fits(this.#idle, [entry], IDLE)
    const byRecovery = entry.op === 'document' && entry.person.document.byRecovery
    const said = this.#news.get(entry.did) ?? none()
    return !fits(said, [entry], byRecovery ? LAST_WORD : NEWS) || !fits(this.#idle, before, BUILT_ON)
  }

  #kindOf(entry: Entry): Kind {
    if (this.#isIdle(entry)) return 'idle'
    if (entry.op === 'create' || entry.did === this.#owner) return 'owner'
    if (entry.op === 'leave') return 'news'
    if (entry.op !== 'document') return 'act'
    return this.#documents.has(toHex(entry.person.document.hash)) ? 'idle' : 'news'
  }

  #put(entry: Entry): void {
    const kind = this.#kindOf(entry)
    count(this.#all, entry)
    if (kind !== 'owner') count(this.#others, entry)
    if (kind === 'act') count(this.#acts, entry)
    if (kind === 'idle') count(this.#idle, entry)
    if (kind === 'news') {
      const said = this.#news.get(entry.did) ?? none()
      this.#news.set(entry.did, said)
      count(said, entry)
    }
    if (kind !== 'idle' && 'person' in entry) this.#documents.add(toHex(entry.person.document.hash))
  }
}

function count(measure: Measure, { wire }: Entry): void {
  measure.entries++
  measure.bytes += wire.length
}

const fits = (measure: Measure, more: readonly Entry[], limit: Measure): boolean =>
  measure.entries + more.length <= limit.entries &&
  more.reduce((sum, { wire }) => sum + wire.length, measure.bytes) <= limit.bytes

/** Of who is not in a circle nothing is kept for its own sake, however well signed. */
const FOREIGN: ReadonlySet<Fault> = new Set(['not-a-member', 'other-circle', 'another-beginning'])

/** Entries that have no effect, or wait. */
export const idleIn = ({ invalid, waiting }: CircleState): Set<EntryHash> =>
  new Set([...invalid.map(({ hash }) => hash), ...waiting])

/** Whether other nodes that keep the same entries keep one more, which has an effect. */
export function hasRoomFor(entry: Entry, state: CircleState, known: readonly Entry[]): boolean {
  const idle = idleIn(state)
  return new LogRoom(state.owner, known, ({ hash }) => idle.has(hash)).take(entry) !== null
}

/** Put fresh entries into a reduced circle one by one. @param known - what is in it.
 *  @returns those that are kept, or null when everything has to be reduced: some may have gone into it. */
export function keepAlone(
  reduction: CircleReduction,
  known: readonly Entry[],
  fresh: readonly Entry[],
): Entry[] | null {
  const idle = idleIn(reduction.state)
  const room = new LogRoom(reduction.state.owner, known, ({ hash }) => idle.has(hash))
  const kept: Entry[] = []
  for (const entry of fresh) {
    const fault = reduction.faultOf(entry)
    if (fault === undefined) return null
    if (fault !== null) idle.add(entry.hash)
    if ((fault !== null && FOREIGN.has(fault)) || room.take(entry) === null) continue
    reduction.add(entry)
    kept.push(entry)
  }
  return kept
}

/** Which of some fresh entries a log keeps: as they count when all of them are in it, and each with what it was made after.
 *  @param reduction - of `known` and `fresh` together. */
export function chooseKept(
  reduction: CircleReduction,
  known: readonly Entry[],
  fresh: readonly Entry[],
): Entry[] {
  const { state } = reduction
  const idle = idleIn(state)
  const foreign = new Set(state.invalid.filter(({ why }) => FOREIGN.has(why)).map(({ hash }) => hash))
  const room = new LogRoom(state.owner, known, ({ hash }) => idle.has(hash))
  const refused = new Map<EntryHash, Entry>()
  const kept: Entry[] = []
  for (const entry of reduction.inOrder(fresh)) {
    const taken = foreign.has(entry.hash) ? null : room.take(entry, () => refusedBefore(entry, refused))
    if (taken === null) refused.set(entry.hash, entry)
    for (const each of taken ?? []) {
      refused.delete(each.hash)
      kept.push(each)
    }
  }
  return kept
}

/** The ancestors of an entry that were refused before it. */
function refusedBefore(entry: Entry, refused: ReadonlyMap<EntryHash, Entry>): Entry[] {
  const found = new Map<EntryHash, Entry>()
  const open = [entry]
  for (let next = open.pop(); next !== undefined; next = open.pop())
    for (const hash of next.prev) {
      const before = refused.get(hash)
      if (before === undefined || found.has(hash)) continue
      found.set(hash, before)
      open.push(before)
    }
  return [...found.values()]
}
