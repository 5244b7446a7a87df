/** What others hand back after a recovery: own shares, opened with the recovery key, so that they are listed and can be taken back.
 *  Whoever hands something back may be lying: it counts only as an own device signed it, and brings no share to anybody else. */
import { contentIdOf } from '../../core/crypto/cid.ts'
import { fetchKey } from '../../core/crypto/content.ts'
import { Ed25519Key, ed25519PublicKey } from '../../core/crypto/ed25519.ts'
import { parseManifest } from '../../core/crypto/manifest.ts'
import type { XWingKey } from '../../core/crypto/xwing.ts'
import { activeDevices, type IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes, toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import { type Cid, CircleId, type Did, type ShareId } from '../../core/model/id.ts'
import { signSlip, signTombstone } from '../../core/pipeline/holding.ts'
import { signIntent } from '../../core/pipeline/intent.ts'
import type { Return } from '../../core/pipeline/letter.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import { grantToSelf, type Notice, openOwnGrant, parseNotice } from '../../core/pipeline/notice.ts'
import { digest } from '../../core/pipeline/plaintext.ts'
import type { BlockStore, ShareRow, ShareStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { checkContent, openOwnContent } from './contents.ts'
import type { SharingEvents } from './events.ts'
import type { Fetching } from './fetching.ts'
import { contentPlace, type KeyRing, openStored, sealStored } from './keys.ts'
import type { People } from './people.ts'

const FETCH_TIMEOUT_MS = 10 * 60_000
/** More than anybody has out. Who took the lost device can make shares up, and have them handed back. */
const MAX_REGAINED = 10_000
/** Of these, what strangers may bring: a name of theirs costs nothing. */
const MAX_FROM_STRANGERS = 1_000

export interface RegainingDeps {
  users: UserDatabaseManager
  store: ShareStore
  blocks: BlockStore
  people: Pick<People, 'document'>
  fetching: Fetching
  /** Remove the blocks of a content that nobody here has a right to any more. */
  dropBlocks: (content: Cid) => Promise<void>
  /** Whether this user knows the person: a contact who was accepted, or a fellow member. */
  isKnown: (local: Did, did: Did) => Promise<boolean>
  keys: KeyRing
  events: SharingEvents
  wake: () => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Who hands something back. */
interface Holder {
  readonly did: Did
  readonly isFriend: boolean
}

/** Whether a device is, or was, one of the person's: it may be the lost one. */
const isOrWasListed = ({ devices, revoked }: IdentityDocument, ed: Uint8Array): boolean =>
  [...devices, ...revoked].some(one => sameBytes(one.ed, ed))

export function makeRegaining(deps: RegainingDeps) {
  const {
    users,
    store,
    blocks,
    people,
    fetching,
    dropBlocks,
    isKnown,
    keys,
    events,
    wake,
    clock,
    chance,
    log,
  } = deps

  /** Why what was handed back does not count, or null when it does. */
  function fault(
    local: Did,
    { did: sender, isFriend }: Holder,
    notice: Notice,
    manifest: Uint8Array,
  ): string | null {
    if (notice.owner !== local) return 'other-owner'
    if (!isOrWasListed(keys.keys(local).document, notice.by)) return 'not-a-device'
    if (notice.own === undefined) return 'no-grant'
    // That it was for them her own device signed. Of a circle anybody may say that they are in it.
    if ('did' in notice.to ? notice.to.did !== sender : !isFriend) return 'other-holder'
    if (contentIdOf(manifest) !== notice.content) return 'other-content'
    if (notice.untilMs !== null && clock.nowMs() >= notice.untilMs) return 'ended'
    return null
  }

  const circleOf = ({ to }: Notice): CircleId | null =>
    'did' in to ? null : CircleId.parse(toBase32(to.circle))

  /** Put a share that is not known here in its place. @returns why it cannot be, or null. @throws `keystore/locked`, `crypto/…`. */
  async function regain(
    local: Did,
    key: XWingKey,
    notice: Notice,
    manifest: Uint8Array,
  ): Promise<string | null> {
    const { document, device, recovery } = keys.keys(local)
    const { share, version, content, allow, fromMs, untilMs } = notice
    const grantFor = { owner: local, share, version, content }
    const { contentKey, shareSeed } = openOwnGrant(grantFor, key, notice.own ?? new Uint8Array(0))
    const shareKey = new Ed25519Key(shareSeed)
    if (!sameBytes(parseManifest(manifest).shareKey, shareKey.publicKey)) return 'other-key'
    const circle = circleOf(notice)
    const audience = {
      contacts: 'did' in notice.to ? [notice.to.did] : [],
      circles: circle === null ? [] : [circle],
    }
    const terms = { allow, fromMs, expiresMs: untilMs, discoverable: [] }
    const slip = {
      content,
      seq: 1,
      notBeforeMs: fromMs,
      expiresMs: untilMs,
      fetch: ed25519PublicKey(fetchKey(contentKey)),
    }
    const intent = { owner: local, share, version, audience, terms, atMs: notice.atMs, doc: document.hash }
    const row: ShareRow = {
      shareId: share,
      owner: local,
      version,
      contentId: content,
      state: 'published',
      terms,
      audience,
      intent: signIntent(intent, device).wire,
      slip: signSlip(slip, shareKey).wire,
      tombstone: signTombstone(content, shareKey).wire,
      key: null,
      createdAtMs: notice.atMs,
      endedAtMs: null,
    }
    const words = {
      shareId: share,
      conversationId: null,
      title: notice.title,
      note: notice.note,
      // Only what was sealed tells the digest, and nothing what was typed: no new share is the same as this one.
      digest: '',
      audienceKey: '',
      termsText: share,
      plaintext: null,
      receipt: null,
      contentKeySealed: sealStored(keys.keys(local), contentPlace(share), contentKey, chance),
      ownGrant: grantToSelf(
        grantFor,
        contentKey,
        shareSeed,
        [...activeDevices(document), { kem: recovery.kem }],
        chance,
      ),
      createdAtMs: notice.atMs,
    }
    contentKey.wipe()
    shareSeed.wipe()
    await blocks.put(content, manifest)
    await blocks.sync()
    // The words first: of a share without words a start removes nothing, of words without a share it does.
    users.write(local, db => {
      db.shareContents.delete(share)
      db.shareContents.put(words)
    })
    await store.adopt(row, [])
    return null
  }

  /** @returns why it does not count, or null. */
  async function takeOne(
    local: Did,
    holder: Holder,
    { notice: wire, manifest }: Return,
  ): Promise<string | null> {
    const { did: sender, isFriend } = holder
    const { regain: key } = keys.keys(local)
    if (key === null) return 'no-key'
    const notice = parseNotice(wire)
    const why = fault(local, holder, notice, manifest)
    if (why !== null) return why
    const known = await store.find(notice.share)
    if (known !== null && (known.owner !== local || known.contentId !== notice.content)) return 'other-share'
    if (known === null) {
      const { length } = users.read(local, db => db.shareContents.regained())
      if (length >= (isFriend ? MAX_REGAINED : MAX_FROM_STRANGERS)) return 'too-many'
      const lack = await regain(local, key, notice, manifest)
      if (lack !== null) return lack
    }
    await store.held(notice.share, { did: sender, circle: circleOf(notice) }, clock.nowMs())
    const share = await store.find(notice.share)
    // It had ended here: who still holds it is told.
    if (share === null || !isLive(share.state)) {
      wake()
      return null
    }
    const { shareId, state } = share
    log('share.regained', { share: shareId, target: sender })
    events.emit({
      kind: 'share',
      owner: local,
      share: shareId,
      event: 'regained',
      state,
      target: sender,
      atMs: clock.nowMs(),
    })
    return null
  }

  /** Its text is wherever it was shared to: the blocks come from there, so that it can be read, checked and given on as before. */
  async function bring(local: Did, share: ShareRow, holder: Did): Promise<void> {
    const manifest = await blocks.get(share.contentId)
    const words = users.read(local, db => db.shareContents.get(share.shareId))
    const sealed = words?.contentKeySealed
    if (manifest === null || sealed == null) return
    const keyOf = () => openStored(keys.keys(local), contentPlace(share.shareId), sealed)
    const signal = AbortSignal.timeout(FETCH_TIMEOUT_MS)
    const brought = await fetching.bring(local, manifest, keyOf, [holder], signal)
    const now = await store.find(share.shareId)
    if (now === null || !isLive(now.state)) return dropBlocks(share.contentId)
    const content = await openOwnContent(now, { users, blocks, keys })
    await checkContent(content, local, null, did => people.document(did))
    users.write(local, db =>
      db.shareContents.found(share.shareId, digest(content.plaintext), content.receipt),
    )
    log('share.fetched', { share: share.shareId, blocks: brought })
  }

  /** Users and holders between whom that goes on. */
  const bringing = new Set<string>()

  /** One after the other what is still lacking of what a person holds. Content is fetched from nobody who could make some up to fill the
   *  disk: a stranger may hold the lost device. */
  async function bringFrom(local: Did, holder: Did): Promise<void> {
    const pair = `${local} ${holder}`
    if (bringing.has(pair) || !keys.unlocked(local) || !(await isKnown(local, holder))) return
    bringing.add(pair)
    const tried = new Set<ShareId>()
    const left = (): ShareId[] =>
      users
        .read(local, db => db.shareContents.regained())
        .flatMap(({ share, isRead }) => (isRead || tried.has(share) ? [] : [share]))
    try {
      // More may be handed back meanwhile.
      for (let ids = left(); ids.length > 0; ids = left())
        for (const id of ids) {
          tried.add(id)
          const share = await store.find(id)
          if (share === null || !isLive(share.state)) continue
          if (!(await store.recipients(id)).some(({ did }) => did === holder)) continue
          await bring(local, share, holder).catch(error =>
            log('share.not-fetched', { share: id, code: codeOf(error) }),
          )
        }
    } finally {
      bringing.delete(pair)
    }
  }

  return {
    /** A letter handed shares back. @throws `keystore/locked`. */
    async take(local: Did, sender: Did, returns: readonly Return[]): Promise<void> {
      const isFriend = await isKnown(local, sender)
      for (const one of returns) {
        try {
          const why = await takeOne(local, { did: sender, isFriend }, one)
          if (why !== null) log('share.return-refused', { why, from: sender })
        } catch (error) {
          if (codeOf(error) === 'keystore/locked' || !isVerdict(error)) throw error
          log('share.return-refused', { why: codeOf(error), from: sender })
        }
      }
      void bringFrom(local, sender).catch(error =>
        log('share.not-fetched', { share: null, code: codeOf(error) }),
      )
    },

    /** Somebody's node is there: what is still lacking of what they hold is brought. */
    bringFrom,
  }
}

export type Regaining = ReturnType<typeof makeRegaining>
