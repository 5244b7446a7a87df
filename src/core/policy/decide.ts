/** Decisions: who may do what with a share now, and which rules said so. Pure; default deny, and one deny outweighs every allow.
 *  What is decided on are facts that the caller verified; nothing is fetched here. */

import type { z } from 'zod'
import type { Permission, ShareState } from '../contract/share-shapes.ts'
import type { CircleId, Did } from '../model/id.ts'

export type Right = z.infer<typeof Permission>

/** What somebody wants to do: use a right of the share's terms; collect what opening takes (`fetch` blocks, be handed a `grant`);
 *  or change the share itself. */
export type Action = Right | 'fetch' | 'grant' | 'revoke' | 'extend'

/** A share as far as decisions need it. Times in ms; null means from now, or never. */
export interface ShareFacts {
  owner: Did
  state: ShareState
  allow: readonly Right[]
  fromMs: number | null
  expiresMs: number | null
  audience: { contacts: readonly Did[]; circles: readonly CircleId[] }
}

/** What the caller knows about the one who asks, beside the share. */
export interface Evidence {
  /** Circles of the share's audience in which `who` is a member as the log stands now. */
  memberOf: readonly CircleId[]
  /** Circles whose epoch the share was sealed under while `who` was a member: they hold that key already. */
  memberThen: readonly CircleId[]
  /** Whether the owner blocked `who`, or `who` the owner. */
  blocked: boolean
}

export interface Question {
  who: Did
  action: Action
  share: ShareFacts
  evidence: Evidence
  nowMs: number
}

/** `id` is stable, `text` is for people. */
export interface DecidingRule {
  id: string
  effect: 'allow' | 'deny'
  text: string
}

/** `rules` are those that decided: all that deny, else all that allow, else the default. */
export interface Decision {
  decision: 'allow' | 'deny'
  rules: DecidingRule[]
}

/** Answers questions. Whatever fails inside an engine is a deny. */
export interface PolicyEngine {
  decide(question: Question): Decision
}

interface PolicyRule extends DecidingRule {
  applies(question: Question): boolean
}

const isOwner = ({ who, share }: Question): boolean => who === share.owner
/** Taking back is never too late, and doing it twice does no harm. */
const isRevoking = (question: Question): boolean => question.action === 'revoke' && isOwner(question)
/** Needed to open: allowed wherever viewing is. */
const OPENING: readonly Action[] = ['view', 'fetch', 'grant']
const OWNING: readonly Action[] = ['revoke', 'extend']
const ENDED: Readonly<Partial<Record<ShareState, string>>> = {
  revoked: 'The owner took the share back.',
  expired: 'The share has expired.',
  exhausted: 'The last view of the share was used.',
  failed: 'The share could not be carried out.',
}

const isNamed = ({ who, share, action, evidence: { memberOf, memberThen } }: Question): boolean =>
  share.audience.contacts.includes(who) ||
  // A new grant is for members only; who was one when it was sealed keeps what they were given.
  share.audience.circles.some(
    circle => memberOf.includes(circle) || (action !== 'grant' && memberThen.includes(circle)),
  )

const RULES: readonly PolicyRule[] = [
  {
    id: 'owner',
    effect: 'allow',
    text: 'The owner may do everything with their own share.',
    applies: isOwner,
  },
  {
    id: 'audience',
    effect: 'allow',
    text: 'Named in the audience or a member of one of its circles, and the terms allow it.',
    applies: question =>
      isNamed(question) &&
      question.share.allow.some(right =>
        right === 'view' ? OPENING.includes(question.action) : right === question.action,
      ),
  },
  {
    id: 'owner-only',
    effect: 'deny',
    text: 'Only the owner may change a share.',
    applies: question => OWNING.includes(question.action) && !isOwner(question),
  },
  {
    id: 'not-yet',
    effect: 'deny',
    text: 'The share begins later.',
    applies: question =>
      !isOwner(question) &&
      (question.share.state === 'scheduled' ||
        (question.share.fromMs !== null && question.nowMs < question.share.fromMs)),
  },
  {
    id: 'expired',
    effect: 'deny',
    text: 'The share has expired.',
    applies: question =>
      !isRevoking(question) &&
      question.share.expiresMs !== null &&
      question.nowMs >= question.share.expiresMs,
  },
  ...Object.entries(ENDED).map(
    ([state, text]): PolicyRule => ({
      id: state === 'expired' ? 'ended' : state,
      effect: 'deny',
      text,
      applies: question => question.share.state === state && !isRevoking(question),
    }),
  ),
  {
    id: 'blocked',
    effect: 'deny',
    text: 'One of the two blocked the other.',
    applies: question => question.evidence.blocked && !isOwner(question),
  },
]

const DEFAULT: DecidingRule = {
  id: 'default',
  effect: 'deny',
  text: 'No rule allows it.',
}

const shown = ({ id, effect, text }: PolicyRule): DecidingRule => ({ id, effect, text })

/** Decide by the rules that VIVIM ships. Never throws; a time that is no number denies. */
export function decide(question: Question): Decision {
  if (!Number.isFinite(question.nowMs)) return { decision: 'deny', rules: [DEFAULT] }
  const applying = RULES.filter(rule => rule.applies(question))
  const denying = applying.filter(({ effect }) => effect === 'deny')
  if (denying.length > 0) return { decision: 'deny', rules: denying.map(shown) }
  return applying.length > 0
    ? { decision: 'allow', rules: applying.map(shown) }
    : { decision: 'deny', rules: [DEFAULT] }
}

export const builtInPolicy: PolicyEngine = { decide }
