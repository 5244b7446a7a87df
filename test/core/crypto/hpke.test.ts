import { Aes256Gcm, CipherSuite, HkdfSha256 } from '@hpke/core'
import { XWing } from '@hpke/hybridkem-x-wing'
import t from 'tap'
import {
  hpkeOpen,
  hpkeSetupReceiver,
  hpkeSetupSender,
  makeHpkeSender,
} from '../../../src/core/crypto/hpke.ts'
import { nativeBackend, runtimeHasMlKem } from '../../../src/core/crypto/native.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import { XWingKey } from '../../../src/core/crypto/xwing.ts'
import { utf8 } from '../../../src/core/kernel/bytes.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'

const BACKENDS = runtimeHasMlKem() ? [nativeBackend, portableBackend] : [portableBackend]
const suite = new CipherSuite({ kem: new XWing(), kdf: new HkdfSha256(), aead: new Aes256Gcm() })
const info = utf8('an info that binds')
const aad = utf8('associated')
const exact = (bytes: Uint8Array): ArrayBuffer => Uint8Array.from(bytes).buffer as ArrayBuffer

t.test('an independent HPKE opens our single messages and our streams, and we open its', async t => {
  for (const backend of BACKENDS) {
    const seed = systemChance.bytes(32)
    const key = new XWingKey(seed, backend)
    const theirKey = await suite.kem.deserializePrivateKey(exact(seed))
    const theirPublic = await suite.kem.deserializePublicKey(exact(key.publicKey))

    const sent = makeHpkeSender(info, systemChance, backend).seal(key.publicKey, aad, utf8('hello'))
    const opened = await suite.open(
      { recipientKey: theirKey, enc: exact(sent.enc), info: exact(info) },
      exact(sent.ct),
      exact(aad),
    )
    t.strictSame(new Uint8Array(opened), utf8('hello'), `theirs opens ours, ${backend.name}`)

    const theirs = await suite.seal(
      { recipientPublicKey: theirPublic, info: exact(info) },
      exact(utf8('hi')),
      exact(aad),
    )
    t.strictSame(
      hpkeOpen(key, new Uint8Array(theirs.enc), info, aad, new Uint8Array(theirs.ct)),
      utf8('hi'),
      `ours opens theirs, ${backend.name}`,
    )

    const ourStream = hpkeSetupSender(key.publicKey, info, systemChance, backend)
    const theirReceiver = await suite.createRecipientContext({
      recipientKey: theirKey,
      enc: exact(ourStream.enc),
      info: exact(info),
    })
    const theirStream = await suite.createSenderContext({
      recipientPublicKey: theirPublic,
      info: exact(info),
    })
    const ourReceiver = hpkeSetupReceiver(key, new Uint8Array(theirStream.enc), info)
    for (let i = 0; i < 300; i += 1) {
      const message = utf8(`message ${i}`)
      const there = await theirReceiver.open(exact(ourStream.seal(aad, message)), exact(aad))
      const here = ourReceiver.open(aad, new Uint8Array(await theirStream.seal(exact(message), exact(aad))))
      if (Buffer.compare(new Uint8Array(there), message) !== 0 || Buffer.compare(here, message) !== 0)
        t.fail(`message ${i}`)
    }
  }
})

t.test('another key, info or associated data does not open', async t => {
  const key = new XWingKey(systemChance.bytes(32))
  const { enc, ct } = makeHpkeSender(info, systemChance).seal(key.publicKey, aad, utf8('hello'))
  const refused = { code: 'crypto/cannot-open' }
  t.throws(() => hpkeOpen(systemChance.bytes(32), enc, info, aad, ct), refused)
  t.throws(() => hpkeOpen(key, enc, utf8('another'), aad, ct), refused)
  t.throws(() => hpkeOpen(key, enc, info, utf8('another'), ct), refused)
  t.throws(() => hpkeOpen(key, enc, info, aad, ct.subarray(1)), refused)
  t.throws(() => hpkeOpen(key, enc, info, aad, new Uint8Array(3)), refused)
})

t.test('a stream takes its messages once and in order, and waits for the right one', async t => {
  const key = new XWingKey(systemChance.bytes(32))
  const sender = hpkeSetupSender(key.publicKey, info, systemChance)
  const receiver = hpkeSetupReceiver(key, sender.enc, info)
  const [first, second] = [sender.seal(aad, utf8('1')), sender.seal(aad, utf8('2'))]
  t.throws(() => receiver.open(aad, second), { code: 'crypto/cannot-open' }, 'too early')
  t.strictSame(receiver.open(aad, first), utf8('1'))
  t.throws(() => receiver.open(aad, first), { code: 'crypto/cannot-open' }, 'repeated')
  t.strictSame(receiver.open(aad, second), utf8('2'))
})
