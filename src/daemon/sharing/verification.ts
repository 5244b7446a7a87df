/** `share verify`: what was shared is opened and checked again, and the rules of today look through it. */
import type { Result } from '../../core/contract/methods.ts'
import { inspect, ruleSetHash } from '../../core/filter/inspection.ts'
import { toB64u } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, hasCode, isVerdict, VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import {
  digest,
  openRedaction,
  type RedactionReceipt,
  type SealedContent,
} from '../../core/pipeline/plaintext.ts'
import type { BlockStore, ShareRow } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { ReceivedRow } from '../storage/user/received-table.ts'
import { checkContent, copyOf, openOwnContent, sealedAssets } from './contents.ts'
import type { FilterListsService } from './filter-lists.ts'
import type { Inbox } from './inbox.ts'
import type { KeyRing } from './keys.ts'
import type { Letters } from './letters.ts'
import type { People } from './people.ts'
import type { Shares } from './shares.ts'

/** Findings that are listed one by one. */
const MAX_LISTED_FINDINGS = 200

export interface VerificationDeps {
  users: UserDatabaseManager
  blocks: BlockStore
  people: People
  shares: Shares
  inbox: Inbox
  letters: Letters
  lists: FilterListsService
  keys: KeyRing
  clock: Clock
}

type Which = { own: ShareRow; received: null } | { own: null; received: ReceivedRow }

export function makeVerification(deps: VerificationDeps) {
  const { users, people, shares, inbox, letters, lists, clock } = deps

  /** An own or a received share. @throws `share/not-found`, `id/ambiguous`. */
  async function find(local: Did, selector: string): Promise<Which> {
    await letters.idle()
    const own = await shares.find(local, selector).catch(unlessNotFound)
    let received: ReceivedRow | null = null
    try {
      received = inbox.find(local, selector)
    } catch (error) {
      if (own === null) throw error
      // An own share is found while what waits in letters is not opened yet.
      if (!hasCode(error, 'share/not-found') && !hasCode(error, 'keystore/locked')) throw error
    }
    if (own !== null && received !== null)
      throw new VivimError('id/ambiguous', `more than one share begins with “${selector}”`)
    if (own !== null) return { own, received: null }
    if (received === null) throw new VivimError('share/not-found', 'no such share is here')
    return { own: null, received }
  }

  async function checkOwn(share: ShareRow): Promise<SealedContent & { signed: RedactionReceipt | null }> {
    const content = await openOwnContent(share, deps)
    const kept = users.read(share.owner, db => db.shareContents.get(share.shareId))
    if (kept?.digest !== digest(content.plaintext))
      throw new VivimError('crypto/bad-signature', 'what was sealed is not what was decided to share')
    // Their own database holds the receipt as it was signed; the device that did may be lost since.
    const signer = kept.receipt && openRedaction(kept.receipt, content.plaintext).payload.by
    const signed = await checkContent(content, share.owner, signer, did => people.document(did))
    return { ...content, signed }
  }

  return {
    async verify(local: Did, selector: string, signal: AbortSignal): Promise<Result<'share.verify'>> {
      const { own, received } = await find(local, selector)
      const { shareId, contentId, owner } = own ?? received
      const content = await (own === null ? inbox.opened(local, received, signal) : checkOwn(own)).catch(
        error => {
          throw asVerdict(error, shareId)
        },
      )
      const { plain, plaintext, signed } = content
      // The lists of somebody else are theirs: a received share is held against the rules alone.
      const rulesOf = own === null ? null : lists.of(local)
      const rules = ruleSetHash(rulesOf)
      const inspection = await inspect(copyOf(plain), {
        clock,
        assets: sealedAssets(content),
        lists: rulesOf,
        signal,
      })
      const findings = inspection.findings(true)
      return {
        shareId,
        contentId,
        title: plain.title,
        mine: own !== null,
        owner:
          own === null ? inbox.person(local, owner) : { ...inbox.person(local, owner), state: 'verified' },
        verified: true,
        digest: digest(plaintext),
        receipt: signed && {
          signedAt: isoTime(signed.at),
          signedBy: toB64u(signed.by),
          rules: signed.rules,
          sameRules: signed.rules === rules,
          counts: signed.counts,
        },
        rules,
        clean: findings.length === 0,
        findings: findings.slice(0, MAX_LISTED_FINDINGS),
        more: Math.max(0, findings.length - MAX_LISTED_FINDINGS),
        unscanned: inspection.unscanned,
      }
    },
  }
}

export type Verification = ReturnType<typeof makeVerification>

function unlessNotFound(error: unknown): null {
  if (hasCode(error, 'share/not-found')) return null
  throw error
}

/** What says that these bytes are not what they claim becomes one code; what is only missing here keeps its own. */
function asVerdict(error: unknown, share: string): unknown {
  const code = codeOf(error)
  if (!isVerdict(error) || code === 'crypto/missing-block' || code.startsWith('circle/')) return error
  return new VivimError(
    'share/not-verified',
    (error as Error).message,
    { share, why: code },
    { cause: error },
  )
}
