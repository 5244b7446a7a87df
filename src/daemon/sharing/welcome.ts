/** What those who come to a circle get of what was shared before: as its owner had set it when they were added (docs/protocol.md section 7).
 *  Each member's node sees to its own shares. */
import type { CircleMember } from '../../core/circle/reduce.ts'
import type { Clock } from '../../core/kernel/env.ts'
import type { CircleId, Did, ShareId } from '../../core/model/id.ts'
import type { RecipientRow, ShareRow, ShareStore } from '../../core/pipeline/ports.ts'
import type { Circles } from './circles.ts'

export interface WelcomeDeps {
  store: ShareStore
  circles: Circles
  /** Own shares that others handed back: whether they were taken back before is not known, so nobody new gets them. */
  regained: (local: Did) => readonly ShareId[]
  wake: () => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeWelcome({ store, circles, regained, wake, clock, log }: WelcomeDeps) {
  /** Members whom nothing is due to any more, by user and circle. */
  const greeted = new Map<string, Set<Did>>()

  /** Whether a member gets a share that was made without them. */
  const isDue = ({ history }: CircleMember, recipients: readonly RecipientRow[]): boolean =>
    history === 'all' ||
    (history === 'now' && recipients.every(({ acknowledgedAtMs }) => acknowledgedAtMs === null))

  /** Those who have no part in a share, or whose part ended when they went out of the circle. */
  async function join(share: ShareRow, circle: CircleId, members: readonly CircleMember[]): Promise<void> {
    const recipients = await store.recipients(share.shareId)
    const served = new Set(recipients.flatMap(({ did, state }) => (state === 'refused' ? [] : [did])))
    const due = members.filter(member => !served.has(member.did) && isDue(member, recipients))
    if (due.length === 0) return
    await store.join(
      share.shareId,
      due.map(({ did }) => ({ did, circle })),
      Math.max(clock.nowMs(), share.terms.fromMs ?? 0),
    )
    log('share.joined', { share: share.shareId, circle, recipients: due.length })
  }

  return {
    /** After a circle changed, and at start. Doing it again does nothing. */
    async welcome(local: Did, circle: CircleId): Promise<void> {
      const { members, closing } = circles.state(local, circle)
      const key = `${local} ${circle}`
      const known = greeted.get(key)
      const isIn = members.some(({ did }) => did === local)
      const fresh = members.filter(
        ({ did, history }) => did !== local && history !== 'none' && !known?.has(did),
      )
      greeted.set(key, new Set(members.map(({ did }) => did)))
      if (fresh.length === 0 || closing !== null || !isIn) return
      const handedBack = new Set(regained(local))
      const shares = (await store.list(local, { live: true })).filter(
        ({ shareId, audience }) => audience.circles.includes(circle) && !handedBack.has(shareId),
      )
      for (const share of shares) await join(share, circle, fresh)
      if (shares.length > 0) wake()
    },
  }
}

export type Welcome = ReturnType<typeof makeWelcome>
