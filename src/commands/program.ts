/** Runs one command through oclif and ends the process the way `--json`, exit codes and Ctrl-C promise. */
import { fileURLToPath } from 'node:url'
import { flush, run } from '@oclif/core'
import { VivimError } from '../core/kernel/errors.ts'
import { COMMANDS, loadCommand } from './catalog.ts'
import { reportFailure } from './failure.ts'
import { EXIT_INTERRUPTED, exitOnInterrupt } from './interrupt.ts'

/** @param launcher - `import.meta.url` of the launcher: the package is found from there */
export async function runProgram(given: string[], launcher: string): Promise<void> {
  // People type `vivim help share` as they do elsewhere.
  const argv = given[0] === 'help' ? [...given.slice(1), '--help'] : given
  exitOnInterrupt()
  // oclif asks the system who the user is where no shell is named; in a container that may be nobody whom it knows.
  process.env.SHELL ??= ''
  // Whoever read our output has seen enough, as `head` does.
  process.stdout.on('error', () => process.exit())
  try {
    await loadCommand(argv)
    if (wantsJson(argv) && !wantsHelp(argv)) refuseTopic(argv)
    await run(argv, { root: fileURLToPath(launcher) })
    await flush()
  } catch (error) {
    if (isQuietExit(error)) process.exitCode = error.oclif.exit
    else reportFailure(error, wantsJson(argv))
    // What was interrupted may still wait for bytes that never come.
    if (process.exitCode === EXIT_INTERRUPTED) process.exit()
  }
}

/** A topic alone prints its help, which is no JSON document. @throws `usage/invalid` where no command is named. */
function refuseTopic(argv: readonly string[]): void {
  if (Object.keys(COMMANDS).length > 0) return
  const words = argv
    .slice(
      0,
      argv.findIndex(word => word.startsWith('-')),
    )
    .join(' ')
  throw new VivimError('usage/invalid', words === '' ? 'name a command' : `there is no command "${words}"`)
}

/** oclif's way to end early, after help was printed. */
const isQuietExit = (error: unknown): error is { oclif: { exit: number } } =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 'EEXIT' && 'oclif' in error

const wants = (argv: readonly string[], ...flags: readonly string[]): boolean => {
  const end = argv.indexOf('--')
  return (end < 0 ? argv : argv.slice(0, end)).some(word => flags.includes(word))
}
const wantsJson = (argv: readonly string[]): boolean => wants(argv, '--json')
const wantsHelp = (argv: readonly string[]): boolean => wants(argv, '--help', '-h', '--version')
