/** The outbox of what was passed on: pushed to who gets it, told to the owner, ended with what it came from. */

import { activeDevices } from '../../core/identity/document.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { hasCode } from '../../core/kernel/errors.ts'
import type { Cid, Did, ShareId } from '../../core/model/id.ts'
import { MAX_REVOCATIONS, sealLetterToDevices } from '../../core/pipeline/letter.ts'
import type { BlockStore, JobRow, JobStore } from '../../core/pipeline/ports.ts'
import type { JobHandler, JobOutcome } from '../jobs/runner.ts'
import type { Delivery, Network } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { PassRow } from '../storage/user/pass-table.ts'
import type { ReceivedRow } from '../storage/user/received-table.ts'
import type { Contacts } from './contacts.ts'
import { REFUSED_MS } from './delivery.ts'
import type { SharingEvents } from './events.ts'
import type { Fetching } from './fetching.ts'
import type { Inbox } from './inbox.ts'
import type { KeyRing } from './keys.ts'
import type { LetterSending } from './letter-sending.ts'
import type { Passed } from './passed.ts'
import type { Passing } from './passing.ts'
import type { People } from './people.ts'
import { checkReceipt, type Reaching } from './reaching.ts'

export interface PassingJobsDeps {
  users: UserDatabaseManager
  jobs: JobStore
  blocks: BlockStore
  people: People
  reaching: Reaching
  contacts: Contacts
  fetching: Fetching
  inbox: Inbox
  passing: Passing
  passed: Passed
  sending: LetterSending
  keys: KeyRing
  network: () => Network
  events: SharingEvents
  wake: () => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export type PassingHandlers = Record<'pass' | 'report' | 'bury-passed' | 'end-right', JobHandler>

export function makePassingJobs(deps: PassingJobsDeps) {
  const { users, jobs, blocks, people, reaching, contacts, fetching, inbox, passing, passed, sending } = deps
  const { keys, network, events, wake, clock, chance, log } = deps

  const addJob = (kind: keyof PassingHandlers, owner: Did, share: ShareId, target: Did): Promise<void> =>
    jobs.add({ kind, owner, share, circle: null, target, notBeforeMs: clock.nowMs() })

  /** The work of a job, when there is still something to do. */
  function workOf({ owner: local, share, target }: JobRow): { pass: PassRow; row: ReceivedRow } | null {
    if (share === null || target === null) return null
    for (const pass of users.read(local, db => db.passes.to(share, target))) {
      if (pass.state !== 'pending' && pass.state !== 'queued') continue
      const row = users.read(local, db => db.received.get(pass.owner, pass.shareId))
      if (row !== null && (row.state === 'new' || row.state === 'opened')) return { pass, row }
    }
    return null
  }

  async function push(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const local = job.owner
    const work = workOf(job)
    if (work === null) return 'done'
    const { pass, row } = work
    const to = pass.recipient
    if (pass.untilMs !== null && clock.nowMs() >= pass.untilMs) return settle(local, pass, 'refused', null)
    if (contacts.get(local, to)?.state === 'blocked') return settle(local, pass, 'refused', null)
    try {
      await inbox.checkUse(local, row, 'reshare')
    } catch (error) {
      if (hasCode(error, 'share/denied') || hasCode(error, 'capability/revoked'))
        return settle(local, pass, 'refused', null)
      throw error
    }
    let { envelope } = pass
    if (envelope === null) {
      if (!keys.unlocked(local)) return { code: 'keystore/locked' }
      await reaching.meet(local, to, signal)
      envelope = await passing.make(local, row, pass)
    }
    if (envelope === null) return { code: 'contact/keys-unknown' }
    await fetching.ensure(local, row, signal)
    const proof = await reaching.prove(local, to, signal)
    const delivery: Delivery = {
      from: local,
      to,
      envelopes: [envelope],
      slip: row.slip,
      manifest: row.manifest,
    }
    try {
      const receipt = await network().deliver(
        delivery,
        cid => blocks.get(cid),
        async () => {},
        signal,
      )
      checkReceipt(receipt, { did: to, content: row.contentId, envelope }, proof)
      return settle(local, pass, 'acknowledged', receipt)
    } catch (error) {
      if (hasCode(error, 'peer/refused')) return { code: 'peer/refused', atMs: clock.nowMs() + REFUSED_MS }
      throw error
    }
  }

  function settle(
    local: Did,
    pass: PassRow,
    state: 'acknowledged' | 'refused',
    receipt: Uint8Array | null,
  ): JobOutcome {
    if (users.write(local, db => db.passes.settle(pass, state, receipt))) {
      const fields = { share: pass.shareId, to: pass.recipient }
      if (state === 'acknowledged') log('inbox.pass-acknowledged', fields)
      else log('inbox.pass-refused', fields)
      events.emit({
        kind: 'inbox',
        local,
        share: pass.shareId,
        event: state === 'acknowledged' ? 'passed-on' : 'pass-refused',
        from: pass.recipient,
        atMs: clock.nowMs(),
      })
    }
    return 'done'
  }

  /** Tell the owner, or who is nearer to them, what was passed on. */
  async function report(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const { owner: local, share, target } = job
    if (share === null || target === null) return 'done'
    const ended = users.read(local, db => db.received.find(share))
    const isOver =
      ended !== null && ended !== 'ambiguous' && (ended.state === 'revoked' || ended.state === 'expired')
    for (const { cid, wire, untilMs } of users.read(local, db => db.passes.reportsTo(share, target))) {
      // Of what ended nobody needs to be told, such as an owner who refuses to hear of it.
      if (isOver || (untilMs !== null && clock.nowMs() >= untilMs)) {
        users.write(local, db => db.passes.told(cid))
        continue
      }
      if (!keys.unlocked(local)) return { code: 'keystore/locked' }
      const document = await people.current(target)
      if (document === null) return { code: 'contact/keys-unknown' }
      const proof = await reaching.prove(local, target, signal)
      const letter = { documents: [keys.keys(local).document.wire], pass: wire }
      const envelope = sealLetterToDevices(letter, local, target, activeDevices(document), chance)
      const delivery: Delivery = {
        from: local,
        to: target,
        envelopes: [envelope],
        slip: null,
        manifest: null,
      }
      try {
        const receipt = await network().deliver(
          delivery,
          async () => null,
          async () => {},
          signal,
        )
        checkReceipt(receipt, { did: target, content: null, envelope }, proof)
      } catch (error) {
        if (hasCode(error, 'peer/refused')) return { code: 'peer/refused', atMs: clock.nowMs() + REFUSED_MS }
        throw error
      }
      users.write(local, db => db.passes.told(cid))
      log('inbox.reported', { share, target })
    }
    return 'done'
  }

  async function bury(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const { owner: local, share, target } = job
    if (share === null || target === null) return 'done'
    for (const pass of users.read(local, db => db.passes.to(share, target))) {
      const tombstone = users.read(local, db => db.tombstones.get(pass.contentId, pass.shareKey))
      if (tombstone === null) continue
      await reaching.prove(local, target, signal)
      await network().bury(local, target, tombstone, signal)
      log('inbox.pass-buried', { share, to: target })
    }
    return 'done'
  }

  /** Tell somebody which rights to pass on were taken back. */
  async function endRight(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const { owner: local, share, target } = job
    if (share === null || target === null) return 'done'
    if (!keys.unlocked(local)) return { code: 'keystore/locked' }
    if (await passed.isUnderWay(share, target)) return { code: 'share/not-final' }
    const wires = passed.revocationsOf(local, share)
    const document = await people.current(target)
    if (document === null) return { code: 'contact/keys-unknown' }
    for (let at = 0; at < wires.length; at += MAX_REVOCATIONS) {
      const letter = {
        documents: [keys.keys(local).document.wire],
        revocations: wires.slice(at, at + MAX_REVOCATIONS),
      }
      await sending.send({ from: local, to: target }, letter, activeDevices(document), signal)
    }
    log('inbox.right-end-told', { share, to: target })
    return 'done'
  }

  /** What was passed on was taken back: everybody who got it from here is told. */
  async function spread(local: Did, passes: readonly PassRow[]): Promise<void> {
    for (const pass of passes) {
      await addJob('bury-passed', local, pass.shareId, pass.recipient)
      users.write(local, db => db.passes.buried(pass))
    }
    if (passes.length > 0) wake()
  }

  return {
    handlers: { pass: push, report, 'bury-passed': bury, 'end-right': endRight } satisfies PassingHandlers,

    /** A tombstone came of content that was passed on. */
    buried: (local: Did, content: Cid): Promise<void> =>
      spread(
        local,
        users.read(local, db => db.passes.unburied(content)),
      ),

    /** At a start: what a crash left between a user's database and the outbox. */
    async resume(local: Did): Promise<void> {
      const { waiting, untold, toBury } = users.read(local, db => ({
        waiting: db.passes.waiting(),
        untold: db.passes.untold(),
        toBury: db.passes.toBury(),
      }))
      for (const { shareId, recipient } of waiting) await addJob('pass', local, shareId, recipient)
      for (const { shareId, target } of untold) await addJob('report', local, shareId, target)
      await spread(local, toBury)
    },
  }
}

export type PassingJobs = ReturnType<typeof makePassingJobs>
