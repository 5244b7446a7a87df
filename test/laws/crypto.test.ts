import fc from 'fast-check'
import t from 'tap'
import { z } from 'zod'
import { decodeCbor } from '../../src/core/crypto/cbor.ts'
import { openContent, sealContent } from '../../src/core/crypto/content.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { hpkeOpen, makeHpkeSender } from '../../src/core/crypto/hpke.ts'
import { encodeManifest, parseManifest } from '../../src/core/crypto/manifest.ts'
import { pad, unpad } from '../../src/core/crypto/padme.ts'
import { needsPassphrase } from '../../src/core/crypto/password.ts'
import { openFromDevice, openUnderKey, sealToDevices, sealUnderKey } from '../../src/core/crypto/sealed.ts'
import { openObject, signObject } from '../../src/core/crypto/signed.ts'
import { XWingKey } from '../../src/core/crypto/xwing.ts'
import { sameBytes } from '../../src/core/kernel/bytes.ts'
import { systemChance } from '../../src/core/kernel/env.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import type { Cid } from '../../src/core/model/id.ts'

const signer = new Ed25519Key(systemChance.bytes(32))
const device = new XWingKey(systemChance.bytes(32))
const secret = systemChance.bytes(32)
const TYPE = 'vivim/v1/receipt'
const bytes = fc.uint8Array({ maxLength: 3000 })
const Anything = z.looseObject({})

const isRefused = (work: () => unknown): boolean => {
  try {
    work()
    return false
  } catch (error) {
    return error instanceof VivimError
  }
}

/** The same with one bit the other way. */
function flipped(original: Uint8Array, bit: number): Uint8Array {
  const copy = original.slice()
  const at = (bit >> 3) % copy.length
  copy[at] = (copy[at] ?? 0) ^ (1 << (bit & 7))
  return copy
}

t.test('law: open inverts seal', async t => {
  fc.assert(
    fc.property(bytes, bytes, (text, info) => {
      const wire = sealToDevices([{ kem: device.publicKey }], info, text, systemChance)
      return sameBytes(openFromDevice(device, info, wire), text)
    }),
  )
  fc.assert(
    fc.property(bytes, bytes, (text, bind) =>
      sameBytes(openUnderKey(secret, TYPE, bind, sealUnderKey(secret, TYPE, bind, text, systemChance)), text),
    ),
  )
  fc.assert(fc.property(fc.uint8Array({ maxLength: 20_000 }), text => sameBytes(unpad(pad(text)), text)))
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 80_000, size: 'max' }), { maxLength: 4 }),
      async pieces => {
        const sealed = await sealContent({
          plaintext: pieces,
          shareKey: signer.publicKey,
          chance: systemChance,
        })
        const held = new Map<Cid, Uint8Array>(sealed.blocks.map(block => [block.cid, block.bytes]))
        const opened = await openContent({
          ...sealed,
          getBlock: cid => held.get(cid) ?? null,
          maxBytes: 1 << 20,
        })
        return sameBytes(opened, new Uint8Array(Buffer.concat(pieces)))
      },
    ),
    { numRuns: 30 },
  )
  t.pass()
})

t.test('law: one flipped bit never opens', async t => {
  const wire = sealToDevices([{ kem: device.publicKey }], secret, secret, systemChance)
  const under = sealUnderKey(secret, TYPE, secret, secret, systemChance)
  const object = signObject(TYPE, { at: 1, text: 'hello' }, signer)
  const single = makeHpkeSender(secret, systemChance).seal(device.publicKey, secret, secret)
  const law = (length: number, open: (bit: number) => unknown) =>
    fc.assert(
      fc.property(fc.nat(length * 8 - 1), bit => isRefused(() => open(bit))),
      { numRuns: 300 },
    )
  law(wire.length, bit => openFromDevice(device, secret, flipped(wire, bit)))
  law(under.length, bit => openUnderKey(secret, TYPE, secret, flipped(under, bit)))
  law(object.wire.length, bit => openObject(TYPE, flipped(object.wire, bit), Anything, { maxBytes: 4096 }))
  law(single.enc.length, bit => hpkeOpen(device, flipped(single.enc, bit), secret, secret, single.ct))
  law(single.ct.length, bit => hpkeOpen(device, single.enc, secret, secret, flipped(single.ct, bit)))
  t.pass()
})

t.test('law: content with one flipped bit in a block, its header or its key never opens', async t => {
  const sealed = await sealContent({
    plaintext: systemChance.bytes(100_000),
    shareKey: signer.publicKey,
    chance: systemChance,
  })
  const manifest = parseManifest(sealed.manifestBytes)
  const open = async (over: {
    blocks?: typeof sealed.blocks
    manifestBytes?: Uint8Array
    contentKey?: Uint8Array
  }) => {
    const held = new Map<Cid, Uint8Array>(
      (over.blocks ?? sealed.blocks).map(block => [block.cid, block.bytes]),
    )
    return openContent({
      ...sealed,
      ...over,
      getBlock: cid => held.get(cid) ?? null,
      maxBytes: 1 << 20,
    }).then(
      () => false,
      error => error instanceof VivimError,
    )
  }
  await fc.assert(
    fc.asyncProperty(fc.nat(1), fc.nat(0x7fffffff), async (index, bit) =>
      open({
        blocks: sealed.blocks.map((b, i) => (i === index ? { cid: b.cid, bytes: flipped(b.bytes, bit) } : b)),
      }),
    ),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(53 * 8 - 1), async bit => {
      try {
        const header = { ...manifest.header, bytes: flipped(manifest.header.bytes, bit) }
        return await open({ manifestBytes: encodeManifest({ ...manifest, header }) })
      } catch (error) {
        return error instanceof VivimError
      }
    }),
  )
  await fc.assert(
    fc.asyncProperty(fc.nat(255), bit =>
      open({ contentKey: sealed.contentKey.use(key => flipped(key, bit)) }),
    ),
  )
  t.pass()
})

t.test('law: chunks open in their own order and number only', async t => {
  const plaintext = systemChance.bytes(65_536 * 4)
  const sealed = await sealContent({ plaintext, shareKey: signer.publicKey, chance: systemChance })
  const manifest = parseManifest(sealed.manifestBytes)
  const held = new Map<Cid, Uint8Array>(sealed.blocks.map(block => [block.cid, block.bytes]))
  const indexes = manifest.chunks.map((_, i) => i)
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...indexes), { minLength: 1, maxLength: indexes.length + 1 }),
      async order => {
        const chunks = order.map(i => manifest.chunks[i]).filter(cid => cid !== undefined)
        const size = chunks.reduce((sum, cid) => sum + (held.get(cid)?.length ?? 0), 0)
        const inPlace = order.length === indexes.length && order.every((chunk, i) => chunk === i)
        try {
          const manifestBytes = encodeManifest({ ...manifest, chunks, size })
          await openContent({
            ...sealed,
            manifestBytes,
            getBlock: cid => held.get(cid) ?? null,
            maxBytes: 1 << 20,
          })
          return inPlace
        } catch (error) {
          return !inPlace && error instanceof VivimError
        }
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})

t.test('law: a parser never throws anything but a code', async t => {
  const anything = fc.oneof(
    fc.uint8Array({ maxLength: 500 }),
    fc.uint8Array({ maxLength: 500 }).map(tail => new Uint8Array([0x82, 0x58, 0x20, ...tail])),
    fc.uint8Array({ maxLength: 500 }).map(tail => new Uint8Array([0xa4, 0x61, 0x76, 0x01, ...tail])),
  )
  const parsers: ((input: Uint8Array) => unknown)[] = [
    input => decodeCbor(input, 400),
    input => openObject(TYPE, input, Anything, { maxBytes: 4096 }),
    input => parseManifest(input),
    input => openFromDevice(device, secret, input),
    input => openUnderKey(secret, TYPE, secret, input),
    input => needsPassphrase(input),
    input => unpad(input),
    input => hpkeOpen(device, input, secret, secret, input),
  ]
  for (const parse of parsers)
    fc.assert(
      fc.property(anything, input => {
        try {
          parse(input)
          return true
        } catch (error) {
          return error instanceof VivimError
        }
      }),
      { numRuns: 500 },
    )
  t.pass()
})
