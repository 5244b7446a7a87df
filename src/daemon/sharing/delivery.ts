/** The sending side of the outbox: what each kind of job does. Every handler may be repeated at any point. */

import { activeDevices } from '../../core/identity/document.ts'
import { peerIdFromKey } from '../../core/identity/peer-id.ts'
import { decideDocument } from '../../core/identity/succession.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { hasCode, VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import { grantToRecovery, openOwnGrant } from '../../core/pipeline/notice.ts'
import type {
  BlockStore,
  JobKind,
  JobRow,
  RecipientRow,
  ShareRow,
  ShareStore,
} from '../../core/pipeline/ports.ts'
import { parseReceipt } from '../../core/pipeline/receipt.ts'
import type { PolicyEngine } from '../../core/policy/decide.ts'
import type { JobHandler, JobOutcome } from '../jobs/runner.ts'
import type { Delivery, Network } from '../network/ports.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { type CircleRefs, keyMark } from './circle-logs.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { Endings } from './endings.ts'
import type { Envelopes } from './envelopes.ts'
import type { SharingEvents } from './events.ts'
import type { KeyRing } from './keys.ts'
import type { LetterSending } from './letter-sending.ts'
import type { Membership } from './membership.ts'
import type { PassingHandlers } from './passing-jobs.ts'
import type { People } from './people.ts'
import { checkReceipt, type Reaching } from './reaching.ts'

/** Until a node that refused is asked again; when it proves itself anew it is asked at once. */
export const REFUSED_MS = 15_000

export interface DeliveryDeps {
  users: UserDatabaseManager
  store: ShareStore
  blocks: BlockStore
  people: People
  reaching: Reaching
  contacts: Contacts
  sending: LetterSending
  circles: Circles
  refs: CircleRefs
  envelopes: Envelopes
  membership: Membership
  /** Wishes to join somebody's circle, and answers to those of others. */
  invitations: { send: JobHandler; answer: JobHandler }
  endings: Endings
  policy: PolicyEngine
  keys: KeyRing
  network: () => Network
  events: SharingEvents
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeDelivery(
  deps: DeliveryDeps,
): Record<Exclude<JobKind, 'card' | 'hand-back' | keyof PassingHandlers>, JobHandler> {
  const {
    users,
    store,
    blocks,
    people,
    reaching: { prove, meet },
    contacts,
    sending,
    circles,
    refs,
    envelopes,
    membership,
    invitations,
    endings,
    policy,
    keys,
    network,
    events,
    clock,
    chance,
    log,
  } = deps

  function tell(share: ShareRow, event: string, target: Did | null, state = share.state): void {
    const atMs = clock.nowMs()
    log(`share.${event}`, { share: share.shareId, target, state })
    events.emit({ kind: 'share', owner: share.owner, share: share.shareId, event, state, target, atMs })
  }

  /** The share and recipient of a job, when there is still something to do. */
  async function pendingWork(job: JobRow): Promise<{ share: ShareRow; recipient: RecipientRow } | null> {
    const share = job.share && (await store.find(job.share))
    if (!share || !isLive(share.state) || job.target === null) return null
    const recipient = (await store.recipients(share.shareId)).find(({ did }) => did === job.target)
    if (!recipient || recipient.state === 'acknowledged' || recipient.state === 'ended') return null
    return { share, recipient }
  }

  /** Ask the policy again: who was removed or blocked meanwhile gets nothing. */
  function mayGet(share: ShareRow, { did, circle }: RecipientRow): boolean {
    const { audience, terms } = share
    const memberOf = audience.circles.filter(id =>
      circles.state(share.owner, id).members.some(member => member.did === did),
    )
    const question = {
      who: did,
      action: 'grant' as const,
      share: {
        owner: share.owner,
        state: share.state === 'scheduled' ? ('queued' as const) : share.state,
        allow: terms.allow,
        fromMs: terms.fromMs,
        expiresMs: terms.expiresMs,
        // Who was to join a circle when it was shared gets a grant of their own, as if named.
        audience: {
          circles: audience.circles,
          contacts: circle === null ? [...audience.contacts, did] : audience.contacts,
        },
      },
      evidence: { memberOf, memberThen: [], blocked: contacts.get(share.owner, did)?.state === 'blocked' },
      nowMs: clock.nowMs(),
    }
    return policy.decide(question).decision === 'allow'
  }

  async function refuse(share: ShareRow, did: Did): Promise<JobOutcome> {
    await store.setRecipient(share.shareId, did, 'refused')
    tell(share, 'refused', did)
    return 'done'
  }

  async function deliver(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const work = await pendingWork(job)
    if (work === null) return 'done'
    const { share, recipient } = work
    if (share.terms.fromMs !== null && clock.nowMs() < share.terms.fromMs)
      return { code: 'share/not-final', atMs: share.terms.fromMs }
    if (!mayGet(share, recipient)) return refuse(share, recipient.did)
    const ending = endings.whileLive(share.shareId, signal)
    try {
      const wires: Uint8Array[] = []
      for (const hash of recipient.envelopes) {
        const wire = await store.envelope(hash)
        if (wire !== null) wires.push(wire)
      }
      // It may have ended while its envelopes were read; from here on an end aborts the signal.
      if (!isLive((await store.find(share.shareId))?.state ?? 'revoked')) return 'done'
      if (wires.length === 0) throw new VivimError('program/defect', 'a recipient without envelopes')
      const proof = await prove(share.owner, recipient.did, ending.signal)
      const delivery: Delivery = {
        from: share.owner,
        to: recipient.did,
        envelopes: wires,
        slip: share.slip,
        manifest: await blocks.get(share.contentId),
      }
      const receipt = await network().deliver(
        delivery,
        cid => blocks.get(cid),
        async () => {
          await store.setRecipient(share.shareId, recipient.did, 'delivering')
          if (await store.move(share.shareId, ['queued'], 'publishing'))
            tell(share, 'publishing', recipient.did, 'publishing')
        },
        ending.signal,
      )
      const shown = await people.proofAt(recipient.did, peerIdFromKey(parseReceipt(receipt).by))
      checkReceipt(
        receipt,
        { did: recipient.did, content: share.contentId, envelope: wires[0] ?? new Uint8Array(0) },
        // Whichever of their nodes took it.
        shown ?? proof,
      )
      if (await store.acknowledge(share.shareId, recipient.did, receipt, clock.nowMs())) {
        const now = await store.find(share.shareId)
        tell(share, 'acknowledged', recipient.did, now?.state ?? share.state)
      }
      if (recipient.circle !== null && wires.length > 1)
        markKnown(share.owner, recipient.circle, recipient.did)
      return 'done'
    } catch (error) {
      await backToQueue(share, recipient.did)
      // Their node is there and says no: asking every few seconds would not change its mind.
      if (hasCode(error, 'peer/refused')) return { code: 'peer/refused', atMs: clock.nowMs() + REFUSED_MS }
      throw error
    } finally {
      ending.done()
    }
  }

  async function backToQueue(share: ShareRow, did: Did): Promise<void> {
    const now = (await store.recipients(share.shareId)).find(row => row.did === did)
    if (now?.state === 'delivering') await store.setRecipient(share.shareId, did, 'queued')
    await store.move(share.shareId, ['publishing'], 'queued')
  }

  function markKnown(owner: Did, circle: CircleId, member: Did): void {
    const { sealing, members } = circles.state(owner, circle)
    const who = members.find(({ did }) => did === member)
    if (sealing && who) refs.setKnownEpoch(owner, circle, member, keyMark(sealing.id, who.devices))
  }

  /** Make what waited: for the time of a scheduled share, for keys, for an unlocked keystore. */
  async function grant(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const work = await pendingWork(job)
    if (work === null) return 'done'
    const { share, recipient } = work
    const nowMs = clock.nowMs()
    if (share.terms.fromMs !== null && nowMs < share.terms.fromMs)
      return { code: 'share/not-final', atMs: share.terms.fromMs }
    if (!keys.unlocked(share.owner)) return { code: 'keystore/locked' }
    if (!mayGet(share, recipient)) return refuse(share, recipient.did)
    const content = users.read(share.owner, db => db.shareContents.get(share.shareId))
    if (content?.ownGrant == null) throw new VivimError('program/defect', 'a share without its own grant')
    const grantFor = {
      owner: share.owner,
      share: share.shareId,
      version: share.version,
      content: share.contentId,
    }
    const { kem, recovery } = keys.keys(share.owner)
    const { contentKey, shareSeed } = openOwnGrant(grantFor, kem, content.ownGrant)
    const own = grantToRecovery(grantFor, contentKey, shareSeed, recovery, chance)
    shareSeed.wipe()
    const facts = {
      ...grantFor,
      allow: share.terms.allow,
      fromMs: share.terms.fromMs,
      untilMs: share.terms.expiresMs,
      title: content.title,
      note: content.note,
      own,
    }
    await meet(share.owner, recipient.did, signal)
    const routed = await envelopes.toPerson(facts, recipient.did, contentKey)
    if (routed === null) return { code: 'contact/keys-unknown' }
    await store.granted(share.shareId, recipient.did, routed.envelopes, {
      kind: 'deliver',
      owner: share.owner,
      share: share.shareId,
      circle: null,
      target: recipient.did,
      notBeforeMs: clock.nowMs(),
    })
    if (await store.move(share.shareId, ['scheduled'], 'queued')) tell(share, 'queued', null, 'queued')
    return 'done'
  }

  async function bury(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    const share = job.share && (await store.find(job.share))
    if (!share || job.target === null) return 'done'
    await prove(share.owner, job.target, signal)
    await network().bury(share.owner, job.target, share.tombstone, signal)
    tell(share, 'buried', job.target)
    return 'done'
  }

  async function expire(job: JobRow): Promise<JobOutcome> {
    const share = job.share && (await store.find(job.share))
    if (!share || !isLive(share.state)) return 'done'
    if (share.terms.expiresMs === null) return 'done'
    if (clock.nowMs() < share.terms.expiresMs) return { code: 'share/not-final', atMs: share.terms.expiresMs }
    await endings.endOwn(share, 'expired')
    return 'done'
  }

  /** Bring a circle's entries and key to a member. */
  async function circle(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    if (job.circle === null || job.target === null) return 'done'
    const { owner, target, circle: id } = job
    const { members, former, closing, sealing, heads } = circles.state(owner, id)
    const member = members.find(({ did }) => did === target)
    const own = former.find(({ did }) => did === owner)
    // Who left tells the members, and who was removed is told: of that entry and nothing after it.
    const exit = (own ? member && own : member ? undefined : former.find(({ did }) => did === target))?.exit
    const end = exit ?? (member && !own ? closing : null)
    if (contacts.get(owner, target)?.state === 'blocked') return 'done'
    if (end === null && (!member || own)) return 'done'
    if (!keys.unlocked(owner)) return { code: 'keystore/locked' }
    // Where another admin's key counts, they bring it: one made here for this would only call for the next one there.
    const epoch = end === null ? circles.sealingHere(owner, id) : null
    // No key counts, such as when a device was taken out: who may make one learns it from the log.
    const lacking = sealing === null && member ? `log ${heads.join(' ')}` : null
    const news = end ?? (epoch && member ? keyMark(epoch.epochId, member.devices) : lacking)
    if (news === null) return { code: 'circle/no-epoch' }
    if (refs.knownEpoch(owner, id, target) === news) return 'done'
    const document = await people.current(target)
    // Their newest document may not stand in the log yet: only they can bring it, and a new device first needs the log and the key.
    const isNewer = document && (!member || decideDocument(member.document, document) === 'accept')
    const devices = isNewer ? activeDevices(document) : (member?.devices ?? [])
    if (devices.length === 0) return { code: 'contact/keys-unknown' }
    const letter =
      epoch && member
        ? circles.bundle(owner, id, { ...member, devices }, epoch)
        : end === null
          ? circles.log(owner, id)
          : circles.ending(owner, id, end)
    await sending.send({ from: owner, to: target }, letter, devices, signal)
    refs.setKnownEpoch(owner, id, target, news)
    log('circle.delivered', { circle: id, target })
    return 'done'
  }

  /** A device was added or taken out: their node learns it, also while their keystore is locked. */
  async function document(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    if (job.target === null || contacts.get(job.owner, job.target)?.state === 'blocked') return 'done'
    const own = await people.document(job.owner)
    if (own === null) return 'done'
    const { peer } = await prove(job.owner, job.target, signal)
    await network().tellDocument({ peer, addrs: [] }, own.wire, signal)
    log('identity.told', { did: job.owner, target: job.target, seq: own.seq })
    return 'done'
  }

  async function addMember(job: JobRow, signal: AbortSignal): Promise<JobOutcome> {
    if (job.circle === null || job.target === null) return 'done'
    if (!keys.unlocked(job.owner)) return { code: 'keystore/locked' }
    await meet(job.owner, job.target, signal)
    const added = await membership.fulfil(job.owner, job.circle, job.target)
    return added ? 'done' : { code: 'contact/keys-unknown' }
  }

  return {
    deliver,
    grant,
    bury,
    expire,
    circle,
    document,
    'add-member': addMember,
    join: invitations.send,
    answer: invitations.answer,
  }
}
