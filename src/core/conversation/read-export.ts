/** The front door: bytes of a file that somebody exported, in; conversations and what was wrong with the rest, out. */
import { AssetCollector, noAssets } from './asset.ts'
import type { Damage } from './inflate.ts'
import { LIMITS } from './limits.ts'
import {
  companion,
  emptyFile,
  type ImportEvent,
  type ImportPorts,
  openPlain,
  peek,
  readOpened,
  unreadable,
} from './plain-file.ts'
import { readArchive } from './read-archive.ts'
import { readDatabase } from './read-database.ts'
import { sniff } from './sniff.ts'

export type { AssetSink } from './asset.ts'
export type { Emitted } from './format.ts'
export type { FileReport, ImportEvent, ImportPorts } from './plain-file.ts'
export { isCompanion } from './plain-file.ts'

export interface ExportFile {
  readonly label: string
  readonly bytes: AsyncIterable<Uint8Array>
  /** For a database with a write-ahead log: how many of the bytes are the database's own, before those of the log. */
  readonly mainBytes?: number
}

/** Reads a file of any known format: plain, gzip, zstd, zip or a SQLite database. Conversations come as they are complete; a `FileReport`
 *  follows the last of its file.
 *  @throws `import/unreadable` when nothing in it is of a known format, with what it looks like; `import/limit` for
 *  what inflates beyond all bounds; and what the source and the ports throw. */
export async function* readExport(file: ExportFile, ports: ImportPorts): AsyncGenerator<ImportEvent> {
  const limits = { ...LIMITS, ...ports.limits }
  const shelf = ports.shelf ?? null
  const { head, isWhole, bytes } = await peek(file.bytes)
  const container = sniff(head, isWhole)
  if (container.kind === 'zip') {
    if (ports.spool === undefined) {
      await bytes.return?.()
      throw unreadable(file.label, 'a zip, which needs a place to be spooled to')
    }
    const access = await ports.spool(bytes)
    try {
      yield* readArchive({ label: file.label, access }, ports)
    } finally {
      await access.close()
    }
    return
  }
  if (container.kind === 'sqlite') {
    const assets = new AssetCollector(ports.assets, noAssets, limits)
    const { label, mainBytes = null } = file
    yield* readDatabase({ label, entry: null, bytes, mainBytes }, ports.database, { limits, assets, shelf })
    return
  }
  const damage: Damage = { reason: null }
  const opened = await openPlain(bytes, limits, damage)
  if (opened.format === null) {
    const empty = opened.isBlank ? emptyFile(file.label, null) : null
    if (empty !== null) {
      yield* empty
      return
    }
    if (opened.isCompanion && opened.guess !== null) throw companion(file.label, opened.guess)
    const guess = opened.guess ?? damage.reason ?? 'no export or session log that is known here'
    throw unreadable(file.label, guess)
  }
  const assets = new AssetCollector(ports.assets, noAssets, limits)
  const hasAny = yield* readOpened(
    { label: file.label, entry: null },
    opened,
    { limits, assets, shelf },
    damage,
  )
  if (!hasAny) throw unreadable(file.label, `an export (${opened.format.name}) without any conversation`)
}
