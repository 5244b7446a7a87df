/** What others passed on, judged where it arrives: at the node of who gets it, and at the owner's, who is told of it. */
import type { CapabilityPorts } from '../../core/capability/authorise.ts'
import { checkRevocations } from '../../core/capability/authorise.ts'
import { type Chain, parseChainBytes } from '../../core/capability/chain.ts'
import { parseRevocation, revokersOf } from '../../core/capability/revocation.ts'
import type { Permission as PermissionShape } from '../../core/contract/share-shapes.ts'
import { type IdentityDocument, parseDocument } from '../../core/identity/document.ts'
import { decideDocument } from '../../core/identity/succession.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict, VivimError } from '../../core/kernel/errors.ts'
import type { Cid, Did, ShareId } from '../../core/model/id.ts'
import type { Notice } from '../../core/pipeline/notice.ts'
import {
  checkPass,
  checkPasser,
  goesOnFrom,
  handAfter,
  type PassWire,
  parsePass,
} from '../../core/pipeline/pass.ts'
import type { JobStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { type ReceivedRow, senderOf } from '../storage/user/received-table.ts'
import type { SharingEvents } from './events.ts'
import type { People } from './people.ts'

/** Words about one share that are kept of what went on from one person whom this user gave it to: whoever may pass on could sign
 *  endless ones, also in the names of people whom they made up, and is to leave the others their room. */
const MAX_REPORTS = 1_000

/** The chains by which something came, and may be passed on. */
const chainsOf = ({ viaChain, delegation }: ReceivedRow): Chain[] =>
  [viaChain, delegation].flatMap(wire => (wire === null ? [] : [parseChainBytes(wire)]))

const linksOf = (row: ReceivedRow): Cid[] => chainsOf(row).flatMap(({ links }) => links.map(({ cid }) => cid))

const mayEnd = (chain: Chain, link: Cid, by: Did): boolean =>
  chain.links.some(({ cid }, at) => cid === link && revokersOf(chain, at).has(by))

type Permission = ReturnType<typeof PermissionShape.parse>

export interface PassedDeps {
  users: UserDatabaseManager
  store: ShareStore
  jobs: JobStore
  people: People
  /** Who took back a link of a chain, as far as this user was told. */
  revokersOf: (local: Did, link: Cid) => Promise<readonly Did[]>
  events: SharingEvents
  wake: () => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makePassed(deps: PassedDeps) {
  const { users, store, jobs, people, events, wake, clock, log } = deps

  const portsOf = (local: Did): Pick<CapabilityPorts, 'revokersOf'> => ({
    revokersOf: link => deps.revokersOf(local, link),
  })

  const tellEnd = (owner: Did, share: ShareId, target: Did): Promise<void> =>
    jobs.add({ kind: 'end-right', owner, share, circle: null, target, notBeforeMs: clock.nowMs() })

  /** The best document of an owner who may never have been met: the known one, or one that came with the letter. */
  async function ownerOf(owner: Did, wires: readonly Uint8Array[]): Promise<IdentityDocument | null> {
    let best = await people.document(owner)
    for (const wire of wires) {
      const given = parseDocument(wire)
      if (given.did !== owner) continue
      const decision = decideDocument(best, given)
      if (decision === 'accept') best = given
      // Two of one sequence by one owner: that alarm is right whoever brings it.
      if (decision === 'conflict') {
        await people.learn(given)
        best = await people.document(owner)
      }
    }
    return best
  }

  return {
    /** Whether a notice that its sender does not own may come from them. @returns why not, or null; then the owner is known. */
    async fault(
      local: Did,
      sender: Did,
      notice: Notice,
      letter: { pass?: PassWire | undefined; documents?: Uint8Array[] | undefined },
    ): Promise<string | null> {
      if (letter.pass === undefined || notice.owner === local) return 'other-owner'
      try {
        const pass = parsePass(letter.pass)
        const { terms } = pass
        if (
          pass.to !== local ||
          terms.share !== notice.share ||
          terms.version !== notice.version ||
          terms.content !== notice.content ||
          terms.untilMs !== notice.untilMs ||
          !terms.allow.every(right => notice.allow.includes(right)) ||
          !notice.allow.every(right => terms.allow.includes(right))
        )
          return 'other-terms'
        const passer = await people.current(sender)
        const owner = await ownerOf(notice.owner, letter.documents ?? [])
        if (passer === null || owner === null) return 'unknown-owner'
        checkPasser(pass, passer)
        await checkPass(pass, owner, portsOf(local), clock.nowMs())
        await people.learn(owner)
        return null
      } catch (error) {
        if (!isVerdict(error)) throw error
        const why = error instanceof VivimError ? error.details.why : undefined
        return typeof why === 'string' ? why : codeOf(error)
      }
    },

    /** Whether what lies here may still be used: no link of the chain by which it came was taken back, nor, to pass it on, of the one
     *  by which that is done. @throws `capability/revoked`. */
    async checkStanding(
      local: Did,
      { viaChain, delegation }: ReceivedRow,
      action: Permission,
    ): Promise<void> {
      for (const wire of action === 'reshare' ? [viaChain, delegation] : [viaChain])
        if (wire !== null) await checkRevocations(parseChainBytes(wire), portsOf(local))
    },

    portsOf,

    /** Somebody says that a share was passed on: an owner keeps it, a holder from whom it went on tells who is nearer to the owner.
     *  What is of no concern here is passed over. @throws `capability/*`, `crypto/*`. */
    async told(local: Did, sender: Did, wire: PassWire): Promise<void> {
      const pass = parsePass(wire)
      const { terms, invocation, chain, by, to } = pass
      const share = await store.find(terms.share)
      const received = users.read(local, db => db.received.find(terms.share))
      let owner: Did
      let target: Did | null = null
      let hand: Did
      if (share?.owner === local && share.contentId === terms.content) {
        owner = local
        hand = handAfter(chain, 0)
      } else if (received !== null && received !== 'ambiguous' && received.contentId === terms.content) {
        const held = received.delegation && parseChainBytes(received.delegation)
        if (held === null || !goesOnFrom(chain, held)) return
        owner = received.owner
        hand = handAfter(chain, held.links.length)
        target = senderOf(received)
      } else return
      const document = await people.document(owner)
      if (document === null) return
      await checkPass(pass, document, portsOf(local), clock.nowMs())
      const atMs = clock.nowMs()
      const isFull = users.read(local, db => db.passes.countReports(terms.share, hand)) >= MAX_REPORTS
      if (isFull) {
        log('share.report-refused', { share: terms.share, hand, from: sender })
        return
      }
      const isNew = users.write(local, db => {
        return db.passes.report(
          {
            cid: invocation.cid,
            shareId: terms.share,
            passer: by,
            recipient: to,
            permissions: [...terms.allow],
            untilMs: terms.untilMs,
            atMs,
            wire,
            hand,
          },
          target,
        )
      })
      if (!isNew) return
      log('share.passed-on', { share: terms.share, by, to, from: sender })
      if (target !== null) {
        await jobs.add({
          kind: 'report',
          owner: local,
          share: terms.share,
          circle: null,
          target,
          notBeforeMs: atMs,
        })
        wake()
      } else if (share !== null) {
        events.emit({
          kind: 'share',
          owner: local,
          share: terms.share,
          event: 'passed-on',
          state: share.state,
          target: to,
          by,
          atMs,
        })
        // It ended before this came: who is known here is told at once.
        if (share.endedAtMs !== null) await this.bury(local, share.shareId)
      }
    },

    /** End the right of one person to pass an own share on, and all that was passed on by it.
     *  @throws `usage/invalid` for who has none. */
    async end(local: Did, share: ShareId, holder: Did): Promise<boolean> {
      const nowMs = clock.nowMs()
      const rights = users.read(local, db => db.passes.rights(share, holder))
      if (rights.length === 0)
        throw new VivimError('usage/invalid', 'they have no right to pass this share on that could be ended')
      const ended = users.write(local, db =>
        rights.filter(({ link, revocation }) =>
          db.capabilities.revoke(link, parseRevocation(revocation).by, revocation, nowMs),
        ),
      )
      await tellEnd(local, share, holder)
      for (const { hand, recipient } of users.read(local, db => db.passes.reports(share)))
        if (hand === holder && (await people.isRelated(local, recipient)))
          await tellEnd(local, share, recipient)
      wake()
      return ended.length > 0
    },

    /** Whether an own share, and with it the right, has not come to somebody yet: what took it back would be passed over there. */
    isUnderWay: async (share: ShareId, target: Did): Promise<boolean> =>
      (await store.recipients(share)).some(
        ({ did, state }) => did === target && (state === 'queued' || state === 'pending'),
      ),

    /** What took back rights to pass on a share that is an own one, or lies here. */
    revocationsOf(local: Did, share: ShareId): Uint8Array[] {
      const links = users.read(local, db => [
        ...db.passes.rights(share).map(({ link }) => link),
        ...db.received.list().flatMap(row => (row.shareId === share ? linksOf(row) : [])),
      ])
      return users.read(local, db => [...new Set(links)].flatMap(link => db.capabilities.revocations(link)))
    },

    /** Somebody says that rights were taken back. Kept is what ends a right that came here, by whoever may end it; who got something
     *  from here by such a right is told. */
    async takeRevocations(local: Did, sender: Did, wires: readonly Uint8Array[]): Promise<void> {
      const rows = users.read(local, db => db.received.list())
      for (const wire of wires) {
        const { link, by } = parseRevocation(wire)
        for (const row of rows) {
          if (!chainsOf(row).some(chain => mayEnd(chain, link, by))) continue
          const isNew = users.write(local, db => db.capabilities.revoke(link, by, wire, clock.nowMs()))
          if (isNew) log('inbox.right-ended', { share: row.shareId, from: sender })
          for (const { recipient } of users.read(local, db => db.passes.ofShare(row.owner, row.shareId)))
            await tellEnd(local, row.shareId, recipient)
        }
      }
      wake()
    },

    /** An own share ended: people whom it was passed on to, and whom this user knows, are told as well. */
    async bury(local: Did, share: ShareId): Promise<void> {
      const targets = new Set(users.read(local, db => db.passes.reports(share)).map(row => row.recipient))
      for (const target of targets) {
        if (!(await people.isRelated(local, target))) continue
        const job = { kind: 'bury' as const, owner: local, share, circle: null, target }
        await jobs.add({ ...job, notBeforeMs: clock.nowMs() })
      }
      wake()
    },
  }
}

export type Passed = ReturnType<typeof makePassed>
