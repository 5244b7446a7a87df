/** When to bring circles up to date with whom: one sync a pair at a time, a wish that comes meanwhile starts the next. */
import { codeOf } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { Network } from '../network/ports.ts'
import type { Circles } from './circles.ts'
import type { ExpectedCircles } from './expected-circles.ts'

const SYNC_TIMEOUT_MS = 60_000

export interface SyncsDeps {
  circles: Circles
  network: () => Network
  /** A circle was brought up to date with a member. */
  synced: (local: Did, circle: CircleId) => void
  stores: { sharedCircles(local: Did, remote: Did): Promise<CircleId[]> }
  expected: ExpectedCircles
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeSyncs({ circles, network, synced, stores, expected, log }: SyncsDeps) {
  const pairs = new Map<string, 'running' | 'again'>()

  async function run(local: Did, remote: Did): Promise<void> {
    const key = `${local} ${remote}`
    if (pairs.has(key)) return void pairs.set(key, 'again')
    do {
      pairs.set(key, 'running')
      try {
        const shared = await stores.sharedCircles(local, remote)
        if (shared.length === 0 && expected.of(local, remote).length === 0) break
        await network().sync(local, remote, AbortSignal.timeout(SYNC_TIMEOUT_MS))
        for (const circle of await stores.sharedCircles(local, remote)) synced(local, circle)
      } catch (error) {
        log('circle.not-synced', { remote, code: codeOf(error) })
        break
      }
    } while (pairs.get(key) === 'again')
    pairs.delete(key)
  }

  return {
    wantPair: (local: Did, remote: Did): void => void run(local, remote),

    /** With every member whose node is connected. */
    wantCircle(local: Did, circle: CircleId): void {
      const members = new Set(circles.state(local, circle).members.map(({ did }) => did))
      for (const did of network().provedTo(local)) if (members.has(did)) void run(local, did)
    },
  }
}

export type Syncs = ReturnType<typeof makeSyncs>
