/** An identity document never goes backwards, by whatever door it comes. */

import { spawn } from 'node:child_process'
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { makeDocumentEntry } from '../../src/core/circle/new-entry.ts'
import { reduceCircle } from '../../src/core/circle/reduce.ts'
import { encodeCard } from '../../src/core/identity/card.ts'
import { activeDevices, type IdentityDocument, signDocument } from '../../src/core/identity/document.ts'
import { documentByRecovery } from '../../src/core/identity/recovering.ts'
import { makeStanding } from '../../src/core/identity/standing.ts'
import { toHex } from '../../src/core/kernel/bytes.ts'
import type { CircleId, Did } from '../../src/core/model/id.ts'
import { makeContacts } from '../../src/daemon/sharing/contacts.ts'
import { refuseRollback } from '../../src/daemon/sharing/known-documents.ts'
import { makePeople, type People } from '../../src/daemon/sharing/people.ts'
import { makeReferences } from '../../src/daemon/sharing/references.ts'
import { openMaster } from '../../src/daemon/storage/master/master.ts'
import { openUserDatabases, type UserDatabaseManager } from '../../src/daemon/storage/user/manager.ts'
import { add, begin } from '../kit/circle.ts'
import { ended, plainEnv, VIVIMD } from '../kit/cli.ts'
import { introduce, liveNode } from '../kit/live-node.ts'
import {
  DAY_MS,
  documentFields,
  makeDevice,
  makePerson,
  nextDocument,
  type Person,
  START_MS,
  type TestDevice,
} from '../kit/person.ts'

t.setTimeout(120_000)

const alice = makePerson('alice')
const bob = makePerson('bob')
const laptop = makeDevice(alice)
const phone = makeDevice(alice)
const clock = { atMs: START_MS + 1000, nowMs: () => clock.atMs }

/** Bob's node, as far as it knows people: on real databases. */
async function node(t: Test): Promise<{ people: People; alarms: string[]; users: UserDatabaseManager }> {
  const folder = t.testdir()
  const master = await openMaster({ engine: 'sqlite', path: join(folder, 'master.sqlite') }, clock)
  const users = openUserDatabases(join(folder, 'users'), { maxOpen: 2 })
  t.teardown(async () => {
    users.close()
    await master.close()
  })
  const local = bob.document.did
  users.create(local)
  const refs = makeReferences(
    master,
    users,
    () => [local],
    clock,
    () => true,
  )
  const alarms: string[] = []
  const people = makePeople({
    self: bob.peer,
    users,
    store: refs.identities,
    localUsers: async () => [local],
    fellowCards: () => new Map<Did, string>(),
    readSecret: () => null,
    documentChanged: () => {},
    clock,
    log: event => {
      if (event === 'identity.conflict') alarms.push(event)
    },
  })
  return { people, alarms, users }
}

/** What a connection shows: the document, and a statement of its first device. */
const shown = (document: IdentityDocument, device: TestDevice, peer = alice.peer) => ({
  document: document.wire,
  standing: makeStanding(
    { document, peer, rights: ['deliver', 'receive'], seq: 1, atMs: START_MS },
    device.sign,
  ).wire,
})

const devicesOf = async (people: People): Promise<string[]> => {
  const known = await people.document(alice.document.did)
  return known === null ? [] : activeDevices(known).map(({ ed }) => toHex(ed))
}
const keyOf = (device: TestDevice): string => toHex(device.sign.publicKey)

const seventh = nextDocument(alice, [laptop], [{ ed: alice.device.listed.ed, at: START_MS }], 7)
const sixth = nextDocument(alice, [alice.device, phone], [], 6)

t.test('a node that has seen number 7 refuses 6 from letters, slots, logs and connections', async t => {
  const { people } = await node(t)
  t.equal(await people.learn(seventh), true)
  t.equal(await people.learn(sixth), false, 'what letters, slots and logs bring')
  t.same(await devicesOf(people), [keyOf(laptop)])
  t.equal(
    await people.judge(shown(sixth, alice.device), alice.peer),
    null,
    'a connection of a revoked device',
  )
  t.equal(await people.judge(shown(sixth, phone), alice.peer), null, 'of a device that only 6 lists')
  const proof = await people.judge(shown(nextDocument(alice, [laptop], [], 6), laptop), alice.peer)
  t.same(proof?.document, seventh.wire, 'a device that still counts is let in, under the newest document')
})

t.test('two documents of one number raise the alarm by each door, and neither adds a device', async t => {
  const mine = nextDocument(alice, [alice.device, laptop])
  const other = nextDocument(alice, [alice.device, phone])
  for (const door of ['learn', 'judge'] as const) {
    const { people, alarms } = await node(t)
    await people.learn(mine)
    if (door === 'learn') t.equal(await people.learn(other), false)
    else t.equal(await people.judge(shown(other, phone), alice.peer), null)
    t.same(alarms, ['identity.conflict'], door)
    t.equal(await people.isInConflict(alice.document.did), true)
    t.same(await devicesOf(people), [keyOf(alice.device)], 'what both list is left')
    t.equal(await people.judge(shown(mine, laptop), alice.peer), null, 'also for what came first')
  }
})

t.test('what is dated ahead waits, and what has expired does not count', async t => {
  const { people } = await node(t)
  const did = alice.document.did
  const fields = {
    seq: 2,
    atMs: START_MS + DAY_MS,
    expiresAtMs: START_MS + 2 * DAY_MS,
    devices: [laptop.listed],
  }
  const ahead = signDocument(documentFields(alice, fields), alice.identityKey)
  await people.learn(alice.document)
  t.equal(await people.learn(ahead), false)
  t.equal((await people.current(did))?.seq, 1)
  t.equal(await people.judge(shown(ahead, laptop), alice.peer), null)
  clock.atMs = START_MS + DAY_MS
  t.equal(await people.learn(ahead), true)
  clock.atMs = START_MS + 3 * DAY_MS
  t.equal(await people.current(did), null)
  t.equal((await people.document(did))?.seq, 2, 'it is still what later ones are held against')
  clock.atMs = START_MS + 1000
})

t.test('a recovery outranks whatever number a thief takes, and no other recovery key does', async t => {
  const { people } = await node(t)
  const thief = makeDevice(alice)
  await people.learn(nextDocument(alice, [thief], [], 900))
  const change = { expiresAtMs: START_MS + 300 * DAY_MS, devices: [laptop.listed] }
  const recovered = documentByRecovery(alice.document, alice.recoverySeed, START_MS, change)
  t.equal(await people.learn(recovered), true)
  t.equal(await people.learn(nextDocument(alice, [thief], [], 2 ** 40)), false)
  t.same(await devicesOf(people), [keyOf(laptop)])
  t.equal(await people.judge(shown(nextDocument(alice, [thief], [], 901), thief), alice.peer), null)
  const evil = makePerson('evil')
  const fields = documentFields(alice, {
    seq: 2 ** 41,
    recovery: evil.recovery.commitment,
    devices: [thief.listed],
  })
  t.equal(await people.learn(signDocument(fields, alice.identityKey)), false, 'another commitment is foreign')
})

t.test('a card that was sealed before the newest one came does not take its place', async t => {
  const { people, users } = await node(t)
  const network = (): never => {
    throw new Error('nobody is asked')
  }
  const contacts = makeContacts({
    users,
    people,
    fellowCards: () => new Map(),
    network,
    clock,
    log: () => {},
  })
  const local = bob.document.did
  const { did } = alice.document
  const card = (read: number) =>
    encodeCard({
      did,
      directory: alice.device.sign.publicKey,
      read: new Uint8Array(16).fill(read),
      peer: alice.peer,
      addrs: [],
    })
  const readOf = () => contacts.get(local, did)?.readSecret?.[0]
  contacts.meet(local, did, card(1))
  t.equal(readOf(), 1)
  contacts.meet(local, did, card(3), START_MS + 3)
  contacts.meet(local, did, card(2), START_MS + 2)
  contacts.meet(local, did, card(1))
  t.equal(readOf(), 3, 'older ones came later')
  contacts.meet(local, did, card(4), START_MS + 4)
  t.equal(readOf(), 4)
})

t.test("a circle's log takes no older document of a member, and alarms at two of one number", async t => {
  const create = begin(bob)
  const withAlice = add(bob, [create], { ...alice, document: seventh } as Person)
  const circle: CircleId = create.circle
  const bring = (signer: IdentityDocument, key: TestDevice) =>
    makeDocumentEntry({ circle, signer, prev: [withAlice.hash], atMs: START_MS }, null, key.sign)
  const older = bring(sixth, phone)
  const state = reduceCircle(circle, [create, withAlice, older])
  t.equal(state.members.find(({ did }) => did === alice.document.did)?.document.seq, 7)
  t.ok(state.invalid.some(({ hash }) => hash === older.hash))
  const twin = nextDocument(alice, [laptop, phone], [], 7)
  const alarmed = reduceCircle(circle, [create, withAlice, bring(twin, laptop)])
  const member = alarmed.members.find(({ did }) => did === alice.document.did)
  t.equal(member?.alarm, true)
  t.same(
    member?.devices.map(({ ed }) => toHex(ed)),
    [keyOf(laptop)],
  )
})

t.test('an own document that was put back in place of a newer one is refused', async t => {
  const { people } = await node(t)
  await people.learn(seventh)
  await t.rejects(refuseRollback(people, sixth), {
    code: 'identity/rolled-back',
    details: { found: 6, known: 7 },
  })
  await refuseRollback(people, seventh)
  await refuseRollback(people, nextDocument(alice, [laptop], [], 8))
})

t.test("alice's daemon does not start on an older document than it knew, and says why", async t => {
  const [node, friend] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!node || !friend) throw new Error('two nodes were asked for')
  await introduce(node, friend)
  const path = join(node.userFolder, 'identity.doc')
  const old = join(t.testdir(), 'identity.doc')
  copyFileSync(path, old)
  const { sequence } = await node.call('identity.show', {})
  await node.call('identity.renew', {})
  await friend.until('the newer document', async () => {
    const { document } = await friend.call('contact.show', { contact: 'alice' })
    return (document?.sequence ?? 0) > sequence
  })
  await node.stop()
  const newer = readFileSync(path)
  copyFileSync(old, path)
  const child = spawn(process.execPath, [VIVIMD, '--home', node.home], { env: plainEnv(), stdio: 'pipe' })
  const { code, err } = await ended(child)
  t.equal(code, 6)
  t.match(err, /"code":"identity\/rolled-back"/)
  writeFileSync(path, newer)
  await node.start()
  t.match(await node.call('identity.show', {}), { byRecovery: true })
})
