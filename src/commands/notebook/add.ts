/** `vivim notebook add`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { given, rangesOf } from '../share/terms.ts'
import { count } from '../text/amounts.ts'
import { collectionText } from '../text/library.ts'

export default class NotebookAdd extends VivimCommand {
  static override summary = 'Add units of your own conversations to a notebook, or a note.'
  static override description =
    'A unit keeps its text as it is now, also when its conversation is deleted. What others shared with you cannot be added: it ends with its share.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> "tea lore" k7x2mnqpa4bcde --note "for the water"',
    '<%= config.bin %> <%= command.id %> "tea lore" --from k7x2 --messages 3-9,12',
    '<%= config.bin %> <%= command.id %> "tea lore" --text "Ask Mei about oolong."',
  ]
  static override strict = false
  static override args = {
    notebook: Args.string({ required: true, description: 'name, id or its beginning' }),
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
  }

  async run(): Promise<void> {
    const { args, argv, flags } = await this.parse(NotebookAdd)
    const result = await this.ask(flags, 'notebook.add', {
      notebook: args.notebook,
      acus: (argv as string[]).slice(1),
      ...given('conversation', flags.from),
      ...given('messages', rangesOf(flags.messages)),
      ...given('text', flags.text),
      ...given('note', flags.note),
    })
    this.show(flags, result, one =>
      [
        one.changed ? `Added ${count(one.added, 'item')}.` : 'Nothing changed: it is all in there.',
        collectionText(one, one.notebookId),
      ].join('\n'),
    )
  }
}
