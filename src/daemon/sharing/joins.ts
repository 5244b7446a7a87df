/** Joining circles by an invite, on the side of who was invited: the inviter is asked until they answered, across restarts. */
import { type Invite, parseInvite, signJoin } from '../../core/circle/invite.ts'
import type { Result } from '../../core/contract/methods.ts'
import { activeDevices } from '../../core/identity/document.ts'
import { toBase32 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { type ErrorCode, VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import { GivenName } from '../../core/model/name.ts'
import { spelling } from '../../core/model/spelling.ts'
import type { Letter } from '../../core/pipeline/letter.ts'
import type { JobRow, JobStore } from '../../core/pipeline/ports.ts'
import type { JobOutcome } from '../jobs/runner.ts'
import type { JoinRow } from '../storage/user/join-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { Audiences } from './audiences.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { SharingEvents } from './events.ts'
import type { KeyRing } from './keys.ts'
import type { LetterSending } from './letter-sending.ts'
import type { OwnCard } from './own-card.ts'
import type { People } from './people.ts'
import type { Reaching } from './reaching.ts'

const REFUSALS = [
  'invite/used',
  'invite/revoked',
  'invite/expired',
  'invite/unknown',
] as const satisfies ErrorCode[]
type Refusal = (typeof REFUSALS)[number]

const WORDS: Readonly<Record<Refusal, string>> = {
  'invite/used': 'this invite was used as often as it may be',
  'invite/revoked': 'this invite was taken back',
  'invite/expired': 'the time of this invite is over',
  'invite/unknown': 'who made this invite does not know it, or it was made for something else',
}

const refusalOf = (code: string | null): Refusal | undefined => REFUSALS.find(one => one === code)

export interface JoinsDeps {
  users: UserDatabaseManager
  jobs: JobStore
  people: People
  contacts: Contacts
  circles: Circles
  audiences: Audiences
  keys: KeyRing
  card: Pick<OwnCard, 'text'>
  reaching: Reaching
  sending: LetterSending
  events: SharingEvents
  wake: () => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeJoins(deps: JoinsDeps) {
  const {
    users,
    jobs,
    people,
    contacts,
    circles,
    audiences,
    keys,
    reaching,
    sending,
    events,
    wake,
    clock,
    chance,
    log,
  } = deps

  const isMember = (local: Did, circle: CircleId): boolean =>
    circles.state(local, circle).members.some(({ did }) => did === local)

  const wasRemoved = (local: Did, circle: CircleId): boolean =>
    circles.state(local, circle).former.some(({ did, how }) => did === local && how === 'removed')

  /** A circle that waits, in the shape of those that one is in. */
  const view = (local: Did, { circleId, name, role }: JoinRow): Result<'circle.show'> => ({
    circleId,
    name,
    description: null,
    history: null,
    epoch: 0,
    state: 'invited',
    members: [{ did: local, name: contacts.name(local), role, state: 'invited' }],
  })

  const shown = (local: Did, circle: CircleId): Result<'circle.show'> | null => {
    const row = users.read(local, db => db.circles.get(circle))
    return row && isMember(local, circle) ? audiences.viewCircle(local, row) : null
  }

  /** Whether a circle can be shared with, or ended before it could. */
  function hasKey(local: Did, circle: CircleId): boolean {
    if (!isMember(local, circle) || !keys.unlocked(local)) return false
    return circles.state(local, circle).closing !== null || circles.sealingHere(local, circle) !== null
  }

  function begin(local: Did, invite: Invite): void {
    const own = keys.keys(local)
    const card = deps.card.text(local)
    const wire = signJoin(invite, { did: local, document: own.document.hash, card }, chance)
    users.write(local, db =>
      db.joins.put({
        circleId: invite.circle,
        inviteId: invite.id,
        inviter: invite.card.did,
        name: invite.name,
        role: invite.role,
        ...wire,
        document: own.document.wire,
        card,
        createdAtMs: clock.nowMs(),
        expiresAtMs: invite.expiresAtMs,
        code: null,
      }),
    )
  }

  async function ask(local: Did, { circle, card }: Invite): Promise<void> {
    const which = { kind: 'join' as const, owner: local, circle, target: card.did }
    await jobs.drop(which)
    await jobs.add({ ...which, share: null, notBeforeMs: clock.nowMs() })
    wake()
  }

  /** The circle came: the user chose it, so that its name selects it where no other circle is called so. */
  function arrived(local: Did, row: JoinRow): void {
    users.write(local, db => {
      const circle = db.circles.get(row.circleId)
      const name = GivenName.safeParse(circle?.name).data
      if (circle && circle.alias === null && name !== undefined && db.circles.find(name) === null)
        db.circles.put({ ...circle, alias: name })
      db.joins.delete(row.circleId)
    })
    log('invite.joined', { invite: row.inviteId, circle: row.circleId })
  }

  /** What waits, without what is over. */
  const waiting = (local: Did): JoinRow[] =>
    users
      .read(local, db => db.joins.list())
      .filter(
        ({ circleId, code, expiresAtMs }) =>
          code === null && clock.nowMs() < expiresAtMs && !isMember(local, circleId),
      )

  return {
    /** Circles that the user is invited to, as the list shows them. */
    list: (local: Did): Result<'circle.show'>[] => waiting(local).map(row => view(local, row)),

    /** One of them, by its name or the beginning of its id, or null. */
    find(local: Did, selector: string): Result<'circle.show'> | null {
      const rows = waiting(local)
      const found =
        rows.find(({ name }) => spelling(name) === selector) ??
        rows.find(({ circleId }) => circleId.startsWith(selector))
      return found ? view(local, found) : null
    },

    /** Ask no more to be let in: by the circle's id or its beginning, or by what the invite calls it, where the user has no circle of
     *  that name. The inviter's node may have heard of it before. @returns null where nothing waits under that name. */
    async withdraw(local: Did, selector: string): Promise<Result<'circle.leave'> | null> {
      const own = users.read(local, db => db.circles.find(selector))
      const shown = own === null ? this.find(local, selector) : null
      const wanted = shown?.circleId ?? (own === 'ambiguous' ? null : own?.circleId)
      const row = waiting(local).find(({ circleId }) => circleId === wanted)
      if (row === undefined) return null
      const { circleId: circle, inviter: target, inviteId: invite } = row
      await jobs.drop({ kind: 'join', owner: local, circle, target })
      users.write(local, db => db.joins.delete(circle))
      log('invite.withdrawn', { invite, circle })
      events.emit({ kind: 'circle', local })
      return { ...view(local, row), state: 'left', members: [], changed: true }
    },

    /** Ask to be let in, and wait for it. @throws `invite/*`, `contact/blocked`, `keystore/locked`. */
    async join(
      local: Did,
      line: string,
      waitMs: number,
      signal: AbortSignal,
    ): Promise<Result<'circle.join'>> {
      const invite = parseInvite(line)
      keys.keys(local)
      const { circle } = invite
      const known = shown(local, circle)
      if (known !== null) return { ...known, changed: false }
      if (clock.nowMs() >= invite.expiresAtMs) throw refused('invite/expired')
      if (invite.card.did === local)
        throw new VivimError('contact/self', 'you made this invite yourself: give it to somebody else')
      if (contacts.get(local, invite.card.did)?.state === 'blocked')
        throw new VivimError('contact/blocked', 'you blocked the person who made this invite')
      const before = users.read(local, db => db.joins.get(circle))
      const isAsked = before?.inviteId === invite.id && before.code === null
      if (!isAsked) {
        contacts.know(local, invite.card.did, invite.cardText, false)
        begin(local, invite)
        await ask(local, invite)
      }
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(waitMs)])
      const outcome = await events.until(async () => {
        const row = users.read(local, db => db.joins.get(circle))
        if (row === null && !isMember(local, circle)) return 'withdrawn'
        const code = refusalOf(row?.code ?? null)
        if (code !== undefined) return code
        // With its key, so that the next command may share with it.
        return hasKey(local, circle) ? shown(local, circle) : null
      }, bounded)
      if (outcome === 'withdrawn') throw new VivimError('invite/unknown', 'the invite was dropped meanwhile')
      if (outcome === 'invite/revoked' && wasRemoved(local, circle))
        throw new VivimError(outcome, 'you were taken out of this circle, and no invite brings you back')
      if (typeof outcome === 'string') throw refused(outcome)
      const row = users.read(local, db => db.joins.get(circle))
      const now = outcome ?? shown(local, circle) ?? (row && view(local, row))
      if (now === null) throw new VivimError('invite/unknown', 'the invite was dropped meanwhile')
      return { ...now, changed: !isAsked }
    },

    /** A circle changed, or a letter was read. */
    settle(local: Did): void {
      for (const row of users.read(local, db => db.joins.list()))
        if (isMember(local, row.circleId)) arrived(local, row)
      events.emit({ kind: 'circle', local })
    },

    /** What an inviter says: only theirs counts, and only a no; who is in sees it by the circle. */
    takeAnswers(local: Did, sender: Did, answers: NonNullable<Letter['answers']>): void {
      for (const { invite, code } of answers) {
        const id = toBase32(invite)
        const row = users
          .read(local, db => db.joins.list())
          .find(({ inviteId, inviter }) => inviteId === id && inviter === sender)
        const refusal = refusalOf(code)
        if (row === undefined || refusal === undefined) continue
        users.write(local, db => db.joins.refuse(row.circleId, id, refusal))
        log('invite.answered', { invite: id, from: sender, code: refusal })
      }
    },

    /** Bring the wish to the inviter's node. */
    async send({ owner, circle, target }: JobRow, signal: AbortSignal): Promise<JobOutcome> {
      const row = circle && users.read(owner, db => db.joins.get(circle))
      if (!row || row.code !== null || row.inviter !== target) return 'done'
      if (contacts.get(owner, target)?.state === 'blocked') return 'done'
      if (clock.nowMs() >= row.expiresAtMs) {
        users.write(owner, db => db.joins.refuse(row.circleId, row.inviteId, 'invite/expired'))
        events.emit({ kind: 'circle', local: owner })
        return 'done'
      }
      await reaching.meet(owner, target, signal)
      const document = await people.met(owner, target)
      if (document === null) return { code: 'contact/keys-unknown' }
      const { chain, invocation } = row
      const letter: Omit<Letter, 'v'> = {
        card: row.card,
        documents: [row.document],
        join: { chain, invocation },
      }
      await sending.send({ from: owner, to: target }, letter, activeDevices(document), signal)
      log('invite.sent', { invite: row.inviteId, to: target })
      return 'done'
    },
  }
}

const refused = (code: Refusal): VivimError => new VivimError(code, WORDS[code])

export type Joins = ReturnType<typeof makeJoins>
