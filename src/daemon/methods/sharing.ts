/** RPC methods of the nouns `share` and `inbox`. */
import type { Handlers, Result } from '../../core/contract/methods.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import { refuseEnded } from '../../core/pipeline/lifecycle.ts'
import type { JobStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { Caller } from '../rpc/caller.ts'
import type { Contacts } from '../sharing/contacts.ts'
import type { Endings } from '../sharing/endings.ts'
import type { SharingEvents } from '../sharing/events.ts'
import type { Inbox } from '../sharing/inbox.ts'
import type { Passed } from '../sharing/passed.ts'
import type { Passing } from '../sharing/passing.ts'
import type { Proposals } from '../sharing/proposals.ts'
import type { Reissue } from '../sharing/reissue.ts'
import type { Shares } from '../sharing/shares.ts'
import type { Verification } from '../sharing/verification.ts'

export type SharingMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `share.${string}` | `inbox.${string}`>
>

export interface SharingPorts {
  shares: Shares
  inbox: Inbox
  verification: Verification
  reissue: Reissue
  proposals: Proposals
  passing: Passing
  passed: Passed
  contacts: Contacts
  endings: Endings
  store: ShareStore
  jobs: JobStore
  events: SharingEvents
  nowMs: () => number
  wake: () => void
}

export function makeSharingMethods(ports: SharingPorts): SharingMethods {
  const {
    shares,
    inbox,
    verification,
    reissue,
    proposals,
    passing,
    passed,
    contacts,
    endings,
    store,
    jobs,
    events,
    nowMs,
    wake,
  } = ports

  async function summaries(
    local: Did,
    side: 'mine' | 'received' | 'all',
  ): Promise<Result<'share.list'>['shares']> {
    const list: Result<'share.list'>['shares'] = []
    if (side !== 'received')
      for (const share of await store.list(local, {}))
        list.push({
          ...shares.head(local, share),
          mine: true,
          owner: { ...inbox.person(local, local), state: 'verified' },
          recipients: await shares.tally(share.shareId),
        })
    if (side !== 'mine') list.push(...inbox.summaries(local))
    return list.sort((a, b) => (a.createdAt < b.createdAt ? 1 : -1))
  }

  return {
    'share.preview': (caller, p, signal) => shares.preview(caller.did, p, signal),
    'share.create': async (caller, p, signal) => {
      const created = await shares.create(caller.did, p, signal)
      if (p.wait === 'queued') return created
      const bounded = AbortSignal.any([signal, AbortSignal.timeout(p.waitMs)])
      await shares.waitFor(caller.did, created.shareId, p.wait, bounded)
      const state = (await store.find(created.shareId))?.state ?? created.state
      return { ...created, state, recipients: await shares.tally(created.shareId) }
    },
    'share.propose': async ({ did, via }, p) =>
      proposals.propose(did, via.kind === 'capability' ? via.chain : null, p),
    'share.list': async (caller, p) => ({
      shares: (await summaries(caller.did, p.side)).filter(
        share => p.state === undefined || share.state === p.state,
      ),
    }),
    'share.show': (caller, p) => shares.show(caller.did, p.share),
    'share.watch': async (caller, p) => {
      const only = p.share === undefined ? null : await shares.find(caller.did, p.share)
      const subscription = caller.subscribe(send =>
        events.listen(event => {
          if (event.kind !== 'share' || event.owner !== caller.did) return
          if (only !== null && event.share !== only.shareId) return
          const tell = async (): Promise<void> =>
            send({
              at: isoTime(event.atMs),
              shareId: event.share,
              event: event.event,
              state: event.state,
              did: event.target,
              recipients: await shares.tally(event.share),
            })
          // The master database is away: who watches sees the share as it is by the next event.
          void tell().catch(() => undefined)
        }),
      )
      return { subscription }
    },
    'share.revoke': async (caller, p) => {
      const share = await shares.find(caller.did, p.share)
      const changed = await endings.endOwn(share, 'revoked')
      const { state } = (await store.find(share.shareId)) ?? share
      return { shareId: share.shareId, state, changed }
    },
    'share.endReshare': async (caller, p) => {
      const share = await shares.find(caller.did, p.share)
      const { did, alias: name } = contacts.find(caller.did, p.from)
      const changed = await passed.end(caller.did, share.shareId, did)
      return { shareId: share.shareId, from: { did, name }, changed }
    },
    'share.verify': (caller, p, signal) => verification.verify(caller.did, p.share, signal),
    'share.reissue': (caller, p, signal) => reissue.reissue(caller.did, p.share, signal),
    'share.retry': async (caller, p) => {
      const share = await shares.find(caller.did, p.share)
      refuseEnded(share)
      const changed = (await jobs.hurry({ share: share.shareId }, nowMs())) > 0
      wake()
      return { shareId: share.shareId, state: share.state, changed }
    },

    'inbox.list': (caller, p, signal) => inbox.list(caller.did, p.waitMs, signal),
    'inbox.open': (caller, p, signal) => inbox.open(caller.did, p.share, signal),
    'inbox.reshare': (caller, p, signal) => passing.reshare(caller.did, p, signal),
    'inbox.forget': (caller, p) => inbox.forget(caller.did, p.share),
  }
}
