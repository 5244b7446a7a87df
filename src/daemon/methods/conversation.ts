/** RPC methods of the noun `conversation`. */
import type { Handlers } from '../../core/contract/methods.ts'
import { conversationMarkdown } from '../conversation-text.ts'
import type { Caller } from '../rpc/caller.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'

export type ConversationMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `conversation.${string}`>
>

export const makeConversationMethods = (store: ConversationStore): ConversationMethods => ({
  'conversation.list': async (caller, p) => store.list(caller.did, p),
  'conversation.show': async (caller, p) => store.show(caller.did, p.conversation, p),
  'conversation.search': async (caller, p) => store.search(caller.did, p.query, p.limit),
  'conversation.export': async (caller, p) => {
    const { format } = p
    const view = store.show(caller.did, p.conversation, {
      allBranches: format === 'json',
      hidden: format === 'json',
    })
    return {
      id: view.id,
      format,
      text: format === 'json' ? JSON.stringify(view, null, 2) : conversationMarkdown(view),
    }
  },
  'conversation.delete': async (caller, p) => ({
    id: await store.delete(caller.did, p.conversation),
    changed: true,
  }),
})
