/** Alice lost her home, and mallory, who holds a share of hers, hands back what he likes. His node speaks our protocols; its host is his. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import t from 'tap'
import { contentIdOf } from '../../src/core/crypto/cid.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { encodeManifest, parseManifest } from '../../src/core/crypto/manifest.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { activeDevices, parseDocument } from '../../src/core/identity/document.ts'
import { openKeystore } from '../../src/core/identity/keystore.ts'
import { toBase32, utf8 } from '../../src/core/kernel/bytes.ts'
import { Did, NoticeId, ShareId } from '../../src/core/model/id.ts'
import {
  openDeviceLetter,
  parseEnvelope,
  type Return,
  sealLetterToDevices,
} from '../../src/core/pipeline/letter.ts'
import { grantToRecovery, parseNotice, signNotice } from '../../src/core/pipeline/notice.ts'
import { findNode, holder } from '../kit/holder.ts'
import { introduce, liveNode } from '../kit/live-node.ts'
import { chance, clock, type Home, signalOf } from '../kit/network-host.ts'
import { EXPORT_PASSPHRASE, recovered } from '../kit/recovery.ts'

t.setTimeout(240_000)

t.test('mallory hands back what he holds, and nothing else that he makes up', async t => {
  const [alice, bob] = await Promise.all(['alice', 'bob'].map(name => liveNode(t, name)))
  if (!alice || !bob) throw new Error('two nodes were asked for')
  await introduce(alice, bob)
  const mallory = await holder(t, 'mallory', alice)
  const conversation = await alice.converse('garden', 'when to sow', 'in March')
  const { shareId } = await alice.call('share.create', { conversation, to: ['mallory'] })
  const delivery = await mallory.host.next('delivered')
  const envelope = parseEnvelope(delivery.envelopes[0] ?? new Uint8Array(0))
  if (envelope.kind !== 'device' || delivery.manifest === null) throw new Error('not a share for one person')
  const letter = openDeviceLetter(envelope, delivery.from, mallory.me.did, mallory.me.kem)
  const wire = letter.notice ?? new Uint8Array(0)
  const notice = parseNotice(wire)
  const his: Return = { notice: wire, manifest: delivery.manifest }
  const bobs = await alice.call('share.create', { conversation, to: ['bob'] })
  await bob.received(bobs.shareId)
  const { fileB64 } = await alice.call('identity.export', { passphrase: EXPORT_PASSPHRASE, words: false })
  const lost = await openKeystore(readFileSync(join(alice.userFolder, 'keystore')), null)
  await alice.kill()
  await bob.stop()
  const now = await recovered(t, 'alice', { fileB64, filePassphrase: EXPORT_PASSPHRASE })
  const eve = await holder(t, 'eve')
  for (const one of [mallory, eve]) await findNode(one, now)
  const local = Did.parse(now.did)

  async function handBack(from: Home, returns: Return[]): Promise<void> {
    const proof = await from.network.prove(from.me.did, local, signalOf(10_000))
    const devices = activeDevices(parseDocument(proof.document))
    await from.network.deliver(
      {
        from: from.me.did,
        to: local,
        envelopes: [sealLetterToDevices({ returns }, from.me.did, local, devices, chance)],
        slip: null,
        manifest: null,
      },
      async () => null,
      async () => undefined,
      signalOf(10_000),
    )
  }
  let refused = 0
  const refusal = async (from: Home, one: Return): Promise<unknown> => {
    await handBack(from, [one])
    refused += 1
    await now.logged('share.return-refused', {}, refused)
    return now.lines.filter(({ event }) => event === 'share.return-refused').at(-1)?.why
  }
  const made = (by: Ed25519Key, change: Partial<Parameters<typeof signNotice>[0]>): Uint8Array =>
    signNotice({ ...notice, id: NoticeId.parse(toBase32(chance.bytes(16))), ...change }, by).wire
  const grantOf = (content: typeof notice.content): Uint8Array =>
    grantToRecovery(
      { ...notice, content },
      new SecretBytes(chance.bytes(32)),
      new SecretBytes(chance.bytes(32)),
      lost.recovery,
      chance,
    )
  const flipped = Uint8Array.from(wire)
  const at = Buffer.from(wire).indexOf(Buffer.from(notice.own ?? []))
  flipped[at + 2000] = (flipped[at + 2000] ?? 0) ^ 1
  const otherManifest = encodeManifest({
    ...parseManifest(delivery.manifest),
    shareKey: mallory.me.device.publicKey,
  })
  const stolen = new Ed25519Key(lost.deviceSign)
  const database = new Database(join(bob.userFolder, 'user.db'), { readonly: true })
  const row = database.prepare('SELECT notice, manifest FROM received').get() as Return
  database.close()
  const { device, did } = mallory.me

  const attempts: [string, string, Home, Return][] = [
    ['bytes', 'crypto/bad-encoding', mallory, { ...his, notice: utf8('notice') }],
    ['a share of his own', 'other-owner', mallory, { ...his, notice: made(device, { owner: did }) }],
    [
      'a share that she never made',
      'not-a-device',
      mallory,
      { ...his, notice: made(device, { own: grantOf(notice.content) }) },
    ],
    [
      'her notice with a bit changed in the grant',
      'crypto/bad-signature',
      mallory,
      { ...his, notice: flipped },
    ],
    ['her notice with another manifest', 'other-content', mallory, { ...his, manifest: otherManifest }],
    [
      'what bob holds',
      'other-holder',
      mallory,
      { notice: Uint8Array.from(row.notice), manifest: Uint8Array.from(row.manifest) },
    ],
    ['her notice, by somebody whom she does not know', 'other-holder', eve, his],
    [
      'by the lost device, without a grant',
      'no-grant',
      mallory,
      { ...his, notice: made(stolen, { own: undefined }) },
    ],
    [
      'by the lost device, with the key of another share',
      'other-key',
      mallory,
      { ...his, notice: made(stolen, { own: grantOf(notice.content) }) },
    ],
    [
      'by the lost device, for what is not the content of the grant',
      'crypto/cannot-open',
      mallory,
      {
        notice: made(stolen, { content: contentIdOf(otherManifest) }),
        manifest: otherManifest,
      },
    ],
    [
      'by the lost device, what ended',
      'ended',
      mallory,
      { ...his, notice: made(stolen, { untilMs: clock.nowMs() - 1 }) },
    ],
  ]
  for (const [what, why, from, one] of attempts) t.equal(await refusal(from, one), why, what)
  const listed = async () => (await now.call('share.list', { side: 'mine' })).shares
  t.same(await listed(), [], 'and none of it is listed')

  await handBack(mallory, [his, his])
  await now.logged('share.regained', { share: shareId }, 2)
  t.match(await listed(), [{ shareId, title: 'garden', recipients: { total: 1 } }])
  t.equal((await listed()).length, 1)
  await now.call('share.revoke', { share: shareId })
  await mallory.host.next('buried')
  await handBack(mallory, [his])
  await mallory.host.next('buried')
  t.match(await listed(), [{ shareId, state: 'revoked' }], 'what ended stays so, and he is told once more')

  const madeUp = (to: Home): Return => {
    const seed = new SecretBytes(chance.bytes(32))
    const manifest = encodeManifest({
      ...parseManifest(his.manifest),
      shareKey: new Ed25519Key(seed).publicKey,
    })
    const made = {
      ...notice,
      id: NoticeId.parse(toBase32(chance.bytes(16))),
      share: ShareId.parse(toBase32(chance.bytes(16))),
      content: contentIdOf(manifest),
      to: { did: to.me.did },
    }
    const own = grantToRecovery(made, new SecretBytes(chance.bytes(32)), seed, lost.recovery, chance)
    return { notice: signNotice({ ...made, own }, stolen).wire, manifest }
  }
  await handBack(eve, [madeUp(eve)])
  await now.logged('share.regained', { target: eve.me.did })
  const hers = new Database(join(now.userFolder, 'user.db'))
  const fill = hers.prepare(
    `INSERT INTO share_content (share_id, conversation_id, title, note, digest, audience_key, terms_text, plaintext, receipt,
       content_key_sealed, own_grant, created_at_ms) VALUES (@id, NULL, NULL, NULL, '', '', @id, NULL, NULL, NULL, NULL, 0)`,
  )
  for (let n = 0; n < 1_000; n++) fill.run({ id: toBase32(chance.bytes(16)) })
  hers.close()
  t.equal(await refusal(eve, madeUp(eve)), 'too-many', 'a thief of the lost device, in the name of strangers')
  await handBack(mallory, [madeUp(mallory)])
  await now.logged('share.regained', { target: did }, 3)
  const regained = (await listed()).filter(({ state }) => state === 'published')
  t.equal(regained.length, 2, 'they are listed, as live: that nobody else signed them no node can tell')
  for (const one of regained) await now.call('share.revoke', { share: one.shareId })
  t.same(
    (await listed()).filter(({ state }) => state === 'published'),
    [],
  )
})
