// Runs the tests: tap over what was built, one line a file, the whole report of a file that fails, and the counts last.
//   npm test                                   everything
//   npm test -- test/core/crypto               a folder or a file, named as in the source
//   npm test -- --no-disable-coverage          anything beginning with a dash goes to tap

import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname, join, relative, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))

/** Files wait for daemons more than they compute, but each may start three of them: never more than this at once. */
const MOST_JOBS = 4
const LEAST_JOBS = 2

/** The built files for a name as it stands in the source tree. */
const builtFiles = name => {
  const built = join(root, 'build', relative(root, resolve(name))).replace(/\.tsx?$/, '.js')
  if (!fs.existsSync(built)) throw new Error(`no built test for ${name}`)
  if (fs.statSync(built).isFile()) return [built]
  return fs
    .readdirSync(built, { recursive: true })
    .filter(file => file.endsWith('.test.js'))
    .map(file => join(built, file))
}

const tap = fs.realpathSync(join(root, 'node_modules', '.bin', 'tap'))
const names = process.argv.slice(2).filter(argument => !argument.startsWith('-'))
const flags = process.argv.slice(2).filter(argument => argument.startsWith('-'))
const jobs = Math.min(MOST_JOBS, Math.max(LEAST_JOBS, availableParallelism()))
const options = ['--reporter=tap', '--no-color', `--jobs=${jobs}`, ...flags]
const files = (names.length > 0 ? names : [join(root, 'test')]).flatMap(builtFiles).sort()
if (files.length === 0) {
  console.error('no tests found')
  process.exit(1)
}

const child = spawn(process.execPath, [tap, 'run', ...options, ...files], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
})
process.on('SIGINT', () => child.kill('SIGINT'))
process.on('SIGTERM', () => child.kill('SIGTERM'))

/** The report of the file that is being read, kept until it is known whether it passed. */
let report = []
let counts = null

/** Takes a finished subtest or an assertion that passed out of the report: only what failed is worth its lines. */
const forget = (indent, name) => {
  const heading = report.lastIndexOf(`${indent}# Subtest: ${name}`)
  if (heading >= 0) report.length = heading
}

for await (const line of createInterface({ input: child.stdout })) {
  const total = /^# \{ total: (\d+), (.*) \}$/.exec(line)
  const good = /^( +)ok \d+(?: - (.*?))?(?: # .*)?$/.exec(line)
  const ended = /^(not )?ok \d+ - build\/(.+?)\.js(?: # (?:time=([\d.]+)(ms|s|m))?.*)?$/.exec(line)
  if (total) {
    counts = Object.fromEntries(total[2].split(', ').map(pair => pair.split(': ')))
  } else if (good) {
    forget(good[1], good[2] ?? '')
  } else if (ended) {
    const [, failed, file, time, unit] = ended
    const took =
      time === undefined
        ? ''
        : ` (${unit === 'ms' ? (time / 1000).toFixed(1) : time} ${unit === 'm' ? 'm' : 's'})`
    if (failed) console.log(report.join('\n'))
    console.log(`${failed ? 'FAILED' : 'passed'} ${file}${took}`)
    report = []
  } else if (
    !/^(TAP version|1\.\.\d+$|# time=|# No coverage)/.test(line) &&
    !(report.length === 0 && line === '')
  ) {
    report.push(line)
  }
}

const status = child.exitCode ?? (await new Promise(done => child.on('close', done)))
// After the last file come its diagnostics, or the table of a coverage run.
if (report.length > 0) console.log(report.join('\n'))
if (counts === null) {
  console.log('tap ended without totals')
  process.exitCode = 1
} else {
  const { pass = '0', fail = '0', skip, todo } = counts
  const others = [skip && `${skip} skipped`, todo && `${todo} to do`].filter(Boolean)
  console.log([`${pass} passed`, `${fail} failed`, ...others].join(', '))
  process.exitCode = status ?? 1
}
