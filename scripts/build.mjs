// Builds the project: type-checks and emits build/ (what tests run), bundles dist/ (what ships), writes oclif's manifest.
//   node scripts/build.mjs [--if-changed] [--bundles | --types]
// Run it through `npm run build`, which brings the right Node and the packages.

import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import * as fs from 'node:fs'
import { dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { bundleAll } from './bundle.mjs'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const flags = new Set(process.argv.slice(2))

const parts = {
  types: {
    from: ['src', 'test', 'bench', 'scripts', 'tsconfig.json', 'package-lock.json'],
    output: 'build',
    build: () => compile(),
  },
  bundles: {
    from: ['src', 'scripts', 'package.json', 'package-lock.json'],
    output: 'dist',
    build: () => bundleAll(root),
  },
}

/** Every file under the given names, sorted. */
const filesUnder = names =>
  names
    .map(name => join(root, name))
    .filter(path => fs.existsSync(path))
    .flatMap(path =>
      fs.statSync(path).isDirectory()
        ? fs
            .readdirSync(path, { recursive: true, withFileTypes: true })
            .filter(entry => entry.isFile())
            .map(entry => join(entry.parentPath, entry.name))
        : [path],
    )
    .sort()

/** A hash of names, sizes and times: what a build was made from. */
const fingerprint = names => {
  const hash = createHash('sha256').update(process.version)
  for (const file of filesUnder(names)) {
    const { size, mtimeMs } = fs.statSync(file)
    hash.update(`${relative(root, file)}\0${size}\0${mtimeMs}\n`)
  }
  return hash.digest('hex')
}

/** Removes what was emitted for a source that is gone: a deleted test would otherwise go on running. */
const removeOrphans = () => {
  for (const file of filesUnder(['build'])) {
    const source = join(root, relative(join(root, 'build'), file).replace(/\.jsx?(\.map)?$/, ''))
    const isEmitted = /\.js(\.map)?$/.test(file)
    if (isEmitted && !fs.existsSync(`${source}.ts`) && !fs.existsSync(`${source}.tsx`)) fs.unlinkSync(file)
  }
}

const compile = async () => {
  const tsc = join(root, 'node_modules', '.bin', 'tsc')
  const code = await new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [fs.realpathSync(tsc), '-p', root, '--pretty', String(process.stderr.isTTY === true)],
      {
        cwd: root,
        stdio: ['ignore', 2, 2],
      },
    )
    child.on('error', reject)
    child.on('close', resolve)
  })
  removeOrphans()
  if (code !== 0) throw new Error('the types do not check; see above')
}

const buildPart = async name => {
  const { from, output, build } = parts[name]
  const stamp = join(root, 'node_modules', '.vivim', `${name}.stamp`)
  const made = fingerprint(from)
  const isFresh =
    fs.existsSync(stamp) && fs.readFileSync(stamp, 'utf8') === made && fs.existsSync(join(root, output))
  if (flags.has('--if-changed') && isFresh) return
  fs.rmSync(stamp, { force: true })
  const began = Date.now()
  await build()
  fs.mkdirSync(dirname(stamp), { recursive: true })
  fs.writeFileSync(stamp, made)
  console.error(`built ${output}/ (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}

const wanted = Object.keys(parts).filter(name => flags.has(`--${name}`))
const results = await Promise.allSettled((wanted.length > 0 ? wanted : Object.keys(parts)).map(buildPart))
for (const result of results) {
  if (result.status === 'fulfilled') continue
  console.error(`build: ${result.reason instanceof Error ? result.reason.message : result.reason}`)
  process.exitCode = 1
}
