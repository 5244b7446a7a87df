/** Who is away: what is shared meanwhile waits and arrives by itself, once. */
import t from 'tap'
import { introduce, liveNode } from '../kit/live-node.ts'

t.setTimeout(300_000)

t.test('bob is away: the share is queued, and arrives once when he starts', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  await bob.stop()
  const { code, out } = await alice.vivim(['share', 'create', conversation, '--to', 'bob', '--yes'])
  t.equal(code, 0)
  const created = JSON.parse(out)
  t.match(created, { state: 'queued', recipients: { total: 1, acknowledged: 0 }, changed: true })
  await alice.logged('job.retry', { code: 'peer/unreachable' })
  const waiting = await alice.call('share.show', { share: created.shareId })
  t.ok(waiting.jobs.some(({ step, lastError }) => step === 'deliver' && lastError === 'peer/unreachable'))

  await bob.start()
  await bob.logged('inbox.received', { share: created.shareId })
  const shown = await alice.acknowledged(created.shareId)
  t.equal(shown.state, 'published')
  t.notOk(shown.jobs.some(({ step }) => step === 'deliver'))
  t.equal((await bob.inbox()).length, 1)
  t.equal(bob.count('inbox.arrived'), 1)
  await alice.stop()
  const { conversation: read } = await bob.call('inbox.open', { share: created.shareId })
  t.equal(read.messages[1]?.text, 'A minute and a half.', 'read with the other node switched off')
})

t.test('bob was never met: card, circle and shares wait for him, and happen when he comes', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  const conversation = await alice.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  const { card } = await bob.call('contact.card', {})
  await bob.kill()
  t.match(await alice.call('contact.add', { card, name: 'bob' }), { reachable: false, changed: true })
  await alice.call('circle.create', { name: 'team' })
  const circle = await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
  t.equal(circle.members.find(({ name }) => name === 'bob')?.state, 'pending')
  const toCircle = await alice.call('share.create', { conversation, circles: ['team'] })
  const toBob = await alice.call('share.create', { conversation, to: ['bob'] })
  for (const { state, recipients } of [toCircle, toBob])
    t.match({ state, recipients }, { state: 'queued', recipients: { total: 1, acknowledged: 0 } })
  await alice.logged('job.retry', { kind: 'add-member', code: 'contact/keys-unknown' })
  await alice.logged('job.retry', { share: toCircle.shareId, code: 'contact/keys-unknown' })

  await bob.start()
  for (const { shareId } of [toCircle, toBob]) t.equal((await alice.acknowledged(shareId)).state, 'published')
  await alice.logged('circle.delivered', { target: bob.did })
  const joined = await alice.call('circle.show', { circle: 'team' })
  t.equal(joined.members.find(({ name }) => name === 'bob')?.state, 'active')
  await bob.logged('inbox.received', {}, 2)
  t.same(
    (await bob.inbox()).map(({ state }) => state),
    ['held', 'held'],
    'alice is a stranger to him',
  )
  t.equal((await bob.fails(['inbox', 'open', toCircle.shareId], 4)).code, 'contact/stranger')
  await bob.call('contact.accept', { contact: alice.did, name: 'alice' })
  for (const { shareId } of [toCircle, toBob])
    t.equal((await bob.call('inbox.open', { share: shareId })).owner.name, 'alice')
  const seen = await bob.call('circle.list', {})
  t.match(seen.circles, [{ name: 'team' }], 'his circle too came by itself')
})

t.test('a share that begins later is not released before, however hard one tries', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse(
    'Tea notes',
    'How long does sencha steep?',
    'A minute and a half.',
  )
  const beganMs = Date.now()
  const share = await alice.call('share.create', { conversation, to: ['bob'], from: '5s' })
  t.equal(share.state, 'scheduled')
  t.match(await alice.call('share.retry', { share: share.shareId }), { state: 'scheduled', changed: false })
  t.match(await alice.call('share.show', { share: share.shareId }), { recipients: [{ state: 'pending' }] })
  await alice.kill()
  await alice.start()
  t.equal((await alice.acknowledged(share.shareId)).state, 'published')
  const arrived = bob.lines.find(({ event, content }) => event === 'inbox.arrived' && content !== null)
  t.ok(Date.parse(String(arrived?.time)) - beganMs >= 5000)
  await bob.logged('inbox.received', { share: share.shareId })
  t.equal((await bob.call('inbox.open', { share: share.shareId })).verified, true)
})
