/** A process of its own that writes without end and says what it was told is on disk: `killed.test.ts` ends it. Arguments: a folder, and
 *  the number to begin with. */
import { join } from 'node:path'
import { CircleId, ShareId } from '../../../src/core/model/id.ts'
import { openMaster } from '../../../src/daemon/storage/master/master.ts'
import { makeConversationStore } from '../../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import { didOf, idOf, shareOf, talk } from './people.ts'

const [folder = '', begin = '0'] = process.argv.slice(2)
const alice = didOf(1)
const users = openUserDatabases(join(folder, 'users'), { maxOpen: 2 })
users.create(alice)
const conversations = makeConversationStore(users)
const master = await openMaster({ engine: 'sqlite', path: join(folder, 'master.sqlite') }, { nowMs: () => 1 })

for (let n = Number(begin); ; n++) {
  const words = Array.from({ length: 30 }, (_, i) => `word${n}x${i}`).join(' ')
  conversations.importConversations(alice, [talk(`c${n}`, [`${words} number${n}`, words])])
  if (n % 3 === 2)
    // None where the process before was killed right after deleting it.
    for (const { conversationId } of conversations.search(alice, `number${n - 1}`, 1).hits)
      await conversations.delete(alice, conversationId)
  const shareId = ShareId.parse(idOf(n))
  await master.shares.accept(
    shareOf(n, alice),
    [
      {
        shareId,
        did: didOf(2),
        circle: CircleId.parse(idOf(0)),
        state: 'queued',
        envelopes: [`e${n}`],
        receipt: null,
        acknowledgedAtMs: null,
      },
    ],
    [{ hash: `e${n}`, shareId, wire: new Uint8Array(2000) }],
    [{ kind: 'deliver', owner: alice, share: shareId, circle: null, target: didOf(2), notBeforeMs: 1 }],
  )
  process.stdout.write(`${n}\n`)
}
