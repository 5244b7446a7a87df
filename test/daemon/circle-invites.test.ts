/** Invites to a circle: who has the line gets in, once, for themselves, while it counts; also where its maker is away at first. */
import { spawn } from 'node:child_process'
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { bech32m } from '@scure/base'
import Database from 'better-sqlite3'
import t, { type Test } from 'tap'
import { parseInvite, signJoin } from '../../src/core/circle/invite.ts'
import { parseCard } from '../../src/core/identity/card.ts'
import { activeDevices, parseDocument } from '../../src/core/identity/document.ts'
import { Did } from '../../src/core/model/id.ts'
import { type Letter, sealLetterToDevices } from '../../src/core/pipeline/letter.ts'
import { ended, plainEnv, VIVIM } from '../kit/cli.ts'
import { type LiveNode, liveNode, newHome } from '../kit/live-node.ts'
import { chance, home, MemoryHost, Person, signalOf } from '../kit/network-host.ts'

t.setTimeout(300_000)

type T = Parameters<typeof liveNode>[0]
const nodes = (t: T, ...names: string[]): Promise<LiveNode[]> =>
  Promise.all(names.map(name => liveNode(t, name)))

const team = async (node: LiveNode): Promise<string> =>
  (await node.call('circle.create', { name: 'team' })).circleId

const membersOf = async (node: LiveNode, circle: string): Promise<string[]> =>
  (await node.call('circle.show', { circle })).members.map(({ did }) => did).sort()

/** `vivim circle join -` with the line on stdin. */
async function joinBy(node: LiveNode, invite: string, ...flags: string[]) {
  const args = [VIVIM, 'circle', 'join', '-', '--home', node.home, '--json', '--no-input', ...flags]
  const child = spawn(process.execPath, args, { env: plainEnv(), stdio: ['pipe', 'pipe', 'pipe'] })
  child.stdin.end(`${invite}\n`)
  const { code, out, err } = await ended(child)
  return {
    code,
    result: code === 0 ? JSON.parse(out) : JSON.parse(err.trim().split('\n').at(-1) ?? '').error,
  }
}

t.test('bob joins by a line, without any card before, and shares with the circle by its name', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { code, out } = await alice.vivim(['circle', 'invite', 'team'])
  t.equal(code, 0)
  const made = JSON.parse(out)
  t.match(made, { uses: 1, role: 'member', inviteId: /^[a-z2-7]{26}$/, invite: /^vivimi1/ })
  t.match(await alice.call('circle.invites', { circle }), { invites: [{ inviteId: made.inviteId, left: 1 }] })

  const joined = await joinBy(bob, made.invite)
  t.equal(joined.code, 0)
  t.match(joined.result, { circleId: circle, name: 'team', state: 'active', changed: true })
  t.same(
    joined.result.members.map(({ did, role, state }: Record<string, string>) => [did, role, state]).sort(),
    [
      [alice.did, 'owner', 'active'],
      [bob.did, 'member', 'active'],
    ].sort(),
  )
  t.match(await joinBy(bob, made.invite), { code: 0, result: { changed: false, state: 'active' } })
  t.same((await alice.call('circle.invites', { circle })).invites, [], 'it is used up')
  for (const [node, other] of [
    [alice, bob],
    [bob, alice],
  ] as const)
    t.match((await node.call('contact.list', {})).contacts, [{ did: other.did, state: 'known' }])

  const conversation = await bob.converse('Knots', 'the word is bowline', 'noted')
  const { shareId } = await bob.call('share.create', { conversation, circles: ['team'] })
  await alice.received(shareId)
  const read = await alice.call('inbox.open', { share: shareId })
  t.equal(read.conversation.messages[0]?.text, 'the word is bowline')

  t.same(alice.filesWith(made.invite.slice(7, 60)), [], 'the line stands in no file of who made it')
  t.same(bob.filesWith(made.invite.slice(7, 60)), [], 'nor of who used it')
  for (const node of [alice, bob]) t.notOk(JSON.stringify(node.lines).includes('vivimi1'), 'nor in a log')
})

t.test('what an invite calls its circle hides no circle of bob’s own', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const own = await team(bob)
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle })
  await alice.stop()
  await joinBy(bob, invite, '--wait', '0s')
  t.match(await bob.call('circle.show', { circle: 'team' }), { circleId: own, state: 'active' })
  t.match(await bob.call('circle.show', { circle }), { circleId: circle, state: 'invited' })
  await alice.start()
  t.match(await joinBy(bob, invite), { code: 0, result: { circleId: circle, state: 'active' } })
  t.match(await bob.call('circle.show', { circle: 'team' }), { circleId: own })
  t.match(await alice.call('circle.create', { name: 'team' }), { circleId: circle, changed: false })
})

t.test('bob joined a circle, and makes one of the same name: another one, told apart by its id', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  await joinBy(bob, (await alice.call('circle.invite', { circle })).invite)
  t.match(await bob.call('circle.show', { circle: 'team' }), { circleId: circle })
  const own = await team(bob)
  t.not(own, circle)
  t.equal((await bob.fails(['circle', 'show', 'team'], 6)).code, 'id/ambiguous')
})

t.test('an invite for one is used by two at once: exactly one gets in, and the other is told', async t => {
  const [alice, bob, carol] = (await nodes(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle })
  const both = await Promise.all([joinBy(bob, invite), joinBy(carol, invite)])
  t.same(both.map(({ code }) => code).sort(), [0, 7])
  t.equal(both.find(({ code }) => code === 7)?.result.code, 'invite/used')
  t.equal((await membersOf(alice, circle)).length, 2)
  const [late] = both[0]?.code === 7 ? [bob] : [carol]
  t.match(await joinBy(late as LiveNode, invite), { code: 7, result: { code: 'invite/used' } }, 'also later')
})

t.test('bob leaves again: an invite for one that he used lets him in no second time', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle })
  t.match(await joinBy(bob, invite), { code: 0 })
  await bob.call('circle.leave', { circle })
  await alice.until('bob is out', async () => (await membersOf(alice, circle)).length === 1)
  t.match(await joinBy(bob, invite), { code: 7, result: { code: 'invite/used' } })
  t.equal((await bob.call('circle.list', {})).circles.length, 1, 'one row for one circle')
  t.same(await membersOf(alice, circle), [alice.did])
})

t.test('as many get in as were meant, with the role that was given', async t => {
  const [alice, bob, carol, dave] = (await nodes(t, 'alice', 'bob', 'carol', 'dave')) as LiveNode[]
  if (!alice || !bob || !carol || !dave) return
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle, uses: 2, role: 'reader' })
  for (const node of [bob, carol]) {
    const { result } = await joinBy(node, invite)
    t.equal(result.members.find(({ did }: { did: string }) => did === node.did)?.role, 'reader')
  }
  t.match(await joinBy(dave, invite), { code: 7, result: { code: 'invite/used' } })
  t.notOk((await dave.call('circle.list', {})).circles.length, 'he has no circle')
})

t.test('an invite that was taken back, is over, or broken says so', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite, inviteId } = await alice.call('circle.invite', { circle })
  const taken = await alice.vivim(['circle', 'uninvite', 'team', inviteId.slice(0, 8)])
  t.match(JSON.parse(taken.out), { inviteId, changed: true, left: 0 })
  t.match(await alice.call('circle.uninvite', { circle, invite: inviteId }), { changed: false })
  t.match(await joinBy(bob, invite), { code: 7, result: { code: 'invite/revoked' } })

  const short = await alice.call('circle.invite', { circle, expires: '1s' })
  await alice.until('the invite to end', async () => Date.parse(short.expiresAt) <= Date.now())
  t.match(await joinBy(bob, short.invite), { code: 7, result: { code: 'invite/expired' } })
  t.same((await alice.call('circle.invites', { circle })).invites, [])

  const broken = invite.slice(0, -1) + (invite.endsWith('q') ? 'p' : 'q')
  for (const line of [broken, invite.slice(0, 400), 'hello'])
    t.match(await joinBy(bob, line), { code: 5, result: { code: 'invite/invalid' } })
  t.equal((await alice.fails(['circle', 'uninvite', 'team', 'zzzz'], 3)).code, 'invite/unknown')
  t.equal((await alice.fails(['circle', 'invite', 'team', '--expires', 'never'], 2)).code, 'usage/invalid')
  t.match(await joinBy(alice, invite), { code: 0, result: { changed: false } }, 'its maker is in already')
  t.same(await membersOf(alice, circle), [alice.did])
})

t.test('only who may add may invite, and their invites end with that right', async t => {
  const [alice, bob, carol] = (await nodes(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
  const circle = await team(alice)
  await joinBy(bob, (await alice.call('circle.invite', { circle })).invite)
  t.equal((await bob.fails(['circle', 'invite', circle], 4)).code, 'circle/denied')
  await alice.call('circle.role', { circle, contact: bob.did, role: 'admin' })
  await bob.until('his role', async () =>
    (await bob.call('circle.show', { circle })).members.some(
      ({ did, role }) => did === bob.did && role === 'admin',
    ),
  )
  const { invite } = await bob.call('circle.invite', { circle, uses: 2 })
  t.match(await joinBy(carol, invite), { code: 0, result: { state: 'active' } })
  await alice.until('carol', async () => (await membersOf(alice, circle)).includes(carol.did))
  await alice.call('circle.remove', { circle, contacts: [carol.did] })
  await carol.until('to be told', async () =>
    (await carol.call('circle.list', {})).circles.some(({ state }) => state === 'removed'),
  )
  await bob.until('carol to be out', async () => !(await membersOf(bob, circle)).includes(carol.did))
  t.match(
    await joinBy(carol, invite),
    { code: 7, result: { code: 'invite/revoked' } },
    'who was taken out does not come back by it',
  )
  await alice.call('circle.role', { circle, contact: bob.did, role: 'member' })
  await bob.until('his role', async () =>
    (await bob.call('circle.show', { circle })).members.every(
      ({ did, role }) => did !== bob.did || role === 'member',
    ),
  )
  const dave = await liveNode(t, 'dave')
  t.match(await joinBy(dave, invite), { code: 7, result: { code: 'invite/revoked' } })
})

t.test('bob is taken out: the line that he kept lets nobody in, whatever they call themselves', async t => {
  const [alice, bob, carol] = (await nodes(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle, uses: 5 })
  t.match(await joinBy(bob, (await alice.call('circle.invite', { circle })).invite), { code: 0 })
  const removed = await alice.vivim(['circle', 'remove', 'team', bob.did])
  t.match(JSON.parse(removed.out), { changed: true, invitesEnded: 1 }, 'the one that he used up is not told')
  t.same((await alice.call('circle.invites', { circle })).invites, [])
  t.match(await alice.call('circle.remove', { circle, contacts: [bob.did] }), {
    changed: false,
    invitesEnded: 0,
  })
  t.match(await joinBy(carol, invite), { code: 7, result: { code: 'invite/revoked' } })
  t.same(await membersOf(alice, circle), [alice.did])
  const next = await alice.call('circle.invite', { circle })
  t.match(
    await joinBy(bob, next.invite),
    { code: 7, result: { code: 'invite/revoked', message: /^you were taken out/ } },
    'but not for him',
  )
  t.match(await joinBy(carol, next.invite), { code: 0 }, 'one that was made afterwards counts')
})

t.test('another admin takes bob out: carol’s invites from before end at her node too', async t => {
  const [alice, bob, carol, dave] = (await nodes(t, 'alice', 'bob', 'carol', 'dave')) as LiveNode[]
  if (!alice || !bob || !carol || !dave) return
  const circle = await team(alice)
  const { invite: line } = await alice.call('circle.invite', { circle, uses: 2 })
  for (const node of [bob, carol]) t.match(await joinBy(node, line), { code: 0 })
  await alice.call('circle.role', { circle, contact: carol.did, role: 'admin' })
  await carol.until('her role', async () =>
    (await carol.call('circle.show', { circle })).members.some(
      ({ did, role }) => did === carol.did && role === 'admin',
    ),
  )
  const { invite, inviteId } = await carol.call('circle.invite', { circle, uses: 5 })
  await alice.call('circle.remove', { circle, contacts: [bob.did] })
  await carol.logged('invite.revoked', { invite: inviteId, circle })
  t.same((await carol.call('circle.invites', { circle })).invites, [])
  t.match(await joinBy(dave, invite), { code: 7, result: { code: 'invite/revoked' } })
})

t.test('alice has two devices: an invite of the one is not judged, nor denied, by the other', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { fileB64, sha256 } = await alice.call('identity.export', { passphrase: 'elsewhere', words: false })
  await alice.call('identity.exported', { sha256 })
  const { invite, inviteId } = await alice.call('circle.invite', { circle, uses: 5 })
  await alice.stop()
  const documentB64 = readFileSync(join(alice.userFolder, 'identity.doc')).toString('base64')
  const recover = { fileB64, filePassphrase: 'elsewhere', documentB64, from: alice.home, keepOthers: true }
  const other = await newHome(t, 'alice', { recover })
  await other.start()
  t.equal((await other.call('identity.show', {})).devices.length, 2)
  t.match((await other.call('circle.invites', { circle })).invites, [{ inviteId }], 'the copy knows of it')
  // Where her card says that she is, the other device is now.
  const card = parseCard((await other.call('contact.card', {})).card)
  await bob.call('contact.add', { card: (await other.call('contact.card', {})).card, name: 'alice' })
  t.equal(card.did, alice.did)
  t.match(await joinBy(bob, invite, '--wait', '0s'), { code: 0, result: { state: 'invited' } })
  await other.logged('invite.refused', { invite: inviteId, from: bob.did, why: 'other-device' })
  t.same(await membersOf(other, circle), [alice.did])
  t.equal(other.count('invite.used'), 0)
  await bob.logged('invite.sent', { invite: inviteId })
  t.match((await bob.call('circle.list', {})).circles, [{ state: 'invited' }], 'nobody told him no')
})

t.test(
  'a line of many uses fills no disk: what bob leaves by it has a bound until alice accepts him',
  async t => {
    const alice = await newHome(t, 'alice')
    appendFileSync(join(alice.home, 'config.toml'), '\n[strangers]\nmegabytes = 1\n')
    await alice.start()
    const bob = await liveNode(t, 'bob')
    const circle = await team(alice)
    const { invite, inviteId } = await alice.call('circle.invite', { circle, uses: 1000 })
    await joinBy(bob, invite)
    const { entries } = await alice.call('audit.list', { action: 'circle.invite-used' })
    t.match(entries, [
      {
        who: { kind: 'did', id: bob.did },
        right: 'invite',
        targets: [`invite:${inviteId}`, `circle:${circle}`],
      },
    ])
    const small = await bob.converse('Tea', 'the word is bowline', 'noted')
    const first = await bob.call('share.create', { conversation: small, circles: [circle] })
    await alice.received(first.shareId)
    const large = await bob.converse(
      'Long',
      chance.bytes(600_000).reduce((all, byte) => all + byte.toString(16), ''),
    )
    const held = await bob.call('share.create', { conversation: large, circles: [circle], again: true })
    await alice.received(held.shareId)
    const over = await bob.call('share.create', { conversation: large, circles: [circle], again: true })
    await alice.logged('inbox.refused', { why: 'quota', from: bob.did })
    t.match(await alice.call('contact.accept', { contact: bob.did }), { state: 'known', changed: true })
    t.match(await alice.call('contact.accept', { contact: bob.did }), { changed: false })
    await bob.call('share.retry', { share: over.shareId }).catch(() => null)
    await alice.received(over.shareId)
  },
)

t.test('alice is away: bob is invited, is killed, and is in when she comes', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle })
  await alice.stop()
  const asked = await joinBy(bob, invite, '--wait', '0s')
  t.match(asked, { code: 0, result: { circleId: circle, name: 'team', state: 'invited', changed: true } })
  t.match(asked.result.members, [{ did: bob.did, role: 'member', state: 'invited' }])
  t.match(await joinBy(bob, invite, '--wait', '0s'), {
    code: 0,
    result: { changed: false, state: 'invited' },
  })
  t.match((await bob.call('circle.list', {})).circles, [{ circleId: circle, state: 'invited' }])
  t.match(await bob.call('circle.show', { circle: 'team' }), { state: 'invited' })
  await bob.kill()
  await bob.start()
  await alice.start()
  await bob.until('to be in', async () =>
    (await bob.call('circle.list', {})).circles.some(({ state }) => state === 'active'),
  )
  t.equal((await bob.call('circle.list', {})).circles.length, 1)
  t.same(await membersOf(alice, circle), [alice.did, bob.did].sort())
})

t.test('bob asks no more to be let in while alice is away: nobody lets him in', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle })
  await alice.stop()
  const waiting = joinBy(bob, invite)
  await bob.until('the wish', async () => (await bob.call('circle.list', {})).circles.length === 1)
  const conversation = await bob.converse('Knots', 'the word is bowline', 'noted')
  const early = await bob.fails(['share', 'create', conversation, '--circle', 'team', '--yes'], 3)
  t.match(early, { code: 'circle/not-found', message: /not in “team” yet/ })
  const { code, out } = await bob.vivim(['circle', 'leave', 'team'])
  t.equal(code, 0)
  t.match(JSON.parse(out), { circleId: circle, state: 'left', members: [], changed: true })
  t.match(await waiting, { code: 3, result: { code: 'invite/unknown' } }, 'who waits is told')
  t.same((await bob.call('circle.list', {})).circles, [])
  t.equal((await bob.call('system.status', {})).queue.pending, 0)
  t.equal((await bob.fails(['circle', 'leave', 'team'], 3)).code, 'circle/not-found')
  await alice.start()
  const { network } = await alice.call('system.status', {})
  await bob.call('peer.connect', { address: `${network.addrs[0]}/p2p/${network.peerId}` })
  t.match((await alice.call('circle.invites', { circle })).invites, [{ left: 1 }])
  t.match(await joinBy(bob, invite), { code: 0, result: { state: 'active' } }, 'he may ask again')
})

t.test('alice is locked, and is killed after she let bob in: he is in, and one use is counted', async t => {
  const alice = await liveNode(t, 'alice', { passphrase: 'correct horse battery staple' })
  const bob = await liveNode(t, 'bob')
  const circle = await team(alice)
  const { invite } = await alice.call('circle.invite', { circle, uses: 3 })
  await alice.call('keystore.lock', {})
  t.match(await joinBy(bob, invite, '--wait', '0s'), { code: 0, result: { state: 'invited' } })
  await alice.logged('inbox.arrived')
  await alice.call('keystore.unlock', { passphrase: 'correct horse battery staple' })
  await alice.logged('circle.entry', { op: 'add' })
  await alice.kill()
  await alice.start()
  await alice.call('keystore.unlock', { passphrase: 'correct horse battery staple' })
  await bob.until('to be in', async () =>
    (await bob.call('circle.list', {})).circles.some(({ state }) => state === 'active'),
  )
  t.match((await alice.call('circle.invites', { circle })).invites, [{ left: 2 }])
  t.same(await membersOf(alice, circle), [alice.did, bob.did].sort())
})

/** Eve with alice's card, and a way to send her any letter. */
async function eveAt(t: Test, alice: LiveNode) {
  const host = new MemoryHost(new Person('eve'))
  const eve = await home('eve', t.teardown, {}, ':memory:', host.me, host)
  const card = parseCard((await alice.call('contact.card', {})).card)
  host.contacts.set(card.did, [{ peer: card.peer, addrs: [...card.addrs] }])
  host.cards.set(card.did, card.read)
  const [from, to] = [eve.me.did, Did.parse(alice.did)]
  const { document } = await eve.network.prove(from, to, signalOf(10_000))
  const devices = activeDevices(parseDocument(document))
  return {
    me: eve.me,
    async send(letter: Omit<Letter, 'v'>): Promise<void> {
      const envelopes = [sealLetterToDevices(letter, from, to, devices, chance)]
      await eve.network.deliver(
        { from, to, envelopes, slip: null, manifest: null },
        async () => null,
        async () => undefined,
        signalOf(10_000),
      )
    },
  }
}

t.test('eve, with a stolen letter or the line itself, gets in nobody but who she proves to be', async t => {
  const [alice, bob, carol] = (await nodes(t, 'alice', 'bob', 'carol')) as [LiveNode, LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite: line } = await alice.call('circle.invite', { circle, uses: 5 })
  t.match(await joinBy(bob, line), { code: 0 })
  await alice.stop()
  t.match(await joinBy(carol, line, '--wait', '0s'), { result: { state: 'invited' } })
  const db = new Database(join(carol.userFolder, 'user.db'), { readonly: true })
  const row = db.prepare('SELECT chain, invocation, document, card FROM circle_join').get() as {
    chain: Uint8Array
    invocation: Uint8Array
    document: Uint8Array
    card: string
  }
  db.close()
  await carol.stop()
  const stolen = {
    card: row.card,
    documents: [Uint8Array.from(row.document)],
    join: { chain: Uint8Array.from(row.chain), invocation: Uint8Array.from(row.invocation) },
  }
  await alice.start()
  const eve = await eveAt(t, alice)
  await eve.send(stolen)
  await alice.logged('invite.refused', { from: eve.me.did, why: 'other-person' })

  const invite = parseInvite(line)
  const hers = { did: eve.me.did, document: eve.me.document.hash, card: row.card }
  const ofCarol = { ...hers, did: Did.parse(carol.did) }
  const documents = [eve.me.document.wire]
  await eve.send({ card: row.card, documents, join: signJoin(invite, ofCarol, chance) })
  await alice.logged('invite.refused', { from: eve.me.did, why: 'other-person' }, 2)
  await eve.send({ card: 'vivim1other', documents, join: signJoin(invite, hers, chance) })
  await alice.logged('invite.refused', { from: eve.me.did, why: 'other-card' })
  await eve.send({ card: row.card, documents: stolen.documents, join: signJoin(invite, hers, chance) })
  await alice.logged('invite.refused', { from: eve.me.did, why: 'other-document' })
  const wider = { ...invite, role: 'reader' as const }
  await eve.send({ card: row.card, documents, join: signJoin(wider, hers, chance) })
  await alice.logged('invite.refused', { from: eve.me.did, why: 'capability/denied' })
  t.same(await membersOf(alice, circle), [alice.did, bob.did].sort(), 'nobody got in')
  t.match((await alice.call('circle.invites', { circle })).invites, [{ left: 4 }], 'and nothing was counted')

  await eve.send({ card: row.card, documents, join: signJoin(invite, hers, chance) })
  await alice.until('eve, by the line', async () => (await membersOf(alice, circle)).includes(eve.me.did))
  await carol.start()
  await carol.until('carol, by herself', async () =>
    (await carol.call('circle.list', {})).circles.some(({ state }) => state === 'active'),
  )
  t.equal((await membersOf(alice, circle)).length, 4)
})

t.test('the seed of an invite lies in no file of anybody', async t => {
  const [alice, bob] = (await nodes(t, 'alice', 'bob')) as [LiveNode, LiveNode]
  const circle = await team(alice)
  const { invite: line } = await alice.call('circle.invite', { circle })
  await joinBy(bob, line)
  const bytes = Buffer.from(bech32m.fromWords(bech32m.decode(line as `${string}1${string}`, false).words))
  const at = bytes.indexOf(Buffer.from('dseedX ')) + 7
  const seed = bytes.subarray(at, at + 32)
  t.ok(at > 7 && seed.length === 32)
  for (const node of [alice, bob]) {
    const files = readdirSync(node.home, { recursive: true, withFileTypes: true }).filter(file =>
      file.isFile(),
    )
    const holding = files.filter(file => readFileSync(join(file.parentPath, file.name)).includes(seed))
    t.same(
      holding.map(file => file.name),
      [],
    )
  }
})
