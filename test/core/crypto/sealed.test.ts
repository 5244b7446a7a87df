import t from 'tap'
import { decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import {
  MAX_SEALED_BYTES,
  openFromDevice,
  openUnderKey,
  sealToDevices,
  sealUnderKey,
} from '../../../src/core/crypto/sealed.ts'
import { SecretBytes } from '../../../src/core/crypto/secret.ts'
import { XWingKey } from '../../../src/core/crypto/xwing.ts'
import { sameBytes, utf8 } from '../../../src/core/kernel/bytes.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'

const device = () => new XWingKey(systemChance.bytes(32))
const [laptop, phone, eve] = [device(), device(), device()]
const info = utf8('vivim/v1/letter for a test')
const to = (...keys: XWingKey[]) => keys.map(key => ({ kem: key.publicKey }))

t.test("each of bob's devices opens it, eve's does not", async t => {
  const wire = sealToDevices(to(laptop, phone), info, utf8('hello'), systemChance)
  t.strictSame(openFromDevice(laptop, info, wire), utf8('hello'))
  t.strictSame(openFromDevice(phone, info, wire), utf8('hello'))
  t.throws(() => openFromDevice(eve, info, wire), { code: 'crypto/cannot-open' })
  t.throws(() => openFromDevice(laptop, utf8('another purpose'), wire), { code: 'crypto/cannot-open' })
  t.throws(() => openFromDevice(laptop, info, wire, 1), { code: 'crypto/too-large' })
  const portable = sealToDevices(to(laptop), info, utf8('hello'), systemChance, portableBackend)
  t.strictSame(openFromDevice(laptop, info, portable), utf8('hello'))
})

t.test('short messages have one size, and the order of the wraps tells nothing', async t => {
  const length = (text: string) => sealToDevices(to(laptop), info, utf8(text), systemChance).length
  t.equal(length(''), length('x'.repeat(4092)))
  t.ok(length('x'.repeat(4093)) > length(''))
  const { wraps } = decodeCbor(
    sealToDevices(to(laptop, phone, eve), info, utf8(''), systemChance),
    1 << 20,
  ) as unknown as {
    wraps: [Uint8Array, Uint8Array][]
  }
  t.strictSame(
    [...wraps].sort(([a], [b]) => Buffer.compare(a, b)),
    wraps,
  )
})

t.test('two devices cannot be shown two texts in one envelope', async t => {
  const parts = (text: string, key: XWingKey) =>
    decodeCbor(sealToDevices(to(key), info, utf8(text), systemChance), 1 << 20) as unknown as {
      wraps: unknown[]
      commitment: Uint8Array
      body: Uint8Array
    }
  const [a, b] = [parts('to the laptop', laptop), parts('to the phone', phone)]
  const mixed = encodeCbor({ v: 1, wraps: [...a.wraps, ...b.wraps], commitment: a.commitment, body: a.body })
  t.strictSame(openFromDevice(laptop, info, mixed), utf8('to the laptop'))
  t.throws(() => openFromDevice(phone, info, mixed), { code: 'crypto/cannot-open' })
})

t.test('limits hold on both sides', async t => {
  t.throws(() => sealToDevices([], info, utf8(''), systemChance), { code: 'crypto/bad-length' })
  t.throws(() => sealToDevices(new Array(1025).fill(to(laptop)[0]), info, utf8(''), systemChance), {
    code: 'crypto/too-large',
  })
  t.throws(() => sealToDevices(to(laptop), info, new Uint8Array(MAX_SEALED_BYTES), systemChance), {
    code: 'crypto/too-large',
  })
  t.throws(() => sealToDevices([{ kem: new Uint8Array(5) }], info, utf8(''), systemChance), {
    code: 'crypto/bad-length',
  })
  t.throws(() => openFromDevice(laptop, info, new Uint8Array(MAX_SEALED_BYTES + 1)), {
    code: 'crypto/too-large',
  })
  for (const wrong of [
    null,
    {},
    { v: 1, wraps: [], commitment: new Uint8Array(32), body: new Uint8Array(1) },
    [],
  ])
    t.throws(() => openFromDevice(laptop, info, encodeCbor(wrong)), { code: 'crypto/bad-encoding' })
})

t.test('a shared secret opens with the same label and binding only', async t => {
  const secret = systemChance.bytes(32)
  const bind = utf8('circle and epoch')
  const wire = sealUnderKey(secret, 'vivim/v1/grant', bind, utf8('key'), systemChance)
  t.strictSame(openUnderKey(new SecretBytes(secret), 'vivim/v1/grant', bind, wire), utf8('key'))
  t.notOk(
    sameBytes(sealUnderKey(secret, 'vivim/v1/grant', bind, utf8('key'), systemChance), wire),
    'never the same twice',
  )
  const refused = { code: 'crypto/cannot-open' }
  t.throws(() => openUnderKey(systemChance.bytes(32), 'vivim/v1/grant', bind, wire), refused)
  t.throws(() => openUnderKey(secret, 'vivim/v1/letter', bind, wire), refused)
  t.throws(() => openUnderKey(secret, 'vivim/v1/grant', utf8('another'), wire), refused)
  t.throws(() => openUnderKey(secret, 'vivim/v1/grant', bind, encodeCbor({ v: 1 })), {
    code: 'crypto/bad-encoding',
  })
  t.throws(() => sealUnderKey(new Uint8Array(0), 'vivim/v1/grant', bind, utf8('key'), systemChance), {
    code: 'crypto/bad-length',
  })
})
