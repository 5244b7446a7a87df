/** Which entries of a circle had the right to be made, each judged by what its signer knew. */

import { deviceOf, type IdentityDocument } from '../identity/document.ts'
import { decideDocument } from '../identity/succession.ts'
import { toHex } from '../kernel/bytes.ts'
import type { Did } from '../model/id.ts'
import type { AddedRole, Entry, Introduction } from './entry.ts'
import type { EntryGraph } from './entry-graph.ts'
import { listsDevice, settleDocuments, type Testimony } from './testimony.ts'

export type Role = 'owner' | AddedRole

/** Why an entry has no effect. */
export type Fault =
  | 'other-circle'
  | 'another-beginning'
  | 'not-a-member'
  | 'not-allowed'
  | 'unknown-document'
  | 'not-a-device'
  | 'revoked-device'
  | 'already-member'
  | 'no-epoch'
  | 'older-document'
  | 'conflicting-document'
  | 'too-many-documents'
  | 'not-understood'

/** More documents than this a person makes in no lifetime; a thief of their key must not slow everybody down. Those by the recovery
 *  key are not counted, so that the person has the last word. */
const MAX_DOCUMENTS = 1000

const RANK: { readonly [role in Role]: number } = { reader: 0, member: 1, admin: 2, owner: 3 }

/** The person that an entry brings, if it brings one. */
export const personOf = (entry: Entry): Introduction | null => ('person' in entry ? entry.person : null)

/** The entries of a graph, judged: places are those of the graph. */
export class Judgement {
  readonly graph: EntryGraph
  /** Null for an entry that has its effect. */
  readonly faults: (Fault | null)[] = []
  /** Place of the entry that began the circle. */
  root: number | null = null
  /** Places of the `create` and `add` entries that made a person a member. */
  readonly memberships = new Map<Did, number[]>()
  /** Places of the effective entries that brought a document of a person which none of their ancestors had brought. */
  readonly introductions = new Map<Did, number[]>()
  /** The last card that an effective entry brought of a person. */
  readonly cards = new Map<Did, string>()
  readonly #circle: string
  /** Places by hash of the document brought. */
  readonly #carriers = new Map<string, number[]>()

  /** @param ended - places whose signing device was revoked later, without knowing of them. */
  constructor(circle: string, graph: EntryGraph, ended: ReadonlySet<number>) {
    this.graph = graph
    this.#circle = circle
    for (const [place, entry] of graph.entries.entries()) {
      const fault = ended.has(place) ? 'revoked-device' : this.#judge(place, entry)
      this.faults.push(fault)
      if (fault === null) this.#take(place, entry)
    }
  }

  /** The entry in a place. */
  entry(place: number): Entry {
    return this.graph.entries[place] as Entry
  }

  /** Places with an effect, in order. */
  *effective(): Generator<number> {
    for (const [place, fault] of this.faults.entries()) if (fault === null) yield place
  }

  /** What is known of a person: at the end, or by the ancestors of a place, or by those and the place itself. */
  testimony(did: Did, until?: number, inclusive = false): Testimony | null {
    return settleDocuments(this.#documents(did, until, inclusive))
  }

  #documents(did: Did, until?: number, inclusive = false): IdentityDocument[] {
    const known = (this.introductions.get(did) ?? []).filter(
      place => until === undefined || this.graph.isAncestor(place, until) || (inclusive && place === until),
    )
    return known.flatMap(place => personOf(this.entry(place))?.document ?? [])
  }

  /** The highest role that a person was given: at the end, or among the ancestors of a place. */
  role(did: Did, until?: number): Role | null {
    let highest: Role | null = null
    for (const place of this.memberships.get(did) ?? []) {
      if (until !== undefined && !this.graph.isAncestor(place, until)) continue
      const entry = this.entry(place)
      const role = entry.op === 'add' ? entry.role : 'owner'
      if (highest === null || RANK[role] > RANK[highest]) highest = role
    }
    return highest
  }

  #take(place: number, entry: Entry): void {
    const person = personOf(entry)
    if (person === null) return
    const { did } = person.document
    const hash = toHex(person.document.hash)
    if (this.#carrier(hash, place) === undefined) {
      push(this.introductions, did, place)
      push(this.#carriers, hash, place)
    }
    if (person.card !== null) this.cards.set(did, person.card)
    if (entry.op === 'create') this.root = place
    if (entry.op !== 'document') push(this.memberships, did, place)
  }

  #judge(place: number, entry: Entry): Fault | null {
    if (entry.circle !== this.#circle) return 'other-circle'
    // Only the owner can make a second beginning, since the id commits to them: the smallest hash comes first and counts.
    if (entry.op === 'create') return this.root === null ? null : 'another-beginning'
    const role = this.role(entry.did, place)
    if (role === null) return 'not-a-member'
    return this.#judgeDevice(place, entry) ?? this.#judgeRight(place, entry, role)
  }

  #judgeDevice(place: number, entry: Entry): Fault | null {
    const known = this.testimony(entry.did, place)
    if (known === null) return 'unknown-document'
    if (entry.op === 'document') {
      const decision = decideDocument(known.document, entry.person.document)
      if (decision === 'accept') return this.#hasRoom(entry.person.document) ? null : 'too-many-documents'
      if (decision === 'foreign') return 'conflicting-document'
      if (decision === 'conflict') return this.#judgeConflict(place, entry, entry.person.document)
      if (decision !== 'same') return 'older-document'
    }
    const named = this.#namedDocument(place, entry)
    if (named === null) return 'unknown-document'
    if (deviceOf(named, entry.by) === null) return 'not-a-device'
    return listsDevice(known, entry.by) ? null : 'revoked-device'
  }

  /** A contradicting document is heard, so that neither adds a device, when a device that both list brings it. */
  #judgeConflict(place: number, entry: Entry, document: IdentityDocument): Fault | null {
    const settled = settleDocuments([...this.#documents(entry.did, place), document])
    if (settled === null || !listsDevice(settled, entry.by)) return 'conflicting-document'
    return this.#hasRoom(document) ? null : 'too-many-documents'
  }

  #hasRoom(document: IdentityDocument): boolean {
    return document.byRecovery || (this.introductions.get(document.did)?.length ?? 0) < MAX_DOCUMENTS
  }

  /** Place of an ancestor that brought this document. */
  #carrier(hash: string, place: number): number | undefined {
    return this.#carriers.get(hash)?.find(at => this.graph.isAncestor(at, place))
  }

  /** The document that the signer relies on, if they knew it. */
  #namedDocument(place: number, entry: Entry): IdentityDocument | null {
    const carrier = this.#carrier(entry.document, place)
    const document = carrier === undefined ? undefined : personOf(this.entry(carrier))?.document
    return document?.did === entry.did ? document : null
  }

  #judgeRight(place: number, entry: Entry, role: Role): Fault | null {
    if (entry.op === 'document') return null
    if (RANK[role] < RANK.admin) return entry.op === 'unknown' ? 'not-understood' : 'not-allowed'
    if (entry.op !== 'add') return null
    if (this.role(entry.person.document.did, place) !== null) return 'already-member'
    return entry.epoch === null && this.#history() !== 'all' ? 'no-epoch' : null
  }

  #history(): 'new' | 'all' {
    const root = this.root === null ? null : this.entry(this.root)
    return root?.op === 'create' ? root.history : 'new'
  }
}

function push<K>(lists: Map<K, number[]>, key: K, place: number): void {
  const list = lists.get(key)
  if (list) list.push(place)
  else lists.set(key, [place])
}

/** Judge a graph. A device that a person's own later document no longer lists counts only in what that document's entry knew of:
 *  entries are judged without that rule first, then those that it ends are taken out and the rest is judged again. */
export function judgeEntries(circle: string, graph: EntryGraph): Judgement {
  const first = new Judgement(circle, graph, new Set())
  const ended = endedPlaces(first)
  return ended.size === 0 ? first : new Judgement(circle, graph, ended)
}

/** Places signed by a device that a `document` entry of the same person ended without being their descendant. */
function endedPlaces(judgement: Judgement): Set<number> {
  const { graph } = judgement
  const documents = new Map<string, IdentityDocument>()
  const bySigner = new Map<Did, Map<string, number[]>>()
  const revisions: number[] = []
  for (const place of judgement.effective()) {
    const entry = judgement.entry(place)
    const person = personOf(entry)
    if (person) documents.set(toHex(person.document.hash), person.document)
    if (entry.op === 'document') revisions.push(place)
    const devices = bySigner.get(entry.did) ?? new Map<string, number[]>()
    bySigner.set(entry.did, devices)
    push(devices, toHex(entry.by), place)
  }
  const ended = new Set<number>()
  for (const revision of revisions) {
    const document = personOf(judgement.entry(revision))?.document
    if (!document) continue
    for (const places of bySigner.get(document.did)?.values() ?? []) {
      const by = judgement.entry(places[0] as number).by
      if (deviceOf(document, by) !== null) continue
      for (const place of places) {
        const named = documents.get(judgement.entry(place).document)
        if (graph.isAncestor(place, revision) || !named) continue
        if (decideDocument(named, document) === 'accept') ended.add(place)
      }
    }
  }
  return ended
}
