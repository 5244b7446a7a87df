/** Invites to circles, on the side of who made them: drawn up, listed, ended, and judged when somebody uses one. */
import { authorise, type CapabilityPorts } from '../../core/capability/authorise.ts'
import {
  cardHash,
  INVITE_MAX_LIFE_MS,
  type InvitedRole,
  JOIN_COMMAND,
  type Join,
  type JoinWire,
  makeInvite,
  parseJoin,
} from '../../core/circle/invite.ts'
import type { Result } from '../../core/contract/methods.ts'
import { didFromKey } from '../../core/identity/did.ts'
import { activeDevices, type IdentityDocument, parseDocument } from '../../core/identity/document.ts'
import { fromBase32, sameBytes, toHex } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, type ErrorCode, isVerdict, VivimError } from '../../core/kernel/errors.ts'
import { type CircleId, type Did, isoTime } from '../../core/model/id.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import type { Letter } from '../../core/pipeline/letter.ts'
import type { JobRow, JobStore } from '../../core/pipeline/ports.ts'
import type { JobOutcome } from '../jobs/runner.ts'
import type { InviteRow } from '../storage/user/invite-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { KeyRing } from './keys.ts'
import type { LetterSending } from './letter-sending.ts'
import type { Membership } from './membership.ts'
import type { OwnCard } from './own-card.ts'
import type { People } from './people.ts'

/** Answers that may wait for one person: who asks for more is told the newest. */
const MAX_ANSWERS = 16

const isOwnDevice = (document: IdentityDocument, subject: Did): boolean =>
  activeDevices(document).some(({ ed }) => didFromKey(ed) === subject)

/** What the door of capabilities says, as it is told to who wants to join. */
const ANSWERS: Readonly<Partial<Record<ErrorCode, ErrorCode>>> = {
  'capability/exhausted': 'invite/used',
  'capability/revoked': 'invite/revoked',
  'capability/expired': 'invite/expired',
}

export interface InvitesDeps {
  users: UserDatabaseManager
  jobs: JobStore
  people: People
  contacts: Contacts
  circles: Circles
  audiences: Audiences
  membership: Membership
  keys: KeyRing
  card: Pick<OwnCard, 'text' | 'introduce'>
  sending: LetterSending
  /** Somebody is in by an invite. */
  used: (local: Did, circle: CircleId, invite: string, did: Did) => void
  wake: () => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeInvites(deps: InvitesDeps) {
  const { users, jobs, people, contacts, circles, audiences, membership, keys, card, sending, wake, clock } =
    deps
  const { chance, log } = deps

  const view = (local: Did, row: InviteRow) => {
    const used = users.read(local, db => db.invites.uses(row.link))
    return {
      inviteId: row.inviteId,
      role: row.role,
      uses: row.uses,
      left: Math.max(0, row.uses - used),
      createdAt: isoTime(row.createdAtMs),
      expiresAt: isoTime(row.expiresAtMs),
    }
  }

  const isOpen = (local: Did, { revoked, expiresAtMs, uses, link }: InviteRow): boolean =>
    !revoked && clock.nowMs() < expiresAtMs && users.read(local, db => db.invites.uses(link)) < uses

  /** Uses are people: whoever comes again by the same invite is not counted again. */
  const portsFor = (local: Did, did: Did): CapabilityPorts => ({
    async revokersOf(link) {
      const row = users.read(local, db => db.invites.byLink(link))
      return row?.revoked ? [row.by] : []
    },
    // A letter that comes again, or is read again after a kill, is by the same person and counted once.
    takeNonce: async () => true,
    async charge(links, _nowMs, judge) {
      users.write(local, db => {
        const uses = new Map(links.map(({ cid }) => [cid, db.invites.uses(cid)]))
        judge(link => ({ day: uses.get(link) ?? 0, all: uses.get(link) ?? 0 }))
        for (const { cid } of links) db.invites.use(cid, did)
      })
    },
  })

  /** Why a letter does not show that its sender was to use the invite, or null. */
  function bindingFault(join: Join, sender: Did, letter: Letter): string | null {
    if (join.did !== sender) return 'other-person'
    if (letter.card === undefined || !sameBytes(cardHash(letter.card), join.card)) return 'other-card'
    const [wire] = letter.documents ?? []
    const document = wire && parseDocument(wire)
    return document?.did === sender && toHex(document.hash) === join.document ? null : 'other-document'
  }

  /** A removal ends the invites that were made before it came here: who was taken out may have a line of each, and other names.
   *  @returns how many ended that somebody could still have used. */
  function endBefore(local: Did, circle: CircleId): number {
    const open = users.read(local, db => db.invites.ofCircle(circle)).filter(({ revoked }) => !revoked)
    if (open.length === 0) return 0
    const exits = new Set(
      circles.state(local, circle).former.flatMap(({ how, exit }) => (how === 'removed' ? [exit] : [])),
    )
    const lastExit = users
      .read(local, db => db.circles.entries(circle, Math.min(...open.map(({ logSeq }) => logSeq))))
      .findLast(({ hash }) => exits.has(hash))
    const over = open.filter(({ logSeq }) => logSeq < (lastExit?.seq ?? 0))
    for (const { inviteId } of over) {
      users.write(local, db => db.invites.revoke(inviteId))
      log('invite.revoked', { invite: inviteId, circle })
    }
    return over.filter(row => isOpen(local, row)).length
  }

  /** Judge a use, and let the person in. @returns null, or the code that they are told; `silent`: they are told nothing. */
  async function judge(
    local: Did,
    sender: Did,
    join: Join,
    letter: Letter,
  ): Promise<ErrorCode | null | 'silent'> {
    const { chain, circle } = join
    const own = keys.keys(local)
    const device = didFromKey(own.device.publicKey)
    endBefore(local, circle)
    const row = users.read(local, db => db.invites.byLink(chain.root.cid))
    const document = await people.current(sender)
    const why =
      bindingFault(join, sender, letter) ??
      (row === null || row.circleId !== circle || chain.subject !== device ? 'not-ours' : null) ??
      (document === null ? 'unknown-document' : null)
    if (why !== null || row === null || document === null) {
      // It may be in force at the device that made it, which alone counts its uses: a no from here would be wrong.
      const isOther =
        why === 'not-ours' && chain.subject !== device && isOwnDevice(own.document, chain.subject)
      log('invite.refused', { invite: join.id, from: sender, why: isOther ? 'other-device' : why })
      return isOther ? 'silent' : 'invite/unknown'
    }
    const { members, former } = circles.state(local, circle)
    if (members.some(({ did }) => did === sender)) return null
    // Taken out is taken out: an invite that still counts for others brings nobody back.
    if (former.some(({ did, how }) => did === sender && how === 'removed')) return 'invite/revoked'
    if (chain.expiresAtMs !== null && clock.nowMs() >= chain.expiresAtMs) return 'invite/expired'
    try {
      circles.mayWrite(local, circle)
      await authorise(
        {
          invocation: join.invocation,
          chain,
          executor: device,
          document: own.document,
          command: JOIN_COMMAND,
          nowMs: clock.nowMs(),
          maxLifeMs: INVITE_MAX_LIFE_MS,
          // Who came by it and left again needs a use that is left, like anybody else.
          isFree:
            !former.some(({ did }) => did === sender) &&
            users.read(local, db => db.invites.hasUsed(chain.root.cid, sender)),
        },
        portsFor(local, sender),
      )
    } catch (error) {
      const code = codeOf(error)
      if (!isVerdict(error)) throw error
      log('invite.refused', { invite: join.id, from: sender, why: code })
      // Whoever may not add people any more has no invites that count.
      if (code.startsWith('circle/')) return 'invite/revoked'
      return ANSWERS[code] ?? 'invite/unknown'
    }
    contacts.know(local, sender, letter.card, true)
    await membership.admit(local, circle, document, join.role)
    log('invite.used', { invite: join.id, circle, did: sender })
    deps.used(local, circle, join.id, sender)
    return null
  }

  return {
    async invite(
      local: Did,
      selector: string,
      { expires, uses, role }: { expires: string; uses: number; role: InvitedRole },
    ): Promise<Result<'circle.invite'>> {
      const { circleId, alias, name } = audiences.findCircle(local, selector)
      const own = keys.keys(local)
      circles.mayWrite(local, circleId)
      const nowMs = clock.nowMs()
      const atMs = parseInstant(expires, nowMs)
      if (atMs === null || atMs > nowMs + INVITE_MAX_LIFE_MS)
        throw new VivimError('usage/invalid', 'an invite ends within a year')
      if (atMs <= nowMs) throw new VivimError('usage/invalid', 'the invite would be over at once')
      // Ends are whole seconds in the delegation.
      const expiresAtMs = Math.ceil(atMs / 1000) * 1000
      const { document, device } = own
      const made = makeInvite(
        {
          circle: circleId,
          name: circles.state(local, circleId).name ?? alias ?? name,
          role,
          uses,
          expiresAtMs,
          card: card.text(local),
          document,
        },
        device,
        chance,
      )
      users.write(local, db =>
        db.invites.add({
          inviteId: made.id,
          circleId,
          link: made.chain.root.cid,
          by: made.chain.subject,
          role,
          uses,
          createdAtMs: nowMs,
          expiresAtMs,
          revoked: false,
          logSeq: db.circles.lastSeq(circleId),
        }),
      )
      log('invite.made', { invite: made.id, circle: circleId })
      return { invite: made.line, inviteId: made.id, expiresAt: isoTime(expiresAtMs), uses, role }
    },

    endBefore,

    /** Those that somebody could still use. */
    list(local: Did, selector: string): Result<'circle.invites'> {
      const { circleId } = audiences.findCircle(local, selector)
      endBefore(local, circleId)
      const rows = users.read(local, db => db.invites.ofCircle(circleId))
      return {
        invites: rows.filter(row => isOpen(local, row)).map(row => view(local, row)),
      }
    },

    /** @throws `invite/unknown`, `id/ambiguous`. */
    uninvite(local: Did, selector: string, invite: string): Result<'circle.uninvite'> {
      const { circleId } = audiences.findCircle(local, selector)
      const row = users.read(local, db => db.invites.find(circleId, invite))
      if (row === 'ambiguous')
        throw new VivimError('id/ambiguous', `more than one invite begins with “${invite}”`)
      if (row === null) throw new VivimError('invite/unknown', 'this circle has no such invite of yours')
      const changed = users.write(local, db => db.invites.revoke(row.inviteId))
      if (changed) log('invite.revoked', { invite: row.inviteId, circle: circleId })
      return { ...view(local, row), left: 0, changed }
    },

    /** Somebody wants to join: judge it, and tell them. */
    async take(local: Did, sender: Did, wire: JoinWire, letter: Letter): Promise<void> {
      const join = parseJoin(wire)
      const code = await judge(local, sender, join, letter)
      if (code === 'silent') return
      const { circle } = join
      if (users.read(local, db => db.invites.answers(sender)).length >= MAX_ANSWERS) return
      users.write(local, db =>
        db.invites.putAnswer({ inviteId: join.id, circleId: circle, did: sender, code }),
      )
      await jobs.drop({ kind: 'answer', owner: local, circle, target: sender })
      const notBeforeMs = clock.nowMs()
      await jobs.add({ kind: 'answer', owner: local, share: null, circle, target: sender, notBeforeMs })
      wake()
    },

    /** Bring what is to be said to who asked. */
    async answer({ owner, target }: JobRow, signal: AbortSignal): Promise<JobOutcome> {
      if (target === null) return 'done'
      const rows = users.read(owner, db => db.invites.answers(target))
      if (rows.length === 0 || contacts.get(owner, target)?.state === 'blocked') return 'done'
      if (!keys.unlocked(owner)) return { code: 'keystore/locked' }
      const document = await people.met(owner, target)
      if (document === null) return { code: 'contact/keys-unknown' }
      const letter: Omit<Letter, 'v'> = {
        ...card.introduce(owner),
        documents: [keys.keys(owner).document.wire],
        answers: rows.map(({ inviteId, code }) => ({ invite: fromBase32(inviteId), code })),
      }
      await sending.send({ from: owner, to: target }, letter, activeDevices(document), signal)
      users.write(owner, db => {
        for (const row of rows) db.invites.dropAnswer(row)
      })
      return 'done'
    },
  }
}

export type Invites = ReturnType<typeof makeInvites>
