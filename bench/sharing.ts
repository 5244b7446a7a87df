/** A share of 10 KiB to a circle of one other person, from the command to that person's receipt, over two real daemons. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../src/core/client/client.ts'
import type { Bench } from './bench.ts'
import { makeFolder } from './folder.ts'
import { quantile, sideBySide } from './measure.ts'
import { emptyNode, makePerson, ownDaemon } from './process.ts'
import { makeProse } from './prose.ts'

const ROUNDS = 9
const TEXT_LENGTH = 10 * 1024
/** What a text of a few bytes took with magic-wormhole on a machine of this kind. */
const WORMHOLE_MS = 130

/** One conversation of one message, as ChatGPT exports it. */
const exported = (text: string): string =>
  JSON.stringify([
    {
      title: 'Ten kibibytes',
      create_time: 1_760_000_000,
      update_time: 1_760_000_000,
      conversation_id: '00000000-0000-4000-8000-000000000001',
      current_node: 'a',
      mapping: {
        a: {
          id: 'a',
          parent: null,
          children: [],
          message: {
            id: 'a',
            author: { role: 'user' },
            create_time: 1_760_000_000,
            content: { content_type: 'text', parts: [text] },
          },
        },
      },
    },
  ])

interface Shared {
  shareId: string
  recipients: { total: number; acknowledged: number }
}

export const sharing: Bench = {
  async *run({ scope }) {
    const folder = makeFolder(scope)
    const alice = await makePerson(folder, 'alice')
    const bob = await makePerson(folder, 'bob')
    const daemon = await ownDaemon(scope, alice)
    await ownDaemon(scope, bob)

    const file = join(folder, 'conversations.json')
    writeFileSync(file, exported(makeProse(4).text(TEXT_LENGTH)))
    await alice.run(['import', file])
    const list = await alice.run<{ conversations: { id: string }[] }>(['conversation', 'list'])
    const conversation = list.result.conversations[0]?.id ?? ''
    for (const [one, other, name] of [
      [alice, bob, 'bob'],
      [bob, alice, 'alice'],
    ] as const) {
      const { card } = (await other.run<{ card: string }>(['contact', 'card'])).result
      await one.run(['contact', 'add', '-', '--name', name], `${card}\n`)
      await one.run(['contact', 'accept', other.did])
    }
    const { circleId } = (await alice.run<{ circleId: string }>(['circle', 'create', 'team'])).result
    await alice.run(['circle', 'add', 'team', 'bob'])

    const check = ({ recipients }: Shared) => {
      if (recipients.acknowledged !== 1) throw new Error('the share was not acknowledged')
    }
    const share = [
      'share',
      'create',
      conversation,
      '--circle',
      'team',
      '--yes',
      '--again',
      '--wait',
      'acknowledged',
    ]
    const byCommand = await sideBySide(
      ROUNDS,
      { run: async () => check((await alice.run<Shared>(share)).result) },
      // The same command line up to an answer from the daemon, with nothing to do there.
      { run: () => alice.run(['circle', 'list']) },
    )
    yield {
      what: 'share 10 KiB with a circle of one, to the receipt, beyond the start of the CLI',
      value: byCommand.ours.medianMs - byCommand.theirs.medianMs,
      unit: 'ms',
      beside: { what: 'the start alone (circle list)', value: byCommand.theirs.medianMs },
      budget: { on: 'value', atMost: WORMHOLE_MS },
    }

    const client = scope.own(await connect(daemon.socket, { clientName: 'bench' }), opened => opened.close())
    const bySocket: number[] = []
    const empties: number[] = []
    for (let round = 0; round <= ROUNDS; round++) {
      const began = performance.now()
      check(
        await client.call('share.create', {
          conversation,
          to: [],
          circles: [circleId],
          again: true,
          wait: 'acknowledged',
          waitMs: 30_000,
        }),
      )
      bySocket.push(performance.now() - began)
      empties.push((await emptyNode()).ms)
    }
    yield {
      what: 'the same over an open socket',
      value: quantile(bySocket.slice(1), 0.5),
      unit: 'ms',
      beside: { what: 'node -e 0', value: quantile(empties.slice(1), 0.5) },
      budget: null,
    }
  },
}
