/** The command line's entry: answers what needs no framework itself, hands everything else to oclif. */

export { COMMANDS, loadAllCommands } from './catalog.ts'

/** @param options.dir - `import.meta.url` of the launcher */
export async function execute(options: { dir: string }): Promise<void> {
  const argv = process.argv.slice(2)
  const { quickStatus } = await import('./status-flags.ts')
  const flags = quickStatus(argv)
  if (flags === null) {
    const { runProgram } = await import('./program.ts')
    return runProgram(argv, options.dir)
  }
  const { runStatus } = await import('./status-report.ts')
  await runStatus(flags)
}
