/** The small tables of a user's database: people, circles, letters, shares, and what was taken back. */
import { join } from 'node:path'
import t from 'tap'
import { Cid, CircleId, ConversationId, type Did, NoticeId, ShareId } from '../../../src/core/model/id.ts'
import type { ContactRow } from '../../../src/daemon/storage/user/contact-table.ts'
import type { LetterRow } from '../../../src/daemon/storage/user/letter-table.ts'
import { openUserDatabases } from '../../../src/daemon/storage/user/manager.ts'
import type { ReceivedRow } from '../../../src/daemon/storage/user/received-table.ts'
import type { UserReader, UserWriter } from '../../../src/daemon/storage/user/tables.ts'
import { didOf, folderOf } from './people.ts'

const [alice, bob, carol] = [didOf(1), didOf(2), didOf(3)] as [Did, Did, Did]
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)
const circle = CircleId.parse('c'.repeat(26))
const share = (n: number) => ShareId.parse(`s${'abcdefgh'.charAt(n)}${'a'.repeat(24)}`)
const content = (n: number) => Cid.parse(`bafy${'abcdefgh'.charAt(n)}${'a'.repeat(54)}`)

const open = (t: { teardown(fn: () => void): void }) => {
  const users = openUserDatabases(join(folderOf(t), 'users'), { maxOpen: 2 })
  t.teardown(() => users.close())
  users.create(alice)
  return {
    read: <T>(fn: (db: UserReader) => T) => users.read(alice, fn),
    write: <T>(fn: (db: UserWriter) => T) => users.write(alice, fn),
  }
}

const contact = (did: Did, more: Partial<ContactRow> = {}): ContactRow => ({
  did,
  alias: null,
  state: 'known',
  card: 'vivim1card',
  dir: bytes(1, 2, 3),
  readSecret: bytes(4, 5),
  peers: [{ peer: '12D3', addrs: ['/ip4/192.0.2.1/tcp/1'] }],
  addedAtMs: 1000,
  lastSeenMs: null,
  cardAtMs: 0,
  movedTo: null,
  movedCard: null,
  byInvite: false,
  ...more,
})

t.test('a person is found by alias, by DID and by a unique beginning of it', async t => {
  const { read, write } = open(t)
  write(db => {
    db.contacts.put(contact(bob, { alias: 'bob' }))
    db.contacts.put(
      contact(carol, { alias: 'Carol', state: 'stranger', dir: null, readSecret: null, card: null }),
    )
  })
  const find = (selector: string) => read(db => db.contacts.find(selector))
  t.same(find('bob'), contact(bob, { alias: 'bob' }))
  t.match(find(bob), { did: bob })
  t.match(find(bob.slice('did:key:'.length)), { did: bob })
  t.equal(find('z6Mk'), 'ambiguous')
  t.equal(find('bo'), null, 'an alias is given whole')
  t.equal(find('carol'), null, 'and as it was written')
  for (const selector of ['', '%', '_', `' OR 1=1 --`, 'did:key:zzz']) t.equal(find(selector), null, selector)
  write(db => db.contacts.put(contact(carol, { alias: 'bob' })))
  t.equal(find('bob'), 'ambiguous')
  t.match(find(carol), { alias: 'bob' })
})

t.test('people are listed by alias, seen, and removed', async t => {
  const { read, write } = open(t)
  write(db => {
    db.contacts.put(contact(didOf(9)))
    db.contacts.put(contact(carol, { alias: 'zoe', state: 'stranger' }))
    db.contacts.put(contact(bob, { alias: 'Adam' }))
  })
  t.same(
    read(db => db.contacts.list()).map(row => row.alias),
    ['Adam', 'zoe', null],
  )
  t.same(
    read(db => db.contacts.list('stranger')).map(row => row.did),
    [carol],
  )
  write(db => {
    t.equal(db.contacts.seen(bob, 50), true)
    t.equal(db.contacts.seen(bob, 40), true)
    t.equal(db.contacts.seen(didOf(77), 40), false)
    t.equal(db.contacts.get(bob)?.lastSeenMs, 50, 'never backwards')
    t.equal(db.contacts.delete(bob), true)
    t.equal(db.contacts.delete(bob), false)
  })
  t.equal(
    read(db => db.contacts.get(bob)),
    null,
  )
})

t.test('a circle keeps its entries in the order in which they came, each once', async t => {
  const { read, write } = open(t)
  const row = { circleId: circle, alias: 'ours', name: 'team', document: null, createdAtMs: 1 }
  write(db => {
    db.circles.put(row)
    t.equal(db.circles.addEntry(circle, 'aa', bytes(1)), true)
    t.equal(db.circles.addEntry(circle, 'bb', bytes(2)), true)
    t.equal(db.circles.addEntry(circle, 'aa', bytes(1)), false)
    db.circles.putWish(circle, { did: bob, role: 'member' })
    db.circles.putWish(circle, { did: bob, role: 'admin' })
    db.circles.put({ ...row, name: 'the team', document: bytes(7) })
  })
  t.match(
    read(db => db.circles.get(circle)),
    { name: 'the team', document: bytes(7) },
  )
  const entries = read(db => db.circles.entries(circle))
  t.match(entries, [{ hash: 'aa' }, { hash: 'bb' }])
  t.same(
    read(db => db.circles.entries(circle, entries[0]?.seq)).map(entry => entry.hash),
    ['bb'],
  )
  t.equal(
    read(db => db.circles.hasEntry(circle, 'cc')),
    false,
  )
  t.same(
    read(db => db.circles.wishes(circle)),
    [{ did: bob, role: 'admin' }],
  )
  const find = (selector: string) => read(db => db.circles.find(selector))
  t.match(find('ours'), { circleId: circle })
  t.match(find('ccc'), { circleId: circle })
  t.equal(find('the team'), null, 'a name that somebody else chose selects nothing')
  t.equal(find(''), null)
  write(db => {
    db.circles.put({ ...row, circleId: CircleId.parse(`cd${'c'.repeat(24)}`), name: 'team' })
    t.equal(db.circles.find('ours'), 'ambiguous')
    t.equal(db.circles.find('c'), 'ambiguous')
    t.equal(db.circles.setDocument(circle, bytes(8)), true)
    t.equal(db.circles.deleteWish(circle, bob), true)
    db.circles.putWish(circle, { did: bob, role: 'member' })
    t.equal(db.circles.delete(circle), true)
    t.equal(db.circles.delete(circle), false)
  })
  t.same(
    read(db => [...db.circles.entries(circle), ...db.circles.wishes(circle)]),
    [],
  )
  t.equal(read(db => db.circles.list()).length, 1)
})

t.test(
  'a letter is taken once, held or released, and after it was applied only its receipt is left',
  async t => {
    const { read, write } = open(t)
    const letter = (hash: string, more: Partial<LetterRow> = {}): LetterRow => ({
      hash,
      sender: bob,
      wire: bytes(1, 2, 3),
      contentId: content(0),
      slip: bytes(4),
      manifest: bytes(5, 6),
      receipt: null,
      state: 'held',
      arrivedAtMs: 10,
      ...more,
    })
    write(db => {
      t.equal(db.letters.add(letter('l1')), true)
      t.equal(db.letters.add(letter('l1', { state: 'waiting' })), false)
      t.equal(db.letters.add(letter('l2', { arrivedAtMs: 5, contentId: content(1) })), true)
      t.equal(db.letters.add(letter('l3', { sender: carol, contentId: null })), true)
    })
    t.same(
      read(db => db.letters.get('l1')),
      letter('l1'),
    )
    t.same(
      read(db => db.letters.list('held', bob)).map(row => row.hash),
      ['l2', 'l1'],
    )
    t.equal(read(db => db.letters.list('held')).length, 3)
    t.same(
      read(db => db.letters.held(bob)),
      { letters: 2, bytes: 10 },
    )
    t.same(
      read(db => db.letters.held(didOf(50))),
      { letters: 0, bytes: 0 },
    )
    t.same(read(db => db.letters.contents()).sort(), [content(0), content(1)])
    write(db => {
      t.equal(db.letters.setReceipt('l1', bytes(9)), true)
      t.equal(db.letters.release(bob), 2)
      t.equal(db.letters.finish('l1'), true)
    })
    t.match(
      read(db => db.letters.get('l1')),
      { state: 'done', slip: null, manifest: null, receipt: bytes(9) },
    )
    t.equal(read(db => db.letters.get('l1'))?.wire.length, 0)
    write(db => {
      t.equal(db.letters.ofContent(content(0)).length, 0, 'it was applied')
      t.same(
        db.letters.withContent().map(row => row.hash),
        ['l2'],
      )
      t.equal(db.letters.reduce('l2', bytes(7)), true)
      t.match(db.letters.get('l2'), { wire: bytes(7), contentId: null, slip: null, manifest: null })
      t.equal(db.letters.countOf(bob), 2)
      t.equal(db.letters.sweep(11), 1)
      t.equal(db.letters.delete('l3'), true)
    })
    t.equal(
      read(db => db.letters.get('l1')),
      null,
    )
  },
)

t.test('a received share lives until it ends, and its notice never counts twice', async t => {
  const { read, write } = open(t)
  const received = (n: number, more: Partial<ReceivedRow> = {}): ReceivedRow => ({
    shareId: share(n),
    owner: bob,
    version: 1,
    contentId: content(n),
    notice: bytes(1, n),
    noticeId: NoticeId.parse('n'.repeat(26)),
    circleId: circle,
    title: 'A title',
    note: null,
    permissions: ['view', 'quote'],
    fromMs: null,
    expiresMs: 1000 * (n + 1),
    receivedAtMs: n,
    state: 'held',
    slip: bytes(2),
    manifest: bytes(3),
    via: null,
    viaChain: null,
    delegation: null,
    ...more,
  })
  write(db => {
    for (const n of [0, 1, 2]) db.received.put(received(n))
    t.equal(db.received.see(NoticeId.parse('n'.repeat(26)), 500), true)
    t.equal(db.received.see(NoticeId.parse('n'.repeat(26)), 900), false)
    t.equal(db.received.see(NoticeId.parse('m'.repeat(26)), null), true)
  })
  t.same(
    read(db => db.received.get(bob, share(1))),
    received(1),
  )
  t.equal(
    read(db => db.received.get(carol, share(1))),
    null,
  )
  t.match(
    read(db => db.received.find(share(1).slice(0, 2))),
    { shareId: share(1) },
  )
  t.equal(
    read(db => db.received.find('s')),
    'ambiguous',
  )
  t.equal(
    read(db => db.received.find('')),
    null,
  )
  t.same(
    read(db => db.received.list()).map(row => row.shareId),
    [share(2), share(1), share(0)],
  )
  t.same(
    read(db => db.received.due(1000)).map(row => row.shareId),
    [share(0)],
  )
  t.equal(
    read(db => db.received.nextEndMs()),
    1000,
  )
  t.equal(read(db => db.received.byContent(content(2))).length, 1)
  write(db => {
    t.equal(db.received.release(bob), 3)
    t.equal(db.received.setState(bob, share(0), 'opened'), true)
    db.received.put(received(1, { version: 2, state: 'new' }))
    t.equal(db.received.sweepSeen(600), 1)
    t.equal(db.received.noticeSeen(NoticeId.parse('n'.repeat(26))), false)
    t.equal(db.received.noticeSeen(NoticeId.parse('m'.repeat(26))), true)
  })
  t.match(
    read(db => db.received.get(bob, share(1))),
    { version: 2, state: 'new' },
  )
  t.equal(read(db => db.received.list()).length, 3)
})

t.test('what makes two shares the same is bytes, audience and terms', async t => {
  const { read, write } = open(t)
  const row = (n: number, termsText = '30d') => ({
    shareId: share(n),
    conversationId: ConversationId.parse('d'.repeat(26)),
    title: `Title ${n}`,
    note: null,
    digest: 'digest',
    audienceKey: bob,
    termsText,
    plaintext: bytes(1, 2),
    receipt: null,
    contentKeySealed: bytes(3),
    ownGrant: bytes(4),
    createdAtMs: n,
  })
  write(db => {
    for (const n of [0, 1]) db.shareContents.put(row(n))
    db.shareContents.put(row(2, '7d'))
    t.throws(() => db.shareContents.put(row(2)))
  })
  t.match(
    read(db => db.shareContents.get(share(0))),
    { title: 'Title 0', plaintext: bytes(1, 2), contentKeySealed: bytes(3) },
  )
  t.same(
    read(db => db.shareContents.same('digest', bob, '30d')),
    [share(1), share(0)],
  )
  t.same(
    read(db => db.shareContents.same('digest', carol, '30d')),
    [],
  )
  write(db => t.equal(db.shareContents.empty(share(0)), true))
  t.match(
    read(db => db.shareContents.get(share(0))),
    { title: 'Title 0', plaintext: null, contentKeySealed: null, ownGrant: null },
  )
  t.equal(
    read(db => db.shareContents.titles().get(share(1))),
    'Title 1',
  )
})

t.test(
  'a tombstone stands for its signer alone, and of those that come early only the newest of a source are kept',
  async t => {
    const { read, write } = open(t)
    const [signer, other] = [bytes(1), bytes(2)]
    write(db => {
      t.equal(db.tombstones.put(content(0), signer, bytes(1), 1), true)
      t.equal(db.tombstones.put(content(0), signer, bytes(2), 2), false)
      for (const n of [1, 2, 3])
        t.equal(db.tombstones.putEarly(content(n), signer, bytes(n), n, bob, 2), true)
      t.equal(db.tombstones.putEarly(content(3), signer, bytes(9), 9, bob, 2), false)
      t.equal(db.tombstones.putEarly(content(1), other, bytes(1), 1, carol, 2), true)
    })
    const of = (n: number, by: Uint8Array) => read(db => db.tombstones.get(content(n), by))
    t.same(of(0, signer), bytes(1))
    t.equal(of(0, other), null)
    t.equal(of(1, signer), null, 'the oldest of bob gave way')
    t.same(of(2, signer), bytes(2))
    t.same(of(1, other), bytes(1))
    t.equal(
      read(db => db.tombstones.early()),
      3,
    )
    write(db => t.equal(db.tombstones.put(content(2), signer, bytes(2), 5), true, 'its content came'))
    t.equal(
      read(db => db.tombstones.early()),
      2,
    )
  },
)

t.test('a profile holds texts and bytes, and says nothing of what is neither', async t => {
  const { read, write } = open(t)
  write(db => {
    db.profile.put('name', 'alice')
    db.profile.put('key', bytes(1, 2))
    db.profile.put('name', 'Alice')
  })
  t.equal(
    read(db => db.profile.text('name')),
    'Alice',
  )
  t.equal(
    read(db => db.profile.bytes('name')),
    null,
  )
  t.same(
    read(db => db.profile.bytes('key')),
    bytes(1, 2),
  )
  t.equal(
    read(db => db.profile.text('key')),
    null,
  )
})

t.test(
  'a clock that is set back over midnight starts no fresh count of the day, and lets no call in again',
  async t => {
    const { read, write } = open(t)
    const link = content(1)
    const dayMs = 86_400_000
    const used = (day: number) => read(db => db.capabilities.usesOf(link, day)?.dayUses)
    const use = (day: number) => write(db => db.capabilities.count(link, day, day * dayMs, null))
    use(100)
    use(100)
    t.equal(used(100), 2)
    t.equal(used(101), 0, 'a new day')
    use(101)
    t.equal(used(100), 1, 'the clock was set back')
    use(100)
    use(100)
    t.same([used(100), used(101)], [3, 3], 'and goes on: all of it was one day')
    t.equal(
      read(db => db.capabilities.usesOf(link, 101)?.allUses),
      5,
    )
    use(90)
    t.equal(used(90), 1, 'a clock that was days ahead shuts nothing for days')

    const minute = 60_000
    const take = (use: string, nowMs: number) =>
      write(db => db.capabilities.takeNonce(use, 1_000 * minute, nowMs))
    t.equal(take('a call', 999 * minute), true)
    t.equal(take('another', 1_030 * minute), true, 'the clock runs ahead, and what is over is forgotten')
    t.equal(take('a call', 999 * minute), false, 'and is set back')
  },
)
