/** What is on disk when: system calls of a real node, watched with strace. */
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { tempFolder } from '../kit/home.ts'
import { introduce, type LiveNode, liveNode, PATIENCE_MS } from '../kit/live-node.ts'

t.setTimeout(300_000)

const canTrace = spawnSync('strace', ['-f', '-e', 'trace=fsync', 'true']).status === 0

/** Calls with the paths of what they are about, in order; a call that was interrupted stands where it ended. */
async function traced(t: Parameters<typeof liveNode>[0], node: LiveNode, work: () => Promise<void>) {
  const file = join(tempFolder(t), 'trace')
  const calls = 'trace=fsync,fdatasync,write,rename'
  const strace = spawn('strace', ['-f', '-y', '-e', calls, '-s', '64', '-o', file, '-p', String(node.pid)], {
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  // It says so when it is attached.
  await once(strace.stderr, 'data', { signal: AbortSignal.timeout(PATIENCE_MS) })
  await work()
  strace.kill('SIGINT')
  await once(strace, 'close')
  const begun = new Map<string, string>()
  const lines: string[] = []
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    const [, thread = '', call = ''] = /^(\d+) +(.*)$/.exec(line) ?? []
    if (call.endsWith('<unfinished ...>')) begun.set(thread, call)
    else if (call.startsWith('<...')) lines.push(`${begun.get(thread) ?? ''} ${call}`)
    else lines.push(call)
  }
  return lines.map(line => line.replaceAll(`${node.home}/`, ''))
}

const isSync = (line: string, path: string): boolean =>
  /^f(data)?sync/.test(line) && line.includes(`<${path}>`)

t.test(
  'a share is on disk before its id is answered, and what came before its receipt',
  {
    skip: !canTrace && 'strace is not here or may not watch',
  },
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const conversation = await alice.converse(
      'Tea notes',
      'How long does sencha steep?',
      'A minute and a half.',
    )
    let share = ''
    const lines = await traced(t, alice, async () => {
      share = (await alice.call('share.create', { conversation, to: ['bob'] })).shareId
      await alice.acknowledged(share)
    })
    const answered = lines.findIndex(line => line.startsWith('write(') && line.includes('shareId'))
    t.ok(answered > 0)
    const before = lines.slice(0, answered)
    const blocks = before.flatMap(
      line => /^rename\(.*"(?:[^"]*\/)?(blocks\/[^"]+)"(?:\)| <unfinished)/.exec(line)?.[1] ?? [],
    )
    t.equal(blocks.length, 2, 'a chunk and the manifest')
    const lastSync = (path: string, end = before.length): number =>
      before.slice(0, end).findLastIndex(line => isSync(line, path))
    const ofUser = join('users', alice.did.replaceAll(':', '_'), 'user.db-wal')
    // The row of the audit log, which tells of the call, is the last of all; what is told of was there before.
    const audit = lastSync(ofUser)
    const master = lastSync('master.sqlite-wal', audit)
    const user = lastSync(ofUser, master)
    for (const block of blocks) {
      t.ok(lastSync(block) >= 0, `${block} is synced`)
      t.ok(lastSync(block) < user, 'before any row names it')
      t.ok(lastSync(join(block, '..')) >= 0, 'and its folder')
    }
    t.ok(user >= 0, 'then the user’s database')
    t.ok(user < master, 'then the master')
    t.ok(master < audit, 'then the audit log')

    const arrival = await traced(t, bob, async () => {
      const next = await alice.call('share.create', { conversation, to: ['bob'], again: true })
      await alice.acknowledged(next.shareId)
    })
    const said = arrival.findIndex(line => line.startsWith('write(') && line.includes('inbox.arrived'))
    const letter = arrival
      .slice(0, said)
      .findLastIndex(line => isSync(line, join('users', bob.did.replaceAll(':', '_'), 'user.db-wal')))
    t.ok(letter >= 0, 'the letter is synced before it counts as arrived, and with it its receipt')
    const received = arrival
      .slice(0, said)
      .flatMap(line => /^rename\(.*"(?:[^"]*\/)?(blocks\/[^"]+)"(?:\)| <unfinished)/.exec(line)?.[1] ?? [])
    t.equal(received.length, 2)
    for (const block of received)
      t.ok(
        arrival.slice(0, letter).some(line => isSync(line, block)),
        `${block} is synced before the letter`,
      )
  },
)
