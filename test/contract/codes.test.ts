import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { errorFrame, errorFromFrame } from '../../src/core/contract/codes.ts'
import { ERRORS, type ErrorCode, VivimError } from '../../src/core/kernel/errors.ts'

const ROOT = join(import.meta.dirname, '..', '..', '..')

/** The exit codes that scripts may meet. */
const EXITS = [1, 2, 3, 4, 5, 6, 7, 69, 75, 130]

const sources = readdirSync(join(ROOT, 'src'), { recursive: true, withFileTypes: true })
  .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name) && entry.name !== 'errors.ts')
  .map(entry => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
  .join('\n')

t.test('every code has a number of its own, a known exit code and a hint', async t => {
  const numbers = Object.values(ERRORS).map(row => row.rpc)
  t.equal(new Set(numbers).size, numbers.length)
  for (const [code, row] of Object.entries(ERRORS)) {
    t.match(code, /^[a-z]+\/[a-z-]+$/)
    t.ok(EXITS.includes(row.exit), `${code} ends with ${row.exit}`)
    t.match(row.hint, /\S.*[.:…]$/, `${code} has a hint`)
  }
})

/** Made of the state in which a share ended. */
const FROM_STATES = ['share/expired', 'share/revoked', 'share/exhausted']

t.test('every code is thrown or answered somewhere', async t => {
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the text of a source file is looked for.
  t.ok(sources.includes('`share/${state}`'))
  for (const code of Object.keys(ERRORS))
    t.ok(FROM_STATES.includes(code) || sources.includes(`'${code}'`), code)
})

t.test('an error comes back from the socket as it was thrown, without its cause', async t => {
  for (const code of Object.keys(ERRORS) as ErrorCode[]) {
    const thrown = new VivimError(code, 'said so', { a: 1, b: 'x' }, { cause: new Error('canary') })
    const frame = JSON.parse(JSON.stringify(errorFrame(1, thrown)))
    t.notMatch(JSON.stringify(frame), /canary|stack/)
    t.match(errorFromFrame(frame.error), { code, message: 'said so', details: { a: 1, b: 'x' } })
  }
})

t.test('an error of unknown code or shape is a defect and not a crash', async t => {
  for (const odd of [
    null,
    5,
    {},
    { message: 7 },
    { data: { code: 'no/such' } },
    { data: { code: '__proto__' } },
  ])
    t.equal(errorFromFrame(odd).code, 'program/defect')
})
