// Packs the package, installs it globally into an empty prefix, and runs both programs there on every Node that
// `engines` promises, and the vectors of cryptography, whose answers differ between versions of Node where nobody sees to it.
// It fetches packages, so it is a task of its own: npm run test:package

import { spawn } from 'node:child_process'
import * as fs from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const { version } = JSON.parse(fs.readFileSync(join(root, 'package.json'), 'utf8'))

/** The oldest line that `engines` allows, in its newest release known; the project's own Node is the other. */
const OLDEST = '22.23.3'

/** A program that has not answered by then hangs. */
const ANSWER_MS = 60_000
/** What must have one answer on every Node: signatures at their edges, X-Wing, HPKE, sealed and signed objects, passphrase files. */
const VECTORS = ['ed25519', 'xwing', 'hpke', 'vivim-v1', 'signed', 'sealed', 'password', 'hash']

/** An install over a slow line. */
const INSTALL_MS = 10 * 60_000

const work = fs.mkdtempSync(join(tmpdir(), 'vivim-package-'))
let running = null

/** Runs a command to its end. @returns exit code and output; code null when the time ran out or a signal ended it. */
const run = (command, args, { env = process.env, cwd = work, ms = ANSWER_MS } = {}) =>
  new Promise(resolve => {
    const child = spawn(command, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'], timeout: ms })
    running = child
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', data => {
      stdout += data
    })
    child.stderr.on('data', data => {
      stderr += data
    })
    child.on('error', error => resolve({ code: null, stdout, stderr: `${stderr}${error.message}` }))
    child.on('close', code => resolve({ code, stdout, stderr }))
  })

/** npm as this process was started by it, so that no other one is needed in PATH. */
const npm = (args, options) => {
  const script = process.env.npm_execpath
  const isScript = script?.endsWith('.js') && fs.existsSync(script)
  return isScript ? run(process.execPath, [script, ...args], options) : run('npm', args, options)
}

const must = (title, { code, stdout, stderr }) => {
  if (code === 0) return stdout
  throw new Error(`${title}: exit ${code}\n${stdout}${stderr}`)
}

let passed = 0
let failed = 0
const expect = (title, isGood, shown) => {
  if (isGood) passed += 1
  else failed += 1
  console.log(`${isGood ? 'passed' : 'FAILED'} ${title}${isGood ? '' : `\n${shown}`}`)
}

/** A home and a temporary folder of its own for each run, and that Node before all others. */
const environmentOf = (node, prefix) => {
  const home = fs.mkdtempSync(join(work, 'home-'))
  const own = Object.entries(process.env).filter(([name]) => !/^(VIVIM_|XDG_|npm_|NODE_)/.test(name))
  return {
    ...Object.fromEntries(own),
    HOME: home,
    PATH: [dirname(node), join(prefix, 'bin'), '/usr/bin', '/bin'].join(delimiter),
  }
}

const tryOn = async (node, prefix) => {
  const nodeVersion = must('node', await run(node, ['--version'])).trim()
  for (const program of ['vivim', 'vivimd']) {
    for (const flag of ['--version', '--help']) {
      const { code, stdout, stderr } = await run(join(prefix, 'bin', program), [flag], {
        env: environmentOf(node, prefix),
      })
      const isSaid =
        flag === '--version'
          ? stdout.includes(version) && stdout.includes(nodeVersion)
          : stdout.includes(program)
      const shown = `exit ${code}\n${stdout}${stderr}`
      expect(`${program} ${flag} on ${nodeVersion}`, code === 0 && stderr === '' && isSaid, shown)
    }
  }
}

/** A test is a program: it runs without its runner, on whichever Node. */
const tryVectors = async node => {
  const nodeVersion = must('node', await run(node, ['--version'])).trim()
  for (const name of VECTORS) {
    const file = join(root, 'build', 'test', 'core', 'crypto', `${name}.test.js`)
    const { code, stdout, stderr } = await run(node, ['--enable-source-maps', file], {
      cwd: root,
      ms: INSTALL_MS,
    })
    const isCounted = /^# .*total: [1-9]/m.test(stdout)
    expect(
      `vectors: ${name} on ${nodeVersion}`,
      code === 0 && isCounted,
      `exit ${code}\n${stdout.slice(-4000)}${stderr}`,
    )
  }
}

const main = async () => {
  const packed = must(
    'npm pack',
    await npm(['pack', '--json', '--pack-destination', work], { cwd: root, ms: INSTALL_MS }),
  )
  // What prepack prints may stand before the answer.
  const [{ filename, size, entryCount }] = [JSON.parse(packed.slice(packed.search(/^[[{]/m)))].flatMap(
    answer => (Array.isArray(answer) ? answer : Object.values(answer)),
  )
  console.log(`packed ${filename}: ${entryCount} files, ${(size / 1024 / 1024).toFixed(1)} MB`)
  const prefix = join(work, 'prefix')
  const quiet = ['--no-audit', '--no-fund', '--loglevel=error']
  const install = ['install', '--global', '--prefix', prefix, ...quiet, join(work, filename)]
  must('npm install --global', await npm(install, { ms: INSTALL_MS }))
  const other = join(work, 'node')
  fs.mkdirSync(other)
  fs.writeFileSync(join(other, 'package.json'), '{}')
  const platform = `node-${process.platform}-${process.arch}@${OLDEST}`
  must(
    'npm install node',
    await npm(['install', '--ignore-scripts', ...quiet, platform], { cwd: other, ms: INSTALL_MS }),
  )
  await tryOn(join(other, 'node_modules', '.bin', 'node'), prefix)
  await tryOn(process.execPath, prefix)
  await tryVectors(join(other, 'node_modules', '.bin', 'node'))
  await tryVectors(process.execPath)
}

const cleanUp = () => fs.rmSync(work, { recursive: true, force: true })
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    running?.kill()
    cleanUp()
    process.exit(1)
  })
}
try {
  await main()
} catch (error) {
  failed += 1
  console.log(`FAILED ${error.message}`)
} finally {
  cleanUp()
}
console.log(`${passed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1
