/** Runs one command through oclif and ends the process the way `--json`, exit codes and Ctrl-C promise. */
import { fileURLToPath } from 'node:url'
import { flush, run } from '@oclif/core'
import { loadCommand } from './catalog.ts'
import { reportFailure } from './failure.ts'
import { EXIT_INTERRUPTED, exitOnInterrupt } from './interrupt.ts'

/** @param launcher - `import.meta.url` of the launcher: the package is found from there */
export async function runProgram(argv: string[], launcher: string): Promise<void> {
  exitOnInterrupt()
  // Whoever read our output has seen enough, as `head` does.
  process.stdout.on('error', () => process.exit())
  try {
    await loadCommand(argv)
    await run(argv, { root: fileURLToPath(launcher) })
    await flush()
  } catch (error) {
    if (isQuietExit(error)) process.exitCode = error.oclif.exit
    else reportFailure(error, wantsJson(argv))
    // What was interrupted may still wait for bytes that never come.
    if (process.exitCode === EXIT_INTERRUPTED) process.exit()
  }
}

/** oclif's way to end early, after help was printed. */
const isQuietExit = (error: unknown): error is { oclif: { exit: number } } =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIT' && 'oclif' in error

const wantsJson = (argv: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).includes('--json')
}
