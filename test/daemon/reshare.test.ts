/** Passing on: alice shares with bob, who may pass on; carol, whom alice does not know, gets it from him; alice sees it and ends it. */
import t, { type Test } from 'tap'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

const ALLOW = ['view', 'quote', 'reshare'] as const

/** Alice and bob know each other, bob and carol do. */
async function three(t: Test): Promise<[LiveNode, LiveNode, LiveNode, string]> {
  const [alice, bob, carol] = await Promise.all([
    liveNode(t, 'alice'),
    liveNode(t, 'bob'),
    liveNode(t, 'carol'),
  ])
  await introduce(alice, bob)
  await introduce(bob, carol)
  return [alice, bob, carol, await alice.converse('garden', 'when to sow', 'in March')]
}

/** Alice shares with bob. @returns the share's id, once bob has it. */
async function shared(
  alice: LiveNode,
  bob: LiveNode,
  conversation: string,
  more: { allow?: readonly ('view' | 'quote' | 'reshare')[]; expires?: string; note?: string } = {},
): Promise<string> {
  const { allow = ALLOW, ...rest } = more
  const { shareId } = await alice.call('share.create', {
    conversation,
    to: ['bob'],
    allow: [...allow],
    again: true,
    ...rest,
  })
  await bob.received(shareId)
  return shareId
}

const [alice, bob, carol, conversation] = await three(t)

t.test('carol reads alice’s words that bob passed on, and alice sees that he did', async t => {
  const share = await shared(alice, bob, conversation, { note: 'for bob' })
  const first = await bob.call('inbox.reshare', {
    share,
    to: ['carol'],
    note: 'read this',
    wait: 'acknowledged',
  })
  t.match(first, {
    shareId: share,
    owner: { did: alice.did, name: 'alice' },
    recipients: [{ did: carol.did, name: 'carol', state: 'acknowledged' }],
    permissions: ['view', 'quote'],
    changed: true,
  })
  await carol.received(share)
  const [item] = await carol.inbox()
  t.match(item, {
    shareId: share,
    from: { did: bob.did, name: 'bob', state: 'verified' },
    owner: { did: alice.did, name: null, state: 'stranger' },
    note: 'read this',
    permissions: ['view', 'quote'],
    expiresAt: first.expiresAt,
    state: 'new',
  })
  const opened = await carol.call('inbox.open', { share })
  t.match(opened, {
    owner: { did: alice.did, name: null },
    passedOn: { did: bob.did, name: 'bob', note: 'read this' },
    share: { note: 'for bob' },
    conversation: { messages: [{ text: 'when to sow' }, { text: 'in March' }] },
  })
  t.match(await carol.call('share.verify', { share }), { owner: { did: alice.did }, verified: true })
  t.match((await carol.call('conversation.search', { query: 'sow' })).hits, [{}])

  await alice.logged('share.passed-on', { share })
  t.match(await alice.call('share.show', { share }), {
    reshares: [
      {
        by: { did: bob.did, name: 'bob' },
        to: { did: carol.did, name: null },
        allow: ['view', 'quote'],
        until: first.expiresAt,
      },
    ],
  })
  const logged = async (node: LiveNode, action: string): Promise<string[]> =>
    (await node.call('audit.list', { action })).entries.map(
      ({ who, right, targets }) => `${who.kind === 'did' ? who.id : who.kind} ${right} ${targets.join(' ')}`,
    )
  await alice.until('it is in her audit log', async () =>
    (await logged(alice, 'share.passed-on')).includes(`${bob.did} capability share:${share} ${carol.did}`),
  )
  t.ok((await logged(bob, 'inbox.reshare')).includes(`socket write share:${share} ${carol.did}`))
  await bob.until('and in his', async () =>
    (await logged(bob, 'inbox.passed-on')).includes(`${carol.did} receipt share:${share}`),
  )
  t.match(await bob.call('inbox.reshare', { share, to: ['carol'], note: 'read this' }), { changed: false })
  t.equal((await alice.call('share.show', { share })).reshares.length, 1)
  const others = ['inbox', 'reshare', share, '--to', 'carol', '--allow', 'view']
  t.equal((await bob.fails(others, 6)).code, 'share/passed-on')
  t.equal(
    (await carol.fails(['inbox', 'reshare', share, '--to', 'bob'], 4)).code,
    'share/denied',
    'carol may view and quote only',
  )
})

t.test('nobody passes on more, or for longer, than they hold', async t => {
  const view = await shared(alice, bob, conversation, { allow: ['view'] })
  t.equal((await bob.fails(['inbox', 'reshare', view, '--to', 'carol'], 4)).code, 'share/denied')
  const week = await shared(alice, bob, conversation, { allow: ['view', 'reshare'], expires: '7d' })
  const refused = async (...more: string[]): Promise<string> =>
    (await bob.fails(['inbox', 'reshare', week, '--to', 'carol', ...more], 4)).code
  t.equal(await refused('--allow', 'view,quote'), 'share/wider-terms')
  t.equal(await refused('--expires', '8d'), 'share/wider-terms')
  t.equal(await refused('--expires', 'never'), 'share/wider-terms')
  t.equal((await bob.fails(['inbox', 'reshare', week, '--to', 'alice'], 2)).code, 'usage/invalid')
  t.equal(bob.count('inbox.passed-on', { share: week }), 0)
  t.match(await bob.call('inbox.reshare', { share: week, to: ['carol'], expires: '2d' }), {
    permissions: ['view'],
    changed: true,
  })
  await carol.received(week)
})

t.test('alice takes it back: bob’s node takes it back at carol’s, also when bob forgot it', async t => {
  const kept = await shared(alice, bob, conversation)
  const forgotten = await shared(alice, bob, conversation)
  for (const share of [kept, forgotten]) {
    await bob.call('inbox.reshare', { share, to: ['carol'], wait: 'acknowledged' })
    await carol.received(share)
    await carol.call('inbox.open', { share })
  }
  await bob.call('inbox.forget', { share: forgotten })
  for (const share of [kept, forgotten]) {
    await alice.call('share.revoke', { share })
    await carol.logged('inbox.revoked', { share })
    t.equal(await carol.codeOf('inbox.open', { share }), 'share/revoked')
    await bob.logged('inbox.pass-buried', { share })
  }
  t.notOk((await carol.inbox()).some(({ shareId }) => shareId === kept || shareId === forgotten))
})

t.test('taken back while bob’s node was killed mid-way: both get it, and both lose it', async t => {
  await carol.stop()
  const share = await shared(alice, bob, conversation)
  await bob.call('inbox.reshare', { share, to: ['carol'] })
  await bob.kill()
  await carol.start()
  await bob.start()
  await carol.received(share)
  await alice.logged('share.passed-on', { share })
  t.match(await carol.call('inbox.open', { share }), { verified: true })
  await bob.logged('inbox.pass-acknowledged', { share })

  await carol.stop()
  await alice.call('share.revoke', { share })
  await bob.logged('inbox.revoked', { share })
  await bob.kill()
  await carol.start()
  await bob.start()
  await carol.logged('inbox.revoked', { share })
  t.equal(await carol.codeOf('inbox.open', { share }), 'share/revoked')
})

t.test('carol passes on what she may, and alice sees each hand, whom carol cannot reach', async t => {
  const dave = await liveNode(t, 'dave')
  await introduce(carol, dave)
  const share = await shared(alice, bob, conversation)
  await bob.call('inbox.reshare', { share, to: ['carol'], allow: ['view', 'reshare'] })
  await carol.received(share)
  t.equal(
    (await carol.fails(['inbox', 'reshare', share, '--to', 'dave', '--allow', 'quote'], 4)).code,
    'share/wider-terms',
  )
  await carol.call('inbox.reshare', { share, to: ['dave'], expires: '1d', wait: 'acknowledged' })
  await dave.received(share)
  t.match(await dave.call('inbox.open', { share }), {
    owner: { did: alice.did },
    passedOn: { did: carol.did, name: 'carol' },
    share: { permissions: ['view'] },
  })
  await alice.logged('share.passed-on', { share }, 2)
  const { reshares } = await alice.call('share.show', { share })
  t.same(
    reshares.map(({ by, to, allow }) => [by.did, to.did, [...allow].sort()]).sort(),
    [
      [bob.did, carol.did, ['reshare', 'view']],
      [carol.did, dave.did, ['view']],
    ].sort(),
  )
  await alice.call('share.revoke', { share })
  await dave.logged('inbox.revoked', { share })
})

t.test('carol knows alice: alice takes it back at her node while bob is away', async t => {
  const [alice, bob, carol, conversation] = await three(t)
  const { card } = await carol.call('contact.card', {})
  await alice.call('contact.add', { card, name: 'carol' })
  const share = await shared(alice, bob, conversation)
  await bob.call('inbox.reshare', { share, to: ['carol'], wait: 'acknowledged' })
  await carol.received(share)
  await alice.logged('share.passed-on', { share })
  await bob.stop()
  await alice.call('share.revoke', { share })
  await carol.logged('inbox.revoked', { share })
  t.same(await carol.inbox(), [])
})

t.test('carol has it from alice as well: what came from its owner stays, on its terms', async t => {
  const [alice, bob, carol, conversation] = await three(t)
  await introduce(alice, carol)
  const { shareId: share } = await alice.call('share.create', {
    conversation,
    to: ['bob', 'carol'],
    allow: [...ALLOW],
  })
  await bob.received(share)
  await carol.received(share)
  await bob.call('inbox.reshare', { share, to: ['carol'], allow: ['view'], wait: 'acknowledged' })
  await carol.logged('inbox.arrived', {}, 2)
  t.match(await carol.inbox(), [{ from: { did: alice.did }, permissions: [...ALLOW] }])
})

t.test('in a circle each member may pass on, until it ends for them', async t => {
  const [alice, bob, carol, conversation] = await three(t)
  await alice.call('circle.create', { name: 'team' })
  await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  const { shareId: share } = await alice.call('share.create', {
    conversation,
    circles: ['team'],
    allow: ['view', 'reshare'],
  })
  await bob.received(share)
  await bob.call('inbox.reshare', { share, to: ['carol'], expires: '4s' })
  await carol.received(share)
  t.match(await carol.call('inbox.open', { share }), { owner: { did: alice.did } })
  await carol.logged('inbox.expired', { share })
  t.equal(await carol.codeOf('inbox.open', { share }), 'share/expired')
  t.match(await bob.call('inbox.open', { share }), { verified: true })
})

t.test('carol was never met: it waits for her keys; bob is a stranger to her: it is held', async t => {
  const [alice, bob, carol] = await Promise.all([
    liveNode(t, 'alice'),
    liveNode(t, 'bob'),
    liveNode(t, 'carol'),
  ])
  await introduce(alice, bob)
  const { card } = await carol.call('contact.card', {})
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  await carol.stop()
  await bob.call('contact.add', { card, name: 'carol' })
  const share = await shared(alice, bob, conversation)
  t.match(await bob.call('inbox.reshare', { share, to: ['carol'] }), { recipients: [{ state: 'pending' }] })
  t.equal(
    (
      await bob.vivim([
        'inbox',
        'reshare',
        share,
        '--to',
        'carol',
        '--wait',
        'acknowledged',
        '--timeout',
        '1s',
      ])
    ).code,
    75,
  )
  await carol.start()
  // She may have got another port.
  const again = await carol.call('contact.card', {})
  await bob.call('contact.add', { card: again.card, name: 'carol' })
  await bob.logged('inbox.pass-acknowledged', { share })
  await carol.received(share)
  t.match(await carol.inbox(), [{ state: 'held', from: { did: bob.did, state: 'stranger' } }])
  t.equal(await carol.codeOf('inbox.open', { share }), 'contact/stranger')
  await carol.call('contact.accept', { contact: bob.did })
  t.match(await carol.inbox(), [{ state: 'new' }])
  t.match(await carol.call('inbox.open', { share }), { owner: { did: alice.did } })
  await carol.call('contact.block', { contact: bob.did })
  t.same(await carol.inbox(), [], 'and what bob sent is not shown once he is blocked')
})

t.test('alice blocks bob: he passes on what he holds until she takes it back', async t => {
  const [alice, bob, carol, conversation] = await three(t)
  const share = await shared(alice, bob, conversation)
  await alice.call('contact.block', { contact: 'bob' })
  await bob.call('inbox.reshare', { share, to: ['carol'], wait: 'acknowledged' })
  await carol.received(share)
  await bob.logged('job.retry', { kind: 'report', code: 'peer/refused' })
  t.same((await alice.call('share.show', { share })).reshares, [], 'she does not hear him')
  await alice.call('share.revoke', { share })
  await carol.logged('inbox.revoked', { share })
  await bob.until(
    'nothing waits there',
    async () => JSON.parse((await bob.vivim(['status'])).out).queue.pending === 0,
  )
})

t.test(
  'alice ends bob’s right to pass on: carol and dave lose what went on by it, bob keeps the share',
  async t => {
    const [alice, bob, carol, conversation] = await three(t)
    const dave = await liveNode(t, 'dave')
    const nora = await liveNode(t, 'nora')
    await introduce(carol, dave)
    await introduce(alice, nora)
    await introduce(nora, carol)
    const { shareId: share } = await alice.call('share.create', {
      conversation,
      to: ['bob', 'nora'],
      allow: [...ALLOW],
    })
    for (const node of [bob, nora]) await node.received(share)
    await bob.call('inbox.reshare', {
      share,
      to: ['carol'],
      allow: ['view', 'reshare'],
      wait: 'acknowledged',
    })
    await carol.received(share)
    await carol.call('inbox.reshare', { share, to: ['dave'], wait: 'acknowledged' })
    await dave.received(share)
    await alice.logged('share.passed-on', { share }, 2)

    await carol.stop()
    const stopped = await alice.vivim(['share', 'stop-reshare', share.slice(0, 8), '--from', 'bob'])
    t.match(JSON.parse(stopped.out), { shareId: share, from: { did: bob.did, name: 'bob' }, changed: true })
    t.match(await alice.call('share.endReshare', { share, from: 'bob' }), { changed: false })
    await bob.logged('inbox.right-ended', { share, from: alice.did })
    t.match(await bob.call('inbox.open', { share }), { verified: true }, 'what he got himself stays')
    const passing = ['inbox', 'reshare', share, '--to', 'carol']
    t.equal((await bob.fails([...passing, '--allow', 'view'], 7)).code, 'capability/revoked')
    await carol.start()
    await carol.logged('inbox.right-ended', { share, from: bob.did })
    await dave.logged('inbox.right-ended', { share, from: carol.did })
    for (const node of [carol, dave])
      t.equal(await node.codeOf('inbox.open', { share }), 'capability/revoked')
    t.match(await nora.call('inbox.open', { share }), { verified: true })
    t.match(
      await nora.call('inbox.reshare', { share, to: ['carol'], wait: 'acknowledged' }),
      { recipients: [{ state: 'acknowledged' }] },
      'the right of nora is her own',
    )
    t.match(await alice.call('share.show', { share }), { state: 'published' })
    t.equal(await alice.codeOf('share.endReshare', { share, from: 'nobody' }), 'contact/not-found')
    const { entries } = await alice.call('audit.list', { action: 'share.endReshare' })
    t.match(entries[0], { outcome: 'ok', targets: [`share:${share}`, bob.did] })
  },
)

t.test('bob is away: his right ends before he ever had it', async t => {
  const [alice, bob, , conversation] = await three(t)
  await bob.stop()
  const { shareId: share } = await alice.call('share.create', {
    conversation,
    to: ['bob'],
    allow: [...ALLOW],
  })
  t.match(await alice.call('share.endReshare', { share, from: 'bob' }), { changed: true })
  await bob.start()
  await bob.received(share)
  await bob.logged('inbox.right-ended', { share, from: alice.did })
  t.equal(await bob.codeOf('inbox.reshare', { share, to: ['carol'] }), 'capability/revoked')
  t.match(await bob.call('inbox.open', { share }), { verified: true })
})
