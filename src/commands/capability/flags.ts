/** The flags that bound a right, for one that is given and for one that is passed on. */
import { Flags } from '@oclif/core'

export const boundFlags = {
  'per-day': Flags.integer({ min: 1, helpValue: 'N', description: 'how often a day, from midnight UTC' }),
  uses: Flags.integer({ min: 1, helpValue: 'N', description: 'how often in all' }),
  expires: Flags.string({ helpValue: 'TIME', description: 'when it ends, such as 7d' }),
}

export const outFlag = {
  out: Flags.string({
    helpValue: 'FILE',
    description: 'a new file for the token [default: NAME.token in this folder]',
  }),
}

export const canFlag = {
  multiple: true,
  multipleNonGreedy: true,
  delimiter: ',',
  helpValue: 'COMMAND',
  description: 'what it may do, such as share.propose or conversation.read',
} as const
