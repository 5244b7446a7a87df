/** What a share is made of, before the filter sees it: a conversation or parts of it, a notebook, or a bundle, as messages. */

import type { ParsedParams } from '../../core/contract/methods.ts'
import { cutConversation, partsOfUnits } from '../../core/conversation/acu.ts'
import type { Piece } from '../../core/conversation/bundle-text.ts'
import type { ScopeMessage, Units } from '../../core/filter/scope.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Part, Role } from '../../core/model/conversation.ts'
import type { ConversationId, Did } from '../../core/model/id.ts'
import { selectAcus } from '../library/acus.ts'
import type { Collections } from '../library/collections.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'

type What = Pick<ParsedParams<'share.preview'>, 'conversation' | 'notebook' | 'bundle' | 'messages' | 'acus'>

export interface Selected {
  title: string | null
  messages: readonly ScopeMessage[]
  units?: Units | undefined
  /** null for what is not a conversation. */
  conversation: ConversationId | null
}

/** @throws `usage/invalid` unless exactly one thing is named, `conversation/not-found`, `notebook/not-found`,
 *  `bundle/not-found`, `acu/not-found`, `id/ambiguous`. */
export function selectWhat(
  local: Did,
  what: What,
  { conversations, collections }: { conversations: ConversationStore; collections: Collections },
): Selected {
  const { conversation, notebook, bundle, messages, acus } = what
  if ([conversation, notebook, bundle].filter(one => one !== undefined).length !== 1)
    throw new VivimError('usage/invalid', 'name one conversation, one notebook or one bundle to share')
  if (conversation !== undefined) {
    const whole = conversations.whole(local, conversation)
    const units =
      acus.length === 0 ? undefined : selectAcus(cutConversation(whole.head.id, whole.messages), acus)
    return {
      title: whole.head.title,
      messages: whole.messages,
      units: units && partsOfUnits(units, whole.messages),
      conversation: whole.head.id,
    }
  }
  if (messages !== undefined || acus.length > 0)
    throw new VivimError('usage/invalid', 'messages and units are chosen of a conversation only')
  const { row, pieces } =
    notebook === undefined
      ? collections.pieces(local, 'bundle', bundle ?? '')
      : collections.pieces(local, 'notebook', notebook)
  return { title: row.name, messages: messagesOf(pieces), conversation: null }
}

/** Units leave as their messages; notes and memories are the user's own words, and leave as theirs. */
function messagesOf(pieces: readonly Piece[]): ScopeMessage[] {
  const messages: ScopeMessage[] = []
  const say = (role: Role, createdAtMs: number | null, parts: readonly Part[]): void => {
    messages.push({ index: messages.length + 1, role, createdAtMs, hidden: false, branch: 'main', parts })
  }
  const write = (text: string): void => say('user', null, [{ type: 'text', text, format: 'md' }])
  for (const piece of pieces) {
    if (piece.type !== 'unit') {
      write(piece.text)
      continue
    }
    for (const { role, createdAtMs, parts } of piece.messages) say(role, createdAtMs, parts)
    if (piece.note !== null) write(piece.note)
  }
  return messages
}
