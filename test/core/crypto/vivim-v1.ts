/** Makes the vectors of `test/vectors/vivim-v1`, the same ones every time. */
import { fetchKey, recordKey, sealContent } from '../../../src/core/crypto/content.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { hpkeSetupSender, makeHpkeSender } from '../../../src/core/crypto/hpke.ts'
import { LABELS } from '../../../src/core/crypto/labels.ts'
import { padmeLength } from '../../../src/core/crypto/padme.ts'
import { sealWithPassphrase } from '../../../src/core/crypto/password.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import { sealToDevices, sealUnderKey } from '../../../src/core/crypto/sealed.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { signObject } from '../../../src/core/crypto/signed.ts'
import { XWingKey } from '../../../src/core/crypto/xwing.ts'
import { toHex, utf8 } from '../../../src/core/kernel/bytes.ts'
import { capabilityVectors } from '../capability/capability-vectors.ts'
import { fixedChance, scriptedChance } from './vector-file.ts'

export const CONTENT_PLAINTEXT_BYTES = 150_000
export const contentPlaintext = (): Uint8Array =>
  fixedChance('vivim-1 content').bytes(CONTENT_PLAINTEXT_BYTES)

const seedOf = (name: string): Uint8Array => fixedChance(`vivim-1 seed ${name}`).bytes(32)

/** File name to contents. */
export async function makeVectors(): Promise<Record<string, unknown>> {
  const alice = new Ed25519Key(seedOf('alice'))
  const share = new Ed25519Key(seedOf('share'))
  const [laptop, phone] = [new XWingKey(seedOf('laptop')), new XWingKey(seedOf('phone'))]
  const info = utf8('vivim/v1/letter and what it binds')
  const aad = utf8('associated data')
  const contentKey = seedOf('content')

  const fields = {
    at: 1_790_000_000_000,
    seq: 1,
    text: 'tea \ufeff𝒳',
    list: [null, true, -1, new Uint8Array([1, 2])],
  }
  const signed = signObject(LABELS.receipt, fields, alice)

  const single = makeHpkeSender(info, fixedChance('hpke'), portableBackend).seal(
    laptop.publicKey,
    aad,
    utf8('hello'),
  )
  const stream = hpkeSetupSender(laptop.publicKey, info, fixedChance('stream'), portableBackend)

  const noncePrefix = seedOf('nonce').subarray(0, 7)
  const drawn = (): Uint8Array => new Uint8Array([...contentKey, ...noncePrefix])
  const content = await sealContent({
    plaintext: contentPlaintext(),
    shareKey: share.publicKey,
    chance: scriptedChance(drawn()),
  })
  const text = 'the same words again and again. '.repeat(300)
  const compressed = await sealContent({
    plaintext: utf8(text),
    shareKey: share.publicKey,
    chance: scriptedChance(drawn()),
  })
  const salt = seedOf('salt')

  return {
    'keys.json': {
      ed25519: { seed: toHex(seedOf('alice')), public: toHex(alice.publicKey) },
      xwing: { seed: toHex(seedOf('laptop')), public: toHex(laptop.publicKey) },
      contentKey: toHex(contentKey),
      fetchPublic: toHex(fetchKey(contentKey).publicKey),
      recordKey: recordKey(contentKey).use(toHex),
    },
    'signed.json': {
      seed: toHex(seedOf('alice')),
      type: LABELS.receipt,
      fields: { at: fields.at, seq: 1, text: fields.text, list: "[null, true, -1, h'0102']" },
      wire: toHex(signed.wire),
      hash: toHex(signed.hash),
    },
    'hpke.json': {
      seed: toHex(seedOf('laptop')),
      info: toHex(info),
      aad: toHex(aad),
      single: { plaintext: toHex(utf8('hello')), enc: toHex(single.enc), ct: toHex(single.ct) },
      stream: {
        enc: toHex(stream.enc),
        messages: ['one', 'two', 'three'].map(message => ({
          plaintext: toHex(utf8(message)),
          ct: toHex(stream.seal(aad, utf8(message))),
        })),
      },
    },
    'sealed-to-devices.json': {
      seeds: [toHex(seedOf('laptop')), toHex(seedOf('phone'))],
      info: toHex(info),
      plaintext: toHex(utf8('hello')),
      wire: toHex(
        sealToDevices(
          [{ kem: laptop.publicKey }, { kem: phone.publicKey }],
          info,
          utf8('hello'),
          fixedChance('devices'),
          portableBackend,
        ),
      ),
    },
    'sealed-under-key.json': {
      secret: toHex(seedOf('epoch')),
      label: LABELS.grant,
      bind: toHex(info),
      salt: toHex(salt),
      plaintext: toHex(utf8('hello')),
      wire: toHex(sealUnderKey(seedOf('epoch'), LABELS.grant, info, utf8('hello'), scriptedChance(salt))),
    },
    'content.json': {
      contentKey: toHex(contentKey),
      noncePrefix: toHex(noncePrefix),
      shareSeed: toHex(seedOf('share')),
      plaintextBytes: CONTENT_PLAINTEXT_BYTES,
      manifest: toHex(content.manifestBytes),
      contentId: content.contentId,
      blocks: content.blocks.map(({ cid, bytes }) => ({ cid, bytes: bytes.length })),
    },
    'content-compressed.json': {
      contentKey: toHex(contentKey),
      plaintext: text,
      manifest: toHex(compressed.manifestBytes),
      contentId: compressed.contentId,
      blocks: compressed.blocks.map(({ cid, bytes }) => ({ cid, bytes: toHex(bytes) })),
    },
    'passphrase.json': {
      passphrase: 'correct horse',
      plaintext: toHex(utf8('keys')),
      sealed: toHex(
        await sealWithPassphrase(new SecretBytes(utf8('correct horse')), utf8('keys'), fixedChance('scrypt')),
      ),
      none: toHex(await sealWithPassphrase(null, utf8('keys'), fixedChance('none'))),
    },
    'capability.json': capabilityVectors(),
    'padme.json': [0, 1, 4096, 4097, 5000, 65_536, 65_537, 100_000, 1_000_000, 2 ** 29].map(length => ({
      length,
      padded: padmeLength(length),
    })),
  }
}
