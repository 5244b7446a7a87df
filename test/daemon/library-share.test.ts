/** Units, notebooks and bundles between two real nodes, and from the command line. */
import t from 'tap'
import type { Result } from '../../src/core/contract/methods.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'

t.setTimeout(120_000)

const TOKEN = `ghp_${'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'.slice(0, 36)}`
const ANSWER = 'Shortly.\n\n```js\nboil(80)\n```\n\n- pour\n- wait'

const unitOf = async (node: LiveNode, conversation: string, kind: string): Promise<string> => {
  const { acus } = await node.call('acu.list', { conversation })
  const found = acus.find(acu => acu.kind === kind)
  if (!found) throw new Error(`no unit of kind ${kind}`)
  return found.id
}

const json = async <T>(node: LiveNode, args: string[], exit = 0): Promise<T> => {
  const { code, out, err } = await node.vivim(args)
  if (code !== exit) throw new Error(`vivim ${args.join(' ')} ended with ${code}: ${err}`)
  return JSON.parse(out)
}

t.test('bob gets the unit that alice chose and nothing else of her conversation', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse('Tea hours', `keep ${TOKEN} safe`, ANSWER, 'Thanks', 'Welcome')
  const [list, code] = [await unitOf(alice, conversation, 'list'), await unitOf(alice, conversation, 'code')]

  const what = { conversation, acus: [list, code.slice(0, 20)], to: ['bob'] }
  const preview = await alice.call('share.preview', what)
  t.match(preview, { title: 'Tea hours', blocked: false, findings: [] })
  t.same(
    preview.messages.map(({ index, role, parts }) => [
      index,
      role,
      parts.map(part => 'text' in part && part.text),
    ]),
    [[1, 'assistant', ['```js\nboil(80)\n```', '- pour\n- wait']]],
  )
  const turned = await alice.call('share.preview', { ...what, acus: [code, list, code] })
  t.equal(turned.digest, preview.digest, 'in whatever order, and however often, they are named')

  const cli = ['share', 'create', conversation, '--acu', list, '--acu', code, '--to', 'bob', '--yes']
  const wrong = await alice.fails([...cli, '--expect-digest', 'ab'], 6)
  t.equal(wrong.code, 'share/digest-mismatch')
  const created = await json<Result<'share.create'>>(alice, [...cli, '--expect-digest', preview.digest])
  t.match(created, { digest: preview.digest, changed: true })
  t.match(await json(alice, cli), { shareId: created.shareId, changed: false })
  await alice.acknowledged(created.shareId)
  await bob.received(created.shareId)
  const opened = await bob.call('inbox.open', { share: created.shareId })
  t.same(opened.conversation.messages, preview.messages)
  t.same(bob.filesWith(TOKEN, 'Welcome'), [])

  const both = await alice.call('share.preview', { conversation, messages: '3', acus: [list], to: ['bob'] })
  t.same(
    both.messages.map(({ text }) => text),
    ['- pour\n- wait', 'Thanks'],
    'units beside whole messages',
  )
  const exchange = await unitOf(alice, conversation, 'exchange')
  t.match(await alice.call('share.preview', { conversation, acus: [exchange], to: [] }), { blocked: true })
  t.equal((await alice.fails(['share', 'preview', conversation, '--acu', 'zz'], 3)).code, 'acu/not-found')
  t.equal((await alice.fails(['acu', 'show', conversation.slice(0, 8)], 6)).code, 'id/ambiguous')
  t.equal((await alice.fails(['share', 'preview'], 2)).code, 'usage/input-needed')
  t.equal((await alice.fails(['share', 'preview', conversation, '--notebook', 'x'], 2)).code, 'usage/invalid')

  await bob.call('notebook.create', { name: 'mine' })
  const of = await bob.call('acu.list', { conversation: created.shareId })
  t.equal(of.acus.length, 2)
  const taken = await bob.fails(['notebook', 'add', 'mine', of.acus[0]?.id ?? ''], 4)
  t.equal(taken.code, 'library/not-own')
  t.match(taken.hint, /ends with its share/)
  await alice.call('share.revoke', { share: created.shareId })
  await bob.logged('inbox.revoked', { share: created.shareId })
  t.equal(await bob.codeOf('acu.show', { acu: of.acus[0]?.id ?? '' }), 'acu/not-found')
})

t.test(
  'a notebook and a bundle leave as messages, through the same filter and with the same digest',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const conversation = await alice.converse('Tea hours', 'How hot?', ANSWER)
    const code = await unitOf(alice, conversation, 'code')
    t.match(await json(alice, ['notebook', 'create', 'tea lore']), {
      name: 'tea lore',
      items: 0,
      changed: true,
    })
    t.match(await json(alice, ['notebook', 'add', 'tea lore', code, '--note', 'by Mei']), { added: 1 })
    t.match(await json(alice, ['notebook', 'add', 'tea lore', '--from', conversation, '--messages', '1']), {
      items: 2,
    })
    await alice.call('conversation.delete', { conversation })

    const preview = await alice.call('share.preview', { notebook: 'tea lore', to: ['bob'] })
    t.same(
      preview.messages.map(({ role, text }) => [role, text]),
      [
        ['assistant', '```js\nboil(80)\n```'],
        ['user', 'by Mei'],
        ['user', 'How hot?'],
      ],
    )
    const share = ['notebook', 'share', 'tea lore', '--to', 'bob', '--yes']
    const created = await json<Result<'share.create'>>(alice, [...share, '--expect-digest', preview.digest])
    t.match(
      await json(alice, ['share', 'create', '--notebook', 'tea lore', '--to', 'bob', '--yes']),
      { shareId: created.shareId, changed: false },
      'one way under two names',
    )
    await alice.acknowledged(created.shareId)
    await bob.received(created.shareId)
    const opened = await bob.call('inbox.open', { share: created.shareId })
    t.equal(opened.conversation.title, 'tea lore')
    t.same(opened.conversation.messages, preview.messages)

    const { memoryId } = await json<Result<'memory.add'>>(alice, [
      'memory',
      'add',
      `Token ${TOKEN}`,
      '--kind',
      'goal',
    ])
    const long = 'Shortly, please. '.repeat(40).trim()
    await json(alice, ['bundle', 'create', 'brief'])
    await json(alice, [
      'bundle',
      'add',
      'brief',
      '--memory',
      memoryId,
      '--notebook',
      'tea lore',
      '--text',
      long,
    ])
    const rendered = await json<Result<'bundle.render'>>(alice, [
      'bundle',
      'render',
      'brief',
      '--budget',
      '100',
    ])
    t.ok(rendered.tokens <= 100)
    t.match(rendered.text, /^# brief\n\n## Memories\n\n- Token ghp_/)
    t.ok(rendered.leftOut.length > 0)
    t.equal(
      (await alice.fails(['bundle', 'share', 'brief', '--to', 'bob', '--yes'], 4)).code,
      'filter/findings',
    )
    await json(alice, ['memory', 'reject', memoryId])
    const bundle = await json<Result<'share.create'>>(alice, [
      'bundle',
      'share',
      'brief',
      '--to',
      'bob',
      '--yes',
    ])
    await alice.acknowledged(bundle.shareId)
    await bob.received(bundle.shareId)
    const got = await bob.call('inbox.open', { share: bundle.shareId })
    t.same(
      got.conversation.messages.map(({ text }) => text),
      [long, '```js\nboil(80)\n```', 'by Mei', 'How hot?'],
      'what was turned down stays here',
    )
    t.equal((await alice.fails(['share', 'preview', '--notebook', 'none'], 3)).code, 'notebook/not-found')
    t.match(await json(alice, ['notebook', 'delete', 'tea lore']), { changed: true })
    t.equal((await alice.fails(['notebook', 'show', 'tea lore'], 3)).code, 'notebook/not-found')
  },
)

t.test('memories and the profile are kept from the command line', async t => {
  const alice = await liveNode(t, 'alice')
  const { memoryId } = await json<Result<'memory.add'>>(alice, ['memory', 'add', 'Likes tea'])
  t.match(await json(alice, ['memory', 'add', 'Likes tea']), { memoryId, kind: 'factual', changed: false })
  t.match(await json(alice, ['memory', 'edit', memoryId.slice(0, 8), '--kind', 'preference']), {
    changed: true,
  })
  t.match(await json(alice, ['memory', 'list', '--query', 'TEA']), {
    memories: [{ memoryId, kind: 'preference' }],
  })
  t.match(await json(alice, ['memory', 'reject', memoryId]), { state: 'rejected', changed: true })
  t.match(await json(alice, ['memory', 'reject', memoryId]), { changed: false })
  t.match(await json(alice, ['memory', 'accept', memoryId]), { state: 'kept' })
  t.match(await json(alice, ['memory', 'show', memoryId]), { text: 'Likes tea', source: null })
  t.match(await json(alice, ['memory', 'remove', memoryId]), { memoryId, changed: true })
  t.equal((await alice.fails(['memory', 'show', memoryId], 3)).code, 'memory/not-found')
  t.match(await json(alice, ['profile', 'set', 'language', 'English']), { key: 'language', changed: true })
  t.match(await json(alice, ['profile', 'show']), { name: 'alice', profile: { language: 'English' } })
  t.match(await json(alice, ['profile', 'unset', 'language']), { changed: true })
  t.same((await json<Result<'profile.show'>>(alice, ['profile', 'show'])).profile, {})
  t.equal((await alice.fails(['profile', 'set', 'a b', 'x'], 2)).code, 'rpc/invalid-params')
})
