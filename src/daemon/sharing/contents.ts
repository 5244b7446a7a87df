/** What was sealed, opened again: the bytes of an own share from its blocks, and the shapes in which the filter reads them. */
import { openContent } from '../../core/crypto/content.ts'
import type { AssetReader } from '../../core/filter/files.ts'
import type { Copy } from '../../core/filter/leaving.ts'
import { deviceOf, type IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { refuseEnded } from '../../core/pipeline/lifecycle.ts'
import { openOwnGrant } from '../../core/pipeline/notice.ts'
import {
  decodeSealed,
  MAX_SEALED_BYTES,
  openRedaction,
  type Plaintext,
  type RedactionReceipt,
  type SealedContent,
} from '../../core/pipeline/plaintext.ts'
import type { BlockStore, ShareRow } from '../../core/pipeline/ports.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { KeyRing } from './keys.ts'

/** Open an own share that lives. @throws `keystore/locked`, `crypto/missing-block`, `crypto/cannot-open`; `share/revoked` and its like
 *  where its bytes are given up. */
export async function openOwnContent(
  share: ShareRow,
  { users, blocks, keys }: { users: UserDatabaseManager; blocks: BlockStore; keys: KeyRing },
): Promise<SealedContent> {
  refuseEnded(share)
  const grant = users.read(share.owner, db => db.shareContents.get(share.shareId))?.ownGrant
  if (grant == null)
    throw new VivimError('device/no-content', 'the content of this share is on another device of yours')
  const { contentKey } = openOwnGrant(
    { owner: share.owner, share: share.shareId, version: share.version, content: share.contentId },
    keys.keys(share.owner).kem,
    grant,
  )
  const manifestBytes = await blocks.get(share.contentId)
  if (manifestBytes === null)
    throw new VivimError('crypto/missing-block', 'the manifest of this share is not here')
  return decodeSealed(
    await openContent({
      manifestBytes,
      contentKey,
      getBlock: cid => blocks.get(cid),
      maxBytes: MAX_SEALED_BYTES,
    }),
  )
}

/** A plaintext as the filter looks through it; its parts are shared with it. */
export const copyOf = ({ title, note, messages }: Plaintext): Copy => ({
  title,
  note,
  messages: messages.map(message => ({ ...message })),
})

/** The files that travelled with a share. */
export function sealedAssets({
  plain,
  assets,
}: SealedContent): AssetReader & { bytes: Map<string, Uint8Array> } {
  const bytes = new Map(plain.assets.map(({ sha256 }, at) => [sha256, assets[at] ?? new Uint8Array(0)]))
  return {
    bytes,
    size: async sha256 => bytes.get(sha256)?.length ?? null,
    read: async (sha256, length) => bytes.get(sha256)?.subarray(0, length) ?? null,
  }
}

/** The files of a user. */
export const ownAssets = (
  { users, conversations }: { users: UserDatabaseManager; conversations: ConversationStore },
  local: Did,
): AssetReader => ({
  size: async sha256 => users.read(local, db => db.assets.get(sha256))?.bytes ?? null,
  read: async (sha256, bytes) => {
    const size = users.read(local, db => db.assets.get(sha256))?.bytes ?? 0
    return bytes < size ? conversations.assetHead(local, sha256, bytes) : conversations.asset(local, sha256)
  },
})

/** Check that what was opened is its owner's: the name inside, and the redaction receipt, by a device that is or was theirs over these bytes.
 *  @param signer - the device that signed what was kept of it: it counted then, and may have been revoked since; null: none.
 *  @returns the receipt, or null where there is none. @throws `crypto/bad-signature`, `crypto/bad-encoding`. */
export async function checkContent(
  { plain, plaintext, receipt }: SealedContent,
  owner: Did,
  signer: Uint8Array | null,
  documentOf: (did: Did) => Promise<IdentityDocument | null>,
): Promise<RedactionReceipt | null> {
  if (plain.owner !== owner)
    throw new VivimError('crypto/bad-signature', 'the text inside names another owner than the notice')
  if (receipt === null) return null
  const { payload } = openRedaction(receipt, plaintext)
  const document = await documentOf(owner)
  const { by } = payload
  // Who shares again what a device of theirs had sealed that is lost since vouches for it with the notice: the receipt alone opens nothing.
  const wasListed = document?.revoked.some(gone => sameBytes(gone.ed, by)) ?? false
  const isListed = document !== null && deviceOf(document, by) !== null
  if (!isListed && !wasListed && !(signer !== null && sameBytes(by, signer)))
    throw new VivimError('crypto/bad-signature', 'the redaction receipt is not by the owner')
  return payload
}
