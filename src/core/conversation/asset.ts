/** Images and attachments: mapping is pure and only notes which part wants which bytes; `settle` fetches them. */
import type { Part } from '../model/conversation.ts'
import type { Limits } from './limits.ts'

/** Takes the bytes of an asset into the owner's content-addressed store. */
export interface AssetSink {
  /** Returns the SHA-256 of the bytes in hex; the same bytes twice give the same and no error. */
  put(bytes: Uint8Array, mime: string | null): Promise<string>
}

/** Finds bytes that lie beside the conversations, as in a zip. */
export interface AssetSource {
  /** The bytes of a provider's asset id, or null when they are not there or over the limit. */
  find(id: string): Promise<Uint8Array | null>
  /** The name that the export gives an asset id somewhere else than in the message, or null. */
  nameOf(id: string): string | null
  /** Files that the export joins to a message only by its id. */
  filesOf(conversationId: string, messageId: string): readonly ListedFile[]
}

export interface ListedFile {
  readonly id: string
  readonly name: string
  readonly mime: string | null
  readonly size: number | null
}

export const noAssets: AssetSource = {
  find: async () => null,
  nameOf: () => null,
  filesOf: () => [],
}

type Holder = Extract<Part, { asset: string | null }>

/** Collects what parts want while a record is mapped, then fills them in. */
export class AssetCollector {
  readonly #sink: AssetSink
  readonly #limits: Limits
  readonly source: AssetSource
  #wanted: { part: Holder; from: { id: string } | { base64: string } }[] = []

  constructor(sink: AssetSink, source: AssetSource, limits: Limits) {
    this.#sink = sink
    this.source = source
    this.#limits = limits
  }

  /** The part's bytes lie in the export under this id, perhaps. */
  wantId(part: Holder, id: string): void {
    this.#wanted.push({ part, from: { id } })
  }

  /** The part's bytes stand in the record itself. */
  wantInline(part: Holder, base64: string): void {
    this.#wanted.push({ part, from: { base64 } })
  }

  /** Hands all wanted bytes that can be had to the sink and marks their parts. Throws what the sink throws. */
  async settle(): Promise<void> {
    const wanted = this.#wanted
    if (wanted.length === 0) return
    this.#wanted = []
    for (const { part, from } of wanted) {
      const bytes = 'id' in from ? await this.source.find(from.id) : this.#decode(from.base64)
      if (bytes === null || bytes.length === 0) continue
      part.mime ??= mimeOf(bytes)
      part.asset = await this.#sink.put(bytes, part.mime)
      part.missing = false
      if (part.type === 'attachment') part.size ??= bytes.length
    }
  }

  #decode(base64: string): Uint8Array | null {
    if (base64.length > (this.#limits.assetBytes / 3) * 4 + 4) return null
    return new Uint8Array(Buffer.from(base64, 'base64'))
  }
}

const MAGIC: readonly (readonly [mime: string, at: number, bytes: string])[] = [
  ['image/png', 0, '89504e470d0a1a0a'],
  ['image/jpeg', 0, 'ffd8ff'],
  ['image/gif', 0, '47494638'],
  ['image/webp', 8, '57454250'],
  ['application/pdf', 0, '255044462d'],
  ['audio/wav', 8, '57415645'],
]

/** The media type that the first bytes tell, or null. */
function mimeOf(bytes: Uint8Array): string | null {
  const head = Buffer.from(bytes.subarray(0, 16)).toString('hex')
  for (const [mime, at, magic] of MAGIC) if (head.startsWith(magic, at * 2)) return mime
  return null
}
