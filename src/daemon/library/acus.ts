/** Units of a user's conversations: cut from the messages whenever they are asked for, found by their id alone. */

import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import {
  type Acu,
  CONVERSATION_PREFIX,
  cutConversation,
  cutMessage,
  partsOfUnits,
} from '../../core/conversation/acu.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { UnitCopy } from '../storage/user/collection-table.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { ConversationHead, MessageView } from '../storage/user/conversation-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { folded } from './folded.ts'

type Shown = Result<'acu.list'>['acus'][number]
type Hit = Result<'acu.search'>['hits'][number]

/** A conversation cut into its units. */
export interface Cut {
  head: ConversationHead
  messages: MessageView[]
  acus: Acu[]
  byId: ReadonlyMap<string, Acu>
  /** Messages by their number. */
  byIndex: ReadonlyMap<number, MessageView>
}

export interface Located extends Cut {
  acu: Acu
}

export function makeAcus(users: UserDatabaseManager, conversations: Pick<ConversationStore, 'search'>) {
  const cut = (local: Did, head: ConversationHead): Cut => {
    const messages = users.read(local, db => db.conversations.messages(head.id))
    const acus = cutConversation(head.id, messages)
    return {
      head,
      messages,
      acus,
      byId: new Map(acus.map(acu => [acu.id, acu])),
      byIndex: new Map(
        messages.flatMap(message => (message.index === null ? [] : [[message.index, message]])),
      ),
    }
  }

  /** Of an own conversation or an opened share. @throws `conversation/not-found`, `id/ambiguous` */
  const ofConversation = (local: Did, selector: string): Cut =>
    cut(
      local,
      users.read(local, db => db.conversations.find(selector, null)),
    )

  /** By id or unique beginning of one. @param cuts - conversations that were cut already, by id
   *  @throws `acu/not-found`, `id/ambiguous` */
  function find(local: Did, selector: string, cuts = new Map<string, Cut>()): Located {
    const heads = /^[a-z2-7]{1,26}$/.test(selector)
      ? users.read(local, db => db.conversations.beginning(selector.slice(0, CONVERSATION_PREFIX)))
      : []
    if (heads.length > 1 && selector.length <= CONVERSATION_PREFIX) throw ambiguous(selector)
    const found = heads.flatMap(head => {
      const one = cuts.get(head.id) ?? cut(local, head)
      cuts.set(head.id, one)
      return matching(one, selector).map(acu => ({ ...one, acu }))
    })
    const [located] = found
    if (!located) throw new VivimError('acu/not-found', `no unit is called “${selector}”`)
    if (found.length > 1) throw ambiguous(selector)
    return located
  }

  return {
    find,

    /** @throws `library/not-own` for an opened share, `conversation/not-found`, `id/ambiguous` */
    ofOwn(local: Did, selector: string): Cut {
      const found = ofConversation(local, selector)
      if (found.head.origin !== 'own') throw notOwn()
      return found
    },

    /** Each as `find`, of own conversations only. @throws `library/not-own` */
    findOwn(local: Did, selectors: readonly string[]): Located[] {
      const cuts = new Map<string, Cut>()
      return selectors.map(selector => {
        const located = find(local, selector, cuts)
        if (located.head.origin !== 'own') throw notOwn()
        return located
      })
    },

    list(local: Did, p: ParsedParams<'acu.list'>): Result<'acu.list'> {
      const { acus } = ofConversation(local, p.conversation)
      return { acus: acus.filter(({ kind }) => p.kind === undefined || kind === p.kind).map(shown) }
    },

    show(local: Did, selector: string): Result<'acu.show'> {
      const { acu, head } = find(local, selector)
      return { ...shown(acu), title: head.title }
    },

    /** In each message that was found, the unit with most of the words that were. @throws `query/invalid` */
    search(local: Did, { query, limit }: ParsedParams<'acu.search'>): Result<'acu.search'> {
      const hits = conversations.search(local, query, limit).hits.flatMap((hit): Hit[] => {
        const { conversationId, messageId, title, snippet, score } = hit
        const message = users.read(local, db => db.conversations.visibleMessage(conversationId, messageId))
        const acu = message && mostMarked(cutMessage(conversationId, message), snippet)
        if (!acu) return []
        const { id, kind, messageIndex, text, lang } = acu
        return [{ id, kind, conversationId, messageId, messageIndex, title, text, lang, snippet, score }]
      })
      return { hits }
    },
  }
}

export type Acus = ReturnType<typeof makeAcus>

/** By the whole id, else all that begin so. */
function matching({ acus, byId }: Pick<Cut, 'acus' | 'byId'>, selector: string): Acu[] {
  const exact = byId.get(selector)
  return exact ? [exact] : acus.filter(({ id }) => id.startsWith(selector))
}

/** Those of a conversation's units that are selected, each by its id or a beginning that is unique in it.
 *  @throws `acu/not-found`, `id/ambiguous` */
export function selectAcus(acus: readonly Acu[], selectors: readonly string[]): Acu[] {
  const cut = { acus: [...acus], byId: new Map(acus.map(acu => [acu.id as string, acu])) }
  return selectors.map(selector => {
    const found = matching(cut, selector)
    const [acu] = found
    if (!acu) throw new VivimError('acu/not-found', `the conversation has no unit “${selector}”`)
    if (found.length > 1) throw ambiguous(selector)
    return acu
  })
}

/** What a notebook keeps of a unit. */
export function copyOf({ head, byIndex, acu }: Located): UnitCopy {
  const own = [...new Set(acu.spans.map(span => span.message))].flatMap(index => byIndex.get(index) ?? [])
  const parts = partsOfUnits([acu], own)
  return {
    kind: acu.kind,
    lang: acu.lang,
    text: acu.text,
    contentHash: acu.contentHash,
    role: acu.role,
    title: head.title,
    messageId: acu.messageId,
    messageIndex: acu.messageIndex,
    messages: own.map(({ index, role, createdAtMs }) => ({
      role,
      createdAtMs,
      parts: parts.get(index ?? 0) ?? [],
    })),
  }
}

const notOwn = (): VivimError =>
  new VivimError('library/not-own', 'that was shared by somebody else, and ends with its share')

const ambiguous = (selector: string): VivimError =>
  new VivimError('id/ambiguous', `more than one unit begins with “${selector}”`)

const shown = ({ spans: _, ...acu }: Acu): Shown => acu

/** null where none has any of them: only the title was found.
 *  @param snippet - of the message, with what matched between « and » */
function mostMarked(acus: readonly Acu[], snippet: string): Acu | null {
  const words = new Set([...snippet.matchAll(/«([^»]+)»/g)].map(([, word = '']) => folded(word)))
  let best: Acu | null = null
  let most = 0
  for (const acu of acus) {
    const text = folded(acu.text)
    const count = [...words].filter(word => text.includes(word)).length
    if (count > most) [best, most] = [acu, count]
  }
  return best
}
