/** What goes into a notebook or a bundle: arguments and flags that both take, and the answer. */
import { Args, Flags } from '@oclif/core'
import { given, rangesOf } from '../share/terms.ts'
import { count } from '../text/amounts.ts'
import { collectionText } from '../text/library.ts'

export const ADDING_DESCRIPTION =
  'A unit keeps its text as it is now, also when its conversation is deleted. What others shared with you cannot be added: it ends with its share.'

export const ADDING_EXAMPLES = [
  '<%= config.bin %> <%= command.id %> "tea lore" k7x2mnqpa4bcde --note "for the water"',
  '<%= config.bin %> <%= command.id %> "tea lore" --from k7x2 --messages 3-9,12',
  '<%= config.bin %> <%= command.id %> "tea lore" --text "Ask Mei about oolong."',
]

export const collectionArg = Args.string({ required: true, description: 'name, id or its beginning' })
export const acusArg = Args.string({ description: 'units, by id or its beginning, from `vivim acu list`' })

export const addingFlags = {
  from: Flags.string({ helpValue: 'CONVERSATION', description: 'all units of this conversation' }),
  messages: Flags.string({
    helpValue: '3-9,12',
    dependsOn: ['from'],
    description: 'only of these messages of it, by number',
  }),
  text: Flags.string({ helpValue: 'T', description: 'a note of your own, as an item' }),
  note: Flags.string({ helpValue: 'T', description: 'a word beside each unit' }),
}

/** @param argv - the collection first, then the units */
export const addingParams = (
  argv: readonly unknown[],
  flags: {
    from?: string | undefined
    messages?: string | undefined
    text?: string | undefined
    note?: string | undefined
  },
) => ({
  acus: argv.slice(1).map(String),
  ...given('conversation', flags.from),
  ...given('messages', rangesOf(flags.messages)),
  ...given('text', flags.text),
  ...given('note', flags.note),
})

export const addedText = (
  one: Parameters<typeof collectionText>[0] & { added: number; changed: boolean },
  id: string,
): string =>
  [
    one.changed ? `Added ${count(one.added, 'item')}.` : 'Nothing changed: it is all in there.',
    collectionText(one, id),
  ].join('\n')
