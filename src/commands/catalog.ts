/** Every command by its id, loaded when it is run: no command brings another's code. */
import type { Command } from '@oclif/core'

type Loader = () => Promise<{ default: Command.Class }>

const LOADERS: Readonly<Record<string, Loader>> = {
  init: () => import('./init.ts'),
  status: () => import('./status.ts'),
  'daemon:start': () => import('./daemon/start.ts'),
  'daemon:stop': () => import('./daemon/stop.ts'),
  'daemon:restart': () => import('./daemon/restart.ts'),
  'daemon:logs': () => import('./daemon/logs.ts'),
}

/** oclif's explicit map: command id (words joined by a colon) to class. Holds what `loadCommand` brought. */
export const COMMANDS: Record<string, Command.Class> = {}

/** Load the command that these arguments name, if any: the longest run of words that is an id. */
export async function loadCommand(argv: readonly string[]): Promise<void> {
  const end = argv.findIndex(word => word.startsWith('-'))
  const words = (end < 0 ? argv : argv.slice(0, end)).flatMap(word => word.split(':'))
  for (let length = Math.min(words.length, 3); length > 0; length -= 1) {
    const id = words.slice(0, length).join(':')
    if (!Object.hasOwn(LOADERS, id)) continue
    await load(id)
    return
  }
}

/** Load all of them, for the manifest. */
export async function loadAllCommands(): Promise<void> {
  for (const id of Object.keys(LOADERS)) await load(id)
}

async function load(id: string): Promise<void> {
  const module = await LOADERS[id]?.()
  if (module !== undefined) COMMANDS[id] = module.default
}
