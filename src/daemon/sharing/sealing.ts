/** From a decision to an accepted share: the content is frozen and sealed, its blocks are synced, grants are made, and one
 *  transaction of the master database accepts it all. What a crash leaves before that is swept at the next start. */
import type { ParsedParams } from '../../core/contract/methods.ts'
import { fetchKey, recordKey, sealContent } from '../../core/crypto/content.ts'
import { Ed25519Key, ed25519PublicKey } from '../../core/crypto/ed25519.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import type { Prepared } from '../../core/filter/preview.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import { type Cid, type ConversationId, type Did, ShareId } from '../../core/model/id.ts'
import { signRecord, signSlip, signTombstone } from '../../core/pipeline/holding.ts'
import { signIntent } from '../../core/pipeline/intent.ts'
import { grantToRecovery, grantToSelf } from '../../core/pipeline/notice.ts'
import { encodeSealed, signRedaction } from '../../core/pipeline/plaintext.ts'
import type {
  BlockStore,
  EnvelopeRow,
  NewJob,
  RecipientRow,
  ShareRow,
  ShareStore,
  ShareTerms,
} from '../../core/pipeline/ports.ts'
import type { Network } from '../network/ports.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audience, Audiences } from './audiences.ts'
import type { Envelopes, NoticeFacts } from './envelopes.ts'
import type { SharingEvents } from './events.ts'
import { contentPlace, type KeyRing, sealStored } from './keys.ts'

/** Records of shares for the DHT, kept so that a locked node can put them again. */
export interface RecordStore {
  put(share: ShareId, wire: Uint8Array): Promise<void>
  published(share: ShareId): Promise<void>
  /** Of live shares, with the key under which each lies. */
  live(): Promise<{ share: ShareId; key: Uint8Array; wire: Uint8Array }[]>
}

/** Everything that was decided before sealing. */
export interface Decided {
  /** The permissions of the terms, and the idempotency key. */
  params: Pick<ParsedParams<'share.create'>, 'allow' | 'key'>
  audience: Audience
  terms: ShareTerms
  prepared: Prepared
  /** Null for a notebook or a bundle, and where it is no longer known. */
  conversation: ConversationId | null
  audienceKey: string
  termsText: string
}

export interface SealingDeps {
  users: UserDatabaseManager
  store: ShareStore
  records: RecordStore
  blocks: BlockStore
  audiences: Audiences
  envelopes: Envelopes
  conversations: ConversationStore
  keys: KeyRing
  network: () => Network
  events: SharingEvents
  wake: () => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeSealing(deps: SealingDeps) {
  const { users, store, records, blocks, audiences, envelopes, conversations } = deps
  const { keys, network, events, wake, clock, chance, log } = deps

  /** Freeze, seal, sync, grant and accept. The command may answer when this resolves; when it throws nothing is left. */
  async function sealAndStore(local: Did, decided: Decided): Promise<ShareRow> {
    const shareId = ShareId.parse(toBase32(chance.bytes(16)))
    const put: Cid[] = []
    try {
      return await seal(local, shareId, decided, put)
    } catch (error) {
      await undo(local, shareId, put)
      throw error
    }
  }

  async function undo(local: Did, shareId: ShareId, put: readonly Cid[]): Promise<void> {
    try {
      if ((await store.find(shareId)) !== null) return
      if (users.write(local, db => db.shareContents.delete(shareId))) users.compact(local)
      for (const cid of put) await blocks.delete(cid)
    } catch (error) {
      // A disk or database that fails now is swept at the next start.
      log('share.not-undone', { share: shareId, code: codeOf(error) })
    }
  }

  async function seal(local: Did, shareId: ShareId, decided: Decided, put: Cid[]): Promise<ShareRow> {
    const { params, audience, terms, prepared, conversation, audienceKey, termsText } = decided
    const own = keys.keys(local)
    const nowMs = clock.nowMs()
    const shareSeed = new SecretBytes(chance.bytes(32))
    const shareKey = new Ed25519Key(shareSeed)
    const receipt =
      prepared.redaction &&
      signRedaction(prepared.plaintext, prepared.redaction, {
        key: own.device,
        doc: own.document.hash,
        atMs: nowMs,
        seq: 1,
      }).wire
    const assets = prepared.assetsNeeded.map(({ sha256 }) => {
      const bytes = prepared.replaced.get(sha256) ?? conversations.asset(local, sha256)
      if (bytes === null)
        throw new VivimError('storage/corrupt', 'an attached file is no longer here', { sha256 })
      return bytes
    })
    const sealed = await sealContent({
      plaintext: encodeSealed(prepared.plaintext, receipt, assets),
      shareKey: shareKey.publicKey,
      chance,
      putBlock: ({ cid, bytes }) => {
        put.push(cid)
        return blocks.put(cid, bytes)
      },
    })
    put.push(sealed.contentId)
    await blocks.put(sealed.contentId, sealed.manifestBytes)
    await blocks.sync()

    const grantFor = { owner: local, share: shareId, version: 1, content: sealed.contentId }
    const facts: NoticeFacts = {
      ...grantFor,
      allow: params.allow,
      fromMs: terms.fromMs,
      untilMs: terms.expiresMs,
      title: prepared.title,
      note: prepared.note,
      own: grantToRecovery(grantFor, sealed.contentKey, shareSeed, own.recovery, chance),
    }
    const ownGrant = grantToSelf(
      grantFor,
      sealed.contentKey,
      shareSeed,
      [...activeDevices(own.document), { kem: own.recovery.kem }],
      chance,
    )
    users.write(local, db =>
      db.shareContents.put({
        shareId,
        conversationId: conversation,
        title: prepared.title,
        note: prepared.note,
        digest: prepared.digest,
        audienceKey,
        termsText,
        plaintext: prepared.plaintext,
        receipt,
        contentKeySealed: sealStored(own, contentPlace(shareId), sealed.contentKey, chance),
        ownGrant,
        createdAtMs: nowMs,
      }),
    )

    const scheduled = terms.fromMs !== null && terms.fromMs > nowMs
    const routed = await route(facts, audience, sealed.contentKey, scheduled)
    const share: ShareRow = {
      shareId,
      owner: local,
      version: 1,
      contentId: sealed.contentId,
      state: scheduled ? 'scheduled' : 'queued',
      terms,
      audience: { contacts: audience.contacts, circles: audience.circles },
      intent: signIntent(
        { owner: local, share: shareId, version: 1, audience, terms, atMs: nowMs, doc: own.document.hash },
        own.device,
      ).wire,
      slip: signSlip(
        {
          content: sealed.contentId,
          seq: 1,
          notBeforeMs: terms.fromMs,
          expiresMs: terms.expiresMs,
          fetch: ed25519PublicKey(fetchKey(sealed.contentKey)),
        },
        shareKey,
      ).wire,
      tombstone: signTombstone(sealed.contentId, shareKey).wire,
      key: params.key ?? null,
      createdAtMs: nowMs,
      endedAtMs: null,
    }
    await store.accept(share, routed.recipients, routed.envelopes, jobsOf(share, routed.recipients))
    wake()
    const holders = [{ peer: network().peerId, addrs: network().addrs() }]
    const record = signRecord(
      { content: sealed.contentId, holders },
      1,
      terms.expiresMs,
      recordKey(sealed.contentKey),
      shareKey,
      chance,
    )
    try {
      await records.put(shareId, record.wire)
    } catch (error) {
      // The share stands; what its record is for, its recipients' nodes get with the notice.
      log('share.record-not-kept', { share: shareId, code: codeOf(error) })
    }
    log('share.accepted', { share: shareId, content: sealed.contentId, recipients: routed.recipients.length })
    events.emit({
      kind: 'share',
      owner: local,
      share: shareId,
      event: 'accepted',
      state: share.state,
      target: null,
      atMs: nowMs,
    })
    return share
  }

  /** Everybody who gets it, each once: by name before by circle. Before its time nobody gets a grant. */
  async function route(
    facts: NoticeFacts,
    audience: Audience,
    contentKey: SecretBytes,
    scheduled: boolean,
  ): Promise<{ recipients: RecipientRow[]; envelopes: EnvelopeRow[] }> {
    const recipients: RecipientRow[] = []
    const made: EnvelopeRow[] = []
    const named = new Set<Did>()
    for (const did of [...audience.contacts, ...audience.wished]) {
      if (named.has(did)) continue
      named.add(did)
      const routed = scheduled ? null : await envelopes.toPerson(facts, did, contentKey)
      recipients.push(...(routed?.recipients ?? [envelopes.pending(facts, did, null)]))
      made.push(...(routed?.envelopes ?? []))
    }
    for (const circle of audience.circles) {
      if (scheduled) {
        for (const did of audiences.members(facts.owner, circle)) {
          if (named.has(did)) continue
          named.add(did)
          recipients.push(envelopes.pending(facts, did, circle))
        }
        continue
      }
      const routed = await envelopes.toCircle(facts, circle, contentKey, named)
      for (const { did } of routed.recipients) named.add(did)
      recipients.push(...routed.recipients)
      made.push(...routed.envelopes)
    }
    return { recipients, envelopes: made }
  }

  const jobsOf = (share: ShareRow, recipients: RecipientRow[]): NewJob[] => {
    const job = { owner: share.owner, share: share.shareId, circle: null }
    const fromMs = share.terms.fromMs ?? share.createdAtMs
    const list: NewJob[] = recipients.map(({ did, state }) => ({
      ...job,
      kind: state === 'pending' ? 'grant' : 'deliver',
      target: did,
      notBeforeMs: Math.max(fromMs, share.createdAtMs),
    }))
    if (share.terms.expiresMs !== null)
      list.push({ ...job, kind: 'expire', target: null, notBeforeMs: share.terms.expiresMs })
    return list
  }

  return { sealAndStore }
}

export type Sealing = ReturnType<typeof makeSealing>
