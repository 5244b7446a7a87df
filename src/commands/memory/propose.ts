/** `vivim memory propose`. */
import { readFileSync, statSync } from 'node:fs'
import { Args, Flags } from '@oclif/core'
import { VivimError } from '../../core/kernel/errors.ts'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { memoriesText } from '../text/library.ts'

/** What fits one call; such files are a few thousand bytes. */
const MAX_FILE_BYTES = 700_000

export default class MemoryPropose extends VivimCommand {
  static override summary =
    'Propose what an assistant had remembered about you, from what its export carries.'
  static override description =
    'Exports of ChatGPT carry such lists in hidden messages of a conversation, those of Claude.ai in a file memories.json. Nothing is kept before you accept it, and what was rejected is not proposed again.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2',
    '<%= config.bin %> <%= command.id %> --file memories.json',
  ]
  static override args = {
    conversation: Args.string({ description: 'its id, or the beginning of it' }),
  }
  static override flags = {
    file: Flags.string({ helpValue: 'FILE', description: 'memories.json of a Claude.ai export' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(MemoryPropose)
    const result = await this.ask(flags, 'memory.propose', {
      ...given('conversation', args.conversation),
      ...given('file', flags.file === undefined ? undefined : textOf(flags.file)),
    })
    this.show(flags, result, ({ proposed }) =>
      proposed.length === 0
        ? 'Nothing new was found in it.'
        : `${memoriesText(proposed)}\nKeep one with \`vivim memory accept ID\`, turn it down with \`vivim memory reject ID\`.`,
    )
  }
}

function textOf(path: string): string {
  try {
    if (statSync(path).size <= MAX_FILE_BYTES) return readFileSync(path, 'utf8')
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code === 'ENOENT' ? 'file/not-found' : 'file/unusable'
    throw new VivimError(code, `${path} cannot be read`, { path })
  }
  throw new VivimError('file/unusable', `${path} is larger than ${MAX_FILE_BYTES} bytes`, { path })
}
