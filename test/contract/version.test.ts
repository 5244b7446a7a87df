// One version: what the programs say is what the package is called.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { VERSION } from '../../src/core/kernel/version.ts'

/** The repository, seen from build/test/contract. */
const ROOT = join(import.meta.dirname, '..', '..', '..')
const readJson = (...path: string[]) => JSON.parse(readFileSync(join(ROOT, ...path), 'utf8'))

t.test('the programs, the package and its lock name one version', async t => {
  t.equal(VERSION, readJson('package.json').version)
  t.equal(VERSION, readJson('package-lock.json').version)
})

t.test('the launchers, the package and the runner of its tasks ask for one Node', async t => {
  const { node } = readJson('package.json').engines
  for (const file of [
    ['bin', 'launch.js'],
    ['scripts', 'with-node.mjs'],
  ]) {
    const oldest = /OLDEST_MAJOR = (\d+)/.exec(readFileSync(join(ROOT, ...file), 'utf8'))?.[1]
    t.equal(node, `>=${oldest}`, file.join('/'))
  }
})
