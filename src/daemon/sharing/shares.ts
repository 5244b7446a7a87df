/** Shares: what leaves is prepared and shown, decided and handed on to be sealed; lists and views of what was shared. */
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import { sha256 } from '../../core/crypto/hash.ts'
import { type Prepared, prepareShare, refuseBlocked } from '../../core/filter/preview.ts'
import { toHex, utf8 } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { messageText } from '../../core/model/conversation.ts'
import { type CircleId, type ConversationId, type Did, isoTime, type ShareId } from '../../core/model/id.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import type { JobStore, ShareRow, ShareStore, ShareTerms } from '../../core/pipeline/ports.ts'
import type { Collections } from '../library/collections.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import { ownAssets } from './contents.ts'
import type { SharingEvents } from './events.ts'
import type { FilterListsService } from './filter-lists.ts'
import type { KeyRing } from './keys.ts'
import type { Sealing } from './sealing.ts'
import { selectWhat } from './selection.ts'

type Create = ParsedParams<'share.create'>
type Preview = ParsedParams<'share.preview'>

export interface SharesDeps {
  users: UserDatabaseManager
  store: ShareStore
  jobs: JobStore
  audiences: Audiences
  conversations: ConversationStore
  collections: Collections
  sealing: Sealing
  keys: KeyRing
  lists: FilterListsService
  events: SharingEvents
  clock: Clock
}

export function makeShares(deps: SharesDeps) {
  const { users, store, jobs, audiences, conversations, collections, sealing, keys, lists, events, clock } =
    deps
  /** One creation of a user at a time: two equal ones must not pass the test for sameness together. */
  const creating = new Map<Did, Promise<unknown>>()

  /** The one way from a selection to bytes: preview and create both come here. */
  async function prepare(
    local: Did,
    params: Preview | Create,
    signal: AbortSignal,
  ): Promise<{ prepared: Prepared; conversation: ConversationId | null }> {
    const { title, messages, units, conversation } = selectWhat(local, params, { conversations, collections })
    const prepared = await prepareShare(
      {
        conversation: { title, messages },
        owner: local,
        ranges: params.messages,
        units,
        include: params.include,
        title: params.title,
        note: params.note,
        onFindings: params.onFindings,
      },
      { clock, assets: ownAssets(deps, local), lists: lists.of(local), signal },
    )
    return { prepared, conversation }
  }

  async function preview(local: Did, params: Preview, signal: AbortSignal): Promise<Result<'share.preview'>> {
    const { prepared } = await prepare(local, params, signal)
    const audience = audiences.resolve(local, params)
    return {
      title: prepared.title,
      note: prepared.note,
      messages: prepared.messages.map(message => ({
        index: message.index,
        role: message.role,
        createdAt: message.createdAt === null ? null : isoTime(message.createdAt),
        parts: message.parts,
        text: messageText(message.parts),
      })),
      withheld: prepared.withheld,
      findings: prepared.findings,
      blocked: prepared.blocked,
      notScanned: prepared.unscanned.length,
      unscanned: prepared.unscanned,
      audience: audiences.view(local, audience),
      bytes: prepared.plaintext.length,
      digest: prepared.digest,
    }
  }

  const create = (local: Did, params: Create, signal: AbortSignal): Promise<Result<'share.create'>> =>
    alone(local, () => accept(local, params, signal))

  /** One after the other with the creations of a user. */
  async function alone<T>(local: Did, work: () => Promise<T>): Promise<T> {
    const before = creating.get(local) ?? Promise.resolve()
    const task = before.catch(() => {}).then(work)
    creating.set(local, task)
    try {
      return await task
    } finally {
      if (creating.get(local) === task) creating.delete(local)
    }
  }

  /** `create` for who has the turn of `alone` already. */
  async function accept(local: Did, params: Create, signal: AbortSignal): Promise<Result<'share.create'>> {
    keys.keys(local)
    const audience = audiences.resolve(local, params)
    if (audience.contacts.length + audience.circles.length === 0)
      throw new VivimError('share/no-audience', 'nobody was named to share with')
    const nowMs = clock.nowMs()
    const terms = termsOf(params, nowMs)
    const { prepared, conversation } = await prepare(local, params, signal)
    if (params.expectDigest !== undefined && params.expectDigest !== prepared.digest)
      throw new VivimError(
        'share/digest-mismatch',
        'what would leave differs from the digest that was expected',
        {
          expected: params.expectDigest.slice(0, 128),
          found: prepared.digest,
        },
      )
    refuseBlocked(prepared)
    const audienceKey = audienceKeyOf(audience)
    const termsText = termsTextOf(params)
    const same = await findSame(local, params, prepared, audienceKey, termsText)
    if (same !== null) return created(local, same, prepared, false)
    signal.throwIfAborted()
    const share = await sealing.sealAndStore(local, {
      params,
      audience,
      terms,
      prepared,
      conversation,
      audienceKey,
      termsText,
    })
    return created(local, share, prepared, true)
  }

  /** A live share of the same bytes to the same people on the same terms, or the one made with this key. */
  async function findSame(
    local: Did,
    params: Create,
    prepared: Prepared,
    audienceKey: string,
    termsText: string,
  ): Promise<ShareRow | null> {
    if (params.key !== undefined) {
      const keyed = await store.findByKey(local, params.key)
      if (keyed !== null) {
        const content = users.read(local, db => db.shareContents.get(keyed.shareId))
        if (
          content?.digest !== prepared.digest ||
          content.audienceKey !== audienceKey ||
          content.termsText !== termsText
        )
          throw new VivimError('share/key-reused', 'that key was used for a share of something else')
        return keyed
      }
    }
    return params.again ? null : sameLive(local, prepared.digest, audienceKey, termsText)
  }

  async function sameLive(
    local: Did,
    digest: string,
    audienceKey: string,
    termsText: string,
  ): Promise<ShareRow | null> {
    for (const id of users.read(local, db => db.shareContents.same(digest, audienceKey, termsText))) {
      const row = await store.find(id)
      if (row !== null && isLive(row.state)) return row
    }
    return null
  }

  async function created(
    local: Did,
    share: ShareRow,
    prepared: Prepared,
    changed: boolean,
  ): Promise<Result<'share.create'>> {
    return {
      shareId: share.shareId,
      contentId: share.contentId,
      state: share.state,
      audience: audiences.view(local, { ...share.audience, wished: [] }),
      recipients: await tally(share.shareId),
      link: null,
      expiresAt: share.terms.expiresMs === null ? null : isoTime(share.terms.expiresMs),
      digest: prepared.digest,
      findings: prepared.findings,
      unscanned: prepared.unscanned,
      changed,
    }
  }

  async function tally(share: ShareId): Promise<{ total: number; acknowledged: number }> {
    const all = await store.recipients(share)
    return { total: all.length, acknowledged: all.filter(row => row.acknowledgedAtMs !== null).length }
  }

  /** An own share by id or unique prefix. @throws `share/not-found`, `id/ambiguous`. */
  async function find(local: Did, selector: string): Promise<ShareRow> {
    const rows = /^[a-z2-7]{1,26}$/.test(selector) ? await store.list(local, { prefix: selector }) : []
    if (rows.length > 1) throw new VivimError('id/ambiguous', `more than one share begins with “${selector}”`)
    const [row] = rows
    if (row === undefined) throw new VivimError('share/not-found', `no own share is called “${selector}”`)
    return row
  }

  function head(local: Did, share: ShareRow) {
    return {
      shareId: share.shareId,
      contentId: share.contentId,
      title: users.read(local, db => db.shareContents.get(share.shareId))?.title ?? null,
      state: share.state,
      createdAt: isoTime(share.createdAtMs),
      expiresAt: share.terms.expiresMs === null ? null : isoTime(share.terms.expiresMs),
      permissions: share.terms.allow,
      audience: audiences.view(local, { ...share.audience, wished: [] }),
    }
  }

  return {
    preview,
    create,
    accept,
    alone,
    sameLive,
    created,
    find,
    tally,
    head,

    async show(local: Did, selector: string): Promise<Result<'share.show'>> {
      const share = await find(local, selector)
      const recipients = await store.recipients(share.shareId)
      const waiting = await jobs.list({ share: share.shareId, owner: local })
      return {
        ...head(local, share),
        recipients: recipients.map(row => ({
          did: row.did,
          name: audiences.nameOf(local, row.did),
          state: row.state,
          acknowledgedAt: row.acknowledgedAtMs === null ? null : isoTime(row.acknowledgedAtMs),
        })),
        jobs: waiting.map(job => ({
          step: job.kind,
          attempts: job.attempts,
          lastError: job.lastError,
          nextTryAt: isoTime(job.nextTryAtMs),
        })),
        reshares: users
          .read(local, db => db.passes.reports(share.shareId))
          .map(({ passer, recipient, permissions, untilMs, atMs }) => ({
            by: { did: passer, name: audiences.nameOf(local, passer) },
            to: { did: recipient, name: audiences.nameOf(local, recipient) },
            allow: permissions,
            until: untilMs === null ? null : isoTime(untilMs),
            at: isoTime(atMs),
          })),
      }
    },

    /** Wait until a share has got as far as asked, or can get no further. @returns the share as it is then. */
    async waitFor(
      local: Did,
      share: ShareId,
      goal: Create['wait'],
      signal: AbortSignal,
    ): Promise<ShareRow | null> {
      const reached = async (): Promise<ShareRow | null> => {
        const row = await store.find(share)
        if (row === null || row.owner !== local || !isLive(row.state)) return row
        if (goal === 'queued') return row
        if (goal === 'published') return row.state === 'published' ? row : null
        const { total, acknowledged } = await tally(share)
        return total === acknowledged ? row : null
      }
      return events.until(reached, signal)
    },
  }
}

export type Shares = ReturnType<typeof makeShares>

/** @throws `usage/invalid` for times that make no sense. */
function termsOf(params: Create, nowMs: number): ShareTerms {
  const expiresMs = parseInstant(params.expires, nowMs)
  const fromMs = params.from === undefined ? null : parseInstant(params.from, nowMs)
  if (params.from !== undefined && fromMs === null)
    throw new VivimError('usage/invalid', '--from never would share with nobody')
  if (expiresMs !== null && expiresMs <= Math.max(nowMs, fromMs ?? 0))
    throw new VivimError('usage/invalid', 'the share would end before it begins')
  return { allow: params.allow, fromMs, expiresMs, discoverable: params.discoverable }
}

/** The terms as they were given: `30d` stays `30d`, so that the same command twice is the same share. */
const termsTextOf = ({ allow, from, expires, discoverable }: Create): string =>
  JSON.stringify([[...allow].sort(), from ?? null, expires, [...discoverable].sort()])

const audienceKeyOf = ({ contacts, circles }: { contacts: Did[]; circles: CircleId[] }): string =>
  toHex(sha256(utf8(JSON.stringify([[...contacts].sort(), [...circles].sort()]))))
