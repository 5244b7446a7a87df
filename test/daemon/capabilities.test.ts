/** A script with a capability, on real daemons: what it may do, what it may not, and how it ends. */
import { chmodSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import t from 'tap'
import { signCall } from '../../src/core/capability/call.ts'
import { chainOf, chainText, issueChain, parseChain } from '../../src/core/capability/chain.ts'
import { makeHolder, parseToken, tokenText } from '../../src/core/capability/token.ts'
import { connect } from '../../src/core/client/client.ts'
import { CONTRACT_VERSION } from '../../src/core/contract/frames.ts'
import type { MethodName } from '../../src/core/contract/methods.ts'
import { systemChance, systemClock } from '../../src/core/kernel/env.ts'
import { issue } from '../kit/capability.ts'
import { vivim } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'
import { household } from '../kit/household.ts'
import { introduce, type LiveNode, liveNode, newHome } from '../kit/live-node.ts'
import { makePerson } from '../kit/person.ts'
import { onTerminal } from '../kit/terminal.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]

/** A command by a token file. */
function by(node: LiveNode, token: string) {
  const run = (args: readonly string[]) =>
    vivim([...args, '--home', node.home, '--json', '--no-input'], { env: { VIVIM_CAPABILITY: token } })
  return {
    async run<R = Record<string, unknown>>(args: readonly string[]): Promise<R> {
      const { code, out, err } = await run(args)
      if (code !== 0) throw new Error(`vivim ${args.join(' ')} ended with ${code}: ${err}`)
      return JSON.parse(out)
    },
    async fails(args: readonly string[], exit: number): Promise<{ code: string; details: { why?: string } }> {
      const { code, out, err } = await run(args)
      if (code !== exit)
        throw new Error(`vivim ${args.join(' ')} ended with ${code}, not ${exit}: ${err}${out}`)
      return JSON.parse(err.trim().split('\n').at(-1) ?? '').error
    },
  }
}

/** Alice with a circle of bob, a conversation, and a token for a script. */
async function withScript(t: T, flags: readonly string[] = []) {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  const conversation = await alice.converse('Tea', 'the word is oolong', 'noted')
  const token = join(tempFolder(t), 'script.token')
  const created = JSON.parse(
    (
      await alice.vivim([
        ...['capability', 'create', '--for', 'script', '--can', 'share.propose', '--circle', 'team'],
        ...['--out', token, ...flags],
      ])
    ).out,
  )
  return { alice, bob, conversation, token, created, script: by(alice, token) }
}

t.test('a script that may propose to the team five times a day does that, and nothing else', async t => {
  const { alice, conversation, token, created, script } = await withScript(t, ['--per-day', '5'])
  t.match(created, { for: 'script', can: ['share.propose'], perDay: 5, state: 'active', file: token })
  t.equal(statSync(token).mode & 0o777, 0o600)
  const propose = ['share', 'propose', conversation, '--circle', 'team']
  const first = await script.run<{ proposalId: string }>(propose)
  t.match(first, { state: 'waiting', changed: true })
  t.match(await script.run(propose), { proposalId: first.proposalId, changed: false })

  for (const args of [
    ['share', 'create', conversation, '--circle', 'team', '--yes'],
    ['conversation', 'list'],
    ['status'],
    ['daemon', 'stop'],
    ['daemon', 'logs'],
  ])
    t.equal((await script.fails(args, 4)).code, 'capability/denied', args.join(' '))
  const client = await asHolder(alice, token)
  const refused = async (method: MethodName, params: object = {}) =>
    (await client.call(method, params)).error?.data.code
  const reads = { conversation, share: conversation, proposal: first.proposalId, circle: 'team' }
  for (const [method, names] of [
    ['share.preview', ['conversation']],
    ['share.list', []],
    ['share.show', ['share']],
    ['conversation.show', ['conversation']],
    ['contact.list', []],
    ['contact.card', []],
    ['circle.list', []],
    ['circle.show', ['circle']],
    ['inbox.list', []],
    ['proposal.list', []],
    ['proposal.preview', ['proposal']],
    ['proposal.approve', ['proposal']],
    ['proposal.reject', ['proposal']],
    ['capability.list', []],
    ['identity.show', []],
    ['system.status', []],
    ['keystore.lock', []],
    ['audit.list', []],
  ] as const)
    t.equal(
      await refused(method, Object.fromEntries(names.map(name => [name, reads[name]]))),
      'capability/denied',
      method,
    )
  t.equal(await refused('system.stop'), 'rpc/denied')
  for (const who of [
    { to: ['bob'] },
    { to: ['nobody'] },
    { circles: ['family'] },
    { circles: ['team'], to: ['bob'] },
  ])
    t.equal(
      (await client.call('share.propose', { conversation, ...who })).error?.data.details.why,
      'policy',
      `${JSON.stringify(who)}: the same answer whether there is such a one or not`,
    )
  client.end()

  for (const note of ['3', '4', '5']) await script.run([...propose, '--note', note])
  t.equal((await script.fails([...propose, '--note', '6'], 7)).code, 'capability/exhausted')
  t.match(await script.run(['proposal', 'show', first.proposalId]), {
    state: 'waiting',
    by: null,
    what: null,
    audience: null,
  })
  const { entries } = await alice.call('audit.list', { limit: 500 })
  const told = entries.filter(row => row.who.kind === 'capability')
  t.match(
    told.filter(row => row.action === 'share.propose' && row.outcome === 'ok')[0],
    { who: { id: created.capabilityId, name: 'script' }, right: '/vivim/share/propose' },
    'each step stands in the audit log, under the right by which it was done',
  )
  t.ok(told.some(row => row.action === 'conversation.list' && row.outcome === 'capability/denied'))
  const { capabilities } = await alice.call('capability.list', {})
  t.match(capabilities, [{ for: 'script', used: { today: 5, all: 5 } }, { kind: 'node' }])
})

t.test('alice looks at a proposal on a terminal, says yes, and it goes out to the team', async t => {
  const { alice, bob, conversation, script } = await withScript(t)
  const { proposalId } = await script.run<{ proposalId: string }>([
    ...['share', 'propose', conversation, '--circle', 'team', '--messages', '1'],
  ])
  t.match((await alice.call('system.status', {})).warnings, [{}, { code: 'proposal/waiting' }])
  await alice.kill()
  await alice.start()
  const screen = onTerminal(t, ['proposal', 'approve', proposalId.slice(0, 8), '--home', alice.home])
  await screen.sees('proposed by script')
  await screen.sees('the word is oolong')
  await screen.sees('circle team')
  await screen.sees('Share it?')
  screen.type('y')
  t.equal(await screen.ended, 0)
  const { proposals } = await alice.call('proposal.list', {})
  t.match(proposals, [{ proposalId, state: 'approved', by: { name: 'script' } }])
  const share = proposals[0]?.shareId ?? ''
  await bob.received(share)
  const opened = await bob.call('inbox.open', { share })
  t.same(
    opened.conversation.messages.map(({ text }) => text),
    ['the word is oolong'],
  )
  t.match(await script.run(['proposal', 'show', proposalId]), { state: 'approved', shareId: null })
  t.match(await alice.call('proposal.approve', { proposal: proposalId }), { changed: false, shareId: share })
  t.equal((await alice.call('share.list', { side: 'mine' })).shares.length, 1)
  t.equal(await alice.codeOf('proposal.reject', { proposal: proposalId }), 'proposal/decided')
})

t.test('what alice turns down, or lets lie, does not leave', async t => {
  const { alice, conversation, token, script } = await withScript(t)
  const propose = (more: readonly string[]) =>
    script.run<{ proposalId: string }>(['share', 'propose', conversation, '--circle', 'team', ...more])
  const { proposalId } = await propose([])
  const screen = onTerminal(t, ['proposal', 'approve', proposalId, '--home', alice.home])
  await screen.sees('Share it?')
  screen.type('n')
  t.equal(await screen.ended, 0)
  t.match(await alice.call('proposal.show', { proposal: proposalId }), { state: 'waiting' })
  t.match(await alice.call('proposal.reject', { proposal: proposalId }), { state: 'rejected', changed: true })
  t.match(await alice.call('proposal.reject', { proposal: proposalId }), { changed: false })
  t.equal(await alice.codeOf('proposal.approve', { proposal: proposalId }), 'proposal/decided')
  t.match(await script.run(['proposal', 'show', proposalId]), { state: 'rejected' })

  const short = await propose(['--note', 'soon', '--keep-for', '1s'])
  await alice.until(
    'the proposal to end',
    async () => (await alice.call('proposal.show', { proposal: short.proposalId })).state === 'expired',
  )
  t.equal(await alice.codeOf('proposal.approve', { proposal: short.proposalId }), 'proposal/expired')
  const other = await propose(['--note', 'other'])
  t.equal(
    await alice.codeOf('proposal.approve', { proposal: other.proposalId, expectDigest: 'another' }),
    'share/digest-mismatch',
  )
  const secret = await alice.converse('Key', `my key is ${'AKIA'}${'QWERTYUIOPASDFGH'}`)
  const leak = await script.run<{ proposalId: string }>(['share', 'propose', secret, '--circle', 'team'])
  t.equal(await alice.codeOf('proposal.approve', { proposal: leak.proposalId }), 'filter/findings')
  const careless = await asHolder(alice, token)
  t.match(
    await careless.call('share.propose', { conversation: secret, circles: ['team'], onFindings: 'allow' }),
    { error: { data: { code: 'rpc/invalid-params' } } },
    'no script decides that a secret may leave',
  )
  careless.end()
  t.same((await alice.call('share.list', { side: 'mine' })).shares, [])
})

t.test(
  'a yes and a no of alice at the same moment: what left is called approved, what is called rejected did not leave',
  async t => {
    const { alice, conversation, script } = await withScript(t)
    for (const first of ['approve', 'reject'] as const) {
      const { proposalId } = await script.run<{ proposalId: string }>([
        ...['share', 'propose', conversation, '--circle', 'team', '--title', `first ${first}`],
      ])
      const proposal = proposalId
      const answers = [
        () => alice.call('proposal.approve', { proposal }),
        () => alice.call('proposal.reject', { proposal }),
      ]
      if (first === 'reject') answers.reverse()
      const [, late] = await Promise.allSettled(answers.map(answer => answer()))
      t.match(late, { status: 'rejected', reason: { code: 'proposal/decided' } }, `${first} first`)
      const { state } = await alice.call('proposal.show', { proposal })
      const left = (await alice.call('share.list', { side: 'mine' })).shares.filter(
        ({ title }) => title === `first ${first}`,
      )
      t.equal(left.length, state === 'approved' ? 1 : 0, state)
    }
  },
)

t.test('a yes that was cut off behind its share is not turned into a no', async t => {
  const { alice, bob, conversation, script } = await withScript(t)
  const { proposalId } = await script.run<{ proposalId: string }>([
    ...['share', 'propose', conversation, '--circle', 'team'],
  ])
  // What approving does first, and no more than that.
  const { shareId } = await alice.call('share.create', {
    conversation,
    circles: ['team'],
    key: `proposal ${proposalId}`,
  })
  t.equal(await alice.codeOf('proposal.reject', { proposal: proposalId }), 'proposal/decided')
  t.match(await alice.call('proposal.show', { proposal: proposalId }), { state: 'approved', shareId })
  await bob.until('the share', async () => (await bob.call('inbox.list', {})).items.length === 1)
})

t.test('alice takes the right back: the script and everybody it passed it on to are out at once', async t => {
  const { alice, conversation, token, script } = await withScript(t, ['--per-day', '3'])
  const passed = join(tempFolder(t), 'helper.token')
  const attenuated = await vivim([
    ...['capability', 'attenuate', token, '--for', 'helper', '--per-day', '2', '--expires', '1d'],
    ...['--out', passed, '--json', '--home', '/nonexistent'],
  ])
  t.equal(attenuated.code, 0, 'no daemon is asked')
  t.equal(statSync(passed).mode & 0o777, 0o600)
  const folder = tempFolder(t)
  const unsaid = ['capability', 'attenuate', token, '--for', 'clerk', '--json', '--home', '/nonexistent']
  t.match(JSON.parse((await vivim(unsaid, { cwd: folder })).out), { file: 'clerk.token', perDay: null })
  t.equal((await vivim(unsaid, { cwd: folder })).code, 6, 'what is there is not written over')
  const late = join(folder, 'late.token')
  const holder = makeHolder(systemChance)
  const chain = issue(makePerson('alice'), holder, { expiresAtMs: 1_600_000_000_000 })
  writeFileSync(late, tokenText(chain, 'late', holder), { mode: 0o600 })
  const over = await vivim(['capability', 'attenuate', late, '--for', 'later', '--json'], { cwd: folder })
  t.match(JSON.parse(over.err), { error: { code: 'capability/expired' } })
  const helper = by(alice, passed)
  const propose = (note: string) => ['share', 'propose', conversation, '--circle', 'team', '--note', note]
  await helper.run(propose('1'))
  await helper.run(propose('2'))
  t.equal((await helper.fails(propose('3'), 7)).code, 'capability/exhausted', 'its own two')
  await script.run(propose('3'))
  t.equal((await script.fails(propose('4'), 7)).code, 'capability/exhausted', 'two of three were the helper')
  t.match((await alice.call('proposal.list', {})).proposals[1], { by: { name: 'script › helper' } })
  t.match(JSON.parse((await alice.vivim(['capability', 'show', passed])).out), {
    used: { today: 3, all: 3 },
    links: [
      { for: 'script', perDay: 3 },
      { for: 'helper', perDay: 2, circles: null },
    ],
  })

  t.equal(
    (
      await alice.fails(
        [
          ...['capability', 'create', '--for', 'reader', '--can', 'conversation.read', '--circle', 'team'],
          ...['--out', join(tempFolder(t), 'reader.token')],
        ],
        2,
      )
    ).code,
    'usage/invalid',
    'a right that would be one to nothing is not given',
  )
  const wider = ['capability', 'attenuate', token, '--for', 'x', '--out', join(tempFolder(t), 'x.token')]
  t.equal((await alice.fails([...wider, '--can', 'share'], 4)).code, 'capability/denied')
  for (const bound of [
    ['--expires', '90d'],
    ['--expires', 'never'],
    ['--per-day', '4'],
    ['--circle', 'a'.repeat(26)],
    ['--to', alice.did],
    ['--can', 'share.propose,conversation.read'],
  ])
    t.equal((await alice.fails([...wider, ...bound], 4)).code, 'capability/denied', bound.join(' '))

  const client = await asHolder(alice, token)
  const show = async () => {
    const { proposals } = await alice.call('proposal.list', {})
    const own = proposals.find(({ by }) => by?.name === 'script')
    return client.call('proposal.show', { proposal: own?.proposalId ?? '' })
  }
  t.match(await show(), { result: { state: 'waiting' } })
  t.match(JSON.parse((await alice.vivim(['capability', 'revoke', 'script'])).out), {
    state: 'revoked',
    changed: true,
  })
  t.match(
    await show(),
    { error: { data: { code: 'capability/revoked' } } },
    'on a connection that was open before',
  )
  t.match(JSON.parse((await alice.vivim(['capability', 'revoke', 'script'])).out), { changed: false })
  t.equal((await script.fails(propose('5'), 7)).code, 'capability/revoked')
  t.equal((await helper.fails(propose('5'), 7)).code, 'capability/revoked')
  await alice.kill()
  await alice.start()
  t.equal((await script.fails(propose('6'), 7)).code, 'capability/revoked', 'also after a restart')

  const next = ['capability', 'create', '--for', 'script', '--can', 'share.propose', '--circle', 'team']
  t.equal((await alice.vivim([...next, '--out', join(tempFolder(t), 'next.token')])).code, 0)
  t.match(JSON.parse((await alice.vivim(['capability', 'show', 'script'])).out), { state: 'active' })
  t.match(JSON.parse((await alice.vivim(['capability', 'revoke', 'script'])).out), { changed: true })
})

interface Answer {
  result?: unknown
  error?: { data: { code: string; details: { why?: string } } }
}

/** A connection as a program of its own would open it: hello with a chain, then frames of any kind. */
async function asHolder(node: LiveNode, token: string | { chain: string }) {
  const socket = createConnection(join(node.home, 'run', 'vivimd.sock'))
  const lines = createInterface({ input: socket })[Symbol.asyncIterator]()
  let id = 0
  const send = async (frame: object): Promise<Answer> => {
    socket.write(`${JSON.stringify({ jsonrpc: '2.0', ...frame })}\n`)
    const { value } = await lines.next()
    return JSON.parse(String(value))
  }
  const ask = (method: string, params: unknown, invocation?: string) => {
    id += 1
    return send({ id, method, params, invocation })
  }
  const held = typeof token === 'string' ? parseToken(readFileSync(token, 'utf8')) : null
  const chain =
    typeof token === 'string' ? chainText(parseToken(readFileSync(token, 'utf8')).chain) : token.chain
  const hello = await ask('system.hello', {
    contract: CONTRACT_VERSION,
    client: 'a script',
    capability: chain,
  })
  /** A call as an honest client would sign it. */
  const call = (method: MethodName, params: object) =>
    ask(
      method,
      params,
      held === null ? undefined : signCall(method, params, held, systemClock.nowMs(), systemChance),
    )
  return { ask, call, hello, end: () => socket.destroy() }
}

t.test('a script that waits for the inbox while its right is taken back is told nothing', async t => {
  const { alice, bob } = await withScript(t)
  const reader = join(tempFolder(t), 'reader.token')
  await alice.vivim(['capability', 'create', '--for', 'reader', '--can', 'inbox.list', '--out', reader])
  const client = await asHolder(alice, reader)
  t.match(await client.call('inbox.list', {}), { result: { items: [] } })
  const waiting = client.call('inbox.list', { waitMs: 60_000 })
  await alice.call('capability.revoke', { capability: 'reader' })
  const theirs = await bob.converse('Jam', 'the word is quince')
  const { shareId } = await bob.call('share.create', { conversation: theirs, to: ['alice'] })
  await alice.received(shareId)
  t.match(await waiting, { error: { data: { code: 'capability/revoked' } } })
  client.end()
})

t.test('a hostile script that speaks the protocol itself gets no further', async t => {
  const { alice, conversation, token } = await withScript(t)
  const held = parseToken(readFileSync(token, 'utf8'))
  const params = { conversation, circles: ['team'] }
  const sign = (method: string, given: unknown, with_ = held) =>
    signCall(method, given, with_, systemClock.nowMs(), systemChance)
  const client = await asHolder(alice, token)
  t.match(client.hello, { result: { user: { name: 'alice' } } })
  const why = async (answer: Promise<Answer>) => (await answer).error?.data.details.why

  const good = sign('share.propose', params)
  t.match(await client.ask('share.propose', params, good), { result: { state: 'waiting' } })
  t.equal(await why(client.ask('share.propose', params, good)), 'replayed')
  t.equal(await why(client.ask('share.propose', params)), 'unsigned')
  t.equal(
    await why(client.ask('share.propose', { ...params, note: 'more' }, sign('share.propose', params))),
    'other-call',
  )
  t.equal(await why(client.ask('share.create', params, sign('share.propose', params))), 'other-call')
  t.equal(await why(client.ask('share.create', params, sign('share.create', params))), 'command')
  t.equal((await client.ask('system.stop', {})).error?.data.code, 'rpc/denied')
  t.equal(await why(client.ask('keystore.lock', {})), 'command')
  const stranger = { ...held, key: makeHolder(systemChance).key }
  t.equal(
    await why(client.ask('share.propose', params, sign('share.propose', params, stranger))),
    'other-audience',
  )
  for (const noise of ['', 'x', 'AAAA', good?.slice(2) ?? '', 'A'.repeat(16_000)])
    t.match(
      (await client.ask('share.propose', params, noise)).error?.data.code,
      /^(capability|crypto)\//,
      'noise is a code',
    )
  t.match(await client.ask('share.propose', params, 'A'.repeat(20_000)), {
    error: { data: { code: 'rpc/invalid-request' } },
  })
  client.end()

  const eve = makePerson('eve')
  const own = makeHolder(systemChance)
  const forged = issueChain(
    { aud: own.did, cmd: '/', pol: [], expiresAtMs: null },
    {
      did: parseChain(chainText(held.chain)).root.meta.did as typeof eve.keystore.did,
      hash: eve.document.hash,
    },
    eve.device.sign,
    systemChance,
  )
  const refused = await asHolder(alice, { chain: chainText(forged) })
  t.match(refused.hello, { error: { data: { code: 'capability/denied', details: { why: 'foreign-root' } } } })
  refused.end()
  const spliced = (() => {
    try {
      return chainText(chainOf([...forged.links, ...held.chain.links]))
    } catch {
      return 'vivimcap1AAAA'
    }
  })()
  const broken = await asHolder(alice, { chain: spliced })
  t.match(broken.hello.error?.data.code, /^(capability|crypto)\//)
  broken.end()
})

t.test(
  'a token of alice is of no use on the node of bob, and a token file without its key of none at all',
  async t => {
    const { alice, bob, conversation, token } = await withScript(t)
    t.match(await by(bob, token).fails(['share', 'propose', conversation, '--circle', 'team'], 4), {
      code: 'capability/denied',
      details: { why: 'foreign-root' },
    })
    const file = JSON.parse(readFileSync(token, 'utf8'))
    const other = join(tempFolder(t), 'other.token')
    const seed = makeHolder(systemChance).seed.use(bytes => Buffer.from(bytes).toString('base64url'))
    writeFileSync(other, JSON.stringify({ ...file, key: seed }), { mode: 0o600 })
    t.equal((await by(alice, other).fails(['share', 'propose', conversation], 5)).code, 'capability/invalid')
    chmodSync(other, 0o644)
    t.equal((await by(alice, other).fails(['share', 'propose', conversation], 5)).code, 'file/unusable')
    chmodSync(other, 0o600)
    writeFileSync(other, '{"type":"vivim-capability"}')
    t.equal((await by(alice, other).fails(['share', 'propose', conversation], 5)).code, 'capability/invalid')
    t.equal(
      (await by(alice, `${other}.none`).fails(['share', 'propose', conversation], 3)).code,
      'file/not-found',
    )
  },
)

t.test('the node of alice answers while she is locked as long as she lets it', async t => {
  const [alice, bob] = await Promise.all([liveNode(t, 'alice', { passphrase: 'oolong' }), liveNode(t, 'bob')])
  await introduce(alice, bob)
  const node = async () =>
    (await alice.call('capability.list', {})).capabilities.find(one => one.kind === 'node')
  t.match(await node(), { state: 'active', can: ['deliver', 'receive', 'keep'] })
  const week = JSON.parse(
    (
      await alice.vivim([
        ...['capability', 'create', '--for', 'node', '--can', 'deliver,receive,keep', '--expires', '7d'],
      ])
    ).out,
  )
  const leftMs = Date.parse(week.expiresAt) - Date.parse(week.createdAt)
  t.equal(leftMs, 7 * 86_400_000)
  t.match(await alice.call('capability.revoke', { capability: 'node' }), { changed: true })
  t.match(await alice.call('capability.revoke', { capability: 'node' }), { changed: false })
  await alice.call('keystore.lock', {})
  await alice.kill()
  await alice.start()
  t.match(await node(), { state: 'revoked' })

  const conversation = await bob.converse('Jam', 'the word is quince')
  const { shareId } = await bob.call('share.create', { conversation, to: ['alice'] })
  await bob.logged('job.retry')
  t.match((await bob.call('share.show', { share: shareId })).recipients, [{ acknowledgedAt: null }])
  t.same(await alice.inbox(), [])
  await alice.call('keystore.unlock', { passphrase: 'oolong' })
  await bob.call('share.retry', { share: shareId })
  await bob.acknowledged(shareId)
  t.match(await node(), { state: 'revoked' }, 'while it is unlocked it answers for itself')
})

t.test(
  'on a daemon of several people a token speaks for the one who gave it, and for nobody else',
  async t => {
    const house = await household(t, 'olga')
    const [alice, carol] = [await house.resident('alice'), await house.resident('carol')]
    const conversation = await carol.converse('Tea', 'the word is oolong')
    await carol.call('circle.create', { name: 'team' })
    const holder = makeHolder(systemChance)
    const { chain } = await alice.call('capability.create', {
      for: 'script',
      holder: holder.did,
      can: ['share', 'conversation.read'],
    })
    const held = { chain: parseChain(chain ?? ''), key: holder.key }
    const capability = {
      chain: chain ?? '',
      sign: (method: string, params: unknown) =>
        signCall(method, params, held, systemClock.nowMs(), systemChance),
    }
    const client = await connect(house.socket, { clientName: 'script', capability })
    t.teardown(() => client.close())
    t.equal(client.hello.user?.did, alice.did, 'it needs no session, also on the socket of the group')
    t.same((await client.call('conversation.list', {})).conversations, [])
    await t.rejects(client.call('conversation.show', { conversation }), { code: 'conversation/not-found' })
    await t.rejects(client.call('user.list', {}), { code: 'rpc/denied' })
    await t.rejects(connect(house.socket, { clientName: 'script', as: 'carol', capability }), {
      code: 'user/not-found',
    })
    await t.rejects(connect(house.monitor, { clientName: 'script', capability }), {
      code: 'capability/denied',
    })
    t.match((await carol.call('capability.list', {})).capabilities, [{ kind: 'node' }])
  },
)

t.test('alice has two devices: a right that the one gave is of no use at a copy of it', async t => {
  const { alice, token, conversation } = await withScript(t)
  const { fileB64, sha256 } = await alice.call('identity.export', { passphrase: 'elsewhere', words: false })
  await alice.call('identity.exported', { sha256 })
  await alice.stop()
  const documentB64 = readFileSync(join(alice.userFolder, 'identity.doc')).toString('base64')
  const recover = { fileB64, filePassphrase: 'elsewhere', documentB64, from: alice.home, keepOthers: true }
  const other = await newHome(t, 'alice', { recover })
  await other.start()
  t.match(
    (await other.call('capability.list', {})).capabilities,
    [{ for: 'script' }, {}],
    'the copy knows of it',
  )
  const propose = ['share', 'propose', conversation, '--circle', 'team']
  t.match(await by(other, token).fails(propose, 4), {
    code: 'capability/denied',
    details: { why: 'foreign-root' },
  })
  t.same((await other.call('proposal.list', {})).proposals, [])
  await alice.start()
  t.match(await by(alice, token).run(propose), { state: 'waiting' }, 'where it was given it counts')
})

t.test('alice reads in her log who proposed, what came of it, and by which right', async t => {
  const { alice, conversation, created, script } = await withScript(t)
  const propose = (...more: string[]) =>
    script.run<{ proposalId: string }>(['share', 'propose', conversation, '--circle', 'team', ...more])
  const [yes, no] = [await propose(), await propose('--note', 'again')]
  const { shareId } = await alice.call('proposal.approve', { proposal: yes.proposalId })
  await alice.call('proposal.reject', { proposal: no.proposalId })
  await alice.call('capability.revoke', { capability: 'script' })
  const { entries } = await alice.call('audit.list', { limit: 1000 })
  const right = `capability:${created.capabilityId}`
  const targetsOf = (action: string) => entries.filter(row => row.action === action).map(row => row.targets)
  t.same(targetsOf('capability.create'), [[right]])
  t.same(targetsOf('share.propose'), [[`proposal:${yes.proposalId}`], [`proposal:${no.proposalId}`]])
  t.same(targetsOf('proposal.approve'), [[`proposal:${yes.proposalId}`, `share:${shareId}`, right]])
  t.same(targetsOf('proposal.reject'), [[`proposal:${no.proposalId}`, right]])
  t.same(targetsOf('capability.revoke'), [[right]])
})
