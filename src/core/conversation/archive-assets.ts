/** The assets of an archive: ChatGPT's by their ids in the names of the entries, in all eras of those names; VIVIM's by their
 *  hashes; those of others by the last names of their paths. */
import { createHash } from 'node:crypto'
import type { AssetSource, ListedFile } from './asset.ts'
import type { Damage } from './inflate.ts'
import { arrayOf, countOf, idOf, isObject, nameOf, objectOf, parsedJson } from './json-values.ts'
import type { Limits } from './limits.ts'
import type { ZipEntry } from './zip.ts'

/** `file-AbC123-photo.png`, `file_0a1b…-<uuid>.png`, `file_0a1b….dat`: the id without its prefix. */
const ASSET_NAME = /(?:^|\/)file[-_]([A-Za-z0-9]+)(?=[-.][^/]*$|$)/
const ASSET_ID = /^file[-_]([A-Za-z0-9]+)/

/** `9f86….png`: the SHA-256 of the bytes. */
const HASH_NAME = /(?:^|\/)([0-9a-f]{64})(?:\.[a-z0-9]{1,8})?$/
const HASH = /^[0-9a-f]{64}$/

/** Folders in which Grok and Le Chat keep what belongs to messages. */
const ASSET_FOLDER = /(?:^|\/)(?:prod-mc-asset-server|chat-[0-9a-f-]{36}-files)\//i

/** The last name of a path, and the last two. Takeout leaves out endings that its links have. */
function endsOf(path: string): string[] {
  const names = path.split('/')
  return names.length < 2 ? names : [names.slice(-1).join('/'), names.slice(-2).join('/')]
}

/** Whether an entry is something that was attached to or made in a message. */
export const isAssetName = (name: string): boolean =>
  ASSET_NAME.test(name) || HASH_NAME.test(name) || ASSET_FOLDER.test(name)

const keyOf = (id: string): string | null => ASSET_ID.exec(id)?.[1] ?? (HASH.test(id) ? id : null)

/** A list beside the conversations is read only up to here. */
const LIST_BYTES = 32 * 1024 * 1024

export class ArchiveAssets implements AssetSource {
  readonly #limits: Limits
  readonly #entries: ReadonlyMap<string, ZipEntry>
  readonly #byEnd: ReadonlyMap<string, ZipEntry>
  readonly #names: ReadonlyMap<string, string>
  readonly #files: ReadonlyMap<string, readonly ListedFile[]>

  private constructor(
    limits: Limits,
    entries: ReadonlyMap<string, ZipEntry>,
    byEnd: ReadonlyMap<string, ZipEntry>,
    names: ReadonlyMap<string, string>,
    files: ReadonlyMap<string, readonly ListedFile[]>,
  ) {
    this.#limits = limits
    this.#entries = entries
    this.#byEnd = byEnd
    this.#names = names
    this.#files = files
  }

  /** Indexes the entries by asset id and by name, and reads the two lists that name them, where they are there and sound. */
  static async open(entries: readonly ZipEntry[], limits: Limits): Promise<ArchiveAssets> {
    const byId = new Map<string, ZipEntry>()
    const byEnd = new Map<string, ZipEntry>()
    const names = new Map<string, string>()
    const files = new Map<string, ListedFile[]>()
    for (const entry of entries) {
      const id = ASSET_NAME.exec(entry.name)?.[1] ?? HASH_NAME.exec(entry.name)?.[1]
      if (id !== undefined && !byId.has(id)) byId.set(id, entry)
      for (const end of endsOf(entry.name)) if (!byEnd.has(end)) byEnd.set(end, entry)
      const base = entry.name.slice(entry.name.lastIndexOf('/') + 1)
      if (base === 'conversation_asset_file_names.json') readNames(await jsonOf(entry), names)
      if (base === 'library_files.json') readFiles(await jsonOf(entry), files, names)
    }
    return new ArchiveAssets(limits, byId, byEnd, names, files)
  }

  async find(id: string): Promise<Uint8Array | null> {
    const key = keyOf(id)
    const named = this.#byEnd.get(id) ?? this.#byEnd.get(id.replace(/\.[A-Za-z0-9]{1,5}$/, ''))
    const entry = (key === null ? undefined : this.#entries.get(key)) ?? named
    const bytes = entry === undefined ? null : await bytesOf(entry, this.#limits.assetBytes)
    if (bytes === null || !HASH.test(id)) return bytes
    return createHash('sha256').update(bytes).digest('hex') === id ? bytes : null
  }

  nameOf(id: string): string | null {
    return this.#names.get(keyOf(id) ?? '') ?? null
  }

  filesOf(conversationId: string, messageId: string): readonly ListedFile[] {
    return this.#files.get(`${conversationId}\0${messageId}`) ?? []
  }
}

function readNames(value: unknown, names: Map<string, string>): void {
  for (const [file, name] of Object.entries(objectOf(value))) {
    const key = keyOf(file)
    const named = nameOf(name)
    if (key !== null && named !== null) names.set(key, named)
  }
}

function readFiles(value: unknown, files: Map<string, ListedFile[]>, names: Map<string, string>): void {
  for (const each of arrayOf(value)) {
    if (!isObject(each)) continue
    const id = idOf(each.file_id)
    const name = nameOf(each.file_name)
    if (id === null || name === null) continue
    const key = keyOf(id)
    if (key !== null && !names.has(key)) names.set(key, name)
    const conversation = idOf(each.origination_thread_id)
    const message = idOf(each.origination_message_id)
    if (conversation === null || message === null) continue
    const place = `${conversation}\0${message}`
    const file = { id, name, mime: nameOf(each.mime_type), size: countOf(each.file_size_bytes) }
    const list = files.get(place)
    if (list) list.push(file)
    else files.set(place, [file])
  }
}

async function jsonOf(entry: ZipEntry): Promise<unknown> {
  const bytes = await bytesOf(entry, LIST_BYTES)
  if (bytes === null) return null
  const text = Buffer.from(bytes).toString('utf8')
  return parsedJson(text.replace(/^\ufeff/, ''))
}

/** All bytes of an entry, or null when they are damaged or more than the limit. */
async function bytesOf(entry: ZipEntry, limit: number): Promise<Uint8Array | null> {
  if (entry.size > limit) return null
  const damage: Damage = { reason: null }
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of entry.bytes(damage)) {
    size += chunk.length
    if (size > limit) return null
    chunks.push(chunk)
  }
  return damage.reason === null ? Buffer.concat(chunks) : null
}
