/** A conversation as Markdown, for people who take it elsewhere. */
import type { Result } from '../core/contract/methods.ts'
import { messageText, type Part } from '../core/model/conversation.ts'

/** Title, then each message under its role; parts that are no text are named in italics, tool calls with their input. */
export function conversationMarkdown(conversation: Result<'conversation.show'>): string {
  const head = [`# ${oneLine(conversation.title ?? 'Untitled')}`]
  const from = [conversation.provider, conversation.model, conversation.createdAt].filter(Boolean).join(', ')
  const messages = conversation.messages.map(message => {
    const when = message.createdAt === null ? '' : ` (${message.createdAt})`
    return [`## ${message.role}${when}`, ...message.parts.map(partMarkdown)].join('\n\n')
  })
  return `${[...head, from, ...messages].join('\n\n')}\n`
}

function partMarkdown(part: Part): string {
  switch (part.type) {
    case 'text':
    case 'code':
      return messageText([part])
    case 'image':
      return `*image${part.alt === null ? '' : `: ${oneLine(part.alt)}`}*`
    case 'toolCall':
      return `*tool ${oneLine(part.name)}*\n\n${messageText([{ type: 'code', text: part.input, lang: 'json' }])}`
    case 'toolResult':
      return `*tool ${part.isError ? 'error' : 'result'}*\n\n${messageText([{ type: 'code', text: part.output, lang: null }])}`
    case 'thinking':
      return `*thinking*${part.text === '' ? '' : `\n\n> ${part.text.replaceAll('\n', '\n> ')}`}`
    case 'citation':
      return `*cites ${oneLine(part.title ?? '')} <${part.url}>*`
    case 'attachment':
      return `*attachment ${oneLine(part.name)}*`
    case 'unknown':
      return messageText([{ type: 'code', text: part.raw, lang: 'json' }])
  }
}

const oneLine = (text: string): string => text.replace(/\s+/g, ' ').trim()
