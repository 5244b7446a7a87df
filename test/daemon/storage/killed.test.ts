/** What was answered is on disk, whole, when the process is killed at any moment. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { conversationId } from '../../../src/core/conversation/conversation-id.ts'
import { ShareId } from '../../../src/core/model/id.ts'
import { openMaster } from '../../../src/daemon/storage/master/master.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import { faultsOf } from './integrity.ts'
import { didOf, folderOf, idOf } from './people.ts'

const KILLS = 6
const alice = didOf(1)

t.test('a process that is killed while it writes loses nothing that it was told is written', async t => {
  const folder = folderOf(t)
  let next = 0
  for (let kill = 0; kill < KILLS; kill++) {
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, 'writing-child.js'), folder, String(next)],
      { stdio: ['ignore', 'pipe', 'inherit'] },
    )
    let last = next - 1
    // A different moment each time: while one line is read the next write has begun.
    for await (const line of createInterface({ input: child.stdout })) {
      last = Number(line)
      if (last >= next + 4 + kill * 3) break
    }
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit')

    const users = openUserDatabases(join(folder, 'users'), { maxOpen: 2 })
    const master = await openMaster(
      { engine: 'sqlite', path: join(folder, 'master.sqlite') },
      { nowMs: () => 1 },
    )
    try {
      for (let n = 0; n <= last; n++) {
        const deleted = n % 3 === 1 && n < last
        const found = users.read(alice, db => db.search.find(`number${n} `, 5))
        if (!deleted && n % 3 !== 1) t.equal(found.length, 1, `conversation ${n}`)
        if (deleted) t.equal(found.length, 0, `conversation ${n} was deleted`)
        const share = ShareId.parse(idOf(n))
        t.equal((await master.shares.find(share))?.createdAtMs, n, `share ${n}`)
        t.equal((await master.jobs.list({ share })).length, 1)
      }
      // What was under way is there whole or not at all.
      const half = ShareId.parse(idOf(last + 1))
      const there = (await master.shares.find(half)) !== null
      t.equal((await master.shares.recipients(half)).length, there ? 1 : 0)
      t.equal((await master.jobs.list({ share: half })).length, there ? 1 : 0)
      next = last + 1
      while ((await master.shares.find(ShareId.parse(idOf(next)))) !== null) next++
      const id = conversationId('chatgpt', `c${next}`)
      const messages = users.read(alice, db => db.conversations.messages(id))
      t.ok(messages.length === 0 || messages.length === 2, 'a conversation is there whole or not at all')
    } finally {
      users.close()
      await master.close()
    }
    t.same(faultsOf(join(users.folder(alice), 'user.db')), [])
  }
  t.ok(next > KILLS * 4)
})
