/** `vivim import`. */
import { Args, Flags } from '@oclif/core'
import type { Result } from '../core/contract/methods.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { visibleLine } from '../core/model/visible.ts'
import { type CommonFlags, VivimCommand } from './base.ts'
import { reportFailure } from './failure.ts'
import { choiceNeeded, choose } from './import/choose.ts'
import { type Found, PLACE_NAMES, placeNames, survey } from './import/places.ts'
import { makeProgress } from './import/progress.ts'
import { type FileReport, isFileTrouble, sendFile } from './import/send.ts'
import { type ImportSource, sourcesOf } from './import/sources.ts'
import { watchSources } from './import/watch.ts'
import { EXIT_INTERRUPTED, interruptible } from './interrupt.ts'
import { count } from './text/amounts.ts'
import { style } from './text/style.ts'
import { table } from './text/table.ts'

type Report = Result<'import.finish'>

/** Skipped records that are listed one by one for people; `--json` has all. */
const SHOWN_SKIPPED = 20

export default class Import extends VivimCommand {
  static override summary = 'Bring conversations in: exports, sessions and stores of the tools you talk with.'
  static override description =
    `Takes files, zips, databases and folders as they come; what was imported before is recognised, and only what is new is added.
Without a path it looks in the usual places of this machine (${PLACE_NAMES.join(', ')}), says what it would take, and asks.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> ~/Downloads/chatgpt-export.zip',
    '<%= config.bin %> <%= command.id %> ~/.claude/projects --json',
    '<%= config.bin %> <%= command.id %>',
    '<%= config.bin %> <%= command.id %> --from claude-code,codex --watch',
    'curl … | <%= config.bin %> <%= command.id %> -',
  ]
  static override strict = false
  static override args = {
    paths: Args.string({ description: 'files, zips, databases, folders, or - for stdin' }),
  }
  static override flags = {
    from: Flags.string({
      helpValue: 'NAMES',
      description: `what lies in the usual places of these: ${PLACE_NAMES.join(', ')}`,
    }),
    watch: Flags.boolean({
      description: 'go on with what is added, until interrupted; one line, or document, for each change',
    }),
  }

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Import)
    const paths = argv as string[]
    if (flags.watch && paths.includes('-'))
      throw new VivimError('usage/invalid', '--watch needs files or folders, not stdin')
    const names = flags.from === undefined ? [] : placeNames(flags.from)
    let found = await survey(names)
    if (paths.length === 0 && flags.from === undefined) {
      const all = await survey(PLACE_NAMES)
      if (flags.json || !this.canAsk(flags)) throw choiceNeeded(all)
      found = await choose(all)
    }
    const sources = [...(await sourcesOf(paths)), ...found.flatMap(place => place.sources)]
    if (flags.watch) return this.#watch(flags, paths, found)
    await interruptible(signal => this.#importAll(flags, sources, signal))
  }

  async #importAll(flags: CommonFlags, sources: readonly ImportSource[], signal: AbortSignal): Promise<void> {
    const progress = makeProgress(sources, flags.quiet || flags.json)
    const client = await this.connect(flags)
    let whole = 0
    try {
      const { importId } = await client.call('import.begin', {})
      const lost: FileReport[] = []
      for (const source of sources) {
        const sent = await sendFile(client, importId, source, progress, signal).catch(error => {
          // One of many that went away or is closed to us: the others are still read.
          if (sources.length === 1 || !isFileTrouble(error)) throw error
          lost.push(unread(source.label, error as Error))
        })
        if (sent?.hasChanged)
          this.remark(
            flags,
            `${visibleLine(source.label)} was written to while it was read: import it again once its program is closed`,
          )
        whole += 1
      }
      const report = withLost(await client.call('import.finish', { importId }), lost)
      progress.end()
      this.show(flags, report, reportText)
      const { read, skipped } = report.totals
      if (
        read - skipped === 0 &&
        !report.files.some(file => file.format !== null && file.skipped.length === 0)
      )
        reportFailure(nothingRead(report), flags.json)
    } catch (error) {
      if (!signal.aborted) throw error
      throw new VivimError(
        'rpc/cancelled',
        `interrupted after ${whole} of ${count(sources.length, 'file')}; what was stored until then stays, and the same command again goes on`,
        { files: sources.length, whole },
      )
    } finally {
      progress.end()
      client.close()
    }
  }

  async #watch(flags: CommonFlags, paths: readonly string[], found: readonly Found[]): Promise<void> {
    const names = found.map(place => place.name)
    const client = await this.connect(flags)
    const over = flags.timeout === undefined ? null : AbortSignal.timeout(flags.timeout)
    try {
      await interruptible(async signal => {
        await watchSources(
          client,
          {
            find: async () => [
              ...(await sourcesOf(paths, () => {})),
              ...(await survey(names)).flatMap(place => place.sources),
            ],
            onReport: report => this.show(flags, report, changeText),
            onReady: files => this.remark(flags, `watching ${count(files, 'file')}; Ctrl-C ends it`),
          },
          over === null ? signal : AbortSignal.any([signal, over]),
        )
        if (signal.aborted) process.exitCode = EXIT_INTERRUPTED
        else throw new VivimError('rpc/timeout', 'the time to watch ran out')
      })
    } finally {
      client.close()
    }
  }
}

const unread = (path: string, error: Error): FileReport => ({
  path,
  format: null,
  read: 1,
  imported: 0,
  updated: 0,
  unchanged: 0,
  empty: 0,
  skipped: [{ where: 'file', reason: `it could not be read: ${error.message}` }],
})

/** The daemon's report with the files that never came so far. */
function withLost(report: Report, lost: readonly FileReport[]): Report {
  const { read, skipped } = report.totals
  const totals = { ...report.totals, read: read + lost.length, skipped: skipped + lost.length }
  return { files: [...report.files, ...lost], totals }
}

function nothingRead(report: Report): VivimError {
  const first = report.files.flatMap(file => file.skipped)[0]
  const why = first === undefined ? 'no file of a known format was found' : first.reason
  return new VivimError('import/unreadable', `nothing could be read: ${why}`)
}

/** One line of `--watch`. */
function changeText(report: FileReport): string {
  const what = [
    ...(report.imported > 0 ? [`${report.imported} imported`] : []),
    ...(report.updated > 0 ? [`${report.updated} updated`] : []),
    ...report.skipped.slice(0, 1).map(one => `skipped ${visibleLine(one.where)}: ${visibleLine(one.reason)}`),
    ...(report.skipped.length > 1 ? [`and ${report.skipped.length - 1} more skipped`] : []),
  ]
  return `${visibleLine(report.path)}: ${what.join(', ')}`
}

/** Rows of a table for people; `--json` has all. */
const SHOWN_FILES = 40

function reportText({ files, totals }: Report): string {
  const counts = (one: {
    read: number
    imported: number
    updated: number
    unchanged: number
    empty: number
  }) => [one.read, one.imported, one.updated, one.unchanged, one.empty]
  const rows = files
    .slice(0, SHOWN_FILES)
    .map(file => [file.path, file.format, ...counts(file), file.skipped.length])
  if (files.length > SHOWN_FILES) {
    const others = `… and ${count(files.length - SHOWN_FILES, 'more file')}`
    rows.push([others, null, null, null, null, null, null, null])
  }
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
