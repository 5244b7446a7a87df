/** RPC methods of the noun `conversation`. */
import type { Handlers } from '../../core/contract/methods.ts'
import { exportDocument } from '../../core/conversation/vivim.ts'
import { assetFileName } from '../../core/model/conversation-document.ts'
import { conversationMarkdown } from '../conversation-text.ts'
import type { Caller } from '../rpc/caller.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'

/** As base64 in a line of half a mebibyte, like the pieces of an import. */
const ASSET_PIECE_BYTES = 384 * 1024

export type ConversationMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `conversation.${string}`>
>

export const makeConversationMethods = (store: ConversationStore): ConversationMethods => ({
  'conversation.list': async (caller, p) => store.list(caller.did, p),
  'conversation.show': async (caller, p) => store.show(caller.did, p.conversation, p),
  'conversation.search': async (caller, p) => store.search(caller.did, p.query, p.limit),
  'conversation.export': async (caller, p) => {
    const { head, messages, assets } = store.toExport(caller.did, p.conversation)
    const files = assets.map(asset => ({ ...asset, name: assetFileName(asset.sha256, asset.mime) }))
    const folder = p.assetFolder
    const linked =
      folder === undefined ? [] : files.map(file => [file.sha256, `${folder}/${file.name}`] as const)
    return {
      id: head.id,
      format: p.format,
      text:
        p.format === 'json'
          ? exportDocument({ ...head, messages })
          : conversationMarkdown(head, messages, new Map(linked)),
      assets: files,
    }
  },
  'conversation.asset': async (caller, p) => ({
    dataB64: Buffer.from(
      store.assetPiece(caller.did, p.conversation, p.sha256, p.offset, ASSET_PIECE_BYTES),
    ).toString('base64'),
  }),
  'conversation.delete': async (caller, p) => ({
    ...(await store.delete(caller.did, p.conversation)),
    changed: true,
  }),
})
