/** `npm run bench -- [NAME...] [--large] [--markdown] [--last] [--list]`: each benchmark in a process of its own, one after the
 *  other; a table on stdout, everything as JSON beside the build. `--last` prints what earlier runs found. */
import { fork } from 'node:child_process'
import { readFileSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { systemClock } from '../src/core/kernel/env.ts'
import { Scope } from '../src/core/kernel/scope.ts'
import { isoTime } from '../src/core/model/id.ts'
import { type BenchName, CATALOG, NAMES } from './catalog.ts'
import { cellsOf, type Figure, isKept, markdownTable, plainTable, ratioOf } from './figure.ts'

/** build/bench-results.json: the newest figures of each benchmark, also of those that this run left out. */
const RESULTS = join(import.meta.dirname, '..', 'bench-results.json')
/** Set in the process that runs one benchmark. */
const ONE = 'VIVIM_BENCH_ONE'

interface Outcome {
  readonly at: string
  /** Load average over one minute when it began: above the number of cores, others were measured too. */
  readonly load: number
  readonly figures: readonly Figure[]
  readonly failure: string | null
}

/** In a process of its own: figures go to the parent as they come. */
async function runOne(name: BenchName, large: boolean): Promise<void> {
  const bench = await CATALOG[name].load()
  await using scope = new Scope()
  for await (const figure of bench.run({ large, scope })) process.send?.(figure)
}

function runApart(
  name: BenchName,
  args: readonly string[],
  onFigure: (figure: Figure) => void,
): Promise<Outcome> {
  const at = isoTime(systemClock.nowMs())
  const load = os.loadavg()[0] ?? 0
  const figures: Figure[] = []
  const child = fork(import.meta.filename, args, {
    env: { ...process.env, [ONE]: name },
    execArgv: ['--expose-gc'],
    stdio: ['ignore', 'inherit', 'pipe', 'ipc'],
  })
  let lastWords = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-2_000)
  })
  child.on('message', message => {
    figures.push(message as Figure)
    onFigure(message as Figure)
  })
  return new Promise(resolve => {
    const end = (failure: string | null) => resolve({ at, load, figures, failure })
    child.on('error', error => end(error.message))
    child.on('close', (code, signal) => end(code === 0 ? null : `${signal ?? code}: ${lastWords.trim()}`))
  })
}

function earlierResults(): Record<string, Outcome> {
  try {
    return JSON.parse(readFileSync(RESULTS, 'utf8')).benches
  } catch {
    return {}
  }
}

const machine = () => ({
  cores: os.availableParallelism(),
  memoryGb: Math.round(os.totalmem() / 2 ** 30),
  platform: `${process.platform}-${process.arch}`,
  node: process.version,
  openssl: process.versions.openssl,
})

/** One line about the circumstances, since figures mean nothing without. */
function circumstances(outcomes: readonly Outcome[]): string {
  const { cores, memoryGb, platform, node, openssl } = machine()
  const loads = outcomes.map(({ load }) => load)
  const [least, most] = [Math.min(...loads), Math.max(...loads)].map(load => load.toFixed(1))
  const dates = outcomes.map(({ at }) => at.slice(0, 10)).toSorted()
  const when = dates[0] === dates.at(-1) ? dates[0] : `${dates[0]} to ${dates.at(-1)}`
  return `${when}, ${cores} cores, ${memoryGb} GB, ${platform}, Node ${node.slice(1)}, OpenSSL ${openssl}; load average ${least} to ${most} when each began.`
}

function print(outcomes: readonly Outcome[], isMarkdown: boolean): void {
  const figures = outcomes.flatMap(outcome => outcome.figures)
  if (outcomes.length === 0) throw new Error('there are no results yet')
  console.log(isMarkdown ? markdownTable(figures) : plainTable(figures))
  console.log(`\n${circumstances(outcomes)}`)
}

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      large: { type: 'boolean', default: false },
      markdown: { type: 'boolean', default: false },
      last: { type: 'boolean', default: false },
      list: { type: 'boolean', default: false },
    },
  })
  const one = process.env[ONE]
  if (one !== undefined) return runOne(one as BenchName, values.large)
  if (values.list) {
    for (const name of NAMES) console.log(`${name.padEnd(12)} ${CATALOG[name].about}`)
    return
  }
  const chosen = NAMES.filter(
    name => positionals.length === 0 || positionals.some(word => name.includes(word)),
  )
  if (chosen.length === 0) throw new Error(`no benchmark of that name; there are ${NAMES.join(', ')}`)
  const results = earlierResults()
  if (!values.last) {
    for (const name of chosen) {
      console.error(`${name}: ${CATALOG[name].about}`)
      const outcome = await runApart(name, values.large ? ['--large'] : [], figure =>
        console.error(`  ${cellsOf(figure).filter(Boolean).join('  ')}`),
      )
      if (outcome.failure !== null) {
        console.error(`  failed: ${outcome.failure}`)
        process.exitCode = 1
      }
      results[name] = outcome
      writeFileSync(
        RESULTS,
        `${JSON.stringify({ machine: machine(), benches: withRatios(results) }, null, 2)}\n`,
      )
    }
    console.error(`written to ${RESULTS}`)
  }
  print(
    chosen.flatMap(name => results[name] ?? []),
    values.markdown,
  )
}

const withRatios = (results: Record<string, Outcome>) =>
  Object.fromEntries(
    Object.entries(results).map(([name, outcome]) => [
      name,
      { ...outcome, figures: outcome.figures.map(f => ({ ...f, ratio: ratioOf(f), kept: isKept(f) })) },
    ]),
  )

await main()
