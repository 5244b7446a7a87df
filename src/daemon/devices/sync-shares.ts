/** Own devices tell each other of own shares, so that any of them lists and revokes each: the one that made it delivers, the others have
 *  no jobs of it. A state only goes forward, and what ended stays so. */
import { z } from 'zod'
import { Permission, RecipientState, ShareState } from '../../core/contract/share-shapes.ts'
import type { CborValue } from '../../core/crypto/cbor.ts'
import { cidBytes } from '../../core/crypto/cid.ts'
import { LABELS } from '../../core/crypto/labels.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { verifyObject } from '../../core/crypto/signed.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { fromBase32, sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { isVerdict, VivimError } from '../../core/kernel/errors.ts'
import { Cid, CircleId, ConversationId, Did, ShareId } from '../../core/model/id.ts'
import { parseSlip, parseTombstone } from '../../core/pipeline/holding.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import { grantToSelf, openOwnGrant } from '../../core/pipeline/notice.ts'
import type { BlockStore, RecipientRow, ShareRow, ShareStore } from '../../core/pipeline/ports.ts'
import { parseReceipt } from '../../core/pipeline/receipt.ts'
import type { Endings } from '../sharing/endings.ts'
import type { SharingEvents } from '../sharing/events.ts'
import type { KeyRing } from '../sharing/keys.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { Bytes, Counter, markOf, type SyncKind, type SyncPair, shapeOf } from './sync-kind.ts'

export interface SyncSharesDeps {
  users: UserDatabaseManager
  store: ShareStore
  blocks: BlockStore
  endings: Endings
  keys: KeyRing
  events: SharingEvents
  nowMs: () => number
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

const OBJECT_MAX_BYTES = 128 * 1024

const ShareValue = z.object({
  version: z.number().int().positive(),
  content: Cid,
  state: ShareState,
  terms: z.object({
    allow: z.array(Permission).min(1).max(5),
    fromMs: Counter.nullable(),
    expiresMs: Counter.nullable(),
    discoverable: z.array(z.string().max(64)).max(16),
  }),
  audience: z.object({ contacts: z.array(Did).max(10_000), circles: z.array(CircleId).max(1_000) }),
  intent: Bytes(OBJECT_MAX_BYTES),
  slip: Bytes(4096),
  tombstone: Bytes(4096),
  key: z.string().max(1024).nullable(),
  createdAt: Counter,
  endedAt: Counter.nullable(),
  recipients: z
    .array(
      z.object({
        did: Did,
        circle: CircleId.nullable(),
        state: RecipientState,
        receipt: Bytes(4096).nullable(),
        acknowledgedAt: Counter.nullable(),
      }),
    )
    .max(100_000),
  words: z.object({
    conversation: ConversationId.nullable(),
    title: z.string().nullable(),
    note: z.string().nullable(),
    digest: z.string().max(128),
    audienceKey: z.string().max(128),
    termsText: z.string().max(4096),
  }),
  ownGrant: Bytes(128 * 1024).nullable(),
  /** With history only: what the grant holds, of a share that was made before the device was there. */
  keys: z.object({ content: Bytes(32), share: Bytes(32) }).nullable(),
})
type ShareValue = z.infer<typeof ShareValue>

/** What only the device that delivers sees on its way is not told. */
const settled = (state: ShareState): 'scheduled' | 'queued' | 'published' | 'ended' =>
  state === 'scheduled' || state === 'published'
    ? state
    : state === 'queued' || state === 'publishing' || state === 'failed'
      ? 'queued'
      : 'ended'
const settledRecipient = (state: RecipientState): RecipientState =>
  state === 'delivering' ? 'queued' : state

const RANKS: readonly RecipientState[] = ['pending', 'queued', 'refused', 'acknowledged', 'ended']

export function makeSyncShares(deps: SyncSharesDeps): SyncKind[] {
  const { users, store, blocks, endings, keys, events, nowMs, chance, log } = deps

  async function markOfShare(share: ShareRow): Promise<Uint8Array> {
    const recipients = await store.recipients(share.shareId)
    return markOf([
      settled(share.state),
      share.version,
      isLive(share.state)
        ? recipients.map(({ did, state, receipt }) => [did, settledRecipient(state), receipt !== null])
        : null,
    ])
  }

  const grantFor = (share: ShareRow) => ({
    owner: share.owner,
    share: share.shareId,
    version: share.version,
    content: share.contentId,
  })

  /** What the own grant of a share holds, for a device that came later and may have what was before. */
  function keysFor(pair: SyncPair, share: ShareRow, ownGrant: Uint8Array | null): CborValue {
    if (ownGrant === null || !pair.history || share.createdAtMs >= pair.sinceMs) return null
    try {
      const { contentKey, shareSeed } = openOwnGrant(grantFor(share), keys.keys(pair.local).kem, ownGrant)
      return { content: contentKey.reveal(), share: shareSeed.reveal() }
    } catch (error) {
      if (!isVerdict(error)) throw error
      return null
    }
  }

  const shares: SyncKind = {
    kind: 'share',
    async marks({ local }) {
      const marks: [string, Uint8Array][] = []
      const words = users.read(local, db => db.shareContents.titles())
      // One whose words did not get here before a crash is asked for again.
      for (const share of await store.list(local, {}))
        if (words.has(share.shareId)) marks.push([share.shareId, await markOfShare(share)])
      return marks
    },

    async row(pair, name) {
      const share = await store.find(ShareId.parse(name))
      const words = share && users.read(pair.local, db => db.shareContents.get(share.shareId))
      if (!share || !words || share.owner !== pair.local) return null
      const { terms, audience } = share
      return {
        version: share.version,
        content: share.contentId,
        state: share.state === 'publishing' ? 'queued' : share.state,
        terms: { ...terms, allow: [...terms.allow], discoverable: [...terms.discoverable] },
        audience: { contacts: [...audience.contacts], circles: [...audience.circles] },
        intent: share.intent,
        slip: share.slip,
        tombstone: share.tombstone,
        key: share.key,
        createdAt: share.createdAtMs,
        endedAt: share.endedAtMs,
        recipients: (await store.recipients(share.shareId)).map(one => ({
          did: one.did,
          circle: one.circle,
          state: settledRecipient(one.state),
          receipt: one.receipt,
          acknowledgedAt: one.acknowledgedAtMs,
        })),
        words: {
          conversation: words.conversationId,
          title: words.title,
          note: words.note,
          digest: words.digest,
          audienceKey: words.audienceKey,
          termsText: words.termsText,
        },
        ownGrant: words.ownGrant,
        keys: keysFor(pair, share, words.ownGrant),
      }
    },

    async take(pair, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const shareId = ShareId.parse(name)
        const theirs = shapeOf(ShareValue, value)
        const next = verified(pair.local, shareId, theirs)
        const known = await store.find(shareId)
        if (known !== null && known.owner !== pair.local)
          throw new VivimError('crypto/bad-signature', 'a share of somebody else')
        if (known === null || !hasWords(known)) await adopt(next, theirs, known === null)
        else if (!(await join(known, theirs))) continue
        taken++
        const state = (await store.find(shareId))?.state ?? next.state
        events.emit({
          kind: 'share',
          owner: pair.local,
          share: shareId,
          event: 'synced',
          state,
          target: null,
          atMs: nowMs(),
        })
      }
      return taken
    },
  }

  const hasWords = (share: ShareRow): boolean =>
    users.read(share.owner, db => db.shareContents.get(share.shareId)) !== null

  /** An own device may be in somebody else's hands: a row counts only for this person, this share and this content.
   *  @throws `crypto/…`. */
  function verified(local: Did, shareId: ShareId, theirs: ShareValue): ShareRow {
    const { payload } = verifyObject(LABELS.intent, theirs.intent, OBJECT_MAX_BYTES)
    const { content, by } = parseTombstone(theirs.tombstone)
    const isWhole =
      payload.owner === local &&
      payload.share instanceof Uint8Array &&
      sameBytes(payload.share, fromBase32(shareId)) &&
      content === theirs.content &&
      parseSlip(theirs.slip, by).content === theirs.content
    if (!isWhole) throw new VivimError('crypto/bad-signature', 'a share whose parts are not of one')
    return {
      shareId,
      owner: local,
      version: theirs.version,
      contentId: theirs.content,
      state: theirs.state,
      terms: theirs.terms,
      audience: theirs.audience,
      intent: theirs.intent,
      slip: theirs.slip,
      tombstone: theirs.tombstone,
      key: theirs.key,
      createdAtMs: theirs.createdAt,
      endedAtMs: theirs.endedAt,
    }
  }

  const recipientsOf = (shareId: ShareId, theirs: ShareValue): RecipientRow[] =>
    theirs.recipients.map(({ did, circle, state, receipt, acknowledgedAt }) => ({
      shareId,
      did,
      circle,
      state,
      envelopes: [],
      receipt,
      acknowledgedAtMs: acknowledgedAt,
    }))

  async function adopt(share: ShareRow, theirs: ShareValue, isNew: boolean): Promise<void> {
    if (isNew) await store.adopt(share, recipientsOf(share.shareId, theirs))
    const { words } = theirs
    users.write(share.owner, db =>
      db.shareContents.put({
        shareId: share.shareId,
        conversationId: words.conversation,
        title: words.title,
        note: words.note,
        digest: words.digest,
        audienceKey: words.audienceKey,
        termsText: words.termsText,
        plaintext: null,
        receipt: null,
        contentKeySealed: null,
        ownGrant: isLive(share.state) ? ownGrantHere(share, theirs) : null,
        createdAtMs: share.createdAtMs,
      }),
    )
    log('share.adopted', { share: share.shareId, state: share.state })
  }

  /** The own grant, where this device can open it: it was there when it was made, or was given the keys. */
  function ownGrantHere(share: ShareRow, { keys: given, ownGrant }: ShareValue): Uint8Array | null {
    const own = keys.keys(share.owner)
    if (given !== null && given.content.length === 32 && given.share.length === 32)
      return grantToSelf(
        grantFor(share),
        new SecretBytes(given.content),
        new SecretBytes(given.share),
        [...activeDevices(own.document), { kem: own.recovery.kem }],
        chance,
      )
    if (ownGrant === null) return null
    try {
      openOwnGrant(grantFor(share), own.kem, ownGrant)
      return ownGrant
    } catch (error) {
      if (!isVerdict(error)) throw error
      return null
    }
  }

  /** @returns whether anything went forward here. */
  async function join(known: ShareRow, theirs: ShareValue): Promise<boolean> {
    if (known.contentId !== theirs.content || known.version !== theirs.version) return false
    if (!isLive(known.state) && known.state !== 'failed') return false
    if (settled(theirs.state) === 'ended')
      return await endings.endOwn(
        known,
        theirs.state === 'expired' || theirs.state === 'exhausted' ? theirs.state : 'revoked',
      )
    let changed = false
    const here = new Map((await store.recipients(known.shareId)).map(row => [row.did, row]))
    for (const { did, state, receipt, acknowledgedAt } of theirs.recipients) {
      const ours = here.get(did)
      if (!ours) continue
      if (receipt !== null && ours.receipt === null) {
        if (!isReceiptFor(receipt, did, known)) continue
        changed = (await store.acknowledge(known.shareId, did, receipt, acknowledgedAt ?? nowMs())) || changed
      } else if (RANKS.indexOf(state) > RANKS.indexOf(settledRecipient(ours.state))) {
        await store.setRecipient(known.shareId, did, state)
        changed = true
      }
    }
    if (
      settled(theirs.state) === 'published' &&
      (await store.move(known.shareId, ['scheduled', 'queued', 'publishing'], 'published'))
    )
      changed = true
    if (settled(theirs.state) === 'queued' && (await store.move(known.shareId, ['scheduled'], 'queued')))
      changed = true
    return changed
  }

  function isReceiptFor(wire: Uint8Array, did: Did, share: ShareRow): boolean {
    const receipt = parseReceipt(wire)
    return receipt.did === did && receipt.content === share.contentId
  }

  const tombstones: SyncKind = {
    kind: 'tombstone',
    marks: async ({ local }) =>
      users
        .read(local, db => db.tombstones.all())
        .map(({ content, signer }) => [
          `${content}/${Buffer.from(signer).toString('hex')}`,
          markOf(cidBytes(Cid.parse(content))),
        ]),
    async row({ local }, name) {
      const [content = '', signer = ''] = name.split('/', 2)
      return users.read(local, db =>
        db.tombstones.get(Cid.parse(content), new Uint8Array(Buffer.from(signer, 'hex'))),
      )
    },
    async take({ local }, rows) {
      let taken = 0
      for (const { value } of rows) {
        const wire = shapeOf(Bytes(4096), value)
        const { content, by } = parseTombstone(wire)
        if (users.read(local, db => db.tombstones.get(content, by)) !== null) continue
        if ((await blocks.get(content)) === null)
          users.write(local, db => db.tombstones.put(content, by, wire, nowMs()))
        else await endings.onTombstone(local, wire, local)
        taken++
      }
      return taken
    },
  }

  return [shares, tombstones]
}
