/** `vivim import`. */
import { Args } from '@oclif/core'
import type { Client } from '../core/client/client.ts'
import type { Result } from '../core/contract/methods.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { visibleLine } from '../core/model/visible.ts'
import { VivimCommand } from './base.ts'
import { reportFailure } from './failure.ts'
import { makeProgress, type Progress } from './import/progress.ts'
import { type ImportSource, sourcesOf } from './import/sources.ts'
import { count } from './text/amounts.ts'
import { style } from './text/style.ts'
import { table } from './text/table.ts'

type Report = Result<'import.finish'>

/** As base64 far below the daemon's limit of a frame: larger ones cost memory on both sides and save no time. */
const CHUNK_BYTES = 128 * 1024
/** Skipped records that are listed one by one for people; `--json` has all. */
const SHOWN_SKIPPED = 20

export default class Import extends VivimCommand {
  static override summary =
    'Bring conversations in: exports of ChatGPT and Claude.ai, sessions of Claude Code.'
  static override description =
    'Takes files, zips and folders as they come; what was imported before is recognised, and only what is new is added.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> ~/Downloads/chatgpt-export.zip',
    '<%= config.bin %> <%= command.id %> ~/.claude/projects --json',
    'curl … | <%= config.bin %> <%= command.id %> -',
  ]
  static override strict = false
  static override args = {
    paths: Args.string({ required: true, description: 'files, zips, folders, or - for stdin' }),
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Import)
    const sources = await sourcesOf(argv as string[])
    const progress = makeProgress(sources, flags.quiet || flags.json)
    const client = await this.connect(flags)
    try {
      const { importId } = await client.call('import.begin', {})
      for (const source of sources) await sendFile(client, importId, source, progress)
      const report = await client.call('import.finish', { importId })
      progress.end()
      this.show(flags, report, reportText)
      const { read, skipped } = report.totals
      if (
        read - skipped === 0 &&
        !report.files.some(file => file.format !== null && file.skipped.length === 0)
      )
        reportFailure(nothingRead(report), flags.json)
    } finally {
      progress.end()
      client.close()
    }
  }
}

/** One file, piece by piece; the daemon's answer to each is what slows us down to its pace. */
async function sendFile(
  client: Client,
  importId: string,
  source: ImportSource,
  progress: Progress,
): Promise<void> {
  const { fileId } = await client.call('import.file', {
    importId,
    path: source.label,
    ...(source.size === null ? {} : { size: source.size }),
    ...(source.ifKnown ? { ifKnown: true } : {}),
  })
  progress.begin(source)
  for await (const piece of source.read(CHUNK_BYTES)) {
    const { messages, enough } = await client.call('import.chunk', {
      fileId,
      dataB64: piece.toString('base64'),
    })
    progress.sent(piece.length, messages)
    if (enough) break
  }
  await client.call('import.endFile', { fileId })
}

function nothingRead(report: Report): VivimError {
  const first = report.files.flatMap(file => file.skipped)[0]
  const why = first === undefined ? 'no file of a known format was found' : first.reason
  return new VivimError('import/unreadable', `nothing could be read: ${why}`)
}

function reportText({ files, totals }: Report): string {
  const counts = (one: {
    read: number
    imported: number
    updated: number
    unchanged: number
    empty: number
  }) => [one.read, one.imported, one.updated, one.unchanged, one.empty]
  const rows = files.map(file => [file.path, file.format, ...counts(file), file.skipped.length])
  const all = ['together', null, ...counts(totals), totals.skipped]
  const skipped = files.flatMap(file => file.skipped.map(one => ({ path: file.path, ...one })))
  const lines = skipped
    .slice(0, SHOWN_SKIPPED)
    .map(one => `  ${visibleLine(one.path)} ${visibleLine(one.where)}: ${visibleLine(one.reason)}`)
  const more =
    skipped.length > SHOWN_SKIPPED
      ? [`  … and ${count(skipped.length - SHOWN_SKIPPED, 'more', 'more')} (--json has all)`]
      : []
  const notes = files.flatMap(file =>
    (file.notes ?? []).map(one => `  ${visibleLine(file.path)} ${visibleLine(one.where)}: ${one.note}`),
  )
  return [
    table(
      ['file', 'format', 'read', 'imported', 'updated', 'unchanged', 'empty', 'skipped'],
      files.length > 1 ? [...rows, all] : rows,
    ),
    ...(notes.length === 0 ? [] : ['To know:', ...notes.slice(0, SHOWN_SKIPPED)]),
    ...(skipped.length === 0 ? [] : [style.yellow('Skipped:'), ...lines, ...more]),
  ].join('\n')
}
