/** The flags that say what is shared, with whom and on which terms, and the params they become. */
import { Args, Flags } from '@oclif/core'
import type { Params } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { parseInstant } from '../../core/model/time-text.ts'

export const whatArgs = {
  conversation: Args.string({ description: 'its id, or the beginning of it; else --notebook or --bundle' }),
}

export const whatFlags = {
  messages: Flags.string({
    helpGroup: 'WHAT',
    helpValue: '3-9,12',
    description: 'only these messages, by number',
  }),
  acu: Flags.string({
    helpGroup: 'WHAT',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'ID',
    description: 'only these units, from `vivim acu list`; with --messages those as well',
  }),
  notebook: Flags.string({
    helpGroup: 'WHAT',
    helpValue: 'NOTEBOOK',
    description: 'a notebook instead of a conversation: name, id or its beginning',
  }),
  bundle: Flags.string({
    helpGroup: 'WHAT',
    helpValue: 'BUNDLE',
    description: 'a context bundle instead of a conversation',
  }),
  include: Flags.option({
    options: ['tools', 'thinking', 'attachments', 'hidden'] as const,
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
  })({ helpGroup: 'WHAT', description: 'what stays out otherwise' }),
  title: Flags.string({ helpGroup: 'WHAT', helpValue: 'T', description: 'instead of its own title' }),
  note: Flags.string({ helpGroup: 'WHAT', helpValue: 'T', description: 'a word to the recipients' }),
}

export const whoFlags = {
  to: Flags.string({
    helpGroup: 'WHO',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'CONTACT',
    description: 'alias, DID or its beginning',
  }),
  circle: Flags.string({
    helpGroup: 'WHO',
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'CIRCLE',
    description: 'name, id or its beginning',
  }),
}

export const findingsFlag = {
  'on-findings': Flags.option({ options: ['block', 'redact', 'allow'] as const })({
    helpGroup: 'FINDINGS',
    description: 'what to do with secrets and personal data [default: block secrets, redact personal data]',
  }),
}

export const termsFlags = {
  allow: Flags.option({
    options: ['view', 'quote', 'annotate', 'remix', 'reshare'] as const,
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
  })({ helpGroup: 'HOW', description: 'what recipients may do [default: view,quote]' }),
  from: Flags.string({ helpGroup: 'WHEN', helpValue: 'TIME', description: 'nobody can open it before' }),
  expires: Flags.string({
    helpGroup: 'WHEN',
    helpValue: 'TIME',
    description: 'a time, a duration, or never [default: 30d]',
  }),
  discoverable: Flags.option({
    options: ['none'] as const,
    multiple: true,
    multipleNonGreedy: true,
    delimiter: ',',
  })({
    helpGroup: 'WHERE',
    description: 'where it may be found; public search comes later [default: none]',
  }),
}

export interface WhatValues {
  messages?: string | undefined
  acu?: string[] | undefined
  notebook?: string | undefined
  bundle?: string | undefined
  include?: ('tools' | 'thinking' | 'attachments' | 'hidden')[] | undefined
  title?: string | undefined
  note?: string | undefined
}
interface WhoValues {
  to?: string[] | undefined
  circle?: string[] | undefined
}
interface TermsValues {
  allow?: ('view' | 'quote' | 'annotate' | 'remix' | 'reshare')[] | undefined
  from?: string | undefined
  expires?: string | undefined
  discoverable?: 'none'[] | undefined
}

/** The params of `share.preview` without the audience. @throws `usage/invalid` for a selection that is none */
export function whatParams(conversation: string | undefined, flags: WhatValues) {
  if (conversation === undefined && flags.notebook === undefined && flags.bundle === undefined)
    throw new VivimError('usage/input-needed', 'say what: a CONVERSATION, --notebook or --bundle', {
      flag: 'CONVERSATION',
    })
  return {
    ...given('conversation', conversation),
    ...given('notebook', flags.notebook),
    ...given('bundle', flags.bundle),
    ...given('messages', rangesOf(flags.messages)),
    ...given('acus', flags.acu),
    ...given('include', flags.include),
    ...given('title', flags.title),
    ...given('note', flags.note),
  } satisfies Partial<Params<'share.preview'>>
}

/** @throws `usage/invalid` for what is no selection of messages */
export function rangesOf(messages: string | undefined): string | undefined {
  if (messages !== undefined && !/^\d+(-\d+)?(,\d+(-\d+)?)*$/.test(messages))
    throw new VivimError('usage/invalid', `${JSON.stringify(messages)} is no selection such as 3-9,12`)
  return messages
}

export const whoParams = (flags: WhoValues) => ({ to: flags.to ?? [], circles: flags.circle ?? [] })

/** @param nowMs - times are checked here, so that a slip is told before anything is asked; they travel as given
 *  @throws `usage/invalid` */
export function termsParams(flags: TermsValues, nowMs: number) {
  if (flags.from !== undefined) parseInstant(flags.from, nowMs)
  if (flags.expires !== undefined) parseInstant(flags.expires, nowMs)
  return {
    ...given('allow', flags.allow),
    ...given('from', flags.from),
    ...given('expires', flags.expires),
    ...given('discoverable', flags.discoverable),
  } satisfies Partial<Params<'share.create'>>
}

/** A field that is there only when it has a value: a default is the daemon's to fill in. */
export const given = <K extends string, T>(name: K, value: T | undefined): { [P in K]?: T } =>
  (value === undefined ? {} : { [name]: value }) as { [P in K]?: T }
