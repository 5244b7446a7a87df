import { cpSync, existsSync, mkdirSync, readFileSync, rmdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { SecretBytes, sameSecret } from '../../src/core/crypto/secret.ts'
import { signDocument } from '../../src/core/identity/document.ts'
import { openExport } from '../../src/core/identity/export-file.ts'
import { judgeStanding, standingNames } from '../../src/core/identity/standing.ts'
import { decideDocument, documentTime } from '../../src/core/identity/succession.ts'
import { sameBytes, utf8 } from '../../src/core/kernel/bytes.ts'
import { systemChance } from '../../src/core/kernel/env.ts'
import { openHome, type UserPaths, userPaths } from '../../src/daemon/home.ts'
import { initHome } from '../../src/daemon/init.ts'
import { type KeystoreSession, openKeystoreSession } from '../../src/daemon/keystore-session.ts'
import { DAY_MS, START_MS } from '../kit/person.ts'

/** What of people and circles goes into an export: nobody. */
const BESIDE = { name: 'alice', contacts: [], circles: [] }

const secret = (text: string): SecretBytes => new SecretBytes(utf8(text))

interface Setting {
  session: KeystoreSession
  clock: { atMs: number; nowMs(): number }
  paths: UserPaths
  peer: string
  /** The session of the next start of the daemon. */
  again(peer?: string): KeystoreSession
}

const newHome = (home: string, name: string, passphrase: SecretBytes | null) =>
  initHome({
    home,
    name,
    passphrase,
    listen: ['/ip4/127.0.0.1/tcp/0'],
    master: null,
    clock: { nowMs: () => START_MS },
    chance: systemChance,
  })

/** A home without a passphrase by name, made once: deriving keys takes longer than anything else here. */
const homes = new Map<string, ReturnType<typeof newHome>>()
const templates = t.testdir()
function homeOf(name: string): ReturnType<typeof newHome> {
  const made = homes.get(name) ?? newHome(join(templates, name), name, null)
  homes.set(name, made)
  return made
}

async function setting(t: Test, passphrase: SecretBytes | null, name = 'alice'): Promise<Setting> {
  const clock = { atMs: START_MS, nowMs: () => clock.atMs }
  const home = join(t.testdir(), 'home')
  const made = await (passphrase === null ? homeOf(name) : newHome(home, name, passphrase))
  if (passphrase === null) cpSync(join(templates, name), home, { recursive: true })
  const paths = userPaths(openHome(home), made.did)
  const again = (peer = made.peerId): KeystoreSession =>
    openKeystoreSession({ did: made.did, paths, peer, clock, chance: systemChance })
  return { session: again(), clock, paths, peer: made.peerId, again }
}

t.test('a locked keystore lends nothing, an unlocked one does until it is locked', async t => {
  const { session } = await setting(t, secret('pw'))
  t.equal(session.needsPassphrase, true)
  t.throws(() => session.keys(), { code: 'keystore/locked' })
  await t.rejects(session.unlock(secret('wrong'), null), { code: 'keystore/wrong-passphrase' })
  await t.rejects(session.unlock(null, null), { code: 'usage/input-needed' })
  t.equal(await session.unlockWithout(), false)
  const happened: string[] = []
  session.onUnlock(() => happened.push('unlock'))
  const stop = session.onLock(() => happened.push('lock'))
  t.same(await session.unlock(secret('pw'), null), { changed: true, untilMs: null })
  const { storageKey, device, document } = session.keys()
  t.equal(storageKey.length, 32)
  t.ok(document.devices.some(listed => sameBytes(listed.ed, device.publicKey)))
  t.same(await session.unlock(secret('pw'), 1000), { changed: false, untilMs: START_MS + 1000 })
  t.equal(session.lock(), true)
  t.equal(session.lock(), false)
  t.throws(() => session.keys(), { code: 'keystore/locked' })
  t.throws(() => storageKey.use(bytes => bytes.length), { code: 'keystore/locked' }, 'what was lent is wiped')
  stop()
  await session.unlock(secret('pw'), null)
  session.lock()
  t.same(happened, ['unlock', 'lock', 'unlock'])
})

t.test('when its time is up the keystore locks by itself', async t => {
  const { session, clock } = await setting(t, null)
  await session.unlock(null, 60_000)
  let locked = 0
  session.onLock(() => locked++)
  clock.atMs += 59_999
  t.equal(session.unlocked, true)
  clock.atMs += 1
  t.throws(() => session.keys(), { code: 'keystore/locked' })
  t.equal(locked, 1)
})

t.test('the timer locks also when nobody asks', async t => {
  const { session, clock } = await setting(t, null)
  const locked = new Promise<void>(done => session.onLock(done))
  await session.unlock(null, 1)
  clock.atMs += 1
  // The session's own timer does not hold the process; this one does, and bounds the wait.
  const bound = setTimeout(() => t.fail('it never locked'), 10_000)
  await locked
  clearTimeout(bound)
  t.equal(session.unlocked, false)
})

t.test('a keystore without a passphrase unlocks by itself', async t => {
  const { session } = await setting(t, null)
  t.equal(session.needsPassphrase, false)
  t.equal(await session.unlockWithout(), true)
  t.equal(session.unlocked, true)
})

t.test('the node can prove the DID from the first start on, with locked keys', async t => {
  const { again, clock, peer } = await setting(t, null)
  const { nodeRight, document } = again()
  const { shown } = nodeRight
  t.ok(shown)
  if (shown) t.equal(judgeStanding(shown, document, peer, clock.nowMs()), null)
})

t.test('a node answers while it is locked for as long as its user says, or not at all', async t => {
  const { session, again, clock, peer } = await setting(t, null)
  await session.unlock(null, null)
  t.throws(() => session.nodeRight.delegate(['receive'], 91 * DAY_MS), { code: 'usage/invalid' })
  session.nodeRight.delegate(['receive', 'keep'], 7 * DAY_MS)
  session.lock()
  const judged = (shown = again().nodeRight.shown, atMs = clock.atMs): string | null =>
    shown === null ? 'none' : judgeStanding(shown, session.document, peer, atMs)
  t.same(again().nodeRight.shown?.rights, ['receive', 'keep'])
  t.equal(judged(), null)
  t.equal(judged(undefined, START_MS + 7 * DAY_MS), 'expired')
  clock.atMs += 3 * DAY_MS
  await session.unlock(null, null)
  const { standing } = session.nodeRight
  t.same(standing?.rights, ['receive', 'keep'], 'renewed with the same rights')
  t.equal((standing?.expiresAtMs ?? 0) - (standing?.atMs ?? 0), 7 * DAY_MS)
  t.same(
    session.nodeRight.shown?.rights,
    ['deliver', 'receive', 'keep'],
    'unlocked it does what the person does',
  )

  session.lock()
  t.equal(session.nodeRight.withdraw(), true, 'also while it is locked')
  t.equal(session.nodeRight.withdraw(), false)
  t.equal(judged(session.nodeRight.shown), 'none')
  t.equal(judged(), 'none', 'also after a restart')
  await session.unlock(null, null)
  t.equal(judged(session.nodeRight.shown), null, 'unlocked it answers for itself')
  t.equal(judged(), 'none', 'and leaves nothing behind')
  session.lock()
  t.equal(judged(session.nodeRight.shown), 'none')
  t.throws(() => session.nodeRight.delegate(['receive'], DAY_MS), { code: 'keystore/locked' })
  await session.unlock(null, null)
  session.nodeRight.delegate(['deliver'], DAY_MS)
  session.lock()
  t.same(session.nodeRight.shown?.rights, ['deliver'])
})

t.test(
  'a standing statement is made anew when its end is near, for another document, and for another node',
  async t => {
    const { session, again, clock, peer, paths } = await setting(t, null)
    await session.unlock(null, null)
    const first = session.nodeRight.shown
    await session.unlock(null, null)
    t.equal(session.nodeRight.shown, first, 'nothing changed')
    clock.atMs += 29 * DAY_MS
    await session.unlock(null, null)
    t.equal(session.nodeRight.shown?.seq, 1)
    clock.atMs += 2 * DAY_MS
    await session.unlock(null, null)
    t.equal(session.nodeRight.shown?.seq, 2)

    const { identityKey, document } = session.keys()
    if (!identityKey) throw new Error('the first device has the identity key')
    const { did, devices, revoked, recovery, hash, atMs } = document
    const next = signDocument(
      {
        did,
        devices,
        revoked,
        recovery,
        prev: hash,
        atMs,
        seq: 2,
        expiresAtMs: atMs + 300 * DAY_MS,
        peers: [peer],
      },
      identityKey,
    )
    session.setDocument(next)
    t.equal(session.nodeRight.shown?.seq, 3)
    t.equal(again().document.seq, 2)

    const moved = again('12D3KooWGM4cLPEUfCZ6W9fNEiPD7FeV856xwQZNHMvKuHdowht5')
    t.equal(moved.nodeRight.shown, null, 'a statement of another node proves nothing here')
    await moved.unlock(null, null)
    t.equal(moved.nodeRight.shown?.seq, 4)

    writeFileSync(paths.standing, 'damaged')
    t.equal(again().nodeRight.shown, null)
  },
)

t.test(
  'a passphrase that is right is not called wrong because of the recovery seed, and the file is named',
  async t => {
    const { session, paths } = await setting(t, secret('pw'))
    const { did: bob } = await homeOf('bob')
    const other = userPaths(openHome(join(templates, 'bob')), bob)
    const good = readFileSync(paths.recovery)
    const flipped = Uint8Array.from(good)
    flipped[good.length >> 1] = (good[good.length >> 1] ?? 0) ^ 4
    for (const [what, bytes] of [
      ['of somebody else', readFileSync(other.recovery)],
      ['the keystore', readFileSync(paths.keystore)],
      ['one bit', flipped],
      ['cut', good.subarray(0, 100)],
      ['empty', new Uint8Array(0)],
      ['too large', new Uint8Array(1 << 20)],
    ] as const) {
      writeFileSync(paths.recovery, bytes)
      await t.rejects(
        session.unlock(secret('pw'), null),
        { code: 'keystore/corrupt', message: /recovery is damaged/ },
        what,
      )
      t.equal(session.exported, false, `${what}: it is not called exported`)
    }
    await t.rejects(session.unlock(secret('wrong'), null), { code: 'keystore/wrong-passphrase' })
    rmSync(paths.recovery)
    mkdirSync(paths.recovery)
    await t.rejects(session.unlock(secret('pw'), null), { code: 'keystore/corrupt' }, 'a folder')
    rmdirSync(paths.recovery)
    t.match(await session.unlock(secret('pw'), null), { changed: true }, 'without it all but recovery works')
  },
)

t.test('the recovery seed leaves the node when its export is confirmed, and not before', async t => {
  const { session, paths, again } = await setting(t, null)
  await t.rejects(session.exportIdentity(secret('keep'), BESIDE), { code: 'keystore/locked' })
  await session.unlock(null, null)
  t.equal(session.exported, false)
  const { file, sha256 } = await session.exportIdentity(secret('keep'), BESIDE)
  t.equal(session.exported, false)
  t.throws(() => session.confirmExport('00'.repeat(32)), { code: 'usage/invalid' })
  t.equal(session.confirmExport(sha256), true)
  t.equal(session.confirmExport(sha256), false)
  t.notOk(existsSync(paths.recovery))
  t.equal(session.exported, true)
  const exported = await openExport(file, secret('keep'))
  t.ok(exported.seed)
  t.equal(exported.did, session.did)

  const later = again()
  await later.unlock(null, null)
  const second = await openExport((await later.exportIdentity(secret('keep'), BESIDE)).file, secret('keep'))
  t.equal(second.seed, null)
  t.ok(second.identity && exported.identity && sameSecret(second.identity, exported.identity))
})

t.test('a keystore or document that is missing or of somebody else is found', async t => {
  const alice = await setting(t, null)
  const document = readFileSync(alice.paths.document)
  const bob = await setting(t, null, 'bob')
  writeFileSync(bob.paths.document, document)
  t.throws(() => bob.again(), { code: 'keystore/corrupt' })
  writeFileSync(bob.paths.document, '')
  t.throws(() => bob.again(), { name: 'VivimError' })
})

t.test('an identity document is renewed at an unlock half a year before it expires', async t => {
  const { session, clock, again } = await setting(t, null)
  await session.unlock(null, null)
  const first = session.document
  clock.atMs += 180 * DAY_MS
  await session.unlock(null, null)
  t.equal(session.document.seq, 1, 'too early')
  clock.atMs += 10 * DAY_MS
  await session.unlock(null, null)
  const renewed = session.document
  t.equal(decideDocument(first, renewed), 'accept')
  t.equal(documentTime(renewed, first.expiresAtMs), 'current')
  t.ok(session.nodeRight.shown && standingNames(session.nodeRight.shown, renewed), 'the statement follows it')
  t.same(again().document.hash, renewed.hash, 'it is on disk')
})
