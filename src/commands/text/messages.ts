/** Messages and their parts for people: everything in them came from outside. */
import type { Part } from '../../core/model/conversation.ts'
import { visibleLine, visibleText } from '../../core/model/visible.ts'
import { instant } from './amounts.ts'
import { style } from './style.ts'
import { cut } from './width.ts'

interface ShownMessage {
  index: number | null
  role: string
  createdAt: string | null
  parts: Part[]
  hidden?: boolean
}

/** Longest excerpt of what a tool was given or gave back. */
const EXCERPT = 500

export function messagesText(messages: readonly ShownMessage[]): string {
  return messages
    .map(message => {
      const number = message.index === null ? '·' : `#${message.index}`
      const when = message.createdAt === null ? '' : `  ${instant(message.createdAt)}`
      const head = `${style.bold(`${number} ${message.role}`)}${style.dim(when)}${message.hidden ? style.dim('  hidden') : ''}`
      return [head, ...message.parts.map(partText)].join('\n')
    })
    .join('\n\n')
}

function partText(part: Part): string {
  const note = (name: string, text: string | null) =>
    `${style.cyan(`[${name}]`)} ${text === null ? '' : visibleText(cut(text, EXCERPT))}`.trimEnd()
  switch (part.type) {
    case 'text':
      return visibleText(part.text)
    case 'code':
      return `${style.dim(`\`\`\`${visibleLine(part.lang ?? '')}`)}\n${visibleText(part.text)}\n${style.dim('```')}`
    case 'image':
      return note(part.missing ? 'image, not in the export' : 'image', part.alt)
    case 'toolCall':
      return note(`tool ${visibleLine(part.name)}`, part.input)
    case 'toolResult':
      return note(part.isError ? 'tool error' : 'tool result', part.output)
    case 'thinking':
      return note('thinking', part.opaque ? 'kept encrypted by the provider' : part.text)
    case 'citation':
      return note('cites', part.title === null ? part.url : `${part.title} ${part.url}`)
    case 'attachment':
      return note('attachment', part.name)
    case 'unknown':
      return note('block of a kind not known here', part.raw)
  }
}
