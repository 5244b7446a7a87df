/** Own devices tell each other of what was received: the notice with its sealed content's name, and the content key, which the other
 *  stores under its own storage key. Forgetting one forgets it everywhere. */
import { z } from 'zod'
import { contentIdOf } from '../../core/crypto/cid.ts'
import { parseManifest } from '../../core/crypto/manifest.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { isVerdict, VivimError } from '../../core/kernel/errors.ts'
import { Cid, CircleId, Did, NoticeId, ShareId } from '../../core/model/id.ts'
import { parseSlip } from '../../core/pipeline/holding.ts'
import { parseNotice } from '../../core/pipeline/notice.ts'
import type { BlockStore } from '../../core/pipeline/ports.ts'
import type { Contacts } from '../sharing/contacts.ts'
import type { Endings } from '../sharing/endings.ts'
import type { SharingEvents } from '../sharing/events.ts'
import { type Fetching, receivedKeyPlace } from '../sharing/fetching.ts'
import { type KeyRing, sealStored } from '../sharing/keys.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { ReceivedEnd, ReceivedRow, ReceivedState } from '../storage/user/received-table.ts'
import { Bytes, Counter, markOf, type SyncKind, type SyncPair, shapeOf } from './sync-kind.ts'

export interface SyncReceivedDeps {
  users: UserDatabaseManager
  blocks: BlockStore
  contacts: Contacts
  endings: Endings
  fetching: Fetching
  keys: KeyRing
  events: SharingEvents
  nowMs: () => number
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

const States = z.enum(['new', 'opened', 'expired', 'revoked', 'exhausted', 'forgotten'])
const ReceivedValue = z.object({
  version: z.number().int().positive(),
  content: Cid,
  notice: NoticeId,
  /** Until when the notice id is remembered; null for ever. */
  noticeExp: Counter.nullable(),
  state: States,
  receivedAt: Counter,
  circle: CircleId.nullable(),
  /** Null of what ended. */
  body: z
    .object({
      notice: Bytes(128 * 1024),
      slip: Bytes(4096),
      manifest: Bytes(512 * 1024),
      key: Bytes(32).nullable(),
      /** Who passed it on, and by which chain; null: it came from its owner. */
      via: Did.nullable(),
      viaChain: Bytes(64 * 1024).nullable(),
    })
    .nullable(),
})
type ReceivedValue = z.infer<typeof ReceivedValue>

const isEnd = (state: ReceivedState): state is ReceivedEnd =>
  state !== 'new' && state !== 'opened' && state !== 'held'
/** Whether it is new or held follows from the contact, which is told by itself. */
const settled = (state: ReceivedState): string => (isEnd(state) ? 'ended' : state === 'held' ? 'new' : state)

export function makeSyncReceived(deps: SyncReceivedDeps): SyncKind {
  const { users, blocks, contacts, endings, fetching, keys, events, nowMs, chance, log } = deps

  const mayHave = ({ history, sinceMs }: SyncPair, row: ReceivedRow): boolean =>
    history || row.receivedAtMs >= sinceMs

  function find(local: Did, name: string): ReceivedRow | null {
    const [owner = '', share = ''] = name.split('/', 2)
    return users.read(local, db => db.received.get(Did.parse(owner), ShareId.parse(share)))
  }

  function keyOf(local: Did, row: ReceivedRow): Uint8Array | null {
    try {
      return fetching.contentKey(local, row).reveal()
    } catch (error) {
      if (!isVerdict(error)) throw error
      return null
    }
  }

  /** What the other side says must be of one share of somebody else, for this person. @throws `crypto/…`. */
  function verified(local: Did, owner: Did, shareId: ShareId, theirs: ReceivedValue): ReceivedRow | null {
    const { body } = theirs
    if (owner === local) throw new VivimError('crypto/bad-signature', 'an own share as a received one')
    if (body === null) return null
    const notice = parseNotice(body.notice)
    const manifest = parseManifest(body.manifest)
    const circle = 'did' in notice.to ? null : CircleId.parse(toBase32(notice.to.circle))
    const isWhole =
      notice.owner === owner &&
      notice.share === shareId &&
      notice.id === theirs.notice &&
      notice.content === theirs.content &&
      notice.version === theirs.version &&
      (!('did' in notice.to) || notice.to.did === local) &&
      contentIdOf(body.manifest) === theirs.content &&
      parseSlip(body.slip, manifest.shareKey).content === theirs.content
    if (!isWhole) throw new VivimError('crypto/bad-signature', 'a received share whose parts are not of one')
    if (endings.isBuried(local, notice.content, manifest.shareKey)) return null
    if (notice.untilMs !== null && nowMs() >= notice.untilMs) return null
    // It waits for who sent it to be accepted, as where it arrived.
    const state = contacts.get(local, body.via ?? owner)?.state
    const isHeld = state !== 'known' && state !== 'verified'
    const row: ReceivedRow = {
      shareId,
      owner,
      version: notice.version,
      contentId: notice.content,
      notice: body.notice,
      noticeId: notice.id,
      circleId: circle,
      title: notice.title,
      note: notice.note,
      permissions: notice.allow,
      fromMs: notice.fromMs,
      expiresMs: notice.untilMs,
      receivedAtMs: theirs.receivedAt,
      state: isHeld ? 'held' : theirs.state,
      slip: body.slip,
      manifest: body.manifest,
      via: body.via,
      viaChain: body.viaChain,
      delegation: null,
    }
    if (body.key === null || body.key.length !== 32) return row
    const sealed = sealStored(keys.keys(local), receivedKeyPlace(row), new SecretBytes(body.key), chance)
    body.key.fill(0)
    return { ...row, contentKeySealed: sealed }
  }

  /** What is left of one that ended before it was here: its ids, so that nothing revives it. */
  const ended = (owner: Did, shareId: ShareId, theirs: ReceivedValue): ReceivedRow => ({
    shareId,
    owner,
    version: theirs.version,
    contentId: theirs.content,
    notice: new Uint8Array(0),
    noticeId: theirs.notice,
    circleId: theirs.circle,
    title: null,
    note: null,
    permissions: ['view'],
    fromMs: null,
    expiresMs: null,
    receivedAtMs: theirs.receivedAt,
    state: theirs.state === 'new' || theirs.state === 'opened' ? 'expired' : theirs.state,
    slip: null,
    manifest: null,
    via: null,
    viaChain: null,
    delegation: null,
  })

  async function takeOne(local: Did, name: string, theirs: ReceivedValue): Promise<boolean> {
    const [ownerText = '', shareText = ''] = name.split('/', 2)
    const owner = Did.parse(ownerText)
    const shareId = ShareId.parse(shareText)
    const known = find(local, name)
    if (known !== null && known.version >= theirs.version) {
      if (known.version > theirs.version || isEnd(known.state)) return false
      if (isEnd(theirs.state)) return await endings.endReceived(local, known, theirs.state)
      if (theirs.state !== 'opened' || known.state !== 'new') return false
      return users.write(local, db => db.received.setState(owner, shareId, 'opened'))
    }
    const row = isEnd(theirs.state) ? null : verified(local, owner, shareId, theirs)
    if (row === null) {
      if (owner === local) return false
      users.write(local, db => {
        db.received.see(theirs.notice, theirs.noticeExp)
        if (db.received.get(owner, shareId) === null) db.received.put(ended(owner, shareId, theirs))
      })
      return true
    }
    await blocks.put(row.contentId, row.manifest ?? new Uint8Array(0))
    await blocks.sync()
    users.write(local, db => {
      db.received.see(theirs.notice, theirs.noticeExp)
      db.received.put(row)
    })
    fetching.want(local, row)
    log('inbox.adopted', { share: shareId, from: owner })
    events.emit({ kind: 'inbox', local, share: shareId, event: 'received', from: owner, atMs: nowMs() })
    return true
  }

  return {
    kind: 'received',
    marks: async pair =>
      users
        .read(pair.local, db => db.received.everything())
        .filter(row => mayHave(pair, row))
        .map(row => [`${row.owner}/${row.shareId}`, markOf([row.version, settled(row.state)])]),

    async row(pair, name) {
      const row = find(pair.local, name)
      if (row === null || !mayHave(pair, row)) return null
      const { slip, manifest } = row
      const isWhole = !isEnd(row.state) && slip !== null && manifest !== null
      return {
        version: row.version,
        content: row.contentId,
        notice: row.noticeId,
        noticeExp: row.expiresMs,
        state: row.state === 'held' ? 'new' : row.state,
        receivedAt: row.receivedAtMs,
        circle: row.circleId,
        body: isWhole
          ? {
              notice: row.notice,
              slip,
              manifest,
              key: keyOf(pair.local, row),
              via: row.via,
              viaChain: row.viaChain,
            }
          : null,
      }
    },

    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows)
        if (await takeOne(local, name, shapeOf(ReceivedValue, value))) taken++
      return taken
    },
  }
}
