/** `vivim rpc`. */
import { Args, Flags } from '@oclif/core'
import { VivimError } from '../core/kernel/errors.ts'
import { VivimCommand } from './base.ts'
import { stdinBytes } from './input/stdin.ts'
import { table } from './text/table.ts'

/** The daemon takes no longer line. */
const MAX_PARAMS_BYTES = 4 * 1024 * 1024

export default class Rpc extends VivimCommand {
  static override summary = 'Call any method of the daemon, or list them.'
  static override description =
    'The result is one JSON document. schemas/openrpc.json describes every method.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --list',
    '<%= config.bin %> <%= command.id %> conversation.list \'{"limit":5}\'',
    {
      description: 'Params from stdin:',
      command: 'jq … | <%= config.bin %> <%= command.id %> contact.add -',
    },
  ]
  static override args = {
    method: Args.string({ description: 'such as conversation.list' }),
    params: Args.string({
      description: 'a JSON object, or - for stdin',
      default: '{}',
      noCacheDefault: true,
    }),
  }
  static override flags = { list: Flags.boolean({ description: 'list the methods' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Rpc)
    if (flags.list) {
      const result = await this.ask(flags, 'system.methods', {})
      this.show(flags, result, ({ methods }) =>
        table(
          ['method', 'access', 'what it does'],
          methods.map(({ name, access, summary }) => [name, access, summary]),
        ),
      )
      return
    }
    if (args.method === undefined) throw new VivimError('usage/invalid', 'give a method, or --list')
    const params = parsedParams(
      args.params === '-' ? (await stdinBytes(MAX_PARAMS_BYTES)).toString('utf8') : args.params,
    )
    const client = await this.connect(flags)
    try {
      const result = await client.callAny(args.method, params, { timeoutMs: flags.timeout })
      this.show(flags, result, () => JSON.stringify(result, null, 2))
    } finally {
      client.close()
    }
  }
}

function parsedParams(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw new VivimError('usage/invalid', 'the params are not one JSON document')
  }
}
