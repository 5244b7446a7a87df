// Several people on one daemon: each has a log of their own, and sees who tried to be them.
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { household, passphraseOf } from '../kit/household.ts'

t.setTimeout(180_000)

t.test(
  'bob sees in his own log which session did what and who tried his passphrase, alice nothing of it',
  async t => {
    const house = await household(t, 'alice')
    const alice = await house.operator()
    const bob = await house.resident('bob', 'passphrase')
    await bob.call('notebook.create', { name: 'of bob' })

    const eve = await house.dial()
    for (const as of ['bob', 'bob', 'nobody'])
      await t.rejects(eve.call('session.open', { as, passphrase: 'a guess' }), { code: 'session/refused' })
    await t.rejects(eve.call('notebook.create', { name: 'of eve' }), { code: 'session/needed' })
    const before = (await bob.call('audit.list', {})).entries
    t.notOk(
      before.some(({ action }) => action === 'session.refused'),
      'when a try is written shows nobody who lives here',
    )
    const { sessionId } = await eve.call('session.open', { as: 'bob', passphrase: passphraseOf('bob') })
    await bob.until('the row of the session', async () =>
      (await bob.call('audit.list', { action: 'session' })).entries.some(({ targets }) =>
        targets.includes(`session:${sessionId}`),
      ),
    )
    const { entries } = await bob.call('audit.list', {})
    const short = entries.map(({ who, right, action, outcome, times }) => [
      who.kind,
      right,
      action,
      outcome,
      times,
    ])
    t.strictSame(
      short.filter(([, , action]) => action === 'session.refused'),
      [['guest', 'none', 'session.refused', 'session/refused', 2]],
    )
    const made = entries.find(({ action }) => action === 'notebook.create')
    const opened = entries.filter(({ action }) => action === 'session.opened')
    t.equal(made?.who.kind, 'session')
    t.equal(made?.who.id, opened[0]?.who.id, 'by the session that was opened first')

    const hers = (await alice.call('audit.list', {})).entries
    t.ok(
      hers.some(({ action, targets }) => action === 'user.create' && targets.includes(bob.did)),
      'the operator sees that she made him',
    )
    t.notOk(
      hers.some(({ action }) => /session|notebook/.test(action)),
      'and nothing of what he does',
    )
    for (const one of [alice, bob]) t.ok((await one.call('audit.verify', {})).ok)

    await alice.call('user.delete', { user: 'bob' })
    t.ok((await alice.call('audit.list', {})).entries.some(({ action }) => action === 'user.delete'))
    await house.node.stop()
    const master = new Database(join(house.node.home, 'master.sqlite'), { readonly: true })
    t.teardown(() => master.close())
    const anchors = master.prepare('SELECT DISTINCT did FROM audit_anchor').pluck().all()
    t.same(anchors, [alice.did], 'with him goes his log, and what was noted of it')
  },
)
