// The walls between the rooms of src/: who may import whom, the one door of each heavy package, and the few words that
// may stand in one place only. `npm run check` runs it over the tree; test/contract/import-rules.test.ts tries each rule.
//   node scripts/import-rules.ts [ROOT]

import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { builtinModules } from 'node:module'
import { dirname, join, posix, relative } from 'node:path'

/** One broken rule: a path relative to the root, a line from 1, and what is wrong in words. */
export type Breach = { file: string; line: number; what: string }

/** The room a source file lives in: `core/<room>`, `daemon`, `commands` or `views`. */
const roomOf = (file: string): string => {
  const [top = '', second = ''] = file.split('/').slice(1)
  return top === 'core' ? `core/${second}` : top
}

/** Rooms in layers: each sees itself, the rooms (or single files) named here, and nothing else of src/. */
const SEES: Readonly<Record<string, readonly string[] | 'core'>> = {
  'core/kernel': [],
  'core/model': ['core/kernel'],
  'core/contract': ['core/kernel', 'core/model'],
  'core/client': ['core/kernel', 'core/model', 'core/contract'],
  'core/crypto': ['core/kernel', 'core/model', 'core/contract'],
  'core/identity': ['core/kernel', 'core/model', 'core/contract', 'core/crypto'],
  'core/conversation': ['core/kernel', 'core/model', 'core/contract', 'core/crypto'],
  'core/filter': [
    'core/kernel',
    'core/model',
    'core/contract',
    'core/crypto',
    'core/conversation',
    // What preview shows and what is sealed are the same bytes: the format is written once, beside the sealing.
    'core/pipeline/plaintext.ts',
  ],
  'core/policy': ['core/kernel', 'core/model', 'core/contract', 'core/crypto', 'core/identity'],
  'core/circle': [
    'core/kernel',
    'core/model',
    'core/contract',
    'core/crypto',
    'core/identity',
    // An invite is a capability.
    'core/capability',
  ],
  'core/capability': ['core/kernel', 'core/model', 'core/contract', 'core/crypto', 'core/identity'],
  'core/audit': ['core/kernel', 'core/model', 'core/contract', 'core/crypto', 'core/identity'],
  'core/analytics': ['core/kernel', 'core/model', 'core/contract', 'core/crypto'],
  'core/pipeline': [
    'core/kernel',
    'core/model',
    'core/contract',
    'core/crypto',
    'core/identity',
    'core/conversation',
    'core/filter',
    'core/policy',
    'core/circle',
    'core/capability',
  ],
  daemon: 'core',
  // A token is used, narrowed and shown where no daemon runs.
  commands: ['core/kernel', 'core/model', 'core/contract', 'core/client', 'core/capability', 'views'],
  views: ['core/kernel', 'core/model'],
}

/** A package, or a family ending in `/`, and the folders or files (as prefixes) that alone may import it. */
type Door = { packages: readonly string[]; from: readonly string[] }

const DOORS: readonly Door[] = [
  { packages: ['kysely', 'pg'], from: ['src/daemon/storage/'] },
  // The peer store and the routing table live in network.sqlite, which is the network's own file.
  { packages: ['better-sqlite3'], from: ['src/daemon/storage/', 'src/daemon/network/'] },
  {
    packages: [
      'libp2p',
      '@libp2p/',
      '@chainsafe/',
      '@multiformats/multiaddr',
      'datastore-core',
      'interface-datastore',
    ],
    from: ['src/daemon/network/'],
  },
  { packages: ['@noble/', '@hpke/'], from: ['src/core/crypto/'] },
  {
    packages: ['@automerge/'],
    from: ['src/daemon/network/sync', 'src/daemon/network/circle-document', 'src/core/circle/'],
  },
  { packages: ['@cedar-policy/'], from: ['src/core/policy/'] },
  { packages: ['@secretlint/'], from: ['src/core/filter/'] },
  { packages: ['htmlparser2'], from: ['src/core/conversation/'] },
  { packages: ['ink', 'react'], from: ['src/views/', 'src/commands/'] },
  { packages: ['@oclif/core'], from: ['src/commands/'] },
  { packages: ['pino'], from: ['src/daemon/'] },
]

/** Builtins that open what core must be handed: sockets, processes, threads. */
const CLOSED_TO_CORE = [
  'net',
  'http',
  'https',
  'http2',
  'dgram',
  'tls',
  'child_process',
  'cluster',
  'worker_threads',
  'repl',
]

/** The typed client is the one room of core that holds a socket, since it is the other end of the daemon's. */
const CORE_WITH_SOCKET = 'src/core/client/'

/** Words and the places (prefixes) where they may stand. */
type Word = { pattern: RegExp; name: string; within: readonly string[]; from: readonly string[] }

const ENVIRONMENT = 'src/core/kernel/env.ts'

const WORDS: readonly Word[] = [
  { name: 'Date.now', pattern: /\bDate\.now\b/, within: ['src/'], from: [ENVIRONMENT] },
  { name: 'new Date()', pattern: /\bnew Date\(\s*\)/, within: ['src/'], from: [ENVIRONMENT] },
  { name: 'randomBytes', pattern: /\brandomBytes\b/, within: ['src/'], from: [ENVIRONMENT] },
  { name: 'randomUUID', pattern: /\brandomUUID\b/, within: ['src/'], from: [ENVIRONMENT] },
  { name: 'getRandomValues', pattern: /\bgetRandomValues\b/, within: ['src/'], from: [ENVIRONMENT] },
  { name: 'Math.random', pattern: /\bMath\.random\b/, within: ['src/'], from: [] },
  {
    name: 'process.env',
    pattern: /\bprocess\.env\b/,
    within: ['src/'],
    from: ['src/daemon/config.ts', 'src/commands/'],
  },
  { name: 'process', pattern: /\bprocess\.(?!env\b)\w+/, within: ['src/core/'], from: [] },
  {
    name: 'console',
    pattern: /\bconsole\.\w+\(/,
    within: ['src/core/', 'src/daemon/', 'src/views/'],
    from: [],
  },
  { name: 'a cast to Did', pattern: /\bas (?:unknown as )?Did\b(?!\w)/, within: ['src/'], from: [] },
]

const isUnder = (file: string, prefixes: readonly string[]): boolean =>
  prefixes.some(prefix => file.startsWith(prefix))

const isOf = (specifier: string, names: readonly string[]): boolean =>
  names.some(name =>
    name.endsWith('/') ? specifier.startsWith(name) : specifier === name || specifier.startsWith(`${name}/`),
  )

/** Blanks comments and, where asked, the insides of strings, keeping every line where it is. */
export const blank = (source: string, withStrings: boolean): string =>
  source.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"/g, match =>
    match.startsWith('/') || withStrings ? match.replace(/[^\n]/g, ' ') : match,
  )

/** `import … from 'x'`, `export … from 'x'`, `import 'x'` and `import('x')`. */
const IMPORT = /(?:\bfrom\s*|\bimport\s*\(?\s*)(['"])([^'"\n]+)\1/g

const breachOfImport = (file: string, specifier: string): string | null => {
  const room = roomOf(file)
  if (specifier.startsWith('.')) {
    if (!/\.(tsx?|json)$/.test(specifier)) return `${specifier} is imported without its extension`
    const target = posix.join(posix.dirname(file), specifier)
    if (!target.startsWith('src/')) return `${specifier} leads out of src/`
    const other = roomOf(target)
    const seen = SEES[room]
    if (seen === undefined) return `${room} is a room that scripts/import-rules.ts does not know`
    const isNamed = seen !== 'core' && (seen.includes(other) || seen.includes(target.slice('src/'.length)))
    const isSeen = other === room || isNamed || (seen === 'core' && other.startsWith('core/'))
    return isSeen ? null : `${room} may not import ${other}`
  }
  const name = specifier.replace(/^node:/, '')
  if (builtinModules.includes(name)) {
    if (!specifier.startsWith('node:')) return `${specifier} is imported without node:`
    const isClosed =
      room.startsWith('core/') && isOf(name, CLOSED_TO_CORE) && !isUnder(file, [CORE_WITH_SOCKET])
    return isClosed ? `core may not import ${specifier}` : null
  }
  const door = DOORS.find(({ packages }) => isOf(specifier, packages))
  if (door !== undefined && !isUnder(file, door.from))
    return `${specifier} is imported outside ${door.from.join(', ')}`
  return null
}

/**
 * Every breach in one source file.
 * @param file - its path relative to the root, with slashes: it decides the room
 * @param source - its text
 */
export const breachesOf = (file: string, source: string): Breach[] => {
  const breaches: Breach[] = []
  const lineAt = (index: number): number => source.slice(0, index).split('\n').length
  for (const match of blank(source, false).matchAll(IMPORT)) {
    const what = breachOfImport(file, match[2] ?? '')
    if (what !== null) breaches.push({ file, line: lineAt(match.index), what })
  }
  for (const { name, pattern, within, from } of WORDS) {
    if (!isUnder(file, within) || isUnder(file, from)) continue
    const where = from.length > 0 ? `outside ${from.join(', ')}` : `in ${within.join(', ')}`
    for (const match of blank(source, true).matchAll(new RegExp(pattern, 'g')))
      breaches.push({ file, line: lineAt(match.index), what: `${name} stands ${where}` })
  }
  return breaches
}

/** Every breach that `judge` finds in the tree under `root`/src. */
export const breachesUnder = (root: string, judge = breachesOf): Breach[] => {
  const src = join(root, 'src')
  if (!existsSync(src)) return []
  return readdirSync(src, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map(entry => join(entry.parentPath, entry.name))
    .sort()
    .flatMap(path => judge(relative(root, path).replaceAll('\\', '/'), readFileSync(path, 'utf8')))
}

if (import.meta.main) {
  const breaches = breachesUnder(process.argv[2] ?? dirname(import.meta.dirname))
  for (const { file, line, what } of breaches) console.log(`${file}:${line} ${what}`)
  process.exitCode = breaches.length === 0 ? 0 : 1
}
