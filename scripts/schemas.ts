// Generates from the contract: schemas/openrpc.json (every method), schemas/errors.json (every code), schemas/conversation.json
// (an exported conversation), and the tables of codes and of access in
// docs/operating.md.
//   node scripts/schemas.ts [--check]
// With --check nothing is written; it fails when a file is not what the contract generates.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import { openRpcDocument } from '../src/core/contract/openrpc.ts'
import { ERRORS } from '../src/core/kernel/errors.ts'
import { ConversationDocument } from '../src/core/model/conversation-document.ts'
import { withAccessTable } from './access-table.ts'
import { withErrorTable } from './error-table.ts'

const root = join(import.meta.dirname, '..')
const operating = join('docs', 'operating.md')

const codes = Object.entries(ERRORS).map(([code, row]) => ({ code, ...row }))
const json = (document: unknown): string => `${JSON.stringify(document, null, 2)}\n`
const files: Record<string, string> = {
  [join('schemas', 'openrpc.json')]: json(openRpcDocument()),
  [join('schemas', 'errors.json')]: json({
    title: 'Errors of VIVIM: code, RPC number, exit code, whether a retry may help',
    errors: codes,
  }),
  [join('schemas', 'conversation.json')]: json(z.toJSONSchema(ConversationDocument)),
  [operating]: withAccessTable(withErrorTable(readFileSync(join(root, operating), 'utf8'))),
}

mkdirSync(join(root, 'schemas'), { recursive: true })
for (const [name, text] of Object.entries(files)) {
  const path = join(root, name)
  if (existsSync(path) && readFileSync(path, 'utf8') === text) continue
  if (process.argv.includes('--check')) {
    console.error(`${name} is not what the contract generates: node scripts/schemas.ts`)
    process.exitCode = 1
  } else {
    writeFileSync(path, text)
    console.log(`wrote ${name}`)
  }
}
