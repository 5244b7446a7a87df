// What `npm run check` asks: types, lint and format, import rules, comparisons of secrets, and whether schemas/ is what the contract generates.
// Everything is asked, also after a failure; what fails shows its whole output.

import { spawn } from 'node:child_process'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const tool = name => join(root, 'node_modules', '.bin', name)

const CHECKS = [
  { title: 'types', command: [tool('tsc'), '--noEmit', '-p', root] },
  { title: 'lint and format', command: [tool('biome'), 'check', '--error-on-warnings', root] },
  { title: 'import rules', command: [process.execPath, 'scripts/import-rules.ts'] },
  { title: 'comparisons of secrets', command: [process.execPath, 'scripts/secret-rules.ts'] },
  { title: 'schemas', command: [process.execPath, 'scripts/schemas.ts', '--check'] },
]

/** Runs one check. @returns its exit code and all it printed. */
const run = ([command, ...args]) =>
  new Promise(resolve => {
    const output = []
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] })
    child.stdout.on('data', data => output.push(data))
    child.stderr.on('data', data => output.push(data))
    child.on('error', error => resolve({ code: 1, text: error.message }))
    child.on('close', code => resolve({ code: code ?? 1, text: Buffer.concat(output).toString() }))
  })

let failed = 0
for (const { title, command } of CHECKS) {
  const began = Date.now()
  const { code, text } = await run(command)
  if (code !== 0) {
    failed += 1
    console.log(text.trimEnd())
  }
  console.log(`${title}: ${code === 0 ? 'good' : 'FAILED'} (${((Date.now() - began) / 1000).toFixed(1)} s)`)
}
process.exitCode = failed === 0 ? 0 : 1
