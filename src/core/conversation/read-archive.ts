/** A zip of an export: every file of conversations in it is found by its content, and assets by their ids. */

import { hasCode } from '../kernel/errors.ts'
import { ArchiveAssets, isAssetName } from './archive-assets.ts'
import { AssetCollector } from './asset.ts'
import type { Damage } from './inflate.ts'
import { LIMITS } from './limits.ts'
import {
  emptyFile,
  type ImportEvent,
  type ImportPorts,
  type Opened,
  openPlain,
  peek,
  readOpened,
  unreadable,
} from './plain-file.ts'
import { readDatabase } from './read-database.ts'
import { sniff } from './sniff.ts'
import { listZip, type RandomAccess, type ZipEntry } from './zip.ts'

export interface ArchiveFile {
  readonly label: string
  readonly access: RandomAccess
}

/** Reads all conversations of a zip, each file of them followed by its report. Siblings that hold no conversations are
 *  passed over; refused entries and zips inside are reported as skipped, under a report without format.
 *  @throws `import/unreadable` when it holds no conversations; otherwise as `readExport`. */
export async function* readArchive(file: ArchiveFile, ports: ImportPorts): AsyncGenerator<ImportEvent> {
  const limits = { ...LIMITS, ...ports.limits }
  const shelf = ports.shelf ?? null
  const { label } = file
  const { entries, refused } = await listZip(file.access, limits)
  const source = await ArchiveAssets.open(entries, limits)
  const assets = new AssetCollector(ports.assets, source, limits)
  const loose: { where: string; reason: string }[] = refused.map(({ name, reason }) => ({
    where: name,
    reason,
  }))
  let guess: string | null = null
  let found = 0
  for (const entry of entries) {
    if (!isCandidate(entry)) continue
    const damage: Damage = { reason: null }
    const { head, isWhole, bytes } = await peek(entry.bytes(damage))
    let opened: Opened
    try {
      if (sniff(head, isWhole).kind === 'sqlite') {
        const database = { label, entry: entry.name, bytes, mainBytes: null }
        yield* readDatabase(database, ports.database, { limits, assets, shelf })
        found++
        continue
      }
      opened = await openPlain(bytes, limits, damage)
    } catch (error) {
      if (!hasCode(error, 'import/unreadable')) throw error
      loose.push({ where: entry.name, reason: (error as Error).message })
      guess ??= 'something that cannot be read here'
      continue
    }
    if (opened.format !== null) {
      const hasAny = yield* readOpened(
        { label, entry: entry.name },
        opened,
        { limits, assets, shelf },
        damage,
      )
      if (hasAny) found++
      else guess ??= `an export (${opened.format.name}) without any conversation`
      continue
    }
    const empty = opened.isBlank ? emptyFile(label, entry.name) : null
    if (empty !== null) {
      found++
      yield* empty
      continue
    }
    const isNamed = /^conversations?\b.*\.json/i.test(baseName(entry.name))
    if (TEXT.test(entry.name)) continue
    if (guess === null || isNamed) guess = opened.guess ?? guess
    const reason = damage.reason ?? opened.bad
    if (reason !== null) loose.push({ where: entry.name, reason })
  }
  const inner = entries.filter(entry => /\.zip$/i.test(entry.name) && !isAssetName(entry.name))
  if (found === 0) {
    if (inner.length > 0) throw unreadable(label, `a zip of ${inner.length} zips; unpack it and import those`)
    if (guess !== null) throw unreadable(label, `a zip that holds ${guess}`)
    const [first] = refused
    const why = first === undefined ? '' : `; ${first.name} was not read: ${first.reason}`
    throw unreadable(label, `a zip without any conversations${why}`)
  }
  for (const entry of inner)
    loose.push({ where: entry.name, reason: 'it is a zip inside the zip: unpack it and import it by itself' })
  if (loose.length === 0) return
  for (const { where, reason } of loose) yield { kind: 'skipped', where, reason }
  const skipped = loose.length
  yield { kind: 'file', label, entry: null, format: null, read: skipped, conversations: 0, empty: 0, skipped }
}

const baseName = (name: string): string => name.slice(name.lastIndexOf('/') + 1)

/** A transcript perhaps; when it is none, nothing is said of it. */
const TEXT = /\.(?:md|markdown|txt)$/i
/** JSON, packed or not, a page, or a database. */
const NAMED = /\.(?:(?:json|jsonl|ndjson)(?:\.(?:zst|gz))?|html?|vscdb|db|sqlite3?)$/i

/** An export or a transcript by its ending, or without any ending; what people attached to their messages is not looked into, nor
 *  what an account pays and signs in with. A title that is a file's name may have a dot in it: `Plans 2.0`. */
function isCandidate(entry: ZipEntry): boolean {
  const base = baseName(entry.name)
  if (entry.size === 0 || isAssetName(entry.name) || ACCOUNT.test(base)) return false
  return NAMED.test(base) || TEXT.test(base) || !/\.[a-z][a-z0-9]{0,9}$/i.test(base)
}

const ACCOUNT = /^prod-mc-(?:auth|billing)\b/i
