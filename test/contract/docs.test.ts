// What the documents say of the program is held against the program: fields, variables, events, codes, commands, packages, paths.

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t from 'tap'
import type { z } from 'zod'
import { withAccessTable } from '../../scripts/access-table.ts'
import { withErrorTable } from '../../scripts/error-table.ts'
import { COMMANDS, loadAllCommands } from '../../src/commands/catalog.ts'
import { methods } from '../../src/core/contract/methods.ts'
import { LABELS } from '../../src/core/crypto/labels.ts'
import { ConfigFile, parseConfig } from '../../src/daemon/config.ts'

/** The repository, seen from build/test/contract. */
const ROOT = join(import.meta.dirname, '..', '..', '..')
const read = (...path: string[]) => readFileSync(join(ROOT, ...path), 'utf8')

const filesUnder = (folder: string, ending: RegExp): string[] =>
  readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && ending.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))

const PAGES = [
  'README.md',
  'CHANGELOG.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(ROOT, 'docs')).flatMap(name => (name.endsWith('.md') ? [join('docs', name)] : [])),
  ...readdirSync(join(ROOT, 'docs', 'adr')).map(name => join('docs', 'adr', name)),
]
const sources = filesUnder('src', /\.tsx?$/).map(file => readFileSync(file, 'utf8'))
const operating = read('docs', 'operating.md')

/** The first cells of a table's rows that are code, under a heading row that begins with `title`. */
function rowsOf(document: string, title: string): string[][] {
  const lines = document.split('\n')
  const from = lines.findIndex(line => line.startsWith(`| ${title} |`))
  const rows = lines.slice(from + 2)
  const end = rows.findIndex(line => !line.startsWith('|'))
  return rows.slice(0, end).map(line =>
    line
      .slice(2, -2)
      .split(' | ')
      .map(cell => cell.trim()),
  )
}
const codesIn = (cell = ''): string[] => [...cell.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code)

/** `master.url` and its like, from the schema of config.toml. */
function fieldsOf(schema: z.ZodType, path: string[] = []): string[] {
  const { def } = schema as unknown as { def: { type: string; innerType?: z.ZodType; shape?: object } }
  if (def.innerType) return fieldsOf(def.innerType, path)
  if (!def.shape) return [path.join('.')]
  return Object.entries(def.shape).flatMap(([name, inner]) => fieldsOf(inner as z.ZodType, [...path, name]))
}

t.test('every field of config.toml is described, with its default, and no other', async t => {
  const rows = rowsOf(operating, 'field')
  t.strictSame(rows.flatMap(([field]) => codesIn(field)).sort(), fieldsOf(ConfigFile).sort())
  const defaults = parseConfig('name = "alice"') as unknown as Record<string, unknown>
  for (const [field = '', told] of rows) {
    const value = (codesIn(field)[0] ?? '')
      .split('.')
      .reduce<unknown>((table, name) => (table as Record<string, unknown> | undefined)?.[name], defaults)
    if (field === '`name`' || value === undefined) t.match(told, /^none/, `${field} has no default`)
    else t.equal(codesIn(told)[0], JSON.stringify(value), `the default of ${field}`)
  }
})

t.test('the example of config.toml is one', async t => {
  for (const [, text = ''] of operating.matchAll(/^```toml\n(.*?)^```$/gms)) t.ok(parseConfig(text))
})

t.test('every variable that the program reads is described, and no other', async t => {
  const said = new Set(rowsOf(operating, 'variable').flatMap(([names]) => codesIn(names)))
  const known = [...sources, read('bin', 'launch.js')].join('\n')
  const ours = new Set(known.match(/\b(VIVIM|XDG)_[A-Z]+(_[A-Z]+)*\b/g))
  for (const name of ours) t.ok(said.has(name), `${name} is described`)
  for (const name of said) t.ok(known.includes(name), `${name} is read somewhere`)
})

t.test('the table of error codes is the one of the program', async t => {
  t.equal(withErrorTable(operating), operating, 'node scripts/schemas.ts writes it')
})

t.test(
  'the table of who may call what is the one of the contract, and every method stands in it once',
  async t => {
    t.equal(withAccessTable(operating), operating, 'node scripts/schemas.ts writes it')
    const listed = rowsOf(operating, 'access').flatMap(([, , names]) => codesIn(names))
    t.strictSame([...listed].sort(), Object.keys(methods).sort())
  },
)

t.test('every event of the log is described, and no other', async t => {
  const said = new Set(rowsOf(operating, 'event').flatMap(([names]) => codesIn(names)))
  const daemon = sources.join('\n')
  const logged = new Set(
    [...daemon.matchAll(/\b(?:log|say)\(\s*'([a-z]+\.[a-z-]+)'/g)].map(([, event = '']) => event),
  )
  for (const event of logged) t.ok(said.has(event), `${event} stands in docs/operating.md, section 15`)
  for (const event of said) {
    const [noun, verb] = event.split('.')
    const isMade = logged.has(event) || (/^(share|inbox)$/.test(noun ?? '') && daemon.includes(`'${verb}'`))
    t.ok(isMade, `${event} is logged somewhere`)
  }
})

t.test('every command is in the changelog, and every command that a page shows exists', async t => {
  await loadAllCommands()
  const ids = Object.keys(COMMANDS)
  const said = read('CHANGELOG.md')
  for (const id of ids) for (const word of id.split(':')) t.match(said, new RegExp(`\\b${word}\\b`), id)
  for (const page of PAGES.filter(name => name !== join('docs', 'roadmap.md')))
    for (const [shown, ...words] of read(page).matchAll(
      /(?<=`|\$ )vivim ([a-z]+)(?: ([a-z]+(?:-[a-z]+)*))?(?: ([a-z]+(?:-[a-z]+)*))?/g,
    ))
      t.ok(
        words.some((_, at) => ids.includes(words.slice(0, at + 1).join(':'))),
        `${page}: ${shown}`,
      )
})

t.test('every method that a page names is one', async t => {
  const nouns = new Set(Object.keys(methods).map(name => name.split('.')[0]))
  for (const page of PAGES)
    for (const [, name = ''] of read(page).matchAll(/`(?:vivim rpc )?([a-z]+\.[a-zA-Z]+)`/g)) {
      const isEvent = operating.includes(`\`${name}\``) && page.endsWith('operating.md')
      if (nouns.has(name.split('.')[0] ?? '') && !isEvent && !/\.(ts|md|db|key)$/.test(name))
        t.ok(Object.hasOwn(methods, name), `${page}: ${name}`)
    }
})

t.test('every label that crosses between nodes is in the protocol', async t => {
  const said = read('docs', 'protocol.md')
  /** Never leave the node that made them. */
  const own = ['intent', 'storageKey']
  for (const [name, label] of Object.entries(LABELS))
    if (!own.includes(name)) t.ok(said.includes(label), label)
})

t.test('every package is on the page of dependencies with its version, and no other', async t => {
  const { dependencies, devDependencies } = JSON.parse(read('package.json'))
  const listed = (section: string): Record<string, string> => {
    const part =
      read('docs', 'dependencies.md')
        .split(/^## /m)
        .find(text => text.startsWith(section)) ?? ''
    return Object.fromEntries(
      rowsOf(part, 'package').map(([name, version = '']) => [codesIn(name)[0] ?? '', version]),
    )
  }
  t.strictSame(listed('Installed'), dependencies)
  t.strictSame({ ...listed('Bundled'), ...listed('For building') }, devDependencies)
  for (const name of Object.keys(listed('Bundled')))
    t.ok(
      sources.some(text => text.includes(`'${name}`)),
      `${name} is imported by the program`,
    )
})

t.test(
  'what the bundled packages bring along is on the page, name by name, and the counts are right',
  async t => {
    const page = read('docs', 'dependencies.md')
    const partOf = (section: string): string =>
      page.split(/^## /m).find(text => text.startsWith(section)) ?? ''
    const { dependencies, devDependencies } = JSON.parse(read('package.json'))
    const direct = new Set([...Object.keys(dependencies), ...Object.keys(devDependencies)])
    const shipped = [...read('dist', 'THIRD-PARTY-LICENSES.txt').matchAll(/^(\S+) \d\S* \(.+\)\n\n=+$/gm)]
    const brought = [...new Set(shipped.map(([, name = '']) => name))].filter(name => !direct.has(name))
    const rows = [...partOf('What the bundled').matchAll(/^\| by .+? \| (\d+) \| (.+?) \|/gm)]
    t.same(rows.flatMap(([, , names = '']) => codesIn(names)).sort(), brought.sort())
    for (const [, number, names = ''] of rows) t.equal(Number(number), codesIn(names).length)

    const locked = Object.keys(JSON.parse(read('package-lock.json')).packages).filter(Boolean)
    const names = new Set(locked.map(path => path.split('node_modules/').at(-1)))
    const bundled = rowsOf(partOf('Bundled'), 'package').length
    t.same(
      [...partOf('Counted').matchAll(/^\| .+ \| (\d+)(?: names, (\d+) entries)? \|$/gm)].flatMap(
        ([, ...numbers]) => numbers.filter(Boolean).map(Number),
      ),
      [direct.size, Object.keys(dependencies).length, bundled, brought.length, names.size, locked.length],
    )
  },
)

t.test('every licence on the page of dependencies is what the package says', async t => {
  const rows = read('docs', 'dependencies.md').matchAll(/^\| `([^`]+)` \| [\d.a-z-]+ \| ([^|]+) \|/gm)
  for (const [, name = '', licence] of rows)
    t.equal(licence, JSON.parse(read('node_modules', name, 'package.json')).license, name)
})

t.test('files and folders that a page names are there', async t => {
  for (const page of PAGES) {
    const text = read(page)
    for (const [, path = ''] of text.matchAll(
      /`((?:src|test|docs|bench|scripts|schemas|examples|toolchain|bin)\/[\w./-]*)`/g,
    ))
      t.ok(existsSync(join(ROOT, path)), `${page}: ${path}`)
    for (const [, link = ''] of text.matchAll(/\]\(([^)#]+)[^)]*\)/g))
      if (!/^[a-z]+:/.test(link)) t.ok(existsSync(join(ROOT, dirname(page), link)), `${page}: ${link}`)
    for (const [, number = ''] of text.matchAll(/\bADR (\d{4})\b/g))
      t.ok(
        PAGES.some(name => name.startsWith(join('docs', 'adr', number))),
        `${page}: ADR ${number}`,
      )
  }
})

t.test('every room of the tree is on the page of architecture', async t => {
  const said = read('docs', 'architecture.md')
  for (const folder of ['src', 'src/core', 'src/daemon'])
    for (const entry of readdirSync(join(ROOT, folder), { withFileTypes: true }))
      if (entry.isDirectory()) t.ok(said.includes(`\`${folder}/${entry.name}`), `${folder}/${entry.name}`)
})

t.test('decisions are numbered without holes, each with its four parts, on one page', async t => {
  const names = readdirSync(join(ROOT, 'docs', 'adr')).sort()
  for (const [at, name] of names.entries()) {
    t.ok(name.startsWith(`${String(at + 1).padStart(4, '0')}-`), name)
    const text = read('docs', 'adr', name)
    t.match(text, new RegExp(`^# ${name.slice(0, 4)} `), `${name}: its title has its number`)
    for (const part of ['Context.', 'Decision.', 'Consequences.', 'What would change our mind.'])
      t.ok(text.includes(`**${part}**`), `${name}: ${part}`)
    t.ok(text.length < 5_000, `${name}: one page`)
  }
})

t.test('no page names a machine, a registry or how the work was divided', async t => {
  for (const page of PAGES)
    t.notMatch(read(page), /\/work\/|\/tmp\/|\/home\/|registry\.|\bTODO\b|\bFIXME\b/, page)
})
