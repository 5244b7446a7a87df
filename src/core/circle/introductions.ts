/** Which identity documents the entries of a circle brought of each person, by their places in the graph, and what they say together where
 *  only some of them are known. */
import type { IdentityDocument } from '../identity/document.ts'
import { sameBytes, toHex } from '../kernel/bytes.ts'
import type { Did } from '../model/id.ts'
import type { EntryGraph } from './entry-graph.ts'
import { settleDocuments, type Testimony } from './testimony.ts'

/** More documents than this a person makes in no lifetime; a thief of their key must not slow everybody down. Those by the recovery
 *  key are counted by themselves, so that the person has the last word. */
const MAX_DOCUMENTS = 1000

/** A document, and the places that brought it without knowing of each other. */
interface Brought {
  readonly document: IdentityDocument
  readonly places: number[]
}

export class Introductions {
  readonly #graph: EntryGraph
  readonly #byPerson = new Map<Did, Brought[]>()
  readonly #byHash = new Map<string, Brought>()

  constructor(graph: EntryGraph) {
    this.#graph = graph
  }

  /** Take note of a document that an effective entry brought. In the order of places. */
  take(place: number, document: IdentityDocument): void {
    const hash = toHex(document.hash)
    const known = this.#byHash.get(hash)
    if (known === undefined) {
      const brought = { document, places: [place] }
      this.#byHash.set(hash, brought)
      const all = this.#byPerson.get(document.did)
      if (all) all.push(brought)
      else this.#byPerson.set(document.did, [brought])
    } else if (!this.#isSeen(known, place)) known.places.push(place)
  }

  /** The document of this hash, where an ancestor of the place brought it. */
  carried(hash: string, place: number): IdentityDocument | null {
    const known = this.#byHash.get(hash)
    return known !== undefined && this.#isSeen(known, place) ? known.document : null
  }

  /** Whether a document is known, or does not come after as many as count. */
  hasRoom(document: IdentityDocument): boolean {
    const all = this.#byPerson.get(document.did) ?? []
    if (all.length < MAX_DOCUMENTS || this.#byHash.has(toHex(document.hash))) return true
    return all.filter(each => each.document.byRecovery === document.byRecovery).length < MAX_DOCUMENTS
  }

  /** What is known of a person: at the end, or by the ancestors of a place, or by those and the place itself. */
  testimony(did: Did, until?: number, inclusive = false): Testimony | null {
    return settleDocuments(this.#documents(did, until, inclusive))
  }

  /** What is known of a person by the ancestors of a place and by one more document. */
  testimonyWith(document: IdentityDocument, until: number): Testimony | null {
    const known = this.#documents(document.did, until, false)
    const isNew = !known.some(({ hash }) => sameBytes(hash, document.hash))
    return settleDocuments(isNew ? [...known, document] : known)
  }

  /** The first that was brought first. */
  #documents(did: Did, until: number | undefined, inclusive: boolean): IdentityDocument[] {
    return (this.#byPerson.get(did) ?? []).flatMap(brought =>
      until === undefined || this.#isSeen(brought, until) || (inclusive && brought.places.includes(until))
        ? [brought.document]
        : [],
    )
  }

  #isSeen({ places }: Brought, until: number): boolean {
    return places.some(place => this.#graph.isAncestor(place, until))
  }
}
