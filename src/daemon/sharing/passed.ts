/** What others passed on, judged where it arrives: at the node of who gets it, and at the owner's, who is told of it. */
import type { CapabilityPorts } from '../../core/capability/authorise.ts'
import { checkRevocations } from '../../core/capability/authorise.ts'
import { parseChainBytes } from '../../core/capability/chain.ts'
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
  const { users, store, jobs, people, revokersOf, events, wake, clock, log } = deps

  const portsOf = (local: Did): Pick<CapabilityPorts, 'revokersOf'> => ({
    revokersOf: link => revokersOf(local, link),
  })

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

    /** Whether what lies here may still be used: no link of the chain by which it came, or by which it is passed on, was taken back.
     *  @throws `capability/revoked`. */
    async checkStanding(local: Did, { viaChain, delegation }: ReceivedRow): Promise<void> {
      for (const wire of [viaChain, delegation])
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
