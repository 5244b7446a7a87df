// The walls between rooms: the tree keeps them, and each of them would be noticed if it fell.

import { join } from 'node:path'
import t from 'tap'
import { breachesOf, breachesUnder } from '../../scripts/import-rules.ts'

/** The repository, seen from build/test/contract. */
const ROOT = join(import.meta.dirname, '..', '..', '..')

const what = (file: string, source: string): string[] => breachesOf(file, source).map(breach => breach.what)

t.test('no file of the tree breaks a rule', async t => {
  t.same(breachesUnder(ROOT), [])
})

t.test('a room imports what lies below it and nothing above or beside it', async t => {
  const allowed: [string, string][] = [
    ['src/core/model/did.ts', '../kernel/errors.ts'],
    ['src/core/pipeline/seal.ts', '../filter/preview.ts'],
    ['src/daemon/compose.ts', '../core/pipeline/machine.ts'],
    ['src/daemon/storage/user/writer.ts', '../../network/node.ts'],
    ['src/commands/status.ts', '../views/status.tsx'],
    ['src/views/status.tsx', '../core/model/did.ts'],
  ]
  for (const [file, specifier] of allowed) t.same(what(file, `import { a } from '${specifier}'`), [], file)
  const refused: [string, string][] = [
    ['src/core/kernel/bytes.ts', '../model/did.ts'],
    ['src/core/model/did.ts', '../contract/methods.ts'],
    ['src/core/filter/scan.ts', '../pipeline/machine.ts'],
    ['src/core/pipeline/seal.ts', '../../daemon/storage/master.ts'],
    ['src/commands/status.ts', '../daemon/config.ts'],
    ['src/commands/status.ts', '../core/pipeline/machine.ts'],
    ['src/views/status.tsx', '../core/client/client.ts'],
    ['src/views/status.tsx', '../../test/kit/world.ts'],
    ['src/elsewhere/a.ts', '../core/kernel/bytes.ts'],
  ]
  for (const [file, specifier] of refused) {
    t.equal(what(file, `import { a } from '${specifier}'`).length, 1, `import: ${file} ${specifier}`)
    t.equal(what(file, `import type { A } from '${specifier}'`).length, 1, `type: ${file} ${specifier}`)
    t.equal(what(file, `export * from '${specifier}'`).length, 1, `export: ${file} ${specifier}`)
    t.equal(what(file, `const a = await import('${specifier}')`).length, 1, `dynamic: ${file} ${specifier}`)
  }
})

t.test('each heavy package has one door', async t => {
  const doors: [string, string, string][] = [
    ['kysely', 'src/daemon/storage/master/schema.ts', 'src/daemon/methods/share.ts'],
    ['kysely/migration', 'src/daemon/storage/master/schema.ts', 'src/core/model/did.ts'],
    ['better-sqlite3', 'src/daemon/network/datastore.ts', 'src/daemon/rpc/server.ts'],
    ['pg', 'src/daemon/storage/master/postgres.ts', 'src/daemon/compose.ts'],
    ['libp2p', 'src/daemon/network/node.ts', 'src/daemon/compose.ts'],
    ['@libp2p/tcp', 'src/daemon/network/node.ts', 'src/core/pipeline/machine.ts'],
    ['@noble/hashes/sha3.js', 'src/core/crypto/kem.ts', 'src/core/identity/did.ts'],
    ['@automerge/automerge', 'src/daemon/network/sync.ts', 'src/daemon/network/node.ts'],
    ['ink', 'src/views/status.tsx', 'src/daemon/main.ts'],
    ['react', 'src/views/status.tsx', 'src/core/model/did.ts'],
    ['@oclif/core', 'src/commands/main.ts', 'src/views/status.tsx'],
  ]
  for (const [name, inside, outside] of doors) {
    t.same(what(inside, `import a from '${name}'`), [], `${name} in ${inside}`)
    t.equal(what(outside, `import a from '${name}'`).length, 1, `${name} in ${outside}`)
  }
})

t.test('core is handed its sockets, processes, environment and console', async t => {
  t.equal(what('src/core/pipeline/a.ts', "import net from 'node:net'").length, 1)
  t.equal(what('src/core/pipeline/a.ts', "import { spawn } from 'node:child_process'").length, 1)
  t.same(what('src/core/client/socket.ts', "import net from 'node:net'"), [])
  t.equal(what('src/core/pipeline/a.ts', 'console.log(1)').length, 1)
  t.equal(what('src/core/pipeline/a.ts', 'const a = process.argv').length, 1)
  t.equal(what('src/core/pipeline/a.ts', 'const a = process.env.HOME').length, 1)
  t.equal(what('src/daemon/rpc/a.ts', 'const a = process.env.HOME').length, 1)
  t.same(what('src/daemon/config.ts', 'const a = process.env.HOME'), [])
  t.equal(what('src/core/pipeline/a.ts', "import fs from 'fs'").length, 1, 'a builtin without its prefix')
})

t.test('time and chance have one source', async t => {
  for (const source of ['Date.now()', 'new Date()', 'randomBytes(8)', 'randomUUID()', 'Math.random()']) {
    t.equal(what('src/daemon/jobs/a.ts', `const a = ${source}`).length, 1, source)
  }
  t.same(what('src/core/kernel/env.ts', 'const a = [Date.now(), randomBytes(8)]'), [])
  t.same(what('src/daemon/jobs/a.ts', 'const a = new Date(nowMs)'), [])
})

t.test('a Did is not made by a cast', async t => {
  t.equal(what('src/daemon/a.ts', 'const a = b as Did').length, 1)
  t.equal(what('src/daemon/a.ts', 'const a = b as unknown as Did').length, 1)
  t.same(what('src/daemon/a.ts', 'const a = b as DidDocument'), [])
})

t.test('what is only spoken of breaks nothing, and a breach names its line', async t => {
  t.same(what('src/core/pipeline/a.ts', "// Date.now() is not asked\n/* import a from '../kernel/x' */"), [])
  t.same(what('src/core/pipeline/a.ts', "const a = 'process.env.HOME'"), [])
  t.match(breachesOf('src/core/pipeline/a.ts', '/* one\n two */\nconst a = Date.now()'), [{ line: 3 }])
})
