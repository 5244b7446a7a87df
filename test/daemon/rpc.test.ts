import { chmodSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from 'node:fs'
import { createConnection, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import { type Client, connect } from '../../src/core/client/client.ts'
import { CONTRACT_VERSION, FRAME_BYTES } from '../../src/core/contract/frames.ts'
import type { Handlers } from '../../src/core/contract/methods.ts'
import { systemChance } from '../../src/core/kernel/env.ts'
import { codeOf, hasCode, VivimError } from '../../src/core/kernel/errors.ts'
import { Did } from '../../src/core/model/id.ts'
import { makeCallAudit } from '../../src/daemon/audit/calls.ts'
import { makeLog } from '../../src/daemon/log.ts'
import type { Caller, Session } from '../../src/daemon/rpc/caller.ts'
import { makeRpcServer } from '../../src/daemon/rpc/server.ts'
import { handlersWith } from '../kit/handlers.ts'

const alice = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')
const session: Session = {
  user: alice,
  name: 'alice',
  operator: true,
  readOnly: false,
  via: { kind: 'socket' },
  over: null,
  use: () => true,
}

interface Served {
  path: string
  log: string[]
  /** What was told to the audit log. */
  audited: string[]
  client(options?: { as?: string }): Promise<Client>
}

/** A real server on a real socket, with the given handlers. */
async function serve(
  t: Test,
  given: Partial<Handlers<Caller>>,
  who: Session = session,
  group: { path: string; gid: number } | null = null,
): Promise<Served> {
  const folder = mkdtempSync(join(tmpdir(), 'vivim-rpc-'))
  const log: string[] = []
  const audited: string[] = []
  const path = group?.path ?? join(folder, 'run', 'vivimd.sock')
  const server = await makeRpcServer({
    socketPath: path,
    door: 'owner',
    gid: group?.gid ?? null,
    handlers: handlersWith({
      'system.hello': async caller => ({
        contract: CONTRACT_VERSION,
        version: 'test',
        pid: process.pid,
        frameBytes: FRAME_BYTES,
        user: { did: caller.did, name: caller.name },
      }),
      'system.unsubscribe': async (caller, p) => ({ changed: caller.unsubscribe(p.subscription) }),
      ...given,
    }),
    users: {
      session: async as => {
        if (as === 'nobody') throw new VivimError('usage/invalid', 'there is no such user')
        return who
      },
    },
    audit: makeCallAudit(
      {
        note: async (_did, { who, right, action, outcome }) => {
          audited.push(`${who.kind} ${right} ${action} ${outcome}`)
        },
      },
      () => alice,
    ),
    capabilities: {
      enter: async () => {
        throw new VivimError('capability/denied', 'nothing was given here')
      },
      stillHolds: async () => {},
      pass: async () => {
        throw new VivimError('capability/denied', 'nothing was given here')
      },
    },
    log: makeLog('debug', { write: line => void log.push(line) }),
    chance: systemChance,
    checkResults: true,
  })
  const clients: Client[] = []
  t.teardown(async () => {
    for (const client of clients) client.close()
    await server.close()
    rmSync(folder, { recursive: true })
  })
  return {
    path,
    log,
    audited,
    async client(options = {}) {
      const client = await connect(path, { clientName: 'test', ...options })
      clients.push(client)
      return client
    },
  }
}

/** A bare socket that speaks lines; what it reads is parsed. */
async function bare(t: Test, path: string) {
  const socket: Socket = createConnection(path)
  t.teardown(() => socket.destroy())
  const answers: { id: unknown; result?: unknown; error?: { code: number; data: { code: string } } }[] = []
  const waiting: (() => void)[] = []
  let text = ''
  let isClosed = false
  const wake = () => {
    for (const resolve of waiting.splice(0)) resolve()
  }
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const lines = text.split('\n')
    text = lines.pop() ?? ''
    for (const line of lines) answers.push(JSON.parse(line))
    wake()
  })
  socket.on('error', () => {})
  socket.on('close', () => {
    isClosed = true
    wake()
  })
  const hello = { jsonrpc: '2.0', id: 'h', method: 'system.hello', params: { contract: 1, client: 'bare' } }
  return {
    socket,
    answers,
    send: (line: string | Uint8Array) => socket.write(line),
    ask: (frame: object) => socket.write(`${JSON.stringify(frame)}\n`),
    hello: () => socket.write(`${JSON.stringify(hello)}\n`),
    /** Until so many answers came or the socket closed. */
    async answered(number: number) {
      while (answers.length < number && !isClosed) await new Promise<void>(resolve => waiting.push(resolve))
      return answers
    },
    async closed() {
      while (!isClosed) await new Promise<void>(resolve => waiting.push(resolve))
    },
  }
}

t.test('a call comes back with its result, in any order, and the socket is for its owner alone', async t => {
  const served = await serve(t, {
    'peer.block': async (_caller, { peer }) => ({ peerId: peer, changed: true }),
  })
  const client = await served.client()
  t.equal(client.hello.user?.did, alice)
  const results = await Promise.all(['a', 'b', 'c'].map(peer => client.call('peer.block', { peer })))
  t.strictSame(
    results.map(result => result.peerId),
    ['a', 'b', 'c'],
  )
  t.equal(statSync(served.path).mode & 0o777, 0o600)
  t.equal(statSync(join(served.path, '..')).mode & 0o777, 0o700)
})

t.test('nothing answers before hello, and a client of a newer contract is told so', async t => {
  const served = await serve(t, {})
  const wire = await bare(t, served.path)
  wire.ask({ jsonrpc: '2.0', id: 1, method: 'system.status' })
  wire.ask({ jsonrpc: '2.0', id: 2, method: 'system.hello', params: { contract: 999, client: 'x' } })
  const codes = (await wire.answered(2)).map(answer => answer.error?.data.code)
  t.strictSame(codes.sort(), ['rpc/hello-first', 'rpc/version'])
  wire.hello()
  t.ok((await wire.answered(3))[2]?.result, 'a hello after a failed one is heard')
})

t.test('calls sent right behind hello wait for it', async t => {
  const served = await serve(t, { 'peer.list': async () => ({ peers: [] }) })
  const wire = await bare(t, served.path)
  wire.hello()
  wire.ask({ jsonrpc: '2.0', id: 2, method: 'peer.list' })
  const answers = await wire.answered(2)
  t.ok(answers.every(answer => answer.result !== undefined))
})

t.test('wrong params name the field, unknown methods and batches are refused clearly', async t => {
  const served = await serve(t, {})
  const client = await served.client()
  await t.rejects(client.callAny('peer.connect', { address: 5 }), {
    code: 'rpc/invalid-params',
    message: /address/,
    details: { field: 'address' },
  })
  await t.rejects(client.callAny('peer.connect', { address: 'x', extra: 1 }), {
    code: 'rpc/invalid-params',
    details: { field: 'extra' },
  })
  await t.rejects(client.callAny('no.such', {}), { code: 'rpc/unknown-method' })
  const wire = await bare(t, served.path)
  wire.send('[]\n')
  t.equal((await wire.answered(1))[0]?.error?.data.code, 'rpc/invalid-request')
})

t.test(
  'an error crosses with code, details and hint; a defect crosses with a reference and nothing else',
  async t => {
    const served = await serve(t, {
      'circle.list': async () => {
        throw new VivimError('keystore/locked', 'locked', { a: 1 })
      },
      'contact.list': async () => {
        throw new SyntaxError('Unexpected token: my secret canary')
      },
    })
    const client = await served.client()
    await t.rejects(client.call('circle.list', {}), { code: 'keystore/locked', details: { a: 1 } })
    const defect = (await client.call('contact.list', {}).catch(error => error)) as VivimError
    t.equal(defect.code, 'program/defect')
    const line = served.log.find(entry => entry.includes(String(defect.details.ref)))
    t.ok(line, 'the log has the reference')
    t.notMatch(JSON.stringify([defect.message, defect.details, served.log]), /canary/)
  },
)

t.test('a result that breaks the contract is found in tests', async t => {
  const served = await serve(t, { 'peer.list': async () => ({ peers: 'none' }) as never })
  const client = await served.client()
  await t.rejects(client.call('peer.list', {}), { code: 'program/defect' })
})

t.test('a connection that may only read changes nothing', async t => {
  const { client } = await serve(
    t,
    { 'contact.list': async () => ({ contacts: [] }) },
    { ...session, readOnly: true },
  )
  const reader = await client()
  t.same(await reader.call('contact.list', {}), { contacts: [] })
  for (const [method, params] of [
    ['contact.block', { contact: 'bob' }],
    ['system.stop', {}],
  ] as const)
    await t.rejects(reader.callAny(method, params), { code: 'rpc/denied' })
})

t.test('what only the operator may do is refused to others', async t => {
  const served = await serve(
    t,
    { 'system.stop': async () => ({ stopped: true }) },
    { ...session, operator: false },
  )
  const client = await served.client()
  await t.rejects(client.call('system.stop', {}), { code: 'rpc/denied' })
})

t.test('a cancelled call tells its handler, and so does a connection that goes away', async t => {
  let cancelled = 0
  const wake: (() => void)[] = []
  const served = await serve(t, {
    'inbox.list': async (_caller, _params, signal) => {
      await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
      cancelled += 1
      for (const resolve of wake.splice(0)) resolve()
      return { items: [] }
    },
  })
  const client = await served.client()
  const heard = () => new Promise<void>(resolve => wake.push(resolve))
  const first = heard()
  await t.rejects(client.call('inbox.list', {}, { timeoutMs: 20 }), { code: 'rpc/timeout' })
  await first
  const second = heard()
  const open = client.call('inbox.list', {}).catch(error => error)
  await client.call('system.unsubscribe', { subscription: 'none' })
  client.close()
  t.ok(hasCode(await open, 'daemon/not-running'))
  await second
  t.equal(cancelled, 2)
})

t.test('at most 64 calls are open at once', async t => {
  const held: (() => void)[] = []
  const served = await serve(t, {
    'inbox.list': () => new Promise(resolve => held.push(() => resolve({ items: [] }))),
  })
  const client = await served.client()
  const calls = Array.from({ length: 300 }, () => client.call('inbox.list', {}).then(() => 'done', codeOf))
  t.equal(await Promise.race(calls), 'rpc/busy')
  await calls.at(-1)
  for (const release of held) release()
  const results = await Promise.all(calls)
  t.equal(results.filter(result => result === 'done').length, 64)
  t.equal(results.filter(result => result === 'rpc/busy').length, 236, 'and none costs the connection')
})

t.test('one connection too many is told so, and there is room again when another ends', async t => {
  const served = await serve(t, {})
  const clients = await Promise.all(Array.from({ length: 256 }, () => served.client()))
  await t.rejects(served.client(), { code: 'rpc/busy' })
  clients[0]?.close()
  await t.resolves(
    (async () => {
      for (let tries = 0; tries < 1000; tries++) {
        const client = await served.client().catch(codeOf)
        if (client !== 'rpc/busy') return
      }
      throw new Error('still no room')
    })(),
  )
})

t.test('events of a subscription come in order from the first, and end with it', async t => {
  let isStopped = false
  let send: (event: unknown) => void = () => {}
  const served = await serve(t, {
    'share.watch': async caller => {
      const subscription = caller.subscribe(to => {
        send = to
        to({ number: 1 })
        return () => {
          isStopped = true
        }
      })
      send({ number: 2 })
      return { subscription }
    },
  })
  const client = await served.client()
  const seen: unknown[] = []
  for await (const event of client.subscribe('share.watch', {})) {
    seen.push(event)
    if (seen.length === 2) send({ number: 3 })
    if (seen.length === 3) break
  }
  t.strictSame(seen, [{ number: 1 }, { number: 2 }, { number: 3 }])
  await client.call('system.unsubscribe', { subscription: 'other' })
  t.ok(isStopped)
})

t.test('whoever subscribes and never reads is let go before memory fills', async t => {
  let sent = 0
  const ended = Promise.withResolvers<void>()
  const served = await serve(t, {
    'share.watch': async caller => {
      const event = { text: 'x'.repeat(1 << 20) }
      caller.onEnd(ended.resolve)
      const subscription = caller.subscribe(send => {
        const timer = setInterval(() => {
          sent += 1
          send(event)
        })
        return () => clearInterval(timer)
      })
      return { subscription }
    },
  })
  const wire = await bare(t, served.path)
  wire.hello()
  await wire.answered(1)
  wire.socket.pause()
  wire.ask({ jsonrpc: '2.0', id: 2, method: 'share.watch' })
  await ended.promise
  t.ok(sent < 20, `${sent} events of 1 MiB were held`)
})

t.test('a line over the limit is dropped without being kept, and the connection goes on', async t => {
  const served = await serve(t, { 'peer.list': async () => ({ peers: [] }) })
  const wire = await bare(t, served.path)
  wire.hello()
  wire.send(`{"jsonrpc":"2.0","id":1,"method":"peer.list","params":{"x":"${'a'.repeat(FRAME_BYTES)}"}}\n`)
  wire.ask({ jsonrpc: '2.0', id: 2, method: 'peer.list' })
  const answers = await wire.answered(3)
  t.strictSame(
    answers.map(answer => answer.error?.data.code ?? 'ok'),
    ['ok', 'rpc/frame-too-long', 'ok'],
  )
})

t.test('a line without end and a stream of nonsense end the connection, not the daemon', async t => {
  const served = await serve(t, {})
  const endless = await bare(t, served.path)
  const megabyte = Buffer.alloc(1 << 20, 'a')
  for (let sent = 0; sent < 20; sent += 1) endless.send(megabyte)
  await endless.closed()
  const nonsense = await bare(t, served.path)
  nonsense.send('nonsense\n'.repeat(200))
  await nonsense.closed()
  t.equal(nonsense.answers[0]?.error?.data.code, 'rpc/parse')
  t.ok((await served.client()).hello.pid)
})

t.test('a client that closes its side after asking still gets its answers', async t => {
  const served = await serve(t, { 'peer.list': async () => ({ peers: [] }) })
  const wire = await bare(t, served.path)
  wire.hello()
  wire.ask({ jsonrpc: '2.0', id: 2, method: 'peer.list' })
  wire.socket.end()
  t.equal((await wire.answered(2)).length, 2)
  await wire.closed()
})

t.test('law: whatever bytes come, in whatever pieces, the daemon answers with codes and goes on', async t => {
  const served = await serve(t, { 'peer.list': async () => ({ peers: [] }) })
  const pieces = fc.array(
    fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(text => Buffer.from(`${text}\n`)),
      fc
        .record(
          {
            jsonrpc: fc.constantFrom('2.0', '1.0'),
            id: fc.jsonValue(),
            method: fc.string(),
            params: fc.jsonValue(),
          },
          { requiredKeys: [] },
        )
        .map(frame => Buffer.from(`${JSON.stringify(frame)}\n`)),
    ),
    { maxLength: 20 },
  )
  await fc.assert(
    fc.asyncProperty(pieces, async chunks => {
      const wire = await bare(t, served.path)
      for (const chunk of chunks) wire.send(chunk)
      wire.socket.end('\n')
      await wire.closed()
      for (const answer of wire.answers) {
        if (answer.error !== undefined && answer.error.data.code === 'program/defect') return false
      }
      return true
    }),
    { numRuns: 100 },
  )
  t.ok((await served.client()).hello.pid)
})

t.test('a missing socket is a daemon that does not run', async t => {
  await t.rejects(connect('/nonexistent/vivimd.sock', { clientName: 'test' }), { code: 'daemon/not-running' })
})

t.test('a socket for a group is not put where somebody else could put one of theirs', async t => {
  const above = mkdtempSync(join(tmpdir(), 'vivim-group-'))
  t.teardown(() => rmSync(above, { recursive: true }))
  const folder = join(above, 'group')
  mkdirSync(folder)
  const at = (aboveMode: number, mode: number) => {
    chmodSync(above, aboveMode)
    chmodSync(folder, mode)
    return serve(t, {}, session, { path: join(folder, 'vivim.sock'), gid: process.getgid?.() ?? 0 })
  }
  for (const [aboveMode, mode] of [
    [0o755, 0o775],
    [0o755, 0o757],
    [0o777, 0o755],
    [0o775, 0o755],
  ] as const)
    await t.rejects(
      at(aboveMode, mode),
      { code: 'daemon/not-ready', message: /written to by others/ },
      `${aboveMode.toString(8)} ${mode.toString(8)}`,
    )
  const link = join(above, 'link')
  symlinkSync(folder, link)
  const named = { path: join(link, 'vivim.sock'), gid: process.getgid?.() ?? 0 }
  await t.rejects(
    serve(t, {}, session, named),
    { code: 'daemon/not-ready' },
    'a link may point elsewhere later',
  )
  const { path } = await at(0o1777, 0o755)
  t.equal(statSync(path).mode & 0o777, 0o660)
})
