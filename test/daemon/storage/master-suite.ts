/** What every engine of the master database must do. */
import { AsyncResource } from 'node:async_hooks'
import type { Test } from 'tap'
import type { Clock } from '../../../src/core/kernel/env.ts'
import { Cid, CircleId, type Did, ShareId } from '../../../src/core/model/id.ts'
import type { EnvelopeRow, NewJob, RecipientRow, ShareRow } from '../../../src/core/pipeline/ports.ts'
import { type Master, type MasterConfig, openMaster } from '../../../src/daemon/storage/master/master.ts'
import { didOf } from './people.ts'

const LETTERS = 'abcdefghijklmnopqrstuvwxyz234567'
const letter = (n: number): string => LETTERS.charAt(n % 32)
const shareId = (n: number): ShareId => ShareId.parse(letter(n) + letter(n >> 5) + 'a'.repeat(24))
const circleId = (n: number): CircleId => CircleId.parse(letter(n) + 'c'.repeat(25))
const contentId = (n: number): Cid => Cid.parse(`bafy${letter(n)}${letter(n >> 5)}${'a'.repeat(53)}`)
const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values)

const [alice, bob, carol] = [didOf(1), didOf(2), didOf(3)] as [Did, Did, Did]

const shareOf = (n: number, more: Partial<ShareRow> = {}): ShareRow => ({
  shareId: shareId(n),
  owner: alice,
  version: 1,
  contentId: contentId(n),
  state: 'queued',
  terms: { allow: ['view', 'quote'], fromMs: null, expiresMs: 5_000_000_000_000, discoverable: ['none'] },
  audience: { contacts: [bob], circles: [circleId(1)] },
  intent: bytes(1, 2, n),
  slip: bytes(3, n),
  tombstone: bytes(4, n),
  key: null,
  createdAtMs: 1_770_000_000_000 + n,
  endedAtMs: null,
  ...more,
})
const recipientOf = (n: number, did: Did, more: Partial<RecipientRow> = {}): RecipientRow => ({
  shareId: shareId(n),
  did,
  circle: null,
  state: 'queued',
  envelopes: [`e${n}`],
  receipt: null,
  acknowledgedAtMs: null,
  ...more,
})
const envelopeOf = (n: number): EnvelopeRow => ({ hash: `e${n}`, shareId: shareId(n), wire: bytes(9, 9, n) })
const job = (more: Partial<NewJob> = {}): NewJob => ({
  kind: 'deliver',
  owner: alice,
  share: shareId(1),
  circle: null,
  target: bob,
  notBeforeMs: 1000,
  ...more,
})

/** @param database - gives the configuration of a new, empty database. */
export function masterSuite(t: Test, database: () => Promise<MasterConfig>): void {
  const clock: Clock = { nowMs: () => 1000 }
  const open = async (t: Test, config?: MasterConfig): Promise<Master> => {
    const master = await openMaster(config ?? (await database()), clock)
    t.teardown(() => master.close())
    return master
  }
  const accepted = async (t: Test): Promise<Master> => {
    const master = await open(t)
    await master.shares.accept(
      shareOf(1),
      [recipientOf(1, bob), recipientOf(1, carol, { circle: circleId(1) })],
      [envelopeOf(1)],
      [job(), job({ target: carol }), job({ kind: 'expire', target: null, notBeforeMs: 9_000_000 })],
    )
    return master
  }

  t.test(
    'a share of another own device is taken over without its envelopes and jobs, once, and ends like any other',
    async t => {
      const { shares, jobs } = await accepted(t)
      const taken = shareOf(2, { key: 'k', state: 'published' })
      t.equal(await shares.adopt(taken, [recipientOf(2, bob, { envelopes: [], receipt: bytes(7) })]), true)
      t.equal(await shares.adopt(taken, []), false)
      t.same(await shares.find(shareId(2)), taken)
      t.same(await jobs.list({ share: shareId(2) }), [])
      const rival = shareOf(3, { key: 'k' })
      t.equal(await shares.adopt(rival, []), true)
      t.equal((await shares.find(shareId(3)))?.key, null, 'a key stands for the share that was first here')
      t.equal((await shares.findByKey(alice, 'k'))?.shareId, shareId(2))
      t.equal(await shares.end(shareId(2), 'revoked', 2_000), true)
      t.match(await jobs.list({ share: shareId(2) }), [{ kind: 'bury', target: bob }])
    },
  )

  t.test('a share is accepted whole and read back as it was', async t => {
    const { shares, jobs } = await accepted(t)
    t.same(await shares.find(shareId(1)), shareOf(1))
    t.same(await shares.recipients(shareId(1)), [
      recipientOf(1, bob),
      recipientOf(1, carol, { circle: circleId(1) }),
    ])
    t.same(await shares.envelope('e1'), bytes(9, 9, 1))
    t.equal((await jobs.list({ share: shareId(1) })).length, 3)
    t.equal(await shares.find(shareId(2)), null)
    t.equal(await shares.envelope('e2'), null)
    t.same(await shares.findByContent(contentId(1)), shareOf(1))
    t.equal(await shares.findByContent(contentId(2)), null)
    t.same(await shares.liveContents(), [contentId(1)])
  })

  t.test('what is not accepted whole leaves nothing', async t => {
    const master = await accepted(t)
    const { shares, jobs } = master
    await t.rejects(
      shares.accept(
        shareOf(2),
        [recipientOf(2, bob), recipientOf(2, bob)],
        [envelopeOf(2)],
        [job({ share: shareId(2) })],
      ),
    )
    t.equal(await shares.find(shareId(2)), null)
    t.equal(await shares.envelope('e2'), null)
    t.equal((await jobs.list({ share: shareId(2) })).length, 0)
    await t.rejects(shares.accept(shareOf(1), [], [], []), 'the same share twice')
    await t.rejects(
      master.write(async db => {
        await db.insertInto('config').values({ key: 'a', value: 'b' }).execute()
        throw new RangeError('on purpose')
      }),
      RangeError,
    )
    t.equal(await master.config.get('a'), null)
    await master.config.put('a', 'c')
    t.equal(await master.config.get('a'), 'c')
  })

  t.test('shares are listed from new to old, by state and by the beginning of an id', async t => {
    const { shares } = await open(t)
    for (const n of [3, 1, 2, 40]) await shares.accept(shareOf(n), [], [], [])
    await shares.accept(shareOf(7, { owner: bob }), [], [], [])
    await shares.move(shareId(2), ['queued'], 'published')
    const ids = async (filter: Parameters<typeof shares.list>[1]) =>
      (await shares.list(alice, filter)).map(share => share.shareId)
    t.same(await ids({}), [shareId(40), shareId(3), shareId(2), shareId(1)])
    t.same(await ids({ state: 'published' }), [shareId(2)])
    t.same(await ids({ prefix: shareId(3).slice(0, 2) }), [shareId(3)])
    t.same(await ids({ prefix: '%' }), [])
    t.same(await ids({ prefix: '' }), await ids({}))
    t.same(await shares.list(carol, {}), [])
  })

  t.test('a key stands for one share of its owner', async t => {
    const { shares } = await open(t)
    await shares.accept(shareOf(1, { key: 'k' }), [], [], [])
    t.same((await shares.findByKey(alice, 'k'))?.shareId, shareId(1))
    t.equal(await shares.findByKey(bob, 'k'), null)
    await t.rejects(shares.accept(shareOf(2, { key: 'k' }), [], [], []), { code: 'share/key-reused' })
    await shares.accept(shareOf(3, { key: 'k', owner: bob }), [], [], [])
    await shares.accept(shareOf(4), [], [], [])
    await shares.accept(shareOf(5), [], [], [])
  })

  t.test('of many that accept with one key at once, one does', async t => {
    const { shares } = await open(t)
    const done = await Promise.allSettled(
      Array.from({ length: 6 }, (_, n) => shares.accept(shareOf(n, { key: 'once' }), [], [], [])),
    )
    t.equal(done.filter(each => each.status === 'fulfilled').length, 1)
    for (const each of done)
      if (each.status === 'rejected') t.match(each.reason, { code: 'share/key-reused' })
  })

  t.test('a share moves only from the states it is said to be in', async t => {
    const { shares } = await accepted(t)
    t.equal(await shares.move(shareId(1), ['scheduled'], 'queued'), false)
    t.equal(await shares.move(shareId(1), [], 'queued'), false)
    t.equal(await shares.move(shareId(1), ['scheduled', 'queued'], 'publishing'), true)
    t.equal((await shares.find(shareId(1)))?.state, 'publishing')
    t.equal(await shares.move(shareId(9), ['queued'], 'publishing'), false)
    const moves = await Promise.all(
      Array.from({ length: 5 }, () => shares.move(shareId(1), ['publishing'], 'published')),
    )
    t.equal(moves.filter(Boolean).length, 1)
  })

  t.test('an acknowledgement counts once and publishes the share', async t => {
    const { shares, events } = await accepted(t)
    await shares.setRecipient(shareId(1), bob, 'delivering')
    const answers = await Promise.all(
      [1, 2, 3].map(n => shares.acknowledge(shareId(1), bob, bytes(n), 2000 + n)),
    )
    t.equal(answers.filter(Boolean).length, 1)
    const [first] = await shares.recipients(shareId(1))
    t.match(first, { did: bob, state: 'acknowledged' })
    t.equal(first?.acknowledgedAtMs, 2000 + (first?.receipt?.[0] ?? 0))
    t.equal((await shares.find(shareId(1)))?.state, 'published')
    await shares.setRecipient(shareId(1), bob, 'refused')
    t.equal(
      (await shares.recipients(shareId(1)))[0]?.state,
      'acknowledged',
      'a late delivery changes nothing',
    )
    t.equal(await shares.acknowledge(shareId(1), didOf(99), bytes(1), 1), false)
    t.same(
      (await events.list(alice, 0, 10)).map(event => [event.event, event.target]),
      [
        ['queued', null],
        ['acknowledged', bob],
      ],
    )
  })

  t.test('what became possible later becomes a delivery', async t => {
    const { shares, jobs } = await open(t)
    const waiting = recipientOf(1, bob, { state: 'pending', envelopes: [] })
    await shares.accept(shareOf(1), [waiting], [], [job({ kind: 'grant' })])
    await shares.granted(shareId(1), bob, [envelopeOf(1)], job())
    t.same(await shares.recipients(shareId(1)), [recipientOf(1, bob)])
    t.same(await shares.envelope('e1'), bytes(9, 9, 1))
    t.same(
      (await jobs.list({})).map(each => each.kind),
      ['deliver'],
    )
    await shares.end(shareId(1), 'revoked', 1)
    await shares.granted(shareId(1), bob, [envelopeOf(2)], job())
    t.equal(await shares.envelope('e2'), null, 'an ended share grants nothing')
  })

  t.test(
    'who comes to a circle later gets a part in a live share, once, and again after a refusal',
    async t => {
      const { shares, jobs } = await accepted(t)
      const join = (did: Did) => shares.join(shareId(1), [{ did, circle: circleId(1) }], 5000)
      const grants = async () =>
        (await jobs.list({ share: shareId(1) }))
          .filter(each => each.kind === 'grant')
          .map(each => each.target)
      await join(didOf(97))
      await join(didOf(97))
      await join(bob)
      t.match(
        (await shares.recipients(shareId(1))).find(({ did }) => did === didOf(97)),
        { circle: circleId(1), state: 'pending', envelopes: [], receipt: null },
      )
      t.same(await grants(), [didOf(97)], 'bob has his part already')
      await shares.setRecipient(shareId(1), bob, 'refused')
      await join(bob)
      t.match((await shares.recipients(shareId(1)))[0], { did: bob, circle: circleId(1), state: 'pending' })
      t.same((await grants()).sort(), [bob, didOf(97)].sort())
      t.same(
        (await shares.list(alice, { live: true })).map(share => share.shareId),
        [shareId(1)],
      )
      await shares.end(shareId(1), 'revoked', 6000)
      await join(didOf(98))
      t.equal((await shares.recipients(shareId(1))).length, 3, 'an ended share takes nobody')
      t.same(await shares.list(alice, { live: true }), [])
    },
  )

  t.test('who hands a share back is among its recipients, and is told where it had ended', async t => {
    const { shares, jobs } = await open(t)
    await shares.adopt(shareOf(1, { state: 'published', audience: { contacts: [bob], circles: [] } }), [])
    await shares.held(shareId(1), { did: bob, circle: null }, 2000)
    for (const atMs of [3000, 4000]) await shares.held(shareId(1), { did: carol, circle: circleId(1) }, atMs)
    t.match(await shares.recipients(shareId(1)), [
      { did: bob, circle: null, state: 'acknowledged', receipt: null, acknowledgedAtMs: 2000 },
      { did: carol, circle: circleId(1), state: 'acknowledged', acknowledgedAtMs: 3000 },
    ])
    t.same((await shares.find(shareId(1)))?.audience, { contacts: [bob], circles: [circleId(1)] })
    t.same(await jobs.list({ share: shareId(1) }), [])
    await shares.end(shareId(1), 'revoked', 5000)
    await shares.held(shareId(1), { did: didOf(97), circle: circleId(1) }, 6000)
    t.match((await shares.recipients(shareId(1)))[2], { did: didOf(97), state: 'ended' })
    t.same(
      (await jobs.list({ share: shareId(1) })).map(each => [each.kind, each.target]).sort(),
      [...[bob, carol, didOf(97)].map(did => ['bury', did])].sort(),
    )
    await shares.held(shareId(9), { did: bob, circle: null }, 2000)
    t.same(await shares.recipients(shareId(9)), [], 'of a share that is not there nobody is a recipient')
  })

  t.test(
    'who lost their devices is granted anew what they had or was on its way, and nobody else',
    async t => {
      const { shares, jobs } = await accepted(t)
      await shares.accept(shareOf(2), [recipientOf(2, bob)], [envelopeOf(2)], [job({ share: shareId(2) })])
      await shares.accept(shareOf(3), [recipientOf(3, bob)], [envelopeOf(3)], [job({ share: shareId(3) })])
      await shares.accept(shareOf(4, { owner: carol }), [recipientOf(4, bob)], [envelopeOf(4)], [])
      await shares.acknowledge(shareId(1), bob, bytes(7), 2000)
      await shares.setRecipient(shareId(2), bob, 'refused')
      await shares.end(shareId(3), 'revoked', 3000)
      t.equal(await shares.regrant(alice, bob, 5000), 1)
      t.match(await shares.recipients(shareId(1)), [
        { did: bob, state: 'pending', envelopes: [], receipt: null, acknowledgedAtMs: null },
        { did: carol, state: 'queued', envelopes: ['e1'] },
      ])
      t.same(await shares.envelope('e1'), bytes(9, 9, 1), 'carol is still sent it')
      t.same(
        (await jobs.list({ share: shareId(1) })).map(each => [each.kind, each.target]).sort(),
        [
          ['deliver', carol],
          ['expire', null],
          ['grant', bob],
        ].sort(),
      )
      t.match(await shares.recipients(shareId(2)), [{ state: 'refused' }])
      t.match(await shares.recipients(shareId(3)), [{ state: 'ended' }])
      t.match(await shares.recipients(shareId(4)), [{ state: 'queued', envelopes: ['e4'] }])
      t.equal(await shares.regrant(alice, carol, 6000), 1)
      t.equal(await shares.envelope('e1'), null, 'nobody is sent it any more')
    },
  )

  t.test('an ended share keeps no envelope and buries what it sent, once', async t => {
    const { shares, jobs, events } = await accepted(t)
    await shares.acknowledge(shareId(1), bob, bytes(7), 2000)
    const ends = await Promise.all([
      shares.end(shareId(1), 'revoked', 3000),
      shares.end(shareId(1), 'revoked', 3000),
      shares.end(shareId(1), 'revoked', 3000),
    ])
    t.equal(ends.filter(Boolean).length, 1)
    t.match(await shares.find(shareId(1)), { state: 'revoked', endedAtMs: 3000 })
    t.equal(await shares.envelope('e1'), null)
    t.match(await shares.recipients(shareId(1)), [
      { did: bob, state: 'ended', envelopes: [], acknowledgedAtMs: 2000 },
      { did: carol, state: 'ended', envelopes: [], acknowledgedAtMs: null },
    ])
    t.same(
      (await jobs.list({ share: shareId(1) })).map(each => [each.kind, each.target, each.notBeforeMs]),
      [
        ['bury', bob, 3000],
        ['bury', carol, 3000],
      ],
    )
    t.same(await shares.liveContents(), [])
    t.equal(await shares.end(shareId(1), 'expired', 4000), false)
    t.equal(await shares.acknowledge(shareId(1), carol, bytes(8), 5000), true, 'a late receipt is kept')
    t.match((await shares.recipients(shareId(1)))[1], { state: 'ended', acknowledgedAtMs: 5000 })
    t.equal((await shares.find(shareId(1)))?.state, 'revoked')
    t.same(
      (await events.list(alice, 0, 10)).map(event => event.event),
      ['queued', 'acknowledged', 'revoked', 'acknowledged'],
    )
  })

  t.test('shares that are due are those whose end has come and that live', async t => {
    const { shares } = await open(t)
    const until = (expiresMs: number | null) => ({ terms: { ...shareOf(1).terms, expiresMs } })
    await shares.accept(shareOf(1, until(1000)), [], [], [])
    await shares.accept(shareOf(2, until(2000)), [], [], [])
    await shares.accept(shareOf(3, until(null)), [], [], [])
    await shares.accept(shareOf(4, { ...until(500), state: 'scheduled', owner: bob }), [], [], [])
    const due = async (nowMs: number) => (await shares.due(nowMs)).map(share => share.shareId)
    t.same(await due(499), [])
    t.same(await due(1000), [shareId(4), shareId(1)])
    await shares.end(shareId(1), 'expired', 1000)
    t.same(await due(5000), [shareId(4), shareId(2)])
  })

  t.test('a share goes to a thousand people in one transaction', async t => {
    const { shares, jobs } = await open(t)
    const people = Array.from({ length: 1000 }, (_, i) => didOf(i + 10))
    await shares.accept(
      shareOf(1),
      people.map(did => recipientOf(1, did)),
      [envelopeOf(1)],
      people.map(target => job({ target })),
    )
    t.equal((await shares.recipients(shareId(1))).length, 1000)
    t.equal((await jobs.claim(5000, 1000, 5000)).length, 1000)
  })

  t.test('two that claim never get the same job', async t => {
    const { jobs } = await open(t)
    for (let n = 0; n < 40; n++) await jobs.add(job({ share: shareId(n), notBeforeMs: 1000 + n }))
    const claims = await Promise.all(Array.from({ length: 6 }, () => jobs.claim(1030, 500, 9)))
    const ids = claims.flat().map(each => each.id)
    t.equal(new Set(ids).size, ids.length)
    while ((await jobs.claim(1030, 500, 9)).length > 0);
    t.equal((await jobs.list({})).length, 40)
    t.equal((await jobs.claim(1030, 500, 100)).length, 0, 'all that are due are taken')
    t.equal((await jobs.claim(1040, 500, 100)).length, 9, 'the others came due')
  })

  t.test('jobs come in the order in which they are due', async t => {
    const { jobs } = await open(t)
    for (const n of [5, 3, 9, 1]) await jobs.add(job({ share: shareId(n), notBeforeMs: n }))
    t.same(
      (await jobs.claim(100, 10, 3)).map(each => each.nextTryAtMs),
      [1, 3, 5],
    )
    t.equal(await jobs.nextDueMs(), 9)
  })

  t.test('a job is freed by failure, by success and by time; a lost lease changes nothing', async t => {
    const { jobs } = await open(t)
    await jobs.add(job())
    t.equal(await jobs.nextDueMs(), 1000)
    t.same(await jobs.claim(999, 500, 10), [])
    const [first] = await jobs.claim(1000, 500, 10)
    t.match(first, { ...job(), attempts: 1, lastError: null, nextTryAtMs: 1000 })
    if (!first) return
    t.equal(await jobs.nextDueMs(), 1500, 'when the lease ends')
    await jobs.retry(first.id, first.lease, 'peer/unreachable', 4000)
    t.same(await jobs.claim(3999, 500, 10), [])
    t.match(await jobs.list({ owner: alice }), [
      { attempts: 1, lastError: 'peer/unreachable', nextTryAtMs: 4000 },
    ])
    const [second] = await jobs.claim(4000, 500, 10)
    t.equal(second?.attempts, 2)
    t.same(await jobs.claim(4499, 500, 10), [])
    const [third] = await jobs.claim(4500, 500, 10)
    t.equal(third?.id, first.id, 'its lease ran out')
    await jobs.done(first.id, second?.lease ?? '')
    await jobs.retry(first.id, first.lease, 'peer/refused', 1)
    await jobs.done(first.id, 'nonsense')
    t.match(await jobs.list({}), [{ attempts: 3, lastError: 'peer/unreachable' }])
    await jobs.done(first.id, third?.lease ?? '')
    t.same(await jobs.list({}), [])
    t.equal(await jobs.nextDueMs(), null)
  })

  t.test('a job that waits is not added twice; one in work is', async t => {
    const { jobs } = await open(t)
    await jobs.add(job({ notBeforeMs: 5000 }))
    await jobs.add(job({ notBeforeMs: 4000 }))
    await jobs.add(job({ notBeforeMs: 6000 }))
    t.match(await jobs.list({}), [{ notBeforeMs: 4000, nextTryAtMs: 4000 }])
    t.equal((await jobs.list({})).length, 1)
    await jobs.claim(4000, 500, 1)
    await jobs.add(job({ notBeforeMs: 4000 }))
    t.equal((await jobs.list({})).length, 2)
    await jobs.add(job({ target: null, share: null, kind: 'circle', circle: circleId(1) }))
    await jobs.add(job({ target: null, share: null, kind: 'circle', circle: circleId(1) }))
    t.equal((await jobs.list({})).length, 3)
  })

  t.test(
    'apart from who is being talked to, each target gives one job, and the rest when its turn comes',
    async t => {
      const { jobs } = await open(t)
      for (const target of [bob, carol])
        for (let n = 0; n < 3; n++) await jobs.add(job({ target, share: shareId(n) }))
      for (let n = 0; n < 2; n++) await jobs.add(job({ kind: 'expire', target: null, share: shareId(n) }))
      const targetsOf = (rows: readonly NewJob[]) => rows.map(each => each.target)
      t.same(targetsOf(await jobs.claim(1000, 500, 10, [])), [bob, carol, null, null])
      t.same(await jobs.claim(1000, 500, 10, [bob, carol]), [])
      t.equal(await jobs.nextDueMs([bob, carol]), 1500, 'when the leases of the others end')
      t.equal(await jobs.nextDueMs([bob]), 1000)
      t.same(targetsOf(await jobs.claim(1000, 500, 10, [bob])), [carol])
      t.same(targetsOf(await jobs.claim(1000, 500, 1, [])), [bob])
      t.equal((await jobs.claim(1000, 500, 10)).length, 2, 'without a word about it all that are due')
    },
  )

  t.test('who does not answer is left alone by all that waits for them, and by nothing else', async t => {
    const { jobs } = await open(t)
    const added = async (n: number, target: Did, code: string | null) => {
      await jobs.add(job({ target, share: shareId(n) }))
      if (code === null) return
      const [claimed] = await jobs.claim(1000, 500, 1)
      await jobs.retry(claimed?.id ?? 0, claimed?.lease ?? '', code, 2000)
    }
    await added(0, bob, 'peer/unreachable')
    await added(1, bob, 'keystore/locked')
    await added(2, carol, 'peer/unreachable')
    await added(3, bob, null)
    await jobs.postpone({ owner: alice, target: bob, code: 'peer/unreachable' }, 3000)
    const rows = await jobs.list({})
    t.same(
      rows.map(({ nextTryAtMs, lastError }) => [nextTryAtMs, lastError]),
      [
        [3000, 'peer/unreachable'],
        [2000, 'keystore/locked'],
        [2000, 'peer/unreachable'],
        [3000, 'peer/unreachable'],
      ],
    )
    await jobs.postpone({ owner: alice, target: bob, code: 'peer/unreachable' }, 2500)
    t.equal((await jobs.list({}))[0]?.nextTryAtMs, 3000, 'never sooner')
    t.equal(await jobs.hurry({ target: bob }, 1500), 3)
  })

  t.test('hurrying makes what waits due now, but nothing before its time', async t => {
    const { jobs } = await open(t)
    const failed = async (more: Partial<NewJob>, code: string) => {
      await jobs.add(job({ ...more, notBeforeMs: 10 }))
      const [claimed] = await jobs.claim(10, 5, 1)
      await jobs.retry(claimed?.id ?? 0, claimed?.lease ?? '', code, 9000)
    }
    await failed({ target: bob }, 'peer/unreachable')
    await failed({ target: carol }, 'peer/unreachable')
    await failed({ target: bob, kind: 'grant' }, 'keystore/locked')
    await jobs.add(job({ kind: 'expire', target: null, notBeforeMs: 8000 }))
    t.equal(await jobs.hurry({ target: carol }, 100), 1)
    t.equal(await jobs.hurry({ target: carol }, 100), 0)
    t.equal(await jobs.hurry({ lastError: 'keystore/locked' }, 100), 1)
    t.equal(await jobs.hurry({ share: shareId(1) }, 100), 1)
    t.same(
      (await jobs.list({})).map(each => [each.kind, each.nextTryAtMs]),
      [
        ['deliver', 100],
        ['deliver', 100],
        ['grant', 100],
        ['expire', 8000],
      ],
    )
    t.equal(await jobs.hurry({ kind: 'expire' }, 100), 0)
  })

  t.test('jobs are dropped by kind and aim, and all leases are freed at the start', async t => {
    const { jobs } = await open(t)
    await jobs.add(job({ target: bob }))
    await jobs.add(job({ target: carol }))
    await jobs.add(job({ kind: 'circle', share: null, circle: circleId(1), target: bob }))
    await jobs.claim(1000, 50_000, 10)
    t.equal((await jobs.claim(1001, 1, 10)).length, 0)
    await jobs.release()
    t.equal((await jobs.claim(1001, 1, 10)).length, 3)
    await jobs.drop({ kind: 'deliver', owner: alice, share: shareId(1), target: bob })
    t.same(
      (await jobs.list({})).map(each => [each.kind, each.target]),
      [
        ['deliver', carol],
        ['circle', bob],
      ],
    )
    await jobs.drop({ kind: 'circle', owner: carol, circle: circleId(1), target: bob })
    t.equal((await jobs.list({})).length, 2, 'those of somebody else stay')
    await jobs.drop({ kind: 'circle', owner: alice, circle: circleId(1), target: bob })
    await jobs.drop({ kind: 'deliver', owner: alice })
    t.same(await jobs.list({}), [])
  })

  t.test('an identity never goes back, and two documents of one sequence raise the alarm', async t => {
    const { identities } = await open(t)
    const document = (seq: number, hash: string, more: { recovery?: boolean; local?: boolean } = {}) => ({
      did: bob,
      local: false,
      seq,
      hash,
      document: bytes(seq),
      devices: [{ ed: `ed${hash}`, addedAtMs: seq, revokedAtMs: null }],
      atMs: 1000 + seq,
      ...more,
    })
    t.equal(await identities.get(bob), null)
    t.equal(await identities.put(document(2, 'b')), 'stored')
    t.equal(await identities.put(document(2, 'b')), 'same')
    t.equal(await identities.put(document(1, 'a')), 'rollback')
    t.match(await identities.get(bob), { seq: 2, hash: 'b', alarm: false, local: false })
    t.equal(await identities.put(document(2, 'x')), 'conflict')
    t.match(await identities.get(bob), { seq: 2, hash: 'b', alarm: true })
    t.match(await identities.devices(bob), [{ ed: 'edb' }])
    t.equal(await identities.put(document(3, 'c', { local: true })), 'stored')
    t.match(await identities.get(bob), { seq: 3, alarm: false, local: true, document: bytes(3) })
    t.equal(await identities.put(document(1, 'r', { recovery: true })), 'stored', 'the recovery key outranks')
    t.equal(await identities.put(document(9, 'z')), 'rollback')
    t.match(await identities.get(bob), { seq: 1, recovery: true, local: true })
    t.match(await identities.devices(bob), [{ ed: 'edr' }])
    t.same(await identities.localUsers(), [bob])
    const race = await Promise.all(
      ['p', 'q', 'r'].map(hash => identities.put({ ...document(1, hash), did: carol })),
    )
    t.same(race.sort(), ['conflict', 'conflict', 'stored'])
    await identities.delete(bob)
    t.equal(await identities.get(bob), null)
    t.same(await identities.devices(bob), [])
  })

  t.test('nodes of a person are remembered, last seen first', async t => {
    const { peers } = await open(t)
    const put = (peer: string, did: Did | null, lastSeenMs: number, addrs = ['/ip4/192.0.2.1/tcp/1']) =>
      peers.put({ peer, addrs, lastSeenMs, did, standing: did && bytes(lastSeenMs % 256) })
    await put('p1', bob, 1)
    await put(
      'p2',
      bob,
      2,
      Array.from({ length: 100 }, (_, i) => `/ip4/192.0.2.1/tcp/${i}`),
    )
    await put('p2', carol, 3, [])
    await put('p3', null, 4)
    t.same(
      (await peers.peersOf(bob)).map(each => [each.peer, each.addrs.length]),
      [
        ['p2', 16],
        ['p1', 1],
      ],
    )
    t.same(await peers.didsOf('p2'), [bob, carol])
    t.same(await peers.didsOf('p3'), [])
    t.equal(await peers.setBlocked('p2', true, 5), true)
    t.equal(await peers.setBlocked('p2', true, 5), false)
    t.equal(await peers.setBlocked('p9', true, 5), true)
    t.equal(await peers.setBlocked('p8', false, 5), false)
    t.same(await peers.blocked(), ['p2', 'p9'])
    t.same(
      (await peers.peersOf(bob)).map(each => each.peer),
      ['p1'],
    )
    await peers.setBlocked('p2', false, 5)
    t.equal(await peers.sweep(4), 2, 'p1 and p2; a blocked one stays')
    t.same(await peers.peersOf(bob), [])
  })

  t.test('circles are known by reference, each in the name of one user', async t => {
    const { circles } = await open(t)
    const circle = (n: number, did: Did) => ({
      circleId: circleId(n),
      did,
      epoch: 0,
      shard: n,
      createdAtMs: 1,
    })
    const member = (did: Did, role = 'member') => ({ member: did, role, state: 'active' })
    await circles.put(circle(1, alice), [member(alice, 'owner'), member(bob)])
    await circles.put(circle(2, alice), [member(alice, 'owner'), member(carol)])
    await circles.put(circle(1, bob), [member(alice, 'owner'), member(bob)])
    t.same(await circles.shared(alice, bob), [circleId(1)])
    t.same(await circles.shared(bob, alice), [circleId(1)])
    t.same(await circles.shared(bob, carol), [])
    await circles.put({ ...circle(1, alice), epoch: 7 }, [member(alice, 'owner'), member(carol)])
    t.same(await circles.shared(alice, bob), [])
    t.match(await circles.ofUser(alice), [
      { circleId: circleId(1), epoch: 7, shard: 1 },
      { circleId: circleId(2) },
    ])
    t.same(
      (await circles.members(alice, circleId(1))).map(each => each.member),
      [alice, carol],
    )
    t.equal((await circles.ofShard(1)).length, 2)
    await circles.delete(alice, circleId(1))
    t.same(await circles.members(alice, circleId(1)), [])
    t.equal((await circles.members(bob, circleId(1))).length, 2)
  })

  t.test('sessions end with their time, records go with their share', async t => {
    const master = await accepted(t)
    const { sessions, records } = master
    await sessions.put({ id: 'h', did: alice, createdAtMs: 1, expiresAtMs: 100, lastUsedAtMs: 1 })
    await sessions.put({ id: 'i', did: alice, createdAtMs: 2, expiresAtMs: 200, lastUsedAtMs: 2 })
    await sessions.put({ id: 'j', did: bob, createdAtMs: 3, expiresAtMs: 200, lastUsedAtMs: 3 })
    await sessions.used('h', 99)
    t.match(await sessions.get('h'), { did: alice, lastUsedAtMs: 99 })
    t.equal(await sessions.get('x'), null)
    t.same(
      (await sessions.list(alice)).map(({ id }) => id),
      ['i', 'h'],
    )
    await sessions.sweep(100)
    t.equal(await sessions.delete('h'), false)
    t.equal(await sessions.delete('i'), true)

    await records.put({ shareId: shareId(1), wire: bytes(1), publishedAtMs: null })
    await records.published(shareId(1), 50)
    t.same(await records.get(shareId(1)), { shareId: shareId(1), wire: bytes(1), publishedAtMs: 50 })
    await records.put({ shareId: shareId(1), wire: bytes(2), publishedAtMs: null })
    t.match(await records.get(shareId(1)), { wire: bytes(2), publishedAtMs: null })
    await t.rejects(
      records.put({ shareId: shareId(5), wire: bytes(1), publishedAtMs: null }),
      'a record without a share',
    )
    await records.delete(shareId(1))
    t.equal(await records.get(shareId(1)), null)
  })

  t.test('the head of an audit log stands for the one before, and one that is lost stays', async t => {
    const { auditAnchors } = await open(t)
    const [alice, bob] = [didOf(1), didOf(2)]
    const head = (seq: number, fill: number) => ({ seq, hash: new Uint8Array(32).fill(fill) })
    await auditAnchors.put(alice, head(3, 1), null, 1)
    await auditAnchors.put(alice, head(3, 1), null, 2)
    await auditAnchors.put(alice, head(2 ** 40, 2), head(3, 1), 3)
    await auditAnchors.put(bob, head(1, 9), null, 4)
    t.same(await auditAnchors.list(alice), [head(2 ** 40, 2)])
    await auditAnchors.put(alice, head(2, 3), null, 5)
    await auditAnchors.put(alice, head(4, 4), head(3, 1), 6)
    t.same(
      await auditAnchors.list(alice),
      [head(2, 3), head(4, 4), head(2 ** 40, 2)],
      'what is not replaced stays',
    )
    t.same(await auditAnchors.list(bob), [head(1, 9)])
  })

  t.test('what was written is there after it was opened again', async t => {
    const config = await database()
    const first = await openMaster(config, clock)
    await first.shares.accept(shareOf(1), [recipientOf(1, bob)], [envelopeOf(1)], [job()])
    await first.close()
    const second = await open(t, config)
    t.same(await second.shares.find(shareId(1)), shareOf(1))
    t.equal((await second.jobs.claim(1000, 1, 10)).length, 1)
  })

  t.test('many that open a new database at once find it made once', async t => {
    const config = await database()
    const all = await Promise.all(Array.from({ length: 4 }, () => open(t, config)))
    for (const [i, master] of all.entries()) await master.config.put(`k${i}`, 'v')
    for (const i of all.keys()) t.equal(await all[0]?.config.get(`k${i}`), 'v')
    const applied = await all[0]?.read(db => db.selectFrom('vivim_migration').selectAll().execute())
    t.match(applied, [{ version: 1, name: 'first', applied_at_ms: 1000 }])
  })

  t.test('a schema that a newer program made is refused and left as it is', async t => {
    const config = await database()
    const master = await open(t, config)
    await master.write(db =>
      db.insertInto('vivim_migration').values({ version: 99, name: 'later', applied_at_ms: 1 }).execute(),
    )
    await t.rejects(openMaster(config, clock), { code: 'storage/newer-schema' })
    t.equal(await master.shares.find(shareId(1)), null)
  })

  t.test('a write inside a write is refused, a read inside one is not', async t => {
    const master = await open(t)
    await t.rejects(
      master.write(() => master.write(async () => undefined)),
      { code: 'program/defect' },
    )
    await master.write(async db => {
      await db.insertInto('config').values({ key: 'a', value: 'b' }).execute()
      t.equal(await master.config.get('a'), null, 'not committed yet')
    })
    t.equal(await master.config.get('a'), 'b')
    await Promise.all(Array.from({ length: 20 }, (_, i) => master.config.put('n', String(i))))
    const later = await master.write(async () => ({
      start: AsyncResource.bind(() => master.config.put('later', 'yes')),
    }))
    await later.start()
    t.equal(await master.config.get('later'), 'yes', 'what a transaction set off may write after it')
  })
}
