import { ml_kem768_x25519 } from '@noble/post-quantum/hybrid.js'
import t from 'tap'
import { chooseBackend, cryptoBackend } from '../../../src/core/crypto/backend.ts'
import { nativeBackend, runtimeHasMlKem } from '../../../src/core/crypto/native.ts'
import { portableBackend } from '../../../src/core/crypto/portable.ts'
import { XWingKey, xwingDecapsulate, xwingEncapsulate } from '../../../src/core/crypto/xwing.ts'
import { systemChance } from '../../../src/core/kernel/env.ts'
import { readVectors, scriptedChance, unhex } from './vector-file.ts'

const BACKENDS = runtimeHasMlKem() ? [nativeBackend, portableBackend] : [portableBackend]

t.test('draft-connolly-cfrg-xwing-kem-10 vectors on every backend', async t => {
  for (const v of readVectors<{ seed: string; eseed: string; secret: string }[]>('published/xwing.json')) {
    const seed = unhex(v.seed)
    const sent = xwingEncapsulate(
      new XWingKey(seed).publicKey,
      scriptedChance(unhex(v.eseed)),
      portableBackend,
    )
    t.strictSame(sent.secret, unhex(v.secret), 'encapsulated')
    for (const backend of BACKENDS) {
      t.strictSame(
        new XWingKey(seed, backend).publicKey,
        ml_kem768_x25519.keygen(seed).publicKey,
        'public key',
      )
      t.strictSame(
        xwingDecapsulate(seed, sent.enc, backend),
        unhex(v.secret),
        `decapsulated, ${backend.name}`,
      )
    }
  }
})

t.test(
  'every backend opens what every other one made, and what an independent implementation made',
  async t => {
    const seed = systemChance.bytes(32)
    for (const maker of BACKENDS)
      for (const opener of BACKENDS) {
        const key = new XWingKey(seed, opener)
        const { enc, secret } = xwingEncapsulate(key.publicKey, systemChance, maker)
        t.equal(enc.length, 1120)
        t.strictSame(key.decapsulate(enc), secret, `${maker.name} to ${opener.name}`)
        t.strictSame(ml_kem768_x25519.decapsulate(enc, seed), secret, `${maker.name} to noble`)
        const foreign = ml_kem768_x25519.encapsulate(key.publicKey)
        t.strictSame(key.decapsulate(foreign.cipherText), foreign.sharedSecret, `noble to ${opener.name}`)
      }
  },
)

t.test("a foreign key gives another secret, as the KEM's implicit rejection does", async t => {
  for (const backend of BACKENDS) {
    const { enc, secret } = xwingEncapsulate(
      new XWingKey(systemChance.bytes(32), backend).publicKey,
      systemChance,
      backend,
    )
    t.notSame(new XWingKey(systemChance.bytes(32), backend).decapsulate(enc), secret)
  }
})

t.test('unsound keys and encapsulations have the same codes on every backend', async t => {
  for (const backend of BACKENDS) {
    const key = new XWingKey(systemChance.bytes(32), backend)
    const unreduced = key.publicKey.slice()
    unreduced.fill(0xff, 0, 3)
    t.throws(
      () => xwingEncapsulate(unreduced, systemChance, backend),
      { code: 'crypto/bad-key' },
      'coefficients over q',
    )
    const zeroX = key.publicKey.slice()
    zeroX.fill(0, 1184)
    t.throws(
      () => xwingEncapsulate(zeroX, systemChance, backend),
      { code: 'crypto/bad-key' },
      'X25519 of small order',
    )
    t.throws(() => xwingEncapsulate(key.publicKey.subarray(1), systemChance, backend), {
      code: 'crypto/bad-length',
    })
    const { enc } = xwingEncapsulate(key.publicKey, systemChance, backend)
    t.throws(() => key.decapsulate(enc.subarray(1)), { code: 'crypto/bad-length' })
    enc.fill(0, 1088)
    t.throws(() => key.decapsulate(enc), { code: 'crypto/cannot-open' }, 'an X25519 half of small order')
    t.throws(() => new XWingKey(new Uint8Array(31), backend), { code: 'crypto/bad-length' })
  }
})

t.test('the backend is chosen by what the runtime can do', async t => {
  t.equal(chooseBackend(true).name, 'native')
  const without = chooseBackend(false)
  t.equal(without.name, 'portable')
  t.equal(without.mlkemEncapsulate, portableBackend.mlkemEncapsulate)
  t.equal(without.ed25519Verify, nativeBackend.ed25519Verify, 'Ed25519 stays native, fifteen times faster')
  t.equal(cryptoBackend().name, runtimeHasMlKem() ? 'native' : 'portable')
  t.equal(cryptoBackend(), cryptoBackend(), 'chosen once')
})
