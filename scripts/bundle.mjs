// The bundles that ship: dist/cli and dist/daemon, split into chunks so that nothing is loaded that a command does not
// use, with the licences of what was bundled and the manifest from which oclif knows commands without loading them.

import * as fs from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from 'esbuild'

/** Packages that stay outside: native or wasm files beside them, found at run time through `dependencies`. */
const isExternal = name =>
  name === 'better-sqlite3' || name.startsWith('@automerge/') || name.startsWith('@cedar-policy/')

/** CommonJS inside an ES module needs these three. The names are long because minified ones would collide. */
const BANNER = [
  "import{createRequire as __vivimRequire}from'node:module'",
  "import{fileURLToPath as __vivimPath}from'node:url'",
  "import{dirname as __vivimFolder}from'node:path'",
  'const require=__vivimRequire(import.meta.url),__filename=__vivimPath(import.meta.url),__dirname=__vivimFolder(__filename)',
].join(';')

/** React's inspector, which ink asks for only under a debugging variable. */
const withoutDevtools = {
  name: 'without-devtools',
  setup(hooks) {
    hooks.onResolve({ filter: /^react-devtools-core$/ }, args => ({ path: args.path, namespace: 'absent' }))
    hooks.onLoad({ filter: /.*/, namespace: 'absent' }, () => ({ contents: 'export default undefined' }))
  },
}

/** Bundles one program. @returns esbuild's metafile. */
const bundleProgram = async (root, entry, folder, out) => {
  const outdir = join(root, 'dist', folder)
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: [{ in: entry, out }],
    outdir,
    bundle: true,
    splitting: true,
    minify: true,
    // Names are kept because error classes and commands are told by them.
    keepNames: true,
    platform: 'node',
    format: 'esm',
    target: 'node22',
    jsx: 'automatic',
    outExtension: { '.js': '.mjs' },
    chunkNames: 'chunk-[hash]',
    banner: { js: BANNER },
    define: { 'process.env.NODE_ENV': '"production"' },
    plugins: [
      withoutDevtools,
      {
        name: 'external-packages',
        setup(hooks) {
          hooks.onResolve({ filter: /^[^./]/ }, args =>
            isExternal(args.path) ? { path: args.path, external: true } : null,
          )
        },
      },
    ],
    legalComments: 'none',
    metafile: true,
    logLevel: 'warning',
  })
  const kept = new Set(Object.keys(metafile.outputs).map(path => join(root, path)))
  for (const file of fs.readdirSync(outdir)) {
    if (!kept.has(join(outdir, file))) fs.rmSync(join(outdir, file))
  }
  return metafile
}

/** The folder of the package that a bundled file belongs to, or null for a file of our own. */
const packageOf = path => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0] ?? null

/** The text of every licence and notice file in a package's folder. */
const licenceTexts = folder =>
  fs
    .readdirSync(folder)
    .filter(name => /^(licen[cs]e|notice|copying)/i.test(name) && fs.statSync(join(folder, name)).isFile())
    .sort()
    .map(name => fs.readFileSync(join(folder, name), 'utf8').trim())

/** Writes what the authors of the bundled packages ask to be kept with their code. */
const writeLicences = (root, metafiles) => {
  const inputs = metafiles.flatMap(metafile =>
    Object.values(metafile.outputs).flatMap(output =>
      Object.entries(output.inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? [path] : [])),
    ),
  )
  const folders = [...new Set(inputs.map(packageOf))].filter(folder => folder !== null)
  const sections = new Map()
  for (const folder of folders) {
    const manifest = JSON.parse(fs.readFileSync(join(root, folder, 'package.json'), 'utf8'))
    const texts = licenceTexts(join(root, folder))
    const author = typeof manifest.author === 'object' ? manifest.author?.name : manifest.author
    const said =
      texts.length > 0 ? texts : [`No licence file in the package.${author ? ` Author: ${author}.` : ''}`]
    const title = `${manifest.name} ${manifest.version} (${manifest.license ?? 'no licence named'})`
    sections.set(title, [title, '='.repeat(title.length), ...said].join('\n\n'))
  }
  const head = 'VIVIM is distributed with code of the packages below, each under its own licence.'
  const body = [...sections.keys()].sort().map(title => sections.get(title))
  fs.writeFileSync(join(root, 'dist', 'THIRD-PARTY-LICENSES.txt'), `${[head, ...body].join('\n\n\n')}\n`)
}

/** Writes oclif.manifest.json from the bundled commands, so that starting one loads no other. */
const writeManifest = async root => {
  const { Plugin } = await import('@oclif/core')
  // The module that oclif will import itself, filled before it looks.
  const { loadAllCommands } = await import(pathToFileURL(join(root, 'dist', 'cli', 'main.mjs')).href)
  await loadAllCommands()
  const plugin = new Plugin({
    root,
    ignoreManifest: true,
    errorOnManifestCreate: true,
    isRoot: true,
    name: 'vivim',
  })
  await plugin.load()
  fs.writeFileSync(join(root, 'oclif.manifest.json'), `${JSON.stringify(plugin.manifest, null, 2)}\n`)
}

/** Bundles both programs and what goes with them into `root`/dist. */
export const bundleAll = async root => {
  const metafiles = await Promise.all([
    bundleProgram(root, 'src/commands/main.ts', 'cli', 'main'),
    bundleProgram(root, 'src/daemon/main.ts', 'daemon', 'vivimd'),
  ])
  writeLicences(root, metafiles)
  await writeManifest(root)
}
