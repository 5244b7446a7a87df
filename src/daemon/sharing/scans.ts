/** `scan`: a look over what one has, or over what is out, with the rules of today. A page at a time, a window of messages at a time, so
 *  that it holds little, can be broken off, and lets everybody else through. */
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import type { AssetReader } from '../../core/filter/files.ts'
import { type Finding, type Inspection, inspect, ruleSetHash } from '../../core/filter/inspection.ts'
import type { Copy } from '../../core/filter/leaving.ts'
import type { FilterLists } from '../../core/filter/lists.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import { isLive, refuseEnded } from '../../core/pipeline/lifecycle.ts'
import type { BlockStore, ShareRow, ShareStore } from '../../core/pipeline/ports.ts'
import type { ConversationStore } from '../storage/user/conversation-store.ts'
import type { ConversationHead } from '../storage/user/conversation-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { MessageOutline } from '../storage/user/message-windows.ts'
import { copyOf, openOwnContent, ownAssets, sealedAssets } from './contents.ts'
import type { FilterListsService } from './filter-lists.ts'
import type { KeyRing } from './keys.ts'
import type { Shares } from './shares.ts'

/** A page ends after so long, so that whoever asked sees how far it is. */
const PAGE_MS = 1_000
/** Of one conversation or share. */
const MAX_LISTED = 100
/** What is looked through at once, as stored. */
const WINDOW_BYTES = 4 * 1024 * 1024
const WINDOW_MESSAGES = 1_000

export interface ScansDeps {
  users: UserDatabaseManager
  conversations: ConversationStore
  store: ShareStore
  blocks: BlockStore
  shares: Shares
  lists: FilterListsService
  keys: KeyRing
  clock: Clock
}

type Severity = 'secret' | 'personal' | undefined
type ScannedConversation = Result<'scan.conversations'>['conversations'][number]
type ScanFinding = ScannedConversation['findings'][number]
type Tally = Pick<
  ScannedConversation,
  'messages' | 'secrets' | 'personal' | 'counts' | 'findings' | 'more' | 'notScanned' | 'error'
>

export function makeScans(deps: ScansDeps) {
  const { users, store, shares, lists, clock } = deps

  async function scanConversation(
    local: Did,
    head: ConversationHead,
    own: FilterLists | null,
    severity: Severity,
    signal: AbortSignal,
  ): Promise<ScannedConversation> {
    const outline = users.read(local, db => db.messageWindows.outline(head.id))
    const tally = emptyTally()
    const assets = eachOnce(ownAssets(deps, local))
    let title = head.title
    try {
      for (const window of windowsOf(outline)) {
        const parts = users.read(local, db => db.messageWindows.parts(window.map(({ seq }) => seq)))
        const copy: Copy = {
          title,
          note: null,
          messages: window.map(({ seq }, at) => ({
            index: at + 1,
            role: 'user',
            createdAt: null,
            parts: parts.get(seq) ?? [],
          })),
        }
        title = null
        const inspection = await inspect(copy, { clock, assets, lists: own, signal })
        tally.messages += window.length
        add(tally, inspection, severity, finding => {
          const message = window[finding.messageIndex - 1]
          return message === undefined
            ? { ...finding, messageId: null }
            : { ...finding, messageIndex: message.index, messageId: message.id }
        })
      }
    } catch (error) {
      fail(tally, error, signal)
    }
    return { conversationId: head.id, title: head.title, provider: head.provider, ...tally }
  }

  async function scanShare(
    local: Did,
    share: ShareRow,
    own: FilterLists | null,
    severity: Severity,
    signal: AbortSignal,
  ): Promise<Result<'scan.shares'>['shares'][number]> {
    const tally = emptyTally()
    try {
      const content = await openOwnContent(share, deps)
      const inspection = await inspect(copyOf(content.plain), {
        clock,
        assets: sealedAssets(content),
        lists: own,
        signal,
      })
      tally.messages = content.plain.messages.length
      add(tally, inspection, severity, finding => ({ ...finding, messageId: null }))
    } catch (error) {
      fail(tally, error, signal)
    }
    const { shareId, contentId, title, state, expiresAt, audience } = shares.head(local, share)
    return { shareId, contentId, title, state, expiresAt, audience, ...tally }
  }

  return {
    async conversations(
      local: Did,
      params: ParsedParams<'scan.conversations'>,
      signal: AbortSignal,
    ): Promise<Result<'scan.conversations'>> {
      const own = lists.of(local)
      const rules = ruleSetHash(own)
      const page: ScannedConversation[] = []
      const one = params.conversation
      if (one !== undefined) {
        const head = users.read(local, db => db.conversations.find(one, 'own'))
        const scanned = await scanConversation(local, head, own, params.severity, signal)
        return {
          conversations: isWorthNaming(scanned) ? [scanned] : [],
          scanned: 1,
          messages: scanned.messages,
          notScanned: scanned.notScanned,
          total: 1,
          next: null,
          rules,
        }
      }
      const untilMs = clock.nowMs() + PAGE_MS
      let next = params.cursor
      let [scanned, messages, notScanned] = [0, 0, 0]
      do {
        const listed = users.read(local, db => db.conversations.list({ limit: 1, cursor: next }))
        const [head] = listed.conversations
        next = listed.next ?? undefined
        if (head === undefined) break
        const result = await scanConversation(local, head, own, params.severity, signal)
        scanned++
        messages += result.messages
        notScanned += result.notScanned
        if (isWorthNaming(result)) page.push(result)
      } while (next !== undefined && clock.nowMs() < untilMs)
      const total = users.read(local, db => db.conversations.count())
      return { conversations: page, scanned, messages, notScanned, total, next: next ?? null, rules }
    },

    async shares(
      local: Did,
      params: ParsedParams<'scan.shares'>,
      signal: AbortSignal,
    ): Promise<Result<'scan.shares'>> {
      const own = lists.of(local)
      const live =
        params.share === undefined
          ? (await store.list(local, {})).filter(({ state }) => isLive(state))
          : [await shares.find(local, params.share)]
      for (const share of live) refuseEnded(share)
      deps.keys.keys(local)
      const left = live
        .filter(({ shareId }) => shareId > (params.cursor ?? ''))
        .sort((a, b) => (a.shareId < b.shareId ? -1 : 1))
      const untilMs = clock.nowMs() + PAGE_MS
      const page: Result<'scan.shares'>['shares'] = []
      let [scanned, messages, notScanned] = [0, 0, 0]
      for (const share of left) {
        const result = await scanShare(local, share, own, params.severity, signal)
        scanned++
        messages += result.messages
        notScanned += result.notScanned
        if (isWorthNaming(result)) page.push(result)
        if (clock.nowMs() >= untilMs) break
      }
      const next = scanned < left.length ? (left[scanned - 1]?.shareId ?? null) : null
      return {
        shares: page,
        scanned,
        messages,
        notScanned,
        total: live.length,
        next,
        rules: ruleSetHash(own),
      }
    },
  }
}

export type Scans = ReturnType<typeof makeScans>

const emptyTally = (): Tally => ({
  messages: 0,
  secrets: 0,
  personal: 0,
  counts: {},
  findings: [],
  more: 0,
  notScanned: 0,
  error: null,
})

const isWorthNaming = ({ findings, error }: Tally): boolean => findings.length > 0 || error !== null

function add(
  tally: Tally,
  inspection: Inspection,
  severity: Severity,
  placed: (finding: Finding) => ScanFinding,
): void {
  tally.notScanned += inspection.unscanned.length
  for (const finding of inspection.findings(false)) {
    if (severity !== undefined && finding.severity !== severity) continue
    if (finding.severity === 'secret') tally.secrets++
    else tally.personal++
    tally.counts[finding.rule] = (tally.counts[finding.rule] ?? 0) + finding.places
    if (tally.findings.length < MAX_LISTED) tally.findings.push(placed(finding))
    else tally.more++
  }
}

/** One that cannot be looked through ends nothing but itself. @throws where the whole scan is given up. */
function fail(tally: Tally, error: unknown, signal: AbortSignal): void {
  signal.throwIfAborted()
  const code = codeOf(error)
  if (code === 'program/defect' || code.startsWith('keystore/')) throw error
  tally.error = code
}

function* windowsOf(outline: readonly MessageOutline[]): Generator<MessageOutline[]> {
  let window: MessageOutline[] = []
  let bytes = 0
  for (const message of outline) {
    if (window.length > 0 && (bytes + message.bytes > WINDOW_BYTES || window.length >= WINDOW_MESSAGES)) {
      yield window
      window = []
      bytes = 0
    }
    window.push(message)
    bytes += message.bytes
  }
  // Also without a message: the title is looked at.
  if (window.length > 0 || outline.length === 0) yield window
}

/** A file that several messages name is looked at where it comes first. */
function eachOnce(assets: AssetReader): AssetReader {
  const seen = new Set<string>()
  return {
    read: assets.read,
    size: async sha256 => {
      if (seen.has(sha256)) return null
      seen.add(sha256)
      return assets.size(sha256)
    },
  }
}
