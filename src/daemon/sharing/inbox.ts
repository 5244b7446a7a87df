/** The inbox: what others shared, listed, opened, forgotten. */
import type { Result } from '../../core/contract/methods.ts'
import { openContent } from '../../core/crypto/content.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { messageText } from '../../core/model/conversation.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import { refuseEnded } from '../../core/pipeline/lifecycle.ts'
import { parseNotice } from '../../core/pipeline/notice.ts'
import {
  decodeSealed,
  MAX_SEALED_BYTES,
  type RedactionReceipt,
  type SealedContent,
} from '../../core/pipeline/plaintext.ts'
import type { BlockStore } from '../../core/pipeline/ports.ts'
import type { PolicyEngine, Right } from '../../core/policy/decide.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { type ReceivedRow, senderOf } from '../storage/user/received-table.ts'
import type { Contacts } from './contacts.ts'
import { checkContent } from './contents.ts'
import type { Endings } from './endings.ts'
import type { SharingEvents } from './events.ts'
import type { Fetching } from './fetching.ts'
import type { KeyRing } from './keys.ts'
import type { Letters } from './letters.ts'
import type { Passed } from './passed.ts'
import type { People } from './people.ts'

export interface InboxDeps {
  users: UserDatabaseManager
  conversations: ConversationStore
  blocks: BlockStore
  people: People
  contacts: Contacts
  fetching: Fetching
  endings: Endings
  letters: Letters
  passed: Passed
  policy: PolicyEngine
  keys: KeyRing
  events: SharingEvents
  clock: Clock
}

type Item = Result<'inbox.list'>['items'][number]

export function makeInbox(deps: InboxDeps) {
  const {
    users,
    conversations,
    blocks,
    people,
    contacts,
    fetching,
    endings,
    letters,
    passed,
    policy,
    keys,
    events,
    clock,
  } = deps

  /** A received share by id or unique prefix, also one that ended. @throws `share/not-found`, `id/ambiguous`, `keystore/locked`. */
  function find(local: Did, selector: string): ReceivedRow {
    const found = users.read(local, db => db.received.find(selector))
    if (found === 'ambiguous')
      throw new VivimError('id/ambiguous', `more than one received share begins with “${selector}”`)
    if (found === null) {
      if (!keys.unlocked(local) && users.read(local, db => db.letters.contents()).length > 0)
        throw new VivimError(
          'keystore/locked',
          'what arrived while the keystore was locked is not opened yet',
        )
      throw new VivimError('share/not-found', `nothing that was received is called “${selector}”`)
    }
    return found
  }

  const person = (local: Did, did: Did): Item['from'] => {
    const row = contacts.get(local, did)
    return { did, name: row?.alias ?? null, state: row?.state ?? 'stranger' }
  }

  const expiresAt = (row: ReceivedRow): string | null =>
    row.expiresMs === null ? null : isoTime(row.expiresMs)

  function items(local: Did): Item[] {
    const nowMs = clock.nowMs()
    const list: Item[] = []
    for (const row of users.read(local, db => db.received.list())) {
      if (row.expiresMs !== null && row.expiresMs <= nowMs) continue
      const from = person(local, senderOf(row))
      const owner = person(local, row.owner)
      if (from.state === 'blocked' || owner.state === 'blocked') continue
      list.push({
        shareId: row.shareId,
        contentId: row.contentId,
        from,
        owner,
        title: row.title,
        note: row.note,
        receivedAt: isoTime(row.receivedAtMs),
        state: row.state as Item['state'],
        expiresAt: expiresAt(row),
        permissions: row.permissions as Item['permissions'],
        noticeId: row.noticeId,
      })
    }
    return list
  }

  /** Refuse what ended, what is held, what the policy denies, and what stands on a right that was taken back.
   *  @throws `share/not-found`, `share/revoked` and its like, `contact/blocked`, `contact/stranger`, `share/denied`, `capability/revoked`. */
  async function checkUse(local: Did, row: ReceivedRow, action: Right): Promise<void> {
    const { state } = row
    if (state === 'forgotten') throw new VivimError('share/not-found', 'that share was forgotten here')
    refuseEnded(row)
    if (row.expiresMs !== null && clock.nowMs() >= row.expiresMs)
      refuseEnded({ shareId: row.shareId, state: 'expired' })
    const from = person(local, senderOf(row))
    if (from.state === 'blocked' || person(local, row.owner).state === 'blocked')
      throw new VivimError('contact/blocked', 'the sender or the owner is blocked')
    if (from.state === 'stranger' || state === 'held')
      throw new VivimError('contact/stranger', 'this came from somebody who was not accepted yet', {
        from: from.did,
      })
    const { decision, rules } = policy.decide({
      who: local,
      action,
      share: {
        owner: row.owner,
        state: 'published',
        allow: row.permissions as Item['permissions'],
        fromMs: row.fromMs,
        expiresMs: row.expiresMs,
        audience:
          row.circleId === null
            ? { contacts: [local], circles: [] }
            : { contacts: [], circles: [row.circleId] },
      },
      evidence: {
        memberOf: [],
        // The notice was admitted only from an epoch that this user had as a member.
        memberThen: row.circleId === null ? [] : [row.circleId],
        blocked: false,
      },
      nowMs: clock.nowMs(),
    })
    if (decision === 'deny')
      throw new VivimError(
        'share/denied',
        row.permissions.includes(action)
          ? (rules[0]?.text ?? 'denied')
          : `its terms allow ${row.permissions.join(', ')}, not ${action}`,
        { rule: rules[0]?.id ?? 'default' },
      )
    await passed.checkStanding(local, row, action)
  }

  /** Fetch what is missing, decrypt, and check what stands inside against the owner. Nothing of it is kept.
   *  @throws as `checkUse`; `keystore/locked`, `peer/unreachable`, `crypto/…` */
  async function opened(
    local: Did,
    row: ReceivedRow,
    signal: AbortSignal,
  ): Promise<SealedContent & { signed: RedactionReceipt | null }> {
    await checkUse(local, row, 'view')
    keys.keys(local)
    await fetching.ensure(local, row, signal)
    const bytes = await openContent({
      manifestBytes: row.manifest ?? new Uint8Array(0),
      contentKey: fetching.contentKey(local, row),
      getBlock: cid => blocks.get(cid),
      maxBytes: MAX_SEALED_BYTES,
    })
    const content = decodeSealed(bytes)
    return {
      ...content,
      signed: await checkContent(content, row.owner, parseNotice(row.notice).by, did => people.document(did)),
    }
  }

  return {
    find,
    checkUse,

    /** @throws `inbox/nothing-new` when waiting brought nothing. */
    async list(local: Did, waitMs: number | undefined, signal: AbortSignal): Promise<Result<'inbox.list'>> {
      await letters.idle()
      if (waitMs === undefined) return { items: items(local) }
      const fresh = async (): Promise<Item[] | null> => {
        const found = items(local)
        return found.some(item => item.state === 'new') ? found : null
      }
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
      const found = await events.until(fresh, bounded)
      if (found === null) throw new VivimError('inbox/nothing-new', 'nothing new came in that time')
      return { items: found }
    },

    opened,

    async open(local: Did, selector: string, signal: AbortSignal): Promise<Result<'inbox.open'>> {
      await letters.idle()
      const row = find(local, selector)
      const { plain, assets } = await opened(local, row, signal)
      plain.assets.forEach(({ mime }, at) => {
        conversations.putAsset(local, assets[at] ?? new Uint8Array(0), mime)
      })
      users.write(local, db => {
        // It may have ended while it was opened: then nothing of it is kept.
        const now = db.received.get(row.owner, row.shareId)
        if (now === null || (now.state !== 'new' && now.state !== 'opened')) return
        db.conversations.putReceived(row.shareId, {
          title: plain.title,
          createdAtMs: row.receivedAtMs,
          messages: plain.messages.map(({ index, role, createdAt, parts }) => ({
            index,
            role,
            createdAtMs: createdAt,
            parts,
          })),
        })
        db.received.setState(row.owner, row.shareId, 'opened')
      })
      return {
        share: {
          shareId: row.shareId,
          contentId: row.contentId,
          title: plain.title,
          note: plain.note,
          permissions: row.permissions as Item['permissions'],
          expiresAt: expiresAt(row),
        },
        owner: { did: row.owner, name: person(local, row.owner).name },
        passedOn:
          row.via === null ? null : { did: row.via, name: person(local, row.via).name, note: row.note },
        verified: true,
        conversation: {
          title: plain.title,
          messages: plain.messages.map(({ index, role, createdAt, parts }) => ({
            index,
            role,
            createdAt: createdAt === null ? null : isoTime(createdAt),
            parts,
            text: messageText(parts),
          })),
        },
      }
    },

    /** What a person sent before they were accepted becomes new. */
    release(local: Did, sender: Did): void {
      const released = users.write(local, db => db.received.release(sender))
      if (released > 0)
        for (const row of users.read(local, db => db.received.list()))
          if (senderOf(row) === sender)
            events.emit({
              kind: 'inbox',
              local,
              share: row.shareId,
              event: 'released',
              from: sender,
              atMs: clock.nowMs(),
            })
    },

    async forget(local: Did, selector: string): Promise<Result<'inbox.forget'>> {
      const row = find(local, selector)
      const changed = await endings.endReceived(local, row, 'forgotten')
      return { shareId: row.shareId, contentId: row.contentId, changed }
    },

    /** Received shares as `share list` shows them. */
    summaries: (local: Did): Result<'share.list'>['shares'] =>
      items(local).map(item => ({
        shareId: item.shareId,
        contentId: item.contentId,
        title: item.title,
        state: 'published' as const,
        createdAt: item.receivedAt,
        expiresAt: item.expiresAt,
        permissions: item.permissions,
        audience: { contacts: [], circles: [], link: false, public: false },
        mine: false,
        owner: item.owner,
        recipients: { total: 0, acknowledged: 0 },
      })),
    person,
  }
}

export type Inbox = ReturnType<typeof makeInbox>
