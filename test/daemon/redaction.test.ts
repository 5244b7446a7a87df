/** What alice redacts stays with alice: a conversation with secrets in every place is shared, and then they are looked for in every byte
 *  that left. What she shared is checked again on both sides, scanned, and replaced. */
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { chatgptZip, importZip, type Talk } from '../kit/chatgpt.ts'
import { introduce, type LiveNode, liveNode } from '../kit/live-node.ts'
import { Search } from '../kit/search.ts'

t.setTimeout(180_000)

const TOKEN = `ghp_${'aB3dE5fG7hJ9kL1mN3pQ5rS7tU9vW1xY3zA5'.slice(0, 36)}`
const OTHER_TOKEN = `ghp_${'zY9xW8vU7tS6rQ5pN4mL3kJ2hG1fD9sA8qW7'.slice(0, 36)}`
const PASSWORD = 'Tr0ub4dor-quagga-77'
const MAIL = 'ann.quetzal@zebrafinch.example.org'
const BASE64 = Buffer.from(`token=${OTHER_TOKEN}`).toString('base64')
const PNG = Buffer.concat([
  Buffer.from('\x89PNG\r\n\x1a\n\0\0\0\rIHDR', 'latin1'),
  Buffer.from(Array.from({ length: 64 }, (_, at) => (at * 37) % 256)),
])
const ENV_FILE = `# deploy\nGITHUB_TOKEN=${TOKEN}\nDB_PASSWORD=${PASSWORD}\nCONTACT=${MAIL}\nCODENAME=wombat-seven\n`

const talk: Talk = {
  title: `Deploying with ${TOKEN}`,
  user: `my token is ${TOKEN}, write to ${MAIL}; encoded: SECRET_TOKEN=${BASE64}. Ask Wombat-Seven.`,
  input: JSON.stringify({
    env: { DB_PASSWORD: PASSWORD, GH: TOKEN },
    cmd: `echo ${PASSWORD} | login ${MAIL}`,
  }),
  output: `logged in as ${MAIL} with ${PASSWORD}\nAuthorization: Bearer ${TOKEN}`,
  answer: `Done. Never write ${PASSWORD} down.`,
  hidden: `system: key ${OTHER_TOKEN}`,
  aside: `aside: ${OTHER_TOKEN} of aside@zebrafinch.example.org`,
  files: [
    { name: `${TOKEN}.env`, mime: 'text/plain', bytes: Buffer.from(ENV_FILE) },
    { name: 'photo.png', mime: 'image/png', bytes: PNG },
  ],
}
const VALUES = [TOKEN, OTHER_TOKEN, PASSWORD, MAIL, 'wombat-seven', 'Wombat-Seven', BASE64.slice(0, 40)]
const everything = ['tools', 'attachments'] as const

const found = (values: readonly string[], folder: string): string[] => [
  ...new Set(new Search(values).inFolder(folder).map(({ word }) => word)),
]

t.test('what is redacted is in no byte that left, wherever it stood', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  await alice.call('filter.add', { list: 'deny', texts: ['wombat-seven'] })
  const conversation = await importZip(alice, chatgptZip('leaky', talk), talk.title)

  const asked = { conversation, to: ['bob'], include: [...everything], note: `for ${MAIL}: ${PASSWORD}` }
  const blocked = await alice.call('share.preview', asked)
  t.equal(blocked.blocked, true, 'secrets block unless told otherwise')
  t.equal(await alice.codeOf('share.create', asked), 'filter/findings')
  t.same((await alice.call('share.list', {})).shares, [])
  t.equal(alice.blocks(), 0, 'nothing was even sealed')

  const preview = await alice.call('share.preview', { ...asked, onFindings: 'redact' })
  t.match(preview.unscanned, [{ name: 'photo.png', bytes: PNG.length }])
  t.equal(preview.notScanned, 1)
  const placeholders = (rule: string, where?: string) =>
    new Set(
      preview.findings
        .filter(one => one.rule === rule && (where === undefined || one.where === where))
        .map(one => one.replacement),
    )
  t.same(placeholders('github-token', 'title'), new Set(['[secret:github-token#1]']))
  for (const where of ['toolCall.input', 'attachment.name', 'attachment.file'])
    t.same(placeholders('github-token', where), placeholders('github-token', 'title'), `the same in ${where}`)
  t.equal(placeholders('deny-list').size, 1, 'also of a word in upper or lower case')
  const places = new Set(preview.findings.map(one => one.where))
  for (const where of [
    'title',
    'note',
    'text',
    'toolCall.input',
    'toolResult.output',
    'attachment.name',
    'attachment.file',
  ])
    t.ok(places.has(where), `found in ${where}`)

  const { shareId, digest } = await alice.call('share.create', {
    ...asked,
    onFindings: 'redact',
    expectDigest: preview.digest,
  })
  t.equal(digest, preview.digest)
  await alice.acknowledged(shareId)
  await bob.received(shareId)
  const opened = await bob.call('inbox.open', { share: shareId })
  t.same(new Search(VALUES).inBytes(Buffer.from(JSON.stringify(opened))).size, 0)
  t.same(found(VALUES, bob.home), [], 'in no file, table, index or asset of bob')
  t.same(new Set(found(VALUES, alice.home)), new Set(VALUES), 'and the search does find them where they are')
  const text = JSON.stringify(opened.conversation)
  t.match(text, /\[secret:github-token#1\]\.env/, 'also the name of the file')
  t.ok(found(['# deploy'], bob.home).length > 0, 'the attached text itself did arrive, redacted')
  const { out } = await bob.vivim(['conversation', 'search', 'deploying'])
  t.same(new Search(VALUES).inBytes(Buffer.from(out)).size, 0)

  const mine = await alice.call('share.verify', { share: shareId })
  const theirs = await bob.call('share.verify', { share: shareId })
  t.match(mine, { mine: true, verified: true, digest, clean: true, receipt: { sameRules: true } })
  t.match(theirs, {
    mine: false,
    verified: true,
    digest,
    clean: true,
    findings: [],
    unscanned: [{ name: 'photo.png' }],
  })
  t.equal(theirs.owner.did, alice.did)
  t.equal(theirs.receipt?.sameRules, false, 'her lists are hers: he cannot have the same rules')
  t.same(theirs.receipt?.counts, mine.receipt?.counts)
  t.ok((theirs.receipt?.counts['github-token'] ?? 0) >= 6)
  t.ok((theirs.receipt?.counts['deny-list'] ?? 0) >= 2)
  for (const node of [alice, bob]) await node.stop()
  t.same(found(VALUES, bob.home), [], 'the same when both have stopped')
})

t.test(
  'a receipt tells that nothing was found, by rules that both have, and its absence that all was let out',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const conversation = await alice.converse('garden', 'when to sow', `ask ${MAIL}`)
    const quiet = await alice.call('share.create', { conversation, to: ['bob'], messages: '1' })
    const loud = await alice.call('share.create', { conversation, to: ['bob'], onFindings: 'allow' })
    for (const { shareId } of [quiet, loud]) await bob.received(shareId)
    const clean = await bob.call('share.verify', { share: quiet.shareId })
    t.match(clean, { clean: true, receipt: { sameRules: true, counts: {} } })
    t.equal(clean.receipt?.rules, clean.rules)
    t.equal(
      (await bob.inbox()).find(one => one.shareId === quiet.shareId)?.state,
      'new',
      'verifying opens nothing',
    )
    const allowed = await bob.call('share.verify', { share: loud.shareId })
    t.match(allowed, {
      clean: false,
      receipt: null,
      findings: [{ rule: 'email', messageIndex: 2, where: 'text' }],
    })
    t.equal(await bob.codeOf('share.verify', { share: 'zzzz' }), 'share/not-found')
    await alice.call('share.revoke', { share: loud.shareId })
    await bob.logged('inbox.revoked', { share: loud.shareId })
    t.equal(await bob.codeOf('share.verify', { share: loud.shareId }), 'share/revoked')
    t.equal(await alice.codeOf('share.verify', { share: loud.shareId }), 'share/revoked')
  },
)

t.test('a share that is not what was decided does not verify', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const { shareId } = await alice.call('share.create', { conversation, to: ['bob'] })
  t.match(await alice.call('share.verify', { share: shareId }), { verified: true })
  await alice.stop()
  const db = new Database(join(alice.home, 'users', alice.did.replaceAll(':', '_'), 'user.db'))
  db.prepare('UPDATE share_content SET digest = ? WHERE share_id = ?').run('0'.repeat(64), shareId)
  db.close()
  await alice.start()
  const failed = await alice.fails(['share', 'verify', shareId], 4)
  t.match(failed, { code: 'share/not-verified', details: { share: shareId, why: 'crypto/bad-signature' } })
})

t.test('alice scans what she has: every branch, hidden messages, tools and files', async t => {
  const alice = await liveNode(t, 'alice')
  await importZip(alice, chatgptZip('leaky', talk), talk.title)
  await alice.converse('harmless', 'when to sow', 'in March')
  const { conversations, scanned, total, next } = await alice.call('scan.conversations', {})
  t.same([scanned, total, next], [2, 2, null])
  const [leaky] = conversations
  t.equal(conversations.length, 1, 'what is harmless is not named')
  t.match(leaky, { title: talk.title, error: null, notScanned: 1 })
  const places = leaky?.findings.map(one => `${one.messageId} ${one.messageIndex} ${one.where}`) ?? []
  for (const place of [
    'null 0 title',
    'h null text',
    'b null text',
    'u 1 text',
    'u 1 attachment.file',
    'c 2 toolCall.input',
  ])
    t.ok(places.includes(place), place)
  t.same(new Search(VALUES).inBytes(Buffer.from(JSON.stringify(leaky?.findings))).size, 0, 'masked')
  const only = await alice.call('scan.conversations', { severity: 'personal' })
  t.same(new Set(only.conversations[0]?.findings.map(one => one.severity)), new Set(['personal']))
  t.equal(only.conversations[0]?.secrets, 0)
  t.equal(await alice.codeOf('scan.conversations', { conversation: 'zzz' }), 'conversation/not-found')
})

t.test(
  'what a new rule finds in live shares is replaced: same audience, same terms, nothing new, and the old one gone',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    await alice.call('circle.create', { name: 'team' })
    await alice.call('circle.add', { circle: 'team', contacts: ['bob'] })
    const conversation = await importZip(alice, chatgptZip('leaky', talk), talk.title)
    const asked = {
      conversation,
      circles: ['team'],
      include: [...everything],
      onFindings: 'redact' as const,
      note: 'about Wombat-Seven',
      expires: '3d',
      allow: ['view' as const],
    }
    const first = await alice.call('share.create', asked)
    await alice.acknowledged(first.shareId)
    await bob.received(first.shareId)
    await bob.call('inbox.open', { share: first.shareId })
    t.ok(found(['wombat-seven'], bob.home).length > 0)
    t.same((await alice.call('scan.shares', { severity: 'secret' })).shares[0]?.findings ?? [], [])

    await alice.call('filter.add', { list: 'deny', texts: ['Wombat-Seven'], severity: 'secret' })
    const newer = { ...talk, answer: 'Something that was never shared: axolotl.' }
    await importZip(alice, chatgptZip('leaky', newer), talk.title)
    const { shares, scanned, total } = await alice.call('scan.shares', { severity: 'secret' })
    t.same([scanned, total, shares.length], [1, 1, 1])
    t.match(shares[0], {
      shareId: first.shareId,
      personal: 0,
      error: null,
      audience: { circles: [{ name: 'team' }] },
    })
    t.same(new Set(shares[0]?.findings.map(one => one.where)), new Set(['note', 'text', 'attachment.file']))

    const second = await alice.call('share.reissue', { share: first.shareId })
    t.match(second, {
      changed: true,
      replaces: first.shareId,
      expiresAt: first.expiresAt,
      audience: first.audience,
    })
    t.not(second.shareId, first.shareId)
    await bob.logged('inbox.revoked', { share: first.shareId })
    await alice.acknowledged(second.shareId)
    await bob.received(second.shareId)
    const opened = await bob.call('inbox.open', { share: second.shareId })
    t.same(opened.share.permissions, ['view'])
    t.match(opened.share.note, /^about \[secret:deny-list#\d\]$/)
    t.same(
      found([...VALUES, 'axolotl'], bob.home),
      [],
      'also from the index, the assets and the blocks of the first',
    )
    t.ok(found(['# deploy'], bob.home).length > 0)
    t.equal((await alice.call('share.show', { share: first.shareId })).state, 'revoked')
    t.match(await bob.call('share.verify', { share: second.shareId }), { verified: true, clean: true })
    t.same((await alice.call('scan.shares', { severity: 'secret' })).shares[0]?.findings ?? [], [])

    t.equal(await alice.codeOf('share.reissue', { share: first.shareId }), 'share/revoked')
    t.match(await alice.call('share.reissue', { share: second.shareId }), {
      changed: false,
      shareId: second.shareId,
    })
    await alice.call('filter.add', { list: 'deny', texts: ['deploy'] })
    await alice.call('conversation.delete', { conversation })
    const third = await alice.call('share.reissue', { share: second.shareId })
    t.equal(third.changed, true, 'also when the conversation is gone')
    await bob.received(third.shareId)
    await bob.call('inbox.open', { share: third.shareId })
    t.same(found(['# deploy'], bob.home), [])
  },
)

t.test('a replacement that a kill cut off between its two steps is found again, not made twice', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const conversation = await alice.converse('keys', `use ${TOKEN}`, `ask ${MAIL}`)
  const leaky = await alice.call('share.create', { conversation, to: ['bob'], onFindings: 'allow' })
  const halfway = await alice.call('share.create', { conversation, to: ['bob'], onFindings: 'redact' })
  await alice.kill()
  await alice.start()
  const done = await alice.call('share.reissue', { share: leaky.shareId })
  t.match(done, { shareId: halfway.shareId, replaces: leaky.shareId, changed: true })
  const { shares } = await alice.call('share.list', { side: 'mine' })
  t.same(
    new Map(shares.map(({ shareId, state }) => [shareId as string, state === 'revoked'])),
    new Map([
      [leaky.shareId as string, true],
      [halfway.shareId as string, false],
    ]),
  )
})

t.test('a filter that cannot finish lets nothing out', async t => {
  const alice = await liveNode(t, 'alice')
  const bob = await liveNode(t, 'bob')
  await introduce(alice, bob)
  const secrets = Array.from(
    { length: 5_200 },
    (_, at) => `ghp_${String(at).padStart(6, '0')}${TOKEN.slice(10)}`,
  )
  const conversation = await alice.converse('dump', secrets.join('\n'), 'so many')
  for (const onFindings of [undefined, 'redact', 'allow'] as const)
    t.equal(
      await refusal(alice, { conversation, to: ['bob'], onFindings }),
      'filter/failed',
      onFindings ?? 'default',
    )
  t.same((await alice.call('share.list', {})).shares, [])
  t.equal(alice.blocks(), 0)
  t.equal(bob.count('inbox.arrived'), 0)
  const { conversations } = await alice.call('scan.conversations', {})
  t.match(conversations, [{ error: 'filter/failed' }], 'a scan says so and goes on')
})

const refusal = (
  node: LiveNode,
  {
    onFindings,
    ...rest
  }: { conversation: string; to: string[]; onFindings?: 'redact' | 'allow' | undefined },
): Promise<string | null> =>
  node.codeOf('share.create', onFindings === undefined ? rest : { ...rest, onFindings })

t.test(
  'a deny list and an allow list hold for preview and share alike, and only for who made them',
  async t => {
    const alice = await liveNode(t, 'alice')
    const bob = await liveNode(t, 'bob')
    await introduce(alice, bob)
    const conversation = await alice.converse('keys', `use ${TOKEN} or ${OTHER_TOKEN}`, `ask ${MAIL}`)
    const preview = () => alice.call('share.preview', { conversation })
    const rules = async () => (await preview()).findings.map(one => one.rule)
    t.same(await rules(), ['github-token', 'github-token', 'email'])
    t.match(await alice.call('filter.add', { list: 'allow', texts: [TOKEN] }), {
      added: 1,
      entries: 1,
      changed: true,
    })
    t.match(await alice.call('filter.add', { list: 'allow', texts: [TOKEN] }), { added: 0, changed: false })
    t.same(await rules(), ['github-token', 'email'])
    await alice.call('filter.add', { list: 'allow', texts: [OTHER_TOKEN, 'rule:email'] })
    t.same(await rules(), [])
    const { shareId } = await alice.call('share.create', { conversation, to: ['bob'] })
    await bob.received(shareId)
    t.match(await alice.call('share.verify', { share: shareId }), { clean: true })
    t.match(
      await bob.call('share.verify', { share: shareId }),
      { clean: false },
      'bob holds it against the rules alone',
    )
    t.equal(
      await alice.codeOf('filter.add', { list: 'allow', texts: ['rule:github-token'] }),
      'usage/invalid',
    )
    t.equal(await alice.codeOf('filter.add', { list: 'deny', texts: ['ok then', ' x '] }), 'usage/invalid')
    const listed = await alice.call('filter.list', {})
    t.same([listed.deny, listed.allow.map(one => one.masked)], [[], [true, true, false]])
    t.notMatch(JSON.stringify(listed), TOKEN.slice(8))
    t.match(JSON.stringify(await alice.call('filter.list', { reveal: true })), TOKEN)
    t.match(await alice.call('filter.remove', { list: 'allow', texts: [TOKEN, 'nothing'] }), {
      removed: 1,
      entries: 2,
    })
    t.same(await rules(), ['github-token'])
    await alice.call('keystore.lock', {})
    for (const locked of [
      alice.codeOf('share.verify', { share: shareId }),
      alice.codeOf('share.reissue', { share: shareId }),
      alice.codeOf('scan.shares', {}),
    ])
      t.equal(await locked, 'keystore/locked')
    t.equal(
      await alice.codeOf('scan.conversations', {}),
      null,
      'what she has can be looked over all the same',
    )
  },
)
