/** Where the parts of a long session are while the rest of it is read: outside memory, and back again each time they are asked for. */
import type { ImportedMessage, Part, Role } from '../model/conversation.ts'

/** Bytes that are written once, one after the other, and read at any place. Both calls are synchronous: parts are asked for like any
 *  other property. */
export interface Shelf {
  /** @returns where they begin. @throws `storage/full` and what else writing fails with */
  append(bytes: Uint8Array): number
  read(at: number, length: number): Uint8Array
}

/** A place on the shelf costs as much memory as so many characters of parts. */
const WORTH_CHARS = 500

/** Parts on the shelf. */
export class Shelved {
  readonly #shelf: Shelf
  readonly #at: number
  readonly #length: number

  private constructor(shelf: Shelf, bytes: Uint8Array) {
    this.#shelf = shelf
    this.#at = shelf.append(bytes)
    this.#length = bytes.length
  }

  /** @returns null for parts that are too small to be worth it */
  static of(parts: readonly Part[], shelf: Shelf): Shelved | null {
    const text = JSON.stringify(parts)
    return text.length < WORTH_CHARS ? null : new Shelved(shelf, Buffer.from(text))
  }

  /** A copy, made anew each time. */
  load(): Part[] {
    return JSON.parse(Buffer.from(this.#shelf.read(this.#at, this.#length)).toString('utf8'))
  }
}

/** A message whose parts are loaded each time: a change of them is lost, and a spread leaves them out. */
export class LateMessage implements ImportedMessage {
  id: string
  parent: string | null
  role: Role
  author: string | null
  createdAtMs: number | null
  branch: string
  hidden: boolean
  model: string | null
  readonly #pieces: readonly (Shelved | Part[])[]

  /** @param pieces - its parts, one after the other */
  constructor(message: Omit<ImportedMessage, 'parts'>, pieces: readonly (Shelved | Part[])[]) {
    this.id = message.id
    this.parent = message.parent
    this.role = message.role
    this.author = message.author
    this.createdAtMs = message.createdAtMs
    this.branch = message.branch
    this.hidden = message.hidden
    this.model = message.model
    this.#pieces = pieces
  }

  get parts(): Part[] {
    return this.#pieces.flatMap(piece => (piece instanceof Shelved ? piece.load() : piece))
  }

  /** The first of some messages with the parts of all. */
  static joined(first: ImportedMessage, further: readonly ImportedMessage[]): ImportedMessage {
    const pieces = [first, ...further].flatMap(message =>
      message instanceof LateMessage ? message.#pieces : [message.parts],
    )
    if (pieces.some(piece => piece instanceof Shelved)) return new LateMessage(first, pieces)
    return { ...first, parts: (pieces as Part[][]).flat() }
  }
}
