import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import type { Method } from '../../src/core/contract/method.ts'
import { methods } from '../../src/core/contract/methods.ts'
import { openRpcDocument } from '../../src/core/contract/openrpc.ts'
import { ERRORS } from '../../src/core/kernel/errors.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')
const read = (name: string) => JSON.parse(readFileSync(join(ROOT, 'schemas', name), 'utf8'))

t.test('schemas/openrpc.json is what the contract generates', async t => {
  t.strictSame(read('openrpc.json'), JSON.parse(JSON.stringify(openRpcDocument())))
})

t.test('schemas/errors.json is the table of codes', async t => {
  const codes = Object.entries(ERRORS).map(([code, row]) => ({ code, ...row }))
  t.strictSame(read('errors.json').errors, codes)
})

t.test('every reference of the OpenRPC document leads somewhere', async t => {
  const document = openRpcDocument() as { components: { schemas: object } }
  const references = JSON.stringify(document).match(/"\$ref":"([^"]+)"/g) ?? []
  t.ok(references.length > 0)
  for (const reference of new Set(references)) {
    const name = /#\/components\/schemas\/([^"]+)"/.exec(reference)?.[1]
    t.ok(name !== undefined && Object.hasOwn(document.components.schemas, name), reference)
  }
})

t.test('methods are named noun.verb, say what they do, and take objects', async t => {
  for (const [name, method] of Object.entries(methods as Record<string, Method>)) {
    t.match(name, /^[a-z]+\.[a-zA-Z]+$/)
    t.match(method.summary, /^[A-Z].*\.$/, `${name} has a sentence as summary`)
    t.equal(method.params._zod.def.type, 'object', `${name} takes an object`)
  }
})
