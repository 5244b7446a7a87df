// The command line's door to oclif: every command by its id, and the function that runs one.

import type { Command } from '@oclif/core'

export { execute } from '@oclif/core'

/** oclif's explicit map: command id (words joined by a colon) to class. */
export const COMMANDS: Record<string, Command.Class> = {}
