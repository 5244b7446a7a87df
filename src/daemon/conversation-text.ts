/** A conversation as Markdown, for people who read it or take it elsewhere: the active branch without what is hidden. */
import { oneLine } from '../core/conversation/title.ts'
import { messageText, type Part, type Role } from '../core/model/conversation.ts'
import { isoTime } from '../core/model/id.ts'
import type { ConversationHead, MessageView } from './storage/user/conversation-table.ts'

const HEADINGS: Readonly<Record<Role, string>> = {
  user: 'User',
  assistant: 'Assistant',
  system: 'System',
  tool: 'Tool',
}

/** @param files - where the bytes of assets lie, by their SHA-256; others are named without a link */
export function conversationMarkdown(
  head: ConversationHead,
  messages: readonly MessageView[],
  files: ReadonlyMap<string, string>,
): string {
  const shown = messages.filter(message => message.branch === 'main' && !message.hidden)
  const hidden = messages.filter(message => message.hidden).length
  const blocks = [
    `# ${oneLine(head.title ?? 'Untitled')}`,
    factsOf(head.provider, head.model, head.createdAtMs),
  ]
  let before: Role | null = null
  for (const message of shown) {
    // The steps of one answer stand under one heading.
    if (message.role !== before) {
      const author = message.author === null ? null : oneLine(message.author)
      const model = message.model === head.model ? null : message.model
      blocks.push(`## ${HEADINGS[message.role]}`, factsOf(author, model, message.createdAtMs))
    }
    before = message.role
    for (const part of message.parts) if (part.type !== 'citation') blocks.push(partMarkdown(part, files))
    blocks.push(sourcesOf(message.parts))
  }
  const others = messages.length - shown.length - hidden
  const left = [
    ...(hidden === 0 ? [] : [`${count(hidden)} hidden`]),
    ...(others === 0 ? [] : [`${count(others)} on other branches`]),
  ]
  if (left.length > 0) blocks.push('---', `*Left out: ${left.join(', ')}.*`)
  return `${blocks.filter(block => block !== '').join('\n\n')}\n`
}

const count = (messages: number): string => `${messages} ${messages === 1 ? 'message' : 'messages'}`

/** A line in italics, or nothing. */
function factsOf(who: string | null, model: string | null, createdAtMs: number | null): string {
  const when = createdAtMs === null ? null : isoTime(createdAtMs).replace(/T(.*)\.\d+Z$/, ' $1Z')
  const facts = [who, model === null ? null : oneLine(model), when].filter(
    fact => fact !== null && fact !== '',
  )
  return facts.length === 0 ? '' : `*${facts.join(', ')}*`
}

function partMarkdown(part: Part, files: ReadonlyMap<string, string>): string {
  switch (part.type) {
    case 'text':
    case 'code':
      return messageText([part])
    case 'image': {
      const file = part.asset === null ? undefined : files.get(part.asset)
      const alt = oneLine(part.alt ?? 'image')
      return file === undefined ? `*Image: ${alt}*` : `![${linkText(alt)}](<${linkTarget(file)}>)`
    }
    case 'toolCall':
      return folded(`Tool call: ${part.name}`, fence(part.input, 'json'))
    case 'toolResult':
      return folded(part.isError ? 'Tool error' : 'Tool result', fence(part.output, null))
    case 'thinking': {
      const text = part.text === '' ? (part.summary ?? '') : part.text
      return text === ''
        ? '*Thinking, not in the export*'
        : folded('Thinking', `> ${text.replaceAll('\n', '\n> ')}`)
    }
    case 'citation':
      return ''
    case 'attachment': {
      const file = part.asset === null ? undefined : files.get(part.asset)
      const name = oneLine(part.name)
      if (file !== undefined) return `[Attachment: ${linkText(name)}](<${linkTarget(file)}>)`
      return part.text === null
        ? `*Attachment: ${name}*`
        : folded(`Attachment: ${name}`, fence(part.text, null))
    }
    case 'unknown':
      return folded('A block of a kind not known here', fence(part.raw, 'json'))
  }
}

const fence = (text: string, lang: string | null): string => messageText([{ type: 'code', text, lang }])

/** Open on demand, where Markdown is shown as a page. */
const folded = (summary: string, body: string): string =>
  `<details>\n<summary>${htmlText(oneLine(summary))}</summary>\n\n${body}\n\n</details>`

/** What was cited, once each, as links where they lead to a page. */
function sourcesOf(parts: readonly Part[]): string {
  const sources = new Map<string, string>()
  for (const part of parts)
    if (part.type === 'citation' && !sources.has(part.url))
      sources.set(part.url, oneLine(part.title ?? part.url))
  if (sources.size === 0) return ''
  const lines = [...sources].map(([url, title]) =>
    /^https?:\/\//i.test(url) ? `- [${linkText(title)}](<${linkTarget(url)}>)` : `- ${linkText(title)}`,
  )
  return `Sources:\n\n${lines.join('\n')}`
}

const htmlText = (text: string): string => text.replace(/[&<>]/g, mark => `&#${mark.charCodeAt(0)};`)
const linkText = (text: string): string => text.replace(/[\\[\]]/g, mark => `\\${mark}`)
const linkTarget = (url: string): string => url.replace(/[<>\s]/g, encodeURIComponent)
