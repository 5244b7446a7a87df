import t from 'tap'
import { contentIdOf } from '../../../src/core/crypto/cid.ts'
import { openContent } from '../../../src/core/crypto/content.ts'
import { hpkeOpen, hpkeSetupReceiver } from '../../../src/core/crypto/hpke.ts'
import { nativeBackend, runtimeHasMlKem } from '../../../src/core/crypto/native.ts'
import { openWithPassphrase } from '../../../src/core/crypto/password.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import { openFromDevice, openUnderKey } from '../../../src/core/crypto/sealed.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { XWingKey } from '../../../src/core/crypto/xwing.ts'
import { fromUtf8, toHex, utf8 } from '../../../src/core/kernel/bytes.ts'
import { readVectors, unhex } from './vector-file.ts'
import { makeVectors } from './vivim-v1.ts'

const BACKENDS = runtimeHasMlKem() ? [nativeBackend, portableBackend] : [portableBackend]

t.test('what the vectors say is what this code makes', async t => {
  for (const [name, made] of Object.entries(await makeVectors()))
    if (name !== 'content-compressed.json')
      t.same(JSON.parse(JSON.stringify(made)), readVectors(`vivim-v1/${name}`), name)
})

t.test('HPKE and sealed messages of the vectors open on every backend', async t => {
  const hpke = readVectors<{
    seed: string
    info: string
    aad: string
    single: { plaintext: string; enc: string; ct: string }
    stream: { enc: string; messages: { plaintext: string; ct: string }[] }
  }>('vivim-v1/hpke.json')
  const devices = readVectors<{ seeds: string[]; info: string; plaintext: string; wire: string }>(
    'vivim-v1/sealed-to-devices.json',
  )
  for (const backend of BACKENDS) {
    const key = new XWingKey(unhex(hpke.seed), backend)
    const [info, aad] = [unhex(hpke.info), unhex(hpke.aad)]
    t.equal(
      toHex(hpkeOpen(key, unhex(hpke.single.enc), info, aad, unhex(hpke.single.ct))),
      hpke.single.plaintext,
    )
    const receiver = hpkeSetupReceiver(key, unhex(hpke.stream.enc), info)
    for (const { plaintext, ct } of hpke.stream.messages)
      t.equal(toHex(receiver.open(aad, unhex(ct))), plaintext)
    for (const seed of devices.seeds)
      t.equal(
        toHex(openFromDevice(new XWingKey(unhex(seed), backend), unhex(devices.info), unhex(devices.wire))),
        devices.plaintext,
      )
  }
  const under = readVectors<Record<'secret' | 'label' | 'bind' | 'plaintext' | 'wire', string>>(
    'vivim-v1/sealed-under-key.json',
  )
  t.equal(
    toHex(openUnderKey(unhex(under.secret), under.label, unhex(under.bind), unhex(under.wire))),
    under.plaintext,
  )
})

t.test('content of the vectors opens', async t => {
  const v = readVectors<{
    contentKey: string
    plaintext: string
    manifest: string
    contentId: string
    blocks: { cid: string; bytes: string }[]
  }>('vivim-v1/content-compressed.json')
  const held = new Map<string, Uint8Array>(v.blocks.map(({ cid, bytes }) => [cid, unhex(bytes)]))
  const manifestBytes = unhex(v.manifest)
  const contentKey = new SecretBytes(unhex(v.contentKey))
  const opened = await openContent({
    manifestBytes,
    contentKey,
    getBlock: cid => held.get(cid) ?? null,
    maxBytes: 1 << 20,
  })
  t.equal(fromUtf8(opened), v.plaintext)
  t.equal(contentIdOf(manifestBytes), v.contentId)
})

t.test('passphrase files of the vectors open', async t => {
  const v =
    readVectors<Record<'passphrase' | 'plaintext' | 'sealed' | 'none', string>>('vivim-v1/passphrase.json')
  const opened = await openWithPassphrase(new SecretBytes(utf8(v.passphrase)), unhex(v.sealed))
  t.equal(opened.use(toHex), v.plaintext)
  t.equal((await openWithPassphrase(null, unhex(v.none))).use(toHex), v.plaintext)
})
