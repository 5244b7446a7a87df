/** `vivim bundle render`. */
import { Args, Flags } from '@oclif/core'
import { visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { count } from '../text/amounts.ts'
import { excerpt } from '../text/library.ts'

/** Of what did not fit, on stderr. */
const NAMED = 20

export default class BundleRender extends VivimCommand {
  static override summary =
    'Print a context bundle as Markdown or JSON within a budget of tokens, to paste elsewhere.'
  static override description =
    'Memories first, then the rest, each in the order of adding; a piece is taken whole or not at all. Tokens are estimated by script (Latin letters a third, other alphabets a half, Chinese and the like one), not by a model. What is printed was not looked through for secrets: `bundle share` does that.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> briefing --budget 4000 > briefing.md',
    '<%= config.bin %> <%= command.id %> briefing --format json',
  ]
  static override args = {
    bundle: Args.string({ required: true, description: 'name, id or its beginning' }),
  }
  static override flags = {
    format: Flags.option({ options: ['markdown', 'json'] as const, default: 'markdown' })({
      description: 'what to write',
    }),
    budget: Flags.integer({ min: 100, max: 10_000_000, default: 4_000, description: 'tokens at most' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(BundleRender)
    const { format, budget } = flags
    const result = await this.ask(flags, 'bundle.render', { bundle: args.bundle, format, budget })
    // A file gets the text as it is; only a terminal would obey what is hidden in it.
    this.show(flags, result, ({ text }) =>
      (process.stdout.isTTY === true ? visibleText(text) : text).replace(/\n$/, ''),
    )
    const { leftOut, tokens } = result
    if (leftOut.length === 0) return
    this.remark(
      flags,
      `${count(leftOut.length, 'piece')} did not fit into ${budget} tokens (${tokens} used):`,
    )
    for (const one of leftOut.slice(0, NAMED))
      this.remark(flags, `${one.tokens} tokens: ${excerpt(one.text)}`)
    if (leftOut.length > NAMED) this.remark(flags, `and ${leftOut.length - NAMED} more`)
  }
}
