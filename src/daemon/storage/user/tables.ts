/** What stands in one user's database, table by table: a reader for everybody, a writer for the length of a transaction. */
import type { Sql, WritingSql } from '../sqlite.ts'
import { makeAssetReader, makeAssetWriter } from './asset-table.ts'
import { makeAuditReader, makeAuditWriter } from './audit-table.ts'
import { makeCapabilityReader, makeCapabilityWriter } from './capability-table.ts'
import { makeCircleReader, makeCircleWriter } from './circle-table.ts'
import { makeCollectionReader, makeCollectionWriter } from './collection-table.ts'
import { makeContactReader, makeContactWriter } from './contact-table.ts'
import { makeConversationWriter } from './conversation-import.ts'
import { makeConversationReader } from './conversation-table.ts'
import { makeEpochReader, makeEpochWriter } from './epoch-table.ts'
import { makeFilterEntryReader, makeFilterEntryWriter } from './filter-entry-table.ts'
import { makeInviteReader, makeInviteWriter } from './invite-table.ts'
import { makeJoinReader, makeJoinWriter } from './join-table.ts'
import { makeLetterReader, makeLetterWriter } from './letter-table.ts'
import { makeMemoryReader, makeMemoryWriter } from './memory-table.ts'
import { makeMessageWindows } from './message-windows.ts'
import { makePassReader, makePassWriter } from './pass-table.ts'
import { makeProfileReader, makeProfileWriter } from './profile-table.ts'
import { makeProposalReader, makeProposalWriter } from './proposal-table.ts'
import { makeReceivedReader, makeReceivedWriter } from './received-table.ts'
import { makeSearch } from './search.ts'
import { makeShareContentReader, makeShareContentWriter } from './share-content-table.ts'
import { makeTombstoneReader, makeTombstoneWriter } from './tombstone-table.ts'

export function makeUserReader(sql: Sql) {
  return {
    profile: makeProfileReader(sql),
    conversations: makeConversationReader(sql),
    collections: makeCollectionReader(sql),
    memories: makeMemoryReader(sql),
    search: makeSearch(sql),
    assets: makeAssetReader(sql),
    contacts: makeContactReader(sql),
    circles: makeCircleReader(sql),
    epochs: makeEpochReader(sql),
    invites: makeInviteReader(sql),
    joins: makeJoinReader(sql),
    shareContents: makeShareContentReader(sql),
    letters: makeLetterReader(sql),
    received: makeReceivedReader(sql),
    passes: makePassReader(sql),
    tombstones: makeTombstoneReader(sql),
    messageWindows: makeMessageWindows(sql),
    filterEntries: makeFilterEntryReader(sql),
    audit: makeAuditReader(sql),
    capabilities: makeCapabilityReader(sql),
    proposals: makeProposalReader(sql),
  }
}
export type UserReader = ReturnType<typeof makeUserReader>

export function makeUserWriter(sql: WritingSql) {
  return {
    profile: makeProfileWriter(sql),
    conversations: makeConversationWriter(sql),
    collections: makeCollectionWriter(sql),
    memories: makeMemoryWriter(sql),
    search: makeSearch(sql),
    assets: makeAssetWriter(sql),
    contacts: makeContactWriter(sql),
    circles: makeCircleWriter(sql),
    epochs: makeEpochWriter(sql),
    invites: makeInviteWriter(sql),
    joins: makeJoinWriter(sql),
    shareContents: makeShareContentWriter(sql),
    letters: makeLetterWriter(sql),
    received: makeReceivedWriter(sql),
    passes: makePassWriter(sql),
    tombstones: makeTombstoneWriter(sql),
    messageWindows: makeMessageWindows(sql),
    filterEntries: makeFilterEntryWriter(sql),
    audit: makeAuditWriter(sql),
    capabilities: makeCapabilityWriter(sql),
    proposals: makeProposalWriter(sql),
  }
}
export type UserWriter = ReturnType<typeof makeUserWriter>
