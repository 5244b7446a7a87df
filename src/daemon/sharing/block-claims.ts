/** Whose a block is. Sealing never makes the same block twice, but a stranger's manifest may name whatever blocks they have heard of:
 *  such a claim neither tells what is here nor takes it away. */
import { cidBytes } from '../../core/crypto/cid.ts'
import { parseManifest } from '../../core/crypto/manifest.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import type { BlockStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'

export interface BlockClaimsDeps {
  users: UserDatabaseManager
  store: ShareStore
  blocks: BlockStore
  localUsers: () => Promise<Did[]>
}

/** A content id as one person sent it; `by` null: whoever did. */
export interface Claim {
  content: Cid
  by: Did | null
}

export function makeBlockClaims({ users, store, blocks, localUsers }: BlockClaimsDeps) {
  /** Blocks of own live shares: read once each. */
  const ofOwn = new Map<Cid, ReadonlySet<Cid>>()

  async function ownBlocks(content: Cid): Promise<ReadonlySet<Cid>> {
    const known = ofOwn.get(content)
    if (known !== undefined) return known
    const manifest = await blocks.get(content)
    const chunks = new Set(manifest === null ? [] : parseManifest(manifest).chunks)
    if (manifest !== null) ofOwn.set(content, chunks)
    return chunks
  }

  return {
    /** Whether something that is here, received or shared, names this block, besides one claim. */
    async isNamedBeside(block: Cid, { content, by }: Claim): Promise<boolean> {
      const bytes = cidBytes(block)
      for (const local of await localUsers()) {
        const received = users.read(
          local,
          db => db.received.names(bytes, content, by) || db.letters.names(bytes, content, by),
        )
        if (received) return true
      }
      const live = new Set(await store.liveContents())
      for (const ended of ofOwn.keys()) if (!live.has(ended)) ofOwn.delete(ended)
      for (const own of live)
        if ((own !== content || by !== null) && (await ownBlocks(own)).has(block)) return true
      return false
    },
  }
}
