// What both launchers do before anything of VIVIM is imported: see to the Node version, then cache compiled code.
// It must run on any Node since 18: native modules of the program end an older Node with a segmentation fault.

import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
// The default import: a named one of a function that an older Node lacks is a syntax error there.
import module from 'node:module'
import { constants, homedir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

/** The same as `engines` in package.json. */
const OLDEST_MAJOR = 22

/** Wrong usage: the program is sound and was started with what cannot run it. */
const EXIT_USAGE = 2

/** Node's own default is a folder under the shared /tmp, where another user could lay out code for us to run. */
const cacheFolder = () => {
  const own = process.platform === 'darwin' ? join(homedir(), 'Library', 'Caches') : join(homedir(), '.cache')
  return join(process.env.XDG_CACHE_HOME || own, 'vivim', 'compiled')
}

/** Runs `script` again under `node`, on the same terminal, and ends as it ends. */
const runUnder = (node, script) => {
  const child = spawn(node, [script, ...process.argv.slice(2)], { stdio: 'inherit' })
  // Ctrl-C reaches the whole foreground group by itself; elsewhere the signal was meant for this process alone.
  const hasTerminal = process.stdin.isTTY || process.stdout.isTTY || process.stderr.isTTY
  process.on('SIGINT', () => hasTerminal || child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  child.on('error', error => {
    process.stderr.write(`vivim: ${node} does not start: ${error.message}\n`)
    process.exit(1)
  })
  child.on('close', (code, signal) => process.exit(signal ? 128 + constants.signals[signal] : code))
}

/**
 * Makes this process fit to import the program.
 * @param scriptUrl - `import.meta.url` of the launcher
 * @returns whether to go on; false: the script runs under another Node, or said what is missing.
 */
export const isReady = scriptUrl => {
  if (Number.parseInt(process.versions.node, 10) >= OLDEST_MAJOR) {
    module.enableCompileCache?.(cacheFolder())
    if (existsSync(new URL('../dist/', scriptUrl))) return true
    process.stderr.write('vivim: this checkout is not built yet: npm run build\n')
    process.exitCode = EXIT_USAGE
    return false
  }
  const own = fileURLToPath(new URL('../toolchain/node_modules/.bin/node', scriptUrl))
  if (existsSync(own)) {
    runUnder(own, fileURLToPath(scriptUrl))
    return false
  }
  process.stderr.write(`vivim: needs Node ${OLDEST_MAJOR} or newer; this is ${process.version}\n`)
  process.exitCode = EXIT_USAGE
  return false
}
