/** Proposals: what scripts ask to share waits here until the user answers. Nothing of a conversation is read before that. */

import type { Chain } from '../../core/capability/chain.ts'
import { methods, type Params, type ParsedParams, type Result } from '../../core/contract/methods.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { CircleId, Did, isoTime, ProposalId } from '../../core/model/id.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import type { ShareStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { ProposalRow } from '../storage/user/proposal-table.ts'
import type { Audiences } from './audiences.ts'
import type { Shares } from './shares.ts'

type Propose = ParsedParams<'share.propose'>
type Create = ParsedParams<'share.create'>
type State = Result<'proposal.show'>['state']

/** Proposals that wait, of all and of one holder; more is noise that nobody reads. */
const MAX_WAITING = 200
const MAX_WAITING_OF_ONE = 50
const MAX_PARAMS_CHARS = 32 * 1024
const MAX_KEEP_MS = 90 * 86_400_000
/** How long one that was answered is remembered. */
const REMEMBER_MS = 30 * 86_400_000

/** Everybody whom the right was handed to, in the words of whoever handed it on. */
const nameOf = ({ links }: Chain): string =>
  links.map(({ meta }) => (typeof meta.for === 'string' ? meta.for.slice(0, 100) : '?')).join(' › ')

export interface ProposalsDeps {
  users: UserDatabaseManager
  audiences: Audiences
  shares: Shares
  store: Pick<ShareStore, 'findByKey'>
  clock: Clock
  chance: Chance
}

/** The key makes it one share, also where the answer was cut off and is given again. */
const keyOf = ({ id }: ProposalRow): string => `proposal ${id}`

export function makeProposals({ users, audiences, shares, store, clock, chance }: ProposalsDeps) {
  const stateOf = (row: ProposalRow): State =>
    row.decision ?? (clock.nowMs() >= row.expiresAtMs ? 'expired' : 'waiting')

  const headOf = (row: ProposalRow) => ({
    proposalId: row.id,
    state: stateOf(row),
    createdAt: isoTime(row.createdAtMs),
    expiresAt: isoTime(row.expiresAtMs),
    decidedAt: row.decidedAtMs === null ? null : isoTime(row.decidedAtMs),
  })

  /** What was stored, by the schema of today. */
  const paramsOf = (row: ProposalRow): Create =>
    methods['share.create'].params.parse(JSON.parse(row.params) as Params<'share.create'>)

  function viewOf(local: Did, row: ProposalRow): Result<'proposal.show'> {
    const { to, circles, ...what } = JSON.parse(row.params) as Create
    return {
      ...headOf(row),
      by: { capabilityId: row.capability, name: row.name },
      what,
      audience: audiences.view(local, {
        contacts: to.map(did => Did.parse(did)),
        circles: circles.map(id => CircleId.parse(id)),
        wished: [],
      }),
      shareId: row.share,
    }
  }

  /** @throws `proposal/not-found`, `id/ambiguous`. */
  function find(local: Did, selector: string, holder: Did | null = null): ProposalRow {
    const found = users.read(local, db => db.proposals.find(selector, holder))
    if (found === 'ambiguous')
      throw new VivimError('id/ambiguous', `more than one proposal begins with “${selector}”`)
    if (found === null) throw new VivimError('proposal/not-found', `no proposal is called “${selector}”`)
    return found
  }

  /** @throws `proposal/decided`, `proposal/expired` unless it waits or was decided so before. */
  function refuseOther(row: ProposalRow, wanted: 'approved' | 'rejected'): void {
    const state = stateOf(row)
    if (state === 'expired') throw new VivimError('proposal/expired', 'this proposal waited too long')
    if (state !== 'waiting' && state !== wanted)
      throw new VivimError('proposal/decided', `this proposal was ${state}`, { state })
  }

  return {
    /** Put an intent into the queue; people and circles are kept by id, so that a name given anew means nobody else.
     *  @param by - the capability by which it is proposed; null for the user themself. */
    propose(local: Did, by: Chain | null, { keepFor, ...asked }: Propose): Result<'share.propose'> {
      const nowMs = clock.nowMs()
      const expiresAtMs = parseInstant(keepFor, nowMs)
      if (expiresAtMs === null || expiresAtMs <= nowMs || expiresAtMs > nowMs + MAX_KEEP_MS)
        throw new VivimError('usage/invalid', 'a proposal waits for 90 days at most')
      if ([asked.conversation, asked.notebook, asked.bundle].filter(one => one !== undefined).length !== 1)
        throw new VivimError('usage/invalid', 'name one conversation, one notebook or one bundle to share')
      const { contacts, circles } = audiences.resolve(local, asked)
      if (contacts.length + circles.length === 0)
        throw new VivimError('share/no-audience', 'nobody was named to share with')
      for (const time of [asked.from, asked.expires]) if (time !== undefined) parseInstant(time, nowMs)
      const params = JSON.stringify({ ...asked, to: contacts, circles })
      if (params.length > MAX_PARAMS_CHARS)
        throw new VivimError('usage/invalid', `a proposal has at most ${MAX_PARAMS_CHARS} characters`)
      return users.write(local, db => {
        const holder = by?.holder ?? null
        const same = db.proposals.same(holder, params, nowMs)
        if (same !== null) return { ...headOf(same), changed: false }
        db.proposals.sweep(nowMs - REMEMBER_MS)
        if (
          db.proposals.waiting(nowMs) >= MAX_WAITING ||
          (holder !== null && db.proposals.waiting(nowMs, holder) >= MAX_WAITING_OF_ONE)
        )
          throw new VivimError('proposal/full', 'too many proposals wait for an answer')
        const row: ProposalRow = {
          id: ProposalId.parse(toBase32(chance.bytes(16))),
          decision: null,
          capability: by?.root.cid ?? null,
          holder,
          name: by === null ? '' : nameOf(by),
          params,
          createdAtMs: nowMs,
          expiresAtMs,
          decidedAtMs: null,
          share: null,
        }
        db.proposals.add(row)
        return { ...headOf(row), changed: true }
      })
    },

    list(local: Did, state: State | undefined): Result<'proposal.list'> {
      const rows = users.read(local, db => db.proposals.list())
      return {
        proposals: rows
          .filter(row => state === undefined || stateOf(row) === state)
          .map(row => viewOf(local, row)),
      }
    },

    /** @param holder - who asks by capability: sees only how their own stands, and nothing of what or whom. */
    show(local: Did, selector: string, holder: Did | null): Result<'proposal.show'> {
      const row = find(local, selector, holder)
      return holder === null
        ? viewOf(local, row)
        : { ...headOf(row), by: null, what: null, audience: null, shareId: null }
    },

    preview(
      local: Did,
      { proposal, onFindings }: ParsedParams<'proposal.preview'>,
      signal: AbortSignal,
    ): Promise<Result<'share.preview'>> {
      const params = paramsOf(find(local, proposal))
      return shares.preview(local, { ...params, onFindings: onFindings ?? params.onFindings }, signal)
    },

    /** Share it as it was proposed, by the one way that shares are made. */
    approve: (
      local: Did,
      { proposal, expectDigest, onFindings }: ParsedParams<'proposal.approve'>,
      signal: AbortSignal,
    ): Promise<Result<'proposal.approve'>> =>
      shares.alone(local, async () => {
        const row = find(local, proposal)
        refuseOther(row, 'approved')
        const decided = { proposalId: row.id, state: 'approved', capabilityId: row.capability } as const
        if (row.decision === 'approved')
          return { ...decided, shareId: row.share, share: null, changed: false }
        const params = paramsOf(row)
        const share = await shares.accept(
          local,
          { ...params, onFindings: onFindings ?? params.onFindings, expectDigest, key: keyOf(row) },
          signal,
        )
        const changed = users.write(local, db =>
          db.proposals.decide(row.id, 'approved', share.shareId, clock.nowMs()),
        )
        return { ...decided, shareId: share.shareId, share, changed }
      }),

    /** A no waits for a yes that is being carried out: what leaves is never called rejected. */
    reject: (local: Did, selector: string): Promise<Result<'proposal.reject'>> =>
      shares.alone(local, async () => {
        const row = find(local, selector)
        refuseOther(row, 'rejected')
        // A yes that was cut off behind the share stands as one.
        const shared = row.decision === null ? await store.findByKey(local, keyOf(row)) : null
        const decision = shared === null ? 'rejected' : 'approved'
        const changed = users.write(local, db =>
          db.proposals.decide(row.id, decision, shared?.shareId ?? null, clock.nowMs()),
        )
        refuseOther(find(local, row.id), 'rejected')
        return { proposalId: row.id, state: 'rejected', capabilityId: row.capability, changed }
      }),

    waiting: (local: Did): number => users.read(local, db => db.proposals.waiting(clock.nowMs())),
  }
}

export type Proposals = ReturnType<typeof makeProposals>
