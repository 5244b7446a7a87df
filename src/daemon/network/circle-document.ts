/** The Automerge document that carries a circle's entries: a list of byte strings to which everybody appends and from which
 *  nothing is taken. The only door to Automerge, which is loaded when the first circle is touched. */
import type * as Automerge from '@automerge/automerge'
import { toHex } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { appendedBy, checkChunks, checkFilters, judgedPart } from './automerge-columns.ts'
import { KIB, MIB } from './frames.ts'

type Shape = { entries: Uint8Array[] }
type Doc = Automerge.Doc<Shape>
type Library = typeof Automerge

/** The first change of every such document is the same, so that any two merge. */
const ROOT_ACTOR = '00'.repeat(16)
const ACTOR_BYTES = 16

const MAX_ENTRY_BYTES = 128 * KIB
/** What one conversation may add to a document. */
const MAX_NEW_ENTRIES = 20_000
const MAX_NEW_BYTES = 64 * MIB
/** Rows of columns in it: a whole log may come in one message. */
const MAX_NEW_ROWS = 200_000

/** A stored document larger than this says most things many times over, or things that no log keeps. */
const MAX_STORED_ENTRIES = 60_000
const MAX_STORED_BYTES = 128 * MIB

let library: Promise<Library> | null = null
const load = (): Promise<Library> => {
  library ??= import('@automerge/automerge')
  return library
}

const broken = (why: string, cause?: unknown): VivimError =>
  new VivimError('peer/protocol', `a circle's log that breaks the rules: ${why}`, {}, { cause })

const blank = (A: Library): Doc =>
  A.change(A.init<Shape>({ actor: ROOT_ACTOR }), { time: 0 }, doc => {
    doc.entries = []
  })

/** A new actor each time: one that came back from a backup would use its numbers twice. */
const actor = (chance: Chance): string => toHex(chance.bytes(ACTOR_BYTES))

function open(A: Library, saved: Uint8Array | null, chance: Chance): Doc {
  if (saved === null) return A.clone(blank(A), { actor: actor(chance) })
  try {
    return A.load<Shape>(saved, { actor: actor(chance) })
  } catch (cause) {
    throw new VivimError('storage/corrupt', "a circle's stored log cannot be read", {}, { cause })
  }
}

const bytesIn = (doc: Doc): Uint8Array[] => [...doc.entries].map(entry => Uint8Array.from(entry))

function isTooLarge(doc: Doc): boolean {
  if (doc.entries.length > MAX_STORED_ENTRIES) return true
  return doc.entries.reduce((sum, { length }) => sum + length, 0) > MAX_STORED_BYTES
}

/** Append entries that are not in it yet, in one change. One that would get too large begins anew with these alone.
 *  @param saved - null for a circle without a document.
 *  @returns the document to store, or null when it had them all. @throws `storage/corrupt`. */
export async function appendCircleEntries(
  saved: Uint8Array | null,
  entries: readonly Uint8Array[],
  chance: Chance,
): Promise<Uint8Array | null> {
  const A = await load()
  const doc = open(A, saved, chance)
  const known = new Set(bytesIn(doc).map(toHex))
  const lacking = entries.filter(entry => !known.has(toHex(entry)))
  if (lacking.length === 0) return null
  const append = (to: Doc, what: readonly Uint8Array[]): Doc =>
    A.change(to, { time: 0 }, draft => void draft.entries.push(...what))
  const longer = append(doc, lacking)
  return A.save(saved !== null && isTooLarge(longer) ? append(open(A, null, chance), entries) : longer)
}

/** Everything that stands in either of two stored documents of one circle, or the first one alone where that would get too large.
 *  @throws `storage/corrupt`. */
export async function mergeCircleDocuments(
  saved: Uint8Array | null,
  other: Uint8Array,
  chance: Chance,
): Promise<Uint8Array | null> {
  const A = await load()
  const merged = open(A, other, chance)
  const all = saved === null ? merged : A.merge(open(A, saved, chance), merged)
  return isTooLarge(all) ? saved : A.save(all)
}

/** One side of a sync conversation about one document. What comes is merged into a fork and judged there first. */
export class CircleConversation {
  readonly #library: Library
  #doc: Doc
  #state: Automerge.SyncState
  readonly #known: Set<string>
  readonly #fresh: Uint8Array[] = []
  #freshBytes = 0
  /** What all messages of the conversation may come to, packed and as changes. */
  readonly #packed = { bytes: MAX_NEW_BYTES, rows: MAX_NEW_ROWS }
  readonly #unpacked = { bytes: MAX_NEW_BYTES, rows: MAX_NEW_ROWS }
  #changed = false

  private constructor(library: Library, doc: Doc) {
    this.#library = library
    this.#doc = doc
    this.#state = library.initSyncState()
    this.#known = new Set(bytesIn(doc).map(toHex))
  }

  static async open(saved: Uint8Array | null, chance: Chance): Promise<CircleConversation> {
    const A = await load()
    return new CircleConversation(A, open(A, saved, chance))
  }

  /** The next message for the other side, or null when there is nothing to say. */
  next(): Uint8Array | null {
    const [state, message] = this.#library.generateSyncMessage(this.#doc, this.#state)
    this.#state = state
    return message
  }

  /** Take a message. @throws `peer/protocol` for bytes that are no message, for changes that do anything but append, and for
   *  what would expand too far; the document then stays as it was. */
  receive(message: Uint8Array): void {
    const A = this.#library
    const before = A.getHeads(this.#doc)
    let fork: Doc
    let state: Automerge.SyncState
    let changes: Uint8Array[]
    try {
      const { changes: chunks, have } = A.decodeSyncMessage(message)
      checkFilters(have)
      for (const chunk of chunks) checkChunks(chunk, this.#packed)
      ;[fork, state] = A.receiveSyncMessage(A.clone(this.#doc), this.#state, message)
      changes = A.getChangesSince(fork, before)
    } catch (cause) {
      if (cause instanceof VivimError) throw cause
      throw broken('not a sync message', cause)
    }
    const fresh = changes.flatMap(change => appendedBy(change, ROOT_ACTOR, this.#unpacked))
    for (const entry of fresh) this.#take(entry)
    if (changes.length > 0) this.#changed = true
    this.#doc = fork
    this.#state = state
  }

  #take(entry: Uint8Array): void {
    if (entry.length === 0 || entry.length > MAX_ENTRY_BYTES) throw broken('an entry of no possible size')
    const name = toHex(entry)
    if (this.#known.has(name)) return
    this.#known.add(name)
    this.#fresh.push(entry)
    this.#freshBytes += entry.length
    if (this.#fresh.length > MAX_NEW_ENTRIES || this.#freshBytes > MAX_NEW_BYTES)
      throw broken('more entries than one conversation may bring')
  }

  /** What came: the document to store and the entries that are new in it; null when nothing changed. */
  result(): { document: Uint8Array; entries: Uint8Array[] } | null {
    return this.#changed
      ? { document: judgedPart(this.#library.save(this.#doc)), entries: this.#fresh }
      : null
  }
}
