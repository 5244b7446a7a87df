import t from 'tap'
import type { AuditFact } from '../../src/core/audit/row.ts'
import { makeAuditBounds } from '../../src/daemon/audit/bounds.ts'
import { targetsOf } from '../../src/daemon/audit/targets.ts'

const refusal = (atMs: number, action: string, outcome = 'rpc/denied'): AuditFact => ({
  atMs,
  who: { kind: 'session', id: 'eve', name: null },
  right: 'none',
  action,
  targets: [],
  outcome,
  times: 1,
})

t.test('eve is refused a hundred thousand times in a day, and fills no disk with it', async t => {
  const bounds = makeAuditBounds()
  let written = 0
  let told = 0
  const count = (facts: readonly AuditFact[]) => {
    written += facts.length
    for (const { times } of facts) told += times
  }
  for (let i = 0; i < 100_000; i++) {
    const fact = bounds.admit('session:eve', refusal(i * 864, i % 2 === 0 ? 'share.create' : 'circle.create'))
    if (fact !== null) count([fact])
    if (i % 700 === 699) count(bounds.drain())
  }
  count(bounds.drain())
  t.equal(told, 100_000, 'each is counted')
  t.ok(written < 9_000, `${written} rows`)
})

t.test('what eve does takes no room from alice', async t => {
  const bounds = makeAuditBounds()
  for (let i = 0; i < 1_000; i++) bounds.admit('session:eve', refusal(0, 'share.create'))
  t.not(bounds.admit('socket:', refusal(0, 'share.create')), null)
  t.same(
    bounds.drain().map(({ times, action, targets }) => ({ times, action, targets })),
    [{ times: 940, action: 'share.create', targets: [] }],
  )
})

t.test(
  'of a call only what looks like an id is written, also where words stand in the place of one',
  async t => {
    const share = 'abcdefghijklmnopqrstuvwxyz'
    t.same(targetsOf('share.revoke', { share: 'my holidays' }, undefined), [])
    t.same(targetsOf('share.revoke', { share, reason: 'the canary' }, undefined), [`share:${share}`])
    t.same(targetsOf('keystore.unlock', { passphrase: 'canary' }, { unlocked: true }), [])
    t.same(targetsOf('circle.create', { name: 'canary' }, { circleId: share, name: 'canary' }), [
      `circle:${share}`,
    ])
    const many = Array.from({ length: 40 }, (_, i) => ({
      memoryId: `${share.slice(2)}${share[i >> 4]}${share[i & 15]}`,
    }))
    const targets = targetsOf('memory.propose', {}, { proposed: many })
    t.equal(targets.length, 33)
    t.equal(targets.at(-1), 'more:8')
  },
)
