/** An export through the command line into a running daemon: how fast it is on disk and found, and what both held in memory. */
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { openSqlite } from '../src/daemon/storage/sqlite.ts'
import type { Bench } from './bench.ts'
import { makeFolder } from './folder.ts'
import { emptyNode, makePerson, memoryMb, ownDaemon } from './process.ts'
import { makeConversation, makeProse, writeExport } from './prose.ts'
import { makeRaw } from './raw-sqlite.ts'

/** What stands beside it: so many messages into bare SQLite, as many in a transaction as the daemon takes. */
const RAW_BATCHES = 10
const A_BATCH = 25
const A_CONVERSATION = 40
const MAX_MB = 200

interface Report {
  totals: { read: number; imported: number; unchanged: number }
}

export const importing: Bench = {
  async *run({ large, scope }) {
    const folder = makeFolder(scope)
    const path = join(folder, 'conversations.json')
    const { messages, conversations } = await writeExport(path, large ? 300e6 : 60e6)
    const size = `${Math.round(statSync(path).size / 1e6)} MB`
    const alice = await makePerson(folder, 'alice')
    const daemon = await ownDaemon(scope, alice)

    const { result, run } = await alice.run<Report>(['import', path])
    if (result.totals.imported !== conversations) throw new Error(`not all was imported: ${run.out}`)
    const daemonMb = memoryMb(daemon.pid, 'VmHWM')

    const raw = makeRaw(
      scope.own(openSqlite(join(folder, 'raw.db'), { secureDelete: false }), db => db.close()),
    )
    const prose = makeProse(2)
    let rawMs = 0
    for (let batch = 0; batch < RAW_BATCHES; batch++) {
      const filled = Array.from({ length: A_BATCH }, (_, at) =>
        makeConversation(prose, batch * A_BATCH + at, A_CONVERSATION),
      )
      const began = performance.now()
      raw(filled)
      rawMs += performance.now() - began
    }
    const rawMessages = RAW_BATCHES * A_BATCH * A_CONVERSATION
    yield {
      what: `import a ChatGPT export of ${size}, on disk and searchable`,
      value: (messages / run.ms) * 1000,
      unit: 'messages/s',
      beside: { what: 'one table and FTS5, bare SQLite', value: (rawMessages / rawMs) * 1000 },
      budget: { on: 'value', atLeast: 5_000 },
    }

    const { peakMb: emptyMb } = await emptyNode()
    const beside = emptyMb === null ? null : { what: 'node -e 0', value: emptyMb }
    const held = { 'the daemon': daemonMb, 'the command line': run.peakMb }
    for (const [who, value] of Object.entries(held))
      if (value !== null)
        yield {
          what: `most memory of ${who} during it`,
          value,
          unit: 'MB',
          beside,
          budget: { on: 'value', atMost: MAX_MB },
        }

    const again = await alice.run<Report>(['import', path])
    if (again.result.totals.unchanged !== conversations) throw new Error('a second import changed something')
    yield {
      what: 'import the same again, nothing new in it',
      value: (messages / again.run.ms) * 1000,
      unit: 'messages/s',
      beside: { what: 'the first import', value: (messages / run.ms) * 1000 },
      budget: null,
    }
  },
}
