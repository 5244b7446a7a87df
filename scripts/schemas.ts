// Generates schemas/ from the contract: openrpc.json (every method) and errors.json (every code).
//   node scripts/schemas.ts [--check]
// With --check nothing is written; it fails when a file is not what the contract generates.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { openRpcDocument } from '../src/core/contract/openrpc.ts'
import { ERRORS } from '../src/core/kernel/errors.ts'

const folder = join(import.meta.dirname, '..', 'schemas')

const codes = Object.entries(ERRORS).map(([code, row]) => ({ code, ...row }))
const files: Record<string, unknown> = {
  'openrpc.json': openRpcDocument(),
  'errors.json': {
    title: 'Errors of VIVIM: code, RPC number, exit code, whether a retry may help',
    errors: codes,
  },
}

mkdirSync(folder, { recursive: true })
for (const [name, document] of Object.entries(files)) {
  const path = join(folder, name)
  const text = `${JSON.stringify(document, null, 2)}\n`
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (process.argv.includes('--check')) {
    console.error(`schemas/${name} is not what the contract generates: node scripts/schemas.ts`)
    process.exitCode = 1
  } else {
    writeFileSync(path, text)
    console.log(`wrote schemas/${name}`)
  }
}
