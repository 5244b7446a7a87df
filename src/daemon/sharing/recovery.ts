/** What a start has to mend after a crash: states that were left half-way, blocks and content that nothing names. */
import { parseManifest } from '../../core/crypto/manifest.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import type { BlockStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Endings } from './endings.ts'

export interface RecoveryDeps {
  users: UserDatabaseManager
  store: ShareStore
  blocks: BlockStore
  endings: Endings
  localUsers: readonly Did[]
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Run once, before jobs, network and socket. */
export async function recoverFromCrash({
  users,
  store,
  blocks,
  endings,
  localUsers,
  log,
}: RecoveryDeps): Promise<void> {
  for (const local of localUsers) {
    for (const share of await store.list(local, {})) {
      if (share.state === 'publishing') await store.move(share.shareId, ['publishing'], 'queued')
      const content = users.read(local, db => db.shareContents.get(share.shareId))
      const { state } = share
      if ((state === 'expired' || state === 'revoked' || state === 'exhausted') && content?.ownGrant)
        await endings.endOwn(share, state)
    }
    // Frozen content whose share was never accepted: nobody was told that it leaves.
    for (const share of users.read(local, db => db.shareContents.titles()).keys()) {
      if ((await store.find(share)) !== null) continue
      users.write(local, db => db.shareContents.delete(share))
      users.compact(local)
      log('recovery.content-dropped', { share })
    }
  }
  await sweepBlocks()

  async function sweepBlocks(): Promise<void> {
    const contents = new Set<Cid>(await store.liveContents())
    for (const local of localUsers) {
      const named = users.read(local, db => [...db.letters.contents(), ...db.received.contents()])
      for (const content of named) contents.add(content)
    }
    const kept = new Set<Cid>(contents)
    for (const content of contents) {
      const manifest = await blocks.get(content)
      if (manifest === null) continue
      try {
        for (const cid of parseManifest(manifest).chunks) kept.add(cid)
      } catch (error) {
        log('recovery.manifest-unreadable', { content, code: codeOf(error) })
      }
    }
    let dropped = 0
    for await (const cid of blocks.list()) {
      if (kept.has(cid)) continue
      await blocks.delete(cid)
      dropped++
    }
    if (dropped > 0) log('recovery.blocks-dropped', { blocks: dropped })
  }
}
