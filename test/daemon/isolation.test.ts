/** Two people on one daemon: what one of them has cannot be read, changed, guessed or noticed by the other. */
import { statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import t, { type Test } from 'tap'
import type { MethodName } from '../../src/core/contract/methods.ts'
import { methods } from '../../src/core/contract/methods.ts'
import { contentIdOf } from '../../src/core/crypto/cid.ts'
import { Ed25519Key, ed25519PublicKey } from '../../src/core/crypto/ed25519.ts'
import { encodeCard, parseCard } from '../../src/core/identity/card.ts'
import { didFromKey } from '../../src/core/identity/did.ts'
import { toBase32, toHex } from '../../src/core/kernel/bytes.ts'
import { Did } from '../../src/core/model/id.ts'
import { CALLS, type Things } from '../kit/every-method.ts'
import { type Household, household, passphraseOf, type Resident } from '../kit/household.ts'
import { introduce, liveNode } from '../kit/live-node.ts'
import { chance } from '../kit/network-host.ts'

t.setTimeout(240_000)

/** Words of alice that nobody else's answer may hold. */
const WORDS = [
  'canaryquetzal',
  'titlequagga',
  'notebooknumbat',
  'bundlebilby',
  'memorymarmot',
  'aliascarol',
  'circlecapybara',
  'capabilitycivet',
]

const newKey = (): Ed25519Key => new Ed25519Key(chance.bytes(32))
const someDid = (): Did => didFromKey(newKey().publicKey)

/** A card that a person could make up for a DID which they know: it names this node, and its secret is made up. */
function madeUpCard(did: Did, own: string): string {
  const { peer, addrs } = parseCard(own)
  return encodeCard({
    did,
    directory: ed25519PublicKey(newKey()),
    read: chance.bytes(16),
    peer,
    addrs: [...addrs],
  })
}

/** Everything that a person can have. */
async function thingsOf(t: Test, alice: Resident, ownCardOfOther: string): Promise<Things> {
  const carol = await liveNode(t, 'carol')
  await introduce(alice, carol)
  await alice.call('contact.add', {
    card: (await carol.call('contact.card', {})).card,
    name: 'aliascarol',
  })
  const conversation = await alice.converse('titlequagga', 'canaryquetzal one two three', 'so be it')
  const { acus } = await alice.call('acu.list', { conversation })
  const acu = acus[0]?.id ?? ''
  const { notebookId } = await alice.call('notebook.create', { name: 'notebooknumbat' })
  await alice.call('notebook.add', { notebook: notebookId, acus: [acu] })
  const { items } = await alice.call('notebook.show', { notebook: notebookId })
  const { bundleId } = await alice.call('bundle.create', { name: 'bundlebilby' })
  const { memoryId } = await alice.call('memory.add', { text: 'memorymarmot' })
  const { circleId } = await alice.call('circle.create', { name: 'circlecapybara' })
  await alice.call('circle.add', { circle: circleId, contacts: ['aliascarol'] })
  const { shareId } = await alice.call('share.create', {
    conversation,
    to: ['aliascarol'],
    circles: [circleId],
  })
  await alice.logged('share.acknowledged', { share: shareId })
  const theirs = await carol.converse('titletapir', 'canaryquetzal of carol')
  const received = await carol.call('share.create', { conversation: theirs, to: ['alice'] })
  await alice.received(received.shareId)
  await alice.call('inbox.open', { share: received.shareId })
  const { importId } = await alice.call('import.begin', {})
  const { sessions } = await alice.call('session.list', {})
  const given = await alice.call('capability.create', {
    for: 'capabilitycivet',
    holder: someDid(),
    can: ['share'],
  })
  const proposed = await alice.call('share.propose', { conversation, to: ['aliascarol'] })
  return {
    did: alice.did,
    conversation,
    acu,
    notebook: notebookId,
    bundle: bundleId,
    item: items[0]?.itemId ?? '',
    memory: memoryId,
    share: shareId,
    received: received.shareId,
    circle: circleId,
    contact: carol.did,
    alias: 'aliascarol',
    card: madeUpCard(Did.parse(alice.did), ownCardOfOther),
    asset: '00'.repeat(32),
    importId,
    session: sessions[0]?.sessionId ?? '',
    capability: given.capabilityId,
    proposal: proposed.proposalId,
  }
}

/** Things of the same shape that are nobody's. */
function nobodys(like: Things, ownCardOfOther: string): Things {
  const id = (): string => toBase32(chance.bytes(16))
  const did = someDid()
  return {
    did,
    conversation: id(),
    acu: id(),
    notebook: id(),
    bundle: id(),
    item: like.item === '' ? '' : id().slice(0, like.item.length),
    memory: id(),
    share: id(),
    received: id(),
    circle: id(),
    contact: someDid(),
    alias: 'aliasnobody',
    card: madeUpCard(did, ownCardOfOther),
    asset: toHex(chance.bytes(32)),
    importId: 'import-7',
    session: toHex(chance.bytes(10)),
    capability: contentIdOf(chance.bytes(32)),
    proposal: id(),
  }
}

/** What alice herself is answered: that her things are there is what makes it mean something that bob finds none. */
const readsOf = (method: MethodName): object =>
  ({ 'conversation.asset': { code: 'conversation/not-found' } })[method as string] ?? { result: Object }

/** What somebody is told, without the names that they gave themselves and without what changes from call to call. */
async function toldTo(who: Resident, method: MethodName, things: Things): Promise<string> {
  const answer = await who
    .call(method, (CALLS[method]?.(things) ?? {}) as never)
    .then(result => ({ result }))
    .catch(error => ({ code: error.code, message: error.message, details: error.details }))
  let text = JSON.stringify(answer)
  for (const [name, value] of Object.entries(things))
    if (value !== '') text = text.replaceAll(value, `<${name}>`)
  return text
    .replace(/"(uptimeMs|rssBytes|oldestAgeMs)":\d+/g, '"$1":0')
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<time>')
}

t.test(
  'every answer to bob about something of alice is the answer about something that is not there',
  async t => {
    const house = await household(t, 'olga')
    const alice = await house.resident('alice')
    const bob = await house.resident('bob')
    const { card } = await bob.call('contact.card', {})
    const hers = await thingsOf(t, alice, card)
    for (const method of Object.keys(methods) as MethodName[]) {
      const call = CALLS[method]
      if (call === null) continue
      const other = nobodys(hers, card)
      const aboutAlice = await toldTo(bob, method, hers)
      for (const secret of [...WORDS, ...Object.values(hers), alice.name])
        if (secret.length > 4 && secret !== 'import-1')
          t.notOk(aboutAlice.includes(secret), `${method} tells nothing of alice: ${secret.slice(0, 12)}`)
      if (methods[method].access === 'read')
        t.match(JSON.parse(await toldTo(alice, method, hers)), readsOf(method), `alice: ${method}`)
      const isAsked = JSON.stringify(call(hers)) !== JSON.stringify(call(other))
      if (!isAsked) continue
      const aboutNobody = await toldTo(bob, method, other)
      // What bob calls people by comes back shortened nowhere: the two differ in names only.
      t.equal(aboutAlice, aboutNobody, method)
    }

    t.comment('bob has made up cards for alice and for nobody: what comes of sharing with them is the same')
    const { contacts } = await bob.call('contact.list', {})
    t.equal(contacts.length, 2)
    const conversation = await bob.converse('titleokapi', 'words of bob')
    const seen = new Set<string>()
    for (const { did } of contacts) {
      const { shareId } = await bob.call('share.create', { conversation, to: [did], again: true })
      await bob.until('the job was tried', async () =>
        (await bob.call('share.show', { share: shareId })).jobs.some(({ lastError }) => lastError !== null),
      )
      const { recipients, jobs } = await bob.call('share.show', { share: shareId })
      seen.add(
        JSON.stringify([
          recipients.map(({ state }) => state),
          jobs.map(({ step, lastError }) => [step, lastError]),
        ]),
      )
    }
    t.equal(seen.size, 1, [...seen].join(' and '))

    t.comment('alice has all of it still, and knows bob as little')
    t.match(await alice.call('conversation.show', { conversation: hers.conversation }), {
      title: 'titlequagga',
    })
    t.match(await alice.call('share.show', { share: hers.share }), { state: 'published' })
    t.match(await alice.call('inbox.open', { share: hers.received }), { verified: true })
    t.match(await alice.call('circle.show', { circle: hers.circle }), { name: 'circlecapybara' })
    t.same(
      (await alice.call('contact.list', {})).contacts.map(({ name }) => name),
      ['aliascarol'],
    )
    const defects = house.node.lines.filter(({ code }) => code === 'program/defect')
    t.same(defects, [])
    t.same(house.node.noise, [])
  },
)

t.test('status, peers and events of bob know nothing of what alice does', async t => {
  const house = await household(t, 'olga')
  const alice = await house.resident('alice')
  const bob = await house.resident('bob')
  const before = JSON.stringify((await bob.call('system.status', {})).storage)
  const heard: unknown[] = []
  const watching = await house.dial({ token: bob.token })
  const stop = new AbortController()
  const events = (async () => {
    for await (const event of watching.subscribe('share.watch', {}, stop.signal)) heard.push(event)
  })()
  const carol = await liveNode(t, 'carol')
  await introduce(alice, carol)
  const conversation = await alice.converse('titlequagga', 'canaryquetzal')
  const { shareId } = await alice.call('share.create', { conversation, to: ['carol'] })
  await alice.acknowledged(shareId)
  const status = await bob.call('system.status', {})
  t.equal(JSON.stringify(status.storage), before, 'no bytes of hers are counted')
  t.match(status, { network: { peers: 0 }, queue: { pending: 0 } })
  t.same((await bob.call('peer.list', {})).peers, [])
  t.match((await alice.call('peer.list', {})).peers, [{ did: carol.did }])
  const operator = await house.operator()
  t.match(
    (await operator.call('peer.list', {})).peers,
    [{ did: null }],
    'the operator sees a node, not whose',
  )
  t.ok((await operator.call('system.status', {})).storage.blocksBytes > 0)
  stop.abort()
  await events
  t.same(heard, [])
})

const codeOf = (work: Promise<unknown>): Promise<string | null> =>
  work.then(
    () => null,
    error => error.code,
  )

t.test('a token is of one user and ends: with its time, by its user, with the user', async t => {
  const house = await household(t, 'olga')
  const alice = await house.resident('alice')
  const bob = await house.resident('bob', 'passphrase')
  const open = async (name: string, more: object = {}) => {
    const guest = await house.dial()
    return guest.call('session.open', { as: name, passphrase: passphraseOf(name), ...more })
  }

  t.equal(await codeOf(house.dial({ token: bob.token, as: 'alice' })), 'session/needed')
  t.equal(await codeOf(house.dial({ token: bob.token, as: 'nobody' })), 'session/needed')
  t.equal(await codeOf(house.dial({ as: 'alice' })), 'session/needed')
  t.equal(await codeOf(house.dial({ as: 'nobody' })), 'session/needed')
  for (const token of ['', 'x', '!'.repeat(43), Buffer.alloc(32, 7).toString('base64url')])
    t.equal(await codeOf(house.dial({ token })), 'session/invalid', `the token “${token}”`)

  t.comment('nobody on the group socket may do anything but open a session')
  const guest = await house.dial()
  t.equal(guest.hello.user, null)
  for (const method of Object.keys(methods) as MethodName[])
    if (!['system.hello', 'session.challenge', 'session.open'].includes(method))
      t.equal(
        await codeOf(guest.callAny(method, CALLS[method]?.({} as Things) ?? {})),
        'session/needed',
        method,
      )

  t.comment('by its user, on every connection, and with what they wait for')
  const other = await house.dial({ token: bob.token })
  const waiting = codeOf(other.call('inbox.list', { waitMs: 60_000 }))
  await bob.call('session.end', {})
  t.equal(await waiting, 'session/invalid', 'a call that is under way')
  t.equal(await codeOf(other.call('conversation.list', {})), 'session/invalid')
  t.equal(await codeOf(house.dial({ token: bob.token })), 'session/invalid')

  t.comment('with its time, asked at every call')
  const short = await open('bob', { for: '1s' })
  const client = await house.dial({ token: short.token })
  await alice.until(
    'the session is over',
    async () => (await codeOf(client.call('conversation.list', {}))) !== null,
  )
  t.equal(await codeOf(client.call('conversation.list', {})), 'session/invalid')
  t.equal(await codeOf(house.dial({ token: short.token })), 'session/invalid')
  for (const time of ['0s', '31d']) t.equal(await codeOf(open('bob', { for: time })), 'usage/invalid')

  t.comment('own sessions are listed and ended, those of others are not there')
  const kept = await open('bob')
  const his = await house.dial({ token: kept.token })
  await open('bob')
  const { sessions } = await his.call('session.list', {})
  t.equal(sessions.length, 2)
  t.equal(sessions.filter(({ current }) => current).length, 1)
  t.notOk(JSON.stringify(sessions).includes(kept.token))
  t.equal(await codeOf(alice.call('session.end', { session: kept.sessionId })), 'session/not-found')
  t.match(await his.call('session.end', { all: true }), { ended: 2, changed: true })
  t.equal(house.node.filesWith(kept.token).length, 0, 'the token stands in no file of the home')

  t.comment('with the user')
  const last = await open('bob')
  const end = await house.dial({ token: last.token })
  t.match(await house.node.call('user.delete', { user: 'bob' }), { name: 'bob', changed: true })
  t.equal(await codeOf(end.call('conversation.list', {})), 'session/invalid')
  t.equal(await codeOf(house.dial({ token: last.token })), 'session/invalid')
  t.equal(await codeOf(open('bob')), 'session/refused')
})

t.test('operator methods are for the owner of the home, on their own socket', async t => {
  const house = await household(t, 'olga', { passphrase: 'olga knows' })
  await house.node.call('user.list', {})
  const bob = await house.resident('bob', 'passphrase')
  const guest = await house.dial()
  const { token } = await guest.call('session.open', { as: 'olga', passphrase: 'olga knows' })
  const onGroup = await house.dial({ token })
  t.match(onGroup.hello.user, { name: 'olga' })
  const monitor = await house.dial({ socket: house.monitor })
  const own = join(house.node.home, 'run', 'vivimd.sock')
  for (const [method, { access, ...more }] of Object.entries(methods) as [
    MethodName,
    { access: string; without?: string },
  ][]) {
    const params = CALLS[method]?.({ did: bob.did } as Things) ?? {}
    if (access === 'operator') {
      t.equal(await bob.codeOf(method, params as never), 'rpc/denied', `bob: ${method}`)
      t.equal(
        await codeOf(onGroup.callAny(method, params)),
        'rpc/denied',
        `olga's token elsewhere: ${method}`,
      )
    }
    if (access !== 'open' && more.without === undefined)
      t.equal(await codeOf(monitor.callAny(method, params)), 'rpc/denied', `the monitor: ${method}`)
  }
  t.match(await monitor.call('system.status', {}), { identity: null, queue: { pending: 0 } })
  t.match(await monitor.call('system.doctor', {}), { ok: true })
  t.same(await monitor.call('peer.list', {}), { peers: [] })
  t.equal(
    await codeOf(monitor.call('session.open', { as: 'olga', passphrase: 'olga knows', unlock: true })),
    'rpc/denied',
    'no keys are unlocked from there',
  )

  t.comment('on the own socket: oneself without a token, others with theirs only')
  t.equal(await codeOf(house.dial({ socket: own, as: 'bob' })), 'session/needed')
  t.equal(await codeOf(house.dial({ socket: own, as: 'nobody' })), 'user/not-found')
  t.match((await house.dial({ socket: own, as: 'bob', token: bob.token })).hello.user, { name: 'bob' })
  t.match((await house.dial({ socket: own, as: 'olga' })).hello.user, { name: 'olga' })
  await house.node.call('user.create', { name: 'open' })
  t.match(
    (await house.dial({ socket: own, as: 'open' })).hello.user,
    { name: 'open' },
    'without a passphrase',
  )
  t.equal(
    await codeOf((await house.dial()).call('session.open', { as: 'open', passphrase: 'x' })),
    'session/refused',
    'but not from the group socket',
  )
  const nobody = await house.dial({ socket: own })
  t.equal(nobody.hello.user, null)
  t.equal(await codeOf(nobody.call('conversation.list', {})), 'usage/input-needed')
  t.equal((await nobody.call('user.list', {})).users.length, 3)

  t.comment('modes')
  t.equal(statSync(house.socket).mode & 0o777, 0o660)
  t.equal(statSync(house.monitor).mode & 0o777, 0o600)
  t.equal(statSync(own).mode & 0o777, 0o600)
  t.equal(statSync(house.node.home).mode & 0o777, 0o700)
  t.equal(statSync(dirname(own)).mode & 0o777, 0o700)
  t.equal(statSync(join(house.node.home, 'users', bob.did.replaceAll(':', '_'))).mode & 0o777, 0o700)
})

/** What an attempt to open a session is answered with. */
async function tried(house: Household, as: string, more: object): Promise<{ code: string; message: string }> {
  const guest = await house.dial()
  return guest.call('session.open', { as, ...more }).then(
    () => ({ code: 'opened', message: '' }),
    error => ({ code: error.code, message: error.message }),
  )
}

t.test('who guesses learns nothing, is slowed down, and keeps nobody out for ever', async t => {
  const house = await household(t, 'olga')
  const bob = await house.resident('bob', 'passphrase')
  t.same(
    await tried(house, 'bob', { passphrase: 'wrong' }),
    await tried(house, 'nobody', { passphrase: 'wrong' }),
    'a wrong passphrase and an unknown user are answered alike',
  )
  const bad = {
    device: Buffer.alloc(32).toString('base64url'),
    signature: Buffer.alloc(64).toString('base64url'),
  }
  t.same(await tried(house, 'bob', { signed: bad }), await tried(house, 'nobody', { signed: bad }))
  const waits: Record<string, number> = {}
  for (const name of ['bob', 'nobody'])
    for (let at = 0; at < 7 && waits[name] === undefined; at++)
      if ((await tried(house, name, { passphrase: 'wrong' })).code === 'session/wait') waits[name] = at
  t.equal(waits.bob, waits.nobody, 'and both make others wait after as many tries')
  t.ok(waits.bob !== undefined)

  t.comment('bob himself is known by a token of his, by his device, and at another door')
  const { code } = await tried(house, 'bob', { passphrase: passphraseOf('bob'), previous: bob.token })
  t.equal(code, 'opened')
  const own = join(house.node.home, 'run', 'vivimd.sock')
  const owner = await house.dial({ socket: own })
  t.match(await owner.call('session.open', { as: 'bob', passphrase: passphraseOf('bob') }), { name: 'bob' })
  await bob.until(
    'the pause is over',
    async () => (await tried(house, 'bob', { passphrase: passphraseOf('bob') })).code === 'opened',
  )
})
