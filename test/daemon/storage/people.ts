/** Users and conversations for the tests of storage. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ImportedConversation, ImportedMessage } from '../../../src/core/model/conversation.ts'
import { Cid, Did, ShareId } from '../../../src/core/model/id.ts'
import type { ShareRow } from '../../../src/core/pipeline/ports.ts'

const BASE58 = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz'

/** A well-formed DID of nobody: the `n`th. */
export function didOf(n: number): Did {
  let rest = ''
  for (let i = 0, left = n; i < 44; i++, left = Math.floor(left / 58)) rest = BASE58.charAt(left % 58) + rest
  return Did.parse(`did:key:z6Mk${rest}`)
}

/** A folder that goes when the test ends. */
export function folderOf(t: { teardown(fn: () => void): void }): string {
  const folder = mkdtempSync(join(tmpdir(), 'vivim-storage-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

export const message = (
  id: string,
  parent: string | null,
  text: string,
  more: Partial<ImportedMessage> = {},
): ImportedMessage => ({
  id,
  parent,
  role: 'user',
  author: null,
  createdAtMs: 1_760_000_000_000,
  branch: 'main',
  hidden: false,
  model: null,
  parts: [{ type: 'text', text, format: 'md' }],
  ...more,
})

export const conversation = (
  sourceId: string,
  messages: ImportedMessage[],
  more: Partial<ImportedConversation> = {},
): ImportedConversation => ({
  provider: 'chatgpt',
  sourceId,
  title: `Title of ${sourceId}`,
  model: 'gpt-5',
  createdAtMs: 1_760_000_000_000,
  updatedAtMs: 1_760_000_900_000,
  messages,
  meta: {},
  ...more,
})

/** A conversation of a straight line of messages, one a text. */
export const talk = (
  sourceId: string,
  texts: readonly string[],
  more: Partial<ImportedConversation> = {},
): ImportedConversation =>
  conversation(
    sourceId,
    texts.map((text, i) =>
      message(`m${i}`, i === 0 ? null : `m${i - 1}`, text, { role: i % 2 ? 'assistant' : 'user' }),
    ),
    more,
  )

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'

/** The `n`th id of 26 characters. */
export function idOf(n: number): string {
  let text = ''
  for (let i = 0, left = n; i < 26; i++, left = Math.floor(left / 32)) text += BASE32.charAt(left % 32)
  return text
}

/** The `n`th share of somebody, as it is when it was accepted. */
export const shareOf = (n: number, owner: Did): ShareRow => ({
  shareId: ShareId.parse(idOf(n)),
  owner,
  version: 1,
  contentId: Cid.parse(`bafy${idOf(n)}${'a'.repeat(29)}`),
  state: 'queued',
  terms: { allow: ['view'], fromMs: null, expiresMs: null, discoverable: ['none'] },
  audience: { contacts: [], circles: [] },
  intent: new Uint8Array([1]),
  slip: new Uint8Array([2]),
  tombstone: new Uint8Array([3]),
  key: null,
  createdAtMs: n,
  endedAtMs: null,
})
