/** People come to a daemon and leave it while it runs, prove who they are in two ways, and are told apart by nobody outside. */
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { hmac } from '../../src/core/crypto/hash.ts'
import { bound, LABELS } from '../../src/core/crypto/labels.ts'
import { parseCard } from '../../src/core/identity/card.ts'
import { openKeystore } from '../../src/core/identity/keystore.ts'
import { concat, fromB64u, toB64u, toHex, utf8 } from '../../src/core/kernel/bytes.ts'
import { challengeMessage } from '../../src/daemon/accounts/opening.ts'
import { cborFrame, startEve } from '../kit/eve.ts'
import { tempFolder } from '../kit/home.ts'
import { household, passphraseOf } from '../kit/household.ts'
import { introduce, liveNode } from '../kit/live-node.ts'
import { Person } from '../kit/network-host.ts'
import { startPostgres } from './storage/postgres-server.ts'

t.setTimeout(240_000)

t.test('bob leaves: what he shared is taken back first, and nothing of him is left', async t => {
  const house = await household(t, 'olga')
  const bob = await house.resident('bob')
  const dora = await house.resident('dora')
  const carol = await liveNode(t, 'carol')
  await introduce(bob, carol)
  await introduce(bob, dora)
  await introduce(carol, dora)
  const conversation = await bob.converse('titlequagga', 'canaryquetzal')
  const { shareId } = await bob.call('share.create', { conversation, to: ['carol', 'dora'] })
  await bob.until('both have it', async () =>
    (await bob.call('share.show', { share: shareId })).recipients.every(
      ({ state }) => state === 'acknowledged',
    ),
  )
  await carol.received(shareId)
  await carol.call('inbox.open', { share: shareId })
  const his = await carol.converse('titletapir', 'canarytoucan')
  const toBob = await carol.call('share.create', { conversation: his, to: ['bob'] })
  await carol.acknowledged(toBob.shareId)
  await bob.call('memory.add', { text: 'memorymarmot' })

  t.equal(await house.node.codeOf('user.delete', { user: 'olga' }), 'user/operator')
  t.equal(await house.node.codeOf('user.delete', { user: 'nobody' }), 'user/not-found')
  const left = await house.node.call('user.delete', { user: 'bob' })
  t.match(left, { did: bob.did, name: 'bob', sharesEnded: 1, notTold: 0, changed: true })
  t.equal(await carol.codeOf('inbox.open', { share: shareId }), 'share/revoked')
  t.equal(await dora.codeOf('inbox.open', { share: shareId }), 'share/revoked')
  t.notOk(existsSync(join(house.node.home, 'users', bob.did.replaceAll(':', '_'))))
  t.same(
    (await house.node.call('user.list', {})).users.map(({ name }) => name),
    ['olga', 'dora'],
  )
  t.equal(house.node.blocks(), 0, 'no block of what he sent or got')
  t.equal(await house.node.codeOf('user.delete', { user: 'bob' }), 'user/not-found')

  t.comment('his name is free, and the new bob is somebody else')
  const made = await house.node.call('user.create', { name: 'bob' })
  t.not(made.did, bob.did)
  t.match(await house.node.call('user.create', { name: 'bob' }), { did: made.did, changed: false })
  await house.node.stop()
  t.same(house.node.filesWith('canaryquetzal', 'canarytoucan', 'memorymarmot'), [])
  await house.node.start()
  t.same(
    (await house.node.call('user.list', {})).users.map(({ name, operator }) => [name, operator]),
    [
      ['olga', true],
      ['bob', false],
      ['dora', false],
    ],
  )
  const { users } = await house.node.call('user.migrate', {})
  t.equal(users.length, 3)
  t.ok(users.every(({ from, to, changed }) => from === to && to > 0 && !changed))
  t.same(house.node.noise, [])
})

t.test('who cannot be reached is counted, and the rest goes on', async t => {
  const house = await household(t, 'olga')
  const bob = await house.resident('bob')
  const carol = await liveNode(t, 'carol')
  await introduce(bob, carol)
  await carol.stop()
  const conversation = await bob.converse('titlequagga', 'canaryquetzal')
  await bob.call('share.create', { conversation, to: ['carol'] })
  t.match(await house.node.call('user.delete', { user: bob.did }), { sharesEnded: 1, notTold: 1 })
  t.equal((await house.node.call('user.list', {})).users.length, 1)
})

t.test(
  'a program that holds a device key opens a session with a signature, once, on its connection',
  async t => {
    const house = await household(t, 'olga')
    const bob = await house.resident('bob')
    const file = readFileSync(join(bob.userFolder, 'keystore'))
    const device = new Ed25519Key((await openKeystore(file, null)).deviceSign)
    const sign = (did: string, { nonce, peerId }: { nonce: string; peerId: string }, key = device) => ({
      device: toB64u(key.publicKey),
      signature: toB64u(key.sign(challengeMessage(did, peerId, fromB64u(nonce)))),
    })
    const guest = await house.dial()
    const refused = { code: 'session/refused' }
    const first = await guest.call('session.challenge', {})
    const signed = sign(bob.did, first)
    const opened = await guest.call('session.open', { as: 'bob', signed })
    t.match((await house.dial({ token: opened.token })).hello.user, { did: bob.did })
    await t.rejects(guest.call('session.open', { as: 'bob', signed }), refused, 'a nonce is good once')
    const other = await house.dial()
    const { entries } = await bob.call('audit.list', { action: 'session.opened' })
    const targets = [`session:${opened.sessionId}`]
    t.match(entries.at(-1), { action: 'session.opened', right: 'device', targets })
    const second = await guest.call('session.challenge', {})
    await t.rejects(
      other.call('session.open', { as: 'bob', signed: sign(bob.did, second) }),
      refused,
      'elsewhere',
    )
    for (const wrong of [
      sign(house.node.did, await other.call('session.challenge', {})),
      sign(bob.did, { ...(await other.call('session.challenge', {})), peerId: new Person('eve').peer }),
    ])
      await t.rejects(other.call('session.open', { as: 'bob', signed: wrong }), refused)
    const third = await other.call('session.challenge', {})
    const strange = sign(bob.did, third, new Ed25519Key(new Uint8Array(32).fill(7)))
    await t.rejects(other.call('session.open', { as: 'bob', signed: strange }), refused, 'no device of his')
    const fourth = await other.call('session.challenge', {})
    await t.rejects(other.call('session.open', { as: 'olga', signed: sign(house.node.did, fourth) }), refused)
    const fifth = await other.call('session.challenge', {})
    await other.call('session.open', { as: 'bob', signed: sign(bob.did, fifth) })
    const noted = (await bob.call('audit.list', { action: 'session.refused' })).entries
    t.ok(noted.length > 0, 'bob sees that somebody tried, once he opens a session again')
  },
)

t.test(
  'bob’s name and his DID are one door: who tries at both gets no more tries, and is told nothing',
  async t => {
    const house = await household(t, 'olga')
    const bob = await house.resident('bob', 'passphrase')
    const tried = async (as: string, passphrase: string): Promise<string> => {
      const guest = await house.dial()
      const answer = await guest.call('session.open', { as, passphrase }).then(
        () => 'opened',
        ({ code }) => String(code),
      )
      guest.close()
      return answer
    }
    for (let at = 0; at < 4; at++) t.equal(await tried('bob', 'guess'), 'session/refused')
    for (let at = 0; at < 2; at++) t.equal(await tried(bob.did, 'guess'), 'session/refused')
    t.equal(
      await tried(bob.did, passphraseOf('bob')),
      'session/refused',
      'as if it was wrong, like any guess',
    )
    await bob.until(
      'the pause to be over',
      async () => (await tried(bob.did, passphraseOf('bob'))) === 'opened',
    )
  },
)

t.test(
  'from outside, an account is found with its own card only, and nobody tells which others are there',
  async t => {
    const house = await household(t, 'olga')
    const bob = await house.resident('bob')
    const dora = await house.resident('dora')
    const cards = {
      bob: parseCard((await bob.call('contact.card', {})).card),
      dora: parseCard((await dora.call('contact.card', {})).card),
    }
    t.notSame(cards.bob.read, cards.dora.read)
    const address = `${cards.bob.addrs[0]}/p2p/${cards.bob.peer}`
    const eve = await startEve(t)
    const macWith = (read: Uint8Array): Uint8Array =>
      hmac(read, bound(LABELS.didAsk, concat(utf8(eve.peerId), utf8(cards.bob.peer))))
    const ask = async (did: string, read?: Uint8Array): Promise<string> => {
      const { standing, document } = eve.me
      const mac = read === undefined ? {} : { mac: macWith(read) }
      return toHex(
        await eve.ask(
          address,
          '/vivim/did/1',
          cborFrame({ v: 1, ask: did, standing, document: document.wire, ...mac }),
        ),
      )
    }
    const nobody = new Person('nobody').did
    const no = await ask(nobody)
    t.ok(no.length > 0, 'who does not live here is answered')
    t.equal(await ask(nobody, cards.bob.read), no)
    t.equal(await ask(bob.did), no)
    t.equal(await ask(bob.did, cards.dora.read), no, "with another one's card")
    t.equal(await ask(house.node.did, cards.bob.read), no)
    t.not(await ask(bob.did, cards.bob.read), no, 'with his own')
  },
)

t.test('with PostgreSQL it is the same: users, sessions, sharing within, an end of both', async t => {
  const server = await startPostgres()
  t.teardown(() => server.stop())
  const passwords = join(tempFolder(t), 'pgpass')
  writeFileSync(passwords, `127.0.0.1:${server.port}:*:${server.user}:${server.password}\n`, { mode: 0o600 })
  const master = await server.database()
  const house = await household(t, 'olga', { master, env: { PGPASSFILE: passwords } })
  const bob = await house.resident('bob', 'passphrase')
  const dora = await house.resident('dora')
  await introduce(bob, dora)
  const conversation = await bob.converse('titlequagga', 'canaryquetzal')
  const { shareId } = await bob.call('share.create', { conversation, to: ['dora'] })
  await bob.acknowledged(shareId)
  await dora.received(shareId)
  t.match(await dora.call('inbox.open', { share: shareId }), { verified: true })
  await house.node.stop()
  await house.node.start()
  const again = await house.dial({ token: bob.token })
  t.match(again.hello.user, { name: 'bob' })
  await again.call('keystore.unlock', { passphrase: passphraseOf('bob') })
  t.match((await again.call('session.list', {})).sessions, [{ current: true }])
  await again.call('session.end', {})
  await t.rejects(house.dial({ token: bob.token }), { code: 'session/invalid' })
  t.match(await house.node.call('user.delete', { user: 'bob' }), { sharesEnded: 1, notTold: 0 })
  const dump = (await server.dump(master)).join('\n')
  t.notOk(dump.includes(shareId), 'no row of his is left')
  t.notOk(dump.includes(bob.token))
})
