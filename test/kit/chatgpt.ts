/** A ChatGPT export of one conversation with everything in which something can hide: tools, files, a hidden message, another branch. */
import { zip } from '../core/conversation/kit.ts'
import type { LiveNode } from './live-node.ts'

export interface Talk {
  title: string
  user: string
  /** Input of a tool call, JSON text. */
  input?: string
  output?: string
  answer: string
  /** Of a hidden message. */
  hidden?: string
  /** Of an answer on another branch. */
  aside?: string
  files?: { name: string; mime: string; bytes: Buffer }[]
}

/** @param id - of the conversation; the same one twice is a newer export. */
export function chatgptZip(id: string, talk: Talk): Buffer {
  const mapping: Record<string, object> = { r: { id: 'r', message: null, parent: null } }
  let parent = 'r'
  let at = 1_770_000_000
  const node = (name: string, role: string, content: object, more: object = {}, from = parent): void => {
    mapping[name] = {
      id: name,
      parent: from,
      message: { id: name, author: { role }, create_time: at++, content, recipient: 'all', ...more },
    }
    if (from === parent) parent = name
  }
  const text = (value: string): object => ({ content_type: 'text', parts: [value] })
  const files = talk.files ?? []
  if (talk.hidden !== undefined)
    node('h', 'system', text(talk.hidden), { metadata: { is_visually_hidden_from_conversation: true } })
  node('u', 'user', text(talk.user), {
    metadata: {
      attachments: files.map(({ name, mime, bytes }, n) => ({
        id: `file-F${n}`,
        name,
        mime_type: mime,
        size: bytes.length,
      })),
    },
  })
  if (talk.input !== undefined)
    node(
      'c',
      'assistant',
      { content_type: 'code', language: 'json', text: talk.input },
      { recipient: 'shell.run' },
    )
  if (talk.output !== undefined)
    node(
      'o',
      'tool',
      { content_type: 'execution_output', text: talk.output },
      { author: { role: 'tool', name: 'shell' } },
    )
  if (talk.aside !== undefined) {
    const before = parent
    node('b', 'assistant', text(talk.aside))
    parent = before
  }
  node('a', 'assistant', text(talk.answer))
  const conversation = { id, title: talk.title, create_time: 1_770_000_000, current_node: 'a', mapping }
  return zip([
    { name: 'conversations.json', bytes: JSON.stringify([conversation]) },
    ...files.map(({ bytes }, n) => ({ name: `file-F${n}-data.bin`, bytes })),
  ])
}

/** Import an export. @returns the id of the conversation with this title. */
export async function importZip(node: LiveNode, bytes: Buffer, title: string): Promise<string> {
  const { importId } = await node.call('import.begin', {})
  const { fileId } = await node.call('import.file', { importId, path: 'export.zip' })
  for (let at = 0; at < bytes.length; at += 200_000)
    await node.call('import.chunk', { fileId, dataB64: bytes.subarray(at, at + 200_000).toString('base64') })
  await node.call('import.endFile', { fileId })
  await node.call('import.finish', { importId })
  const { conversations } = await node.call('conversation.list', { limit: 1000 })
  const found = conversations.find(one => one.title === title)
  if (found === undefined) throw new Error('the conversation was not imported')
  return found.id
}
