/** How long until a command answers and until a daemon is ready, and what an idle one holds, beside an empty Node. */
import type { Bench } from './bench.ts'
import { makeFolder } from './folder.ts'
import { quantile, sideBySide } from './measure.ts'
import { emptyNode, emptyNodeIdleMb, idleMb, makePerson, ownDaemon, startDaemon, vivim } from './process.ts'

const ROUNDS = 15
const STARTS = 5
const IDLE_MS = 10_000
const EMPTY = 'node -e 0'

export const starting: Bench = {
  async *run({ scope }) {
    const alice = await makePerson(makeFolder(scope), 'alice')
    const starts: number[] = []
    const empties: number[] = []
    // The first start fills the compile cache and migrates.
    for (let round = 0; round <= STARTS; round++) {
      const daemon = await startDaemon(alice.home)
      await daemon.stop()
      const { ms } = await emptyNode()
      if (round === 0) continue
      starts.push(daemon.readyMs)
      empties.push(ms)
    }
    yield {
      what: 'daemon, from start to ready',
      value: quantile(starts, 0.5),
      unit: 'ms',
      beside: { what: EMPTY, value: quantile(empties, 0.5) },
      budget: { on: 'value', atMost: 1_000 },
    }

    const daemon = await ownDaemon(scope, alice)
    const [held, empty] = await Promise.all([idleMb(daemon.pid, IDLE_MS), emptyNodeIdleMb(IDLE_MS)])
    yield {
      what: `memory of an idle daemon after ${IDLE_MS / 1000} s`,
      value: held,
      unit: 'MB',
      beside: { what: 'an empty Node that waits', value: empty },
      budget: { on: 'value', atMost: 130 },
    }

    const commands = {
      'vivim status --json, daemon running': ['status', '--json', '--home', alice.home],
      'vivim --version': ['--version'],
    }
    for (const [what, args] of Object.entries(commands)) {
      const { ours, theirs } = await sideBySide(ROUNDS, { run: () => vivim(args) }, { run: emptyNode })
      yield {
        what,
        value: ours.medianMs,
        unit: 'ms',
        beside: { what: EMPTY, value: theirs.medianMs },
        budget: { on: 'ratio', atMost: 3 },
      }
    }
  },
}
