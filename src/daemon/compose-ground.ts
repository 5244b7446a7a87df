/** Part of the composition root: what everything in the daemon is made of. */
import type { Ed25519Key } from '../core/crypto/ed25519.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import type { Did } from '../core/model/id.ts'
import type { BlockStore } from '../core/pipeline/ports.ts'
import type { Happenings } from './audit/happenings.ts'
import type { Config } from './config.ts'
import type { LocalUsers } from './local-users.ts'
import type { Network } from './network/ports.ts'
import type { KeyRing } from './sharing/keys.ts'
import type { Publisher } from './sharing/publisher.ts'
import type { Master } from './storage/master/master.ts'
import type { ConversationStore } from './storage/user/conversation-store.ts'
import type { UserDatabaseManager } from './storage/user/manager.ts'

/** What the services are made of: stores, keys, time and chance, and the two that run only once the services are there. */
export interface Ground {
  config: Config
  peerId: string
  nodeKey: Ed25519Key
  master: Master
  users: UserDatabaseManager
  blocks: BlockStore
  conversations: ConversationStore
  locals: LocalUsers
  /** The keys of who lives here, while they are unlocked. */
  keys: KeyRing
  happenings: Happenings
  /** @throws `daemon/not-ready` before the node listens. */
  network: () => Network
  publisher: () => Publisher | null
  /** The own document in force is made known everywhere. @returns how many contacts are told. */
  announce: (local: Did) => Promise<number>
  wake: () => void
  clock: Clock
  chance: Chance
  say: (event: string, fields: Record<string, unknown>) => void
}
