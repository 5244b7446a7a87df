/** What the entries of a circle take out that they did not know of, and in which order: the judgement of a whole graph, and of one entry
 *  more. */
import { deviceOf, type IdentityDocument } from '../identity/document.ts'
import { decideDocument } from '../identity/succession.ts'
import { toHex } from '../kernel/bytes.ts'
import type { Did } from '../model/id.ts'
import type { Entry } from './entry.ts'
import { type EntryGraph, PlaceSet } from './entry-graph.ts'
import { type Fault, Judgement, personOf, type TakenOut } from './judgement.ts'
import { RANK } from './memberships.ts'

/** Write down what the next entry comes to. */
export function takeNext({ judgement, applied }: Judged, place: number, fault: Fault | null): void {
  judgement.take(place, fault)
  const { op } = judgement.entry(place)
  if (fault === null && (op === 'document' || CAN_TAKE_OUT.has(op))) applied.add(place)
}

/** How often a log may be judged again, times its entries: thirteen times for one of 20,000, and as often as it has entries for one of
 *  500. Each time is for one person's entries that took something out, so that nobody comes near it but who tries to. */
const MAX_JUDGED = 2 ** 18
const maxRounds = (entries: number): number => Math.floor(MAX_JUDGED / entries)

/** Judge a graph. What an entry did not know of can take it out: a later document that no longer lists its device, the removal or
 *  demotion of who signed it, the end of the circle. Entries are judged without that first; then what is taken out goes, and the
 *  rest is judged again. Who is taken out by whom follows seniority: the owner's entries go first, then those of the admins in
 *  their order, so that of people who remove each other the senior stays, and nothing that was taken out takes out anything. After as
 *  many rounds as a log of that length may take, all that is left takes out at once, in that order too, and all is judged a last time. */
export function judgeEntries(circle: string, graph: EntryGraph): Judged {
  const out: TakenOut = { ended: new Map(), barred: new Map() }
  let judgement = new Judgement(circle, graph, out)
  const gone = new PlaceSet()
  const take = (place: number, fault: Fault): void => {
    const list = judgement.faults[place] === null ? out.ended : out.barred
    list.set(place, fault)
    gone.add(place)
  }
  const { revisions, places } = endedPlaces(judgement)
  for (const place of places) take(place, 'revoked-device')
  if (out.ended.size > 0) judgement = new Judgement(circle, graph, out)
  const bySigner = new Map<Did, number[]>()
  for (const [place, { did }] of graph.entries.entries()) push(bySigner, did, place)
  const applied = new PlaceSet()
  const most = maxRounds(graph.entries.length)
  let rounds = 0
  while (rounds < most) {
    const before = out.ended.size
    for (const group of strokes(judgement, applied)) {
      // Where all go at once, what was taken out takes out nothing either.
      for (const place of group.filter(each => !out.ended.has(each))) {
        applied.add(place)
        for (const [other, fault] of takenOut(judgement, bySigner, gone, place)) take(other, fault)
      }
      if (out.ended.size > before && rounds < most - 1) break
    }
    if (out.ended.size === before) break
    rounds++
    judgement = new Judgement(circle, graph, out)
  }
  for (const place of revisions) applied.add(place)
  return { judgement, applied, someEnded: out.ended.size > 0, rounds }
}

/** A judgement, and what a later entry must have known of so that it says nothing about those judged before. */
export interface Judged {
  readonly judgement: Judgement
  /** Places of what could take others out, also where it was itself taken out afterwards. */
  readonly applied: PlaceSet
  /** Whether anything was taken out. */
  readonly someEnded: boolean
  /** How often all was judged again for the sake of it. */
  readonly rounds: number
}

/** What the next entry comes to, already in the graph in that place, or undefined when all have to be judged again for it. Nothing
 *  that was judged changes for an entry that knew of everything, or that has no effect itself. */
export function judgeNext(
  { judgement, applied, someEnded, rounds }: Judged,
  place: number,
): Fault | null | undefined {
  const { graph } = judgement
  const entry = judgement.entry(place)
  if (entry.op === 'create' && judgement.root !== null) return undefined
  // The longer a log, the fewer rounds it may take.
  if (rounds >= maxRounds(graph.entries.length)) return undefined
  const knows = (places: PlaceSet): boolean => graph.countAncestors(places, place) === places.size
  if (someEnded && (CAN_TAKE_OUT.has(entry.op) || personOf(entry) !== null || !knows(applied)))
    return undefined
  const fault = judgement.judge(place)
  const isAlone = fault !== null && fault !== 'too-many-documents'
  return isAlone || knows(judgement.effects) ? fault : undefined
}

/** Effective entries that take others out and did not yet: a group a signer, the most senior first. */
function strokes(judgement: Judgement, applied: PlaceSet): number[][] {
  const groups = new Map<string, { seniority: number; places: number[] }>()
  for (const place of judgement.effective()) {
    const { op, did } = judgement.entry(place)
    if (applied.has(place) || !CAN_TAKE_OUT.has(op)) continue
    const seniority = judgement.memberships.seniority(did, place)
    const group = groups.get(`${seniority} ${did}`) ?? { seniority, places: [] }
    groups.set(`${seniority} ${did}`, group)
    group.places.push(place)
  }
  return [...groups.values()]
    .sort((a, b) => (a.seniority === b.seniority ? 0 : a.seniority - b.seniority))
    .map(({ places }) => places)
}

/** What one entry takes out: what it knew nothing of, and what knew nothing of it. @param gone - what was taken out before. */
function* takenOut(
  judgement: Judgement,
  bySigner: ReadonlyMap<Did, readonly number[]>,
  gone: PlaceSet,
  place: number,
): Generator<[number, Fault]> {
  const { graph } = judgement
  const entry = judgement.entry(place)
  const isAside = (other: number): boolean =>
    !gone.has(other) && other !== place && !graph.isAncestor(other, place) && !graph.isAncestor(place, other)
  if (entry.op === 'close') {
    for (const other of graph.entries.keys())
      if (isAside(other) && !MAY_STAY_AFTER_CLOSE.has(judgement.entry(other).op)) yield [other, 'closed']
  } else if (entry.op === 'remove' || entry.op === 'leave') {
    for (const other of bySigner.get(entry.op === 'remove' ? entry.target : entry.did) ?? [])
      if (isAside(other)) yield [other, 'removed']
  } else if (entry.op === 'role' && RANK[entry.role] < RANK.admin) {
    for (const other of bySigner.get(entry.target) ?? [])
      if (isAside(other) && !MAY_STAY_AFTER_DEMOTION.has(judgement.entry(other).op)) yield [other, 'demoted']
  }
}

const CAN_TAKE_OUT: ReadonlySet<Entry['op']> = new Set(['remove', 'leave', 'role', 'close'])
const MAY_STAY_AFTER_CLOSE: ReadonlySet<Entry['op']> = new Set(['close', 'remove', 'leave', 'document'])
const MAY_STAY_AFTER_DEMOTION: ReadonlySet<Entry['op']> = new Set(['leave', 'document'])

/** Effective `document` entries, and places signed by a device that one of the same person ended without being their descendant. */
function endedPlaces(judgement: Judgement): { revisions: readonly number[]; places: ReadonlySet<number> } {
  const { graph } = judgement
  const documents = new Map<string, IdentityDocument>()
  const bySigner = new Map<Did, Map<string, number[]>>()
  const revisions: number[] = []
  for (const [place, entry] of graph.entries.entries()) {
    const person = personOf(entry)
    if (person) documents.set(toHex(person.document.hash), person.document)
    if (entry.op === 'document' && judgement.faults[place] === null) revisions.push(place)
    const devices = bySigner.get(entry.did) ?? new Map<string, number[]>()
    bySigner.set(entry.did, devices)
    push(devices, `${toHex(entry.by)} ${entry.document}`, place)
  }
  // By device and the document that it named.
  const ended = new Set<number>()
  for (const revision of revisions) {
    const document = personOf(judgement.entry(revision))?.document
    if (!document) continue
    for (const places of bySigner.get(document.did)?.values() ?? []) {
      const { by, document: name } = judgement.entry(places[0] as number)
      const named = documents.get(name)
      if (named === undefined || deviceOf(document, by) !== null) continue
      if (decideDocument(named, document) !== 'accept') continue
      for (const place of places) if (!graph.isAncestor(place, revision)) ended.add(place)
    }
  }
  return { revisions, places: ended }
}

function push<K>(lists: Map<K, number[]>, key: K, place: number): void {
  const list = lists.get(key)
  if (list) list.push(place)
  else lists.set(key, [place])
}
