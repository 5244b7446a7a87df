/** `vivim bundle add`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given, rangesOf } from '../share/terms.ts'
import { count } from '../text/amounts.ts'
import { collectionText } from '../text/library.ts'

export default class BundleAdd extends VivimCommand {
  static override summary = 'Add units of your own conversations to a context bundle, or a note.'
  static override description =
    'A unit keeps its text as it is now, also when its conversation is deleted. What others shared with you cannot be added: it ends with its share.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> "tea lore" k7x2mnqpa4bcde --note "for the water"',
    '<%= config.bin %> <%= command.id %> "tea lore" --from k7x2 --messages 3-9,12',
    '<%= config.bin %> <%= command.id %> "tea lore" --text "Ask Mei about oolong."',
    '<%= config.bin %> <%= command.id %> briefing --memory q3fz --notebook "tea lore"',
  ]
  static override strict = false
  static override args = {
    bundle: Args.string({ required: true, description: 'name, id or its beginning' }),
    acus: Args.string({ description: 'units, by id or its beginning, from `vivim acu list`' }),
  }
  static override flags = {
    from: Flags.string({ helpValue: 'CONVERSATION', description: 'all units of this conversation' }),
    messages: Flags.string({
      helpValue: '3-9,12',
      dependsOn: ['from'],
      description: 'only of these messages of it, by number',
    }),
    text: Flags.string({ helpValue: 'T', description: 'a note of your own, as an item' }),
    note: Flags.string({ helpValue: 'T', description: 'a word beside each unit' }),
    memory: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'MEMORY',
      description: 'a memory that you keep',
    }),
    notebook: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'NOTEBOOK',
      description: 'a whole notebook, as it is whenever the bundle is used',
    }),
  }

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(BundleAdd)
    const result = await this.ask(flags, 'bundle.add', {
      bundle: args.bundle,
      acus: (argv as string[]).slice(1),
      ...given('conversation', flags.from),
      ...given('messages', rangesOf(flags.messages)),
      ...given('text', flags.text),
      ...given('note', flags.note),
      ...given('memories', flags.memory),
      ...given('notebooks', flags.notebook),
    })
    this.show(flags, result, one =>
      [
        one.changed ? `Added ${count(one.added, 'item')}.` : 'Nothing changed: it is all in there.',
        collectionText(one, one.bundleId),
      ].join('\n'),
    )
  }
}
