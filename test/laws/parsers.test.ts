/** Whatever bytes come from outside: a value, or a code of the table; never another throw, never without end, never memory by the
 *  gigabyte. `FUZZ_RUNS=20000 npm test -- test/laws/parsers.test.ts` runs it for long. */
import fc from 'fast-check'
import t from 'tap'
import { parseEntry } from '../../src/core/circle/entry.ts'
import { makeWrap, openWrap, parseWrap } from '../../src/core/circle/epoch.ts'
import { reduceCircle } from '../../src/core/circle/reduce.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../src/core/crypto/cbor.ts'
import { blockCid, contentIdOf } from '../../src/core/crypto/cid.ts'
import { openContent, sealContent } from '../../src/core/crypto/content.ts'
import { Ed25519Key } from '../../src/core/crypto/ed25519.ts'
import { sha256 } from '../../src/core/crypto/hash.ts'
import { LABELS } from '../../src/core/crypto/labels.ts'
import { parseManifest } from '../../src/core/crypto/manifest.ts'
import { sealWithPassphrase } from '../../src/core/crypto/password.ts'
import { openFromDevice, openUnderKey, sealToDevices, sealUnderKey } from '../../src/core/crypto/sealed.ts'
import { SecretBytes } from '../../src/core/crypto/secret.ts'
import { encodeCard, parseCard } from '../../src/core/identity/card.ts'
import { parseDocument, signDocumentByRecovery } from '../../src/core/identity/document.ts'
import { openExport } from '../../src/core/identity/export-file.ts'
import { openKeystore, openRecovery, sealKeystore } from '../../src/core/identity/keystore.ts'
import { makeSlot, openSlot, parseSlot } from '../../src/core/identity/slot.ts'
import { makeStanding, parseStanding } from '../../src/core/identity/standing.ts'
import { concat, toBase32, utf8 } from '../../src/core/kernel/bytes.ts'
import { systemChance as chance } from '../../src/core/kernel/env.ts'
import { codeOf, ERRORS, VivimError } from '../../src/core/kernel/errors.ts'
import { NoticeId, ShareId } from '../../src/core/model/id.ts'
import {
  parseRecord,
  parseSlip,
  parseTombstone,
  recordKeyOf,
  signRecord,
  signSlip,
  signTombstone,
} from '../../src/core/pipeline/holding.ts'
import {
  openDeviceLetter,
  openEpochLetter,
  parseEnvelope,
  sealLetterToDevices,
  sealLetterUnderEpoch,
} from '../../src/core/pipeline/letter.ts'
import {
  grantToDevices,
  grantToRecovery,
  openDeviceGrant,
  openEpochGrant,
  openOwnGrant,
  parseNotice,
  signNotice,
} from '../../src/core/pipeline/notice.ts'
import {
  buildPlaintext,
  decodeSealed,
  openRedaction,
  parsePlaintext,
  sealedHead,
  signRedaction,
} from '../../src/core/pipeline/plaintext.ts'
import { parseReceipt, signReceipt } from '../../src/core/pipeline/receipt.ts'
import { checkRecord, recordKey } from '../../src/daemon/network/records.ts'
import { judgeLine, parseParams } from '../../src/daemon/rpc/request.ts'
import {
  add,
  begin,
  close,
  giveRole,
  leave,
  remove,
  rename,
  revise,
  rotate,
  transfer,
} from '../kit/circle.ts'
import { mutants, signedMutants } from '../kit/mutate.ts'
import { documentFields, makePerson, nextDocument, START_MS } from '../kit/person.ts'

t.setTimeout(3_600_000)
const RUNS = Number(process.env.FUZZ_RUNS ?? 60)
const MAX_BYTES = 4 * 1024 * 1024
/** No input of this size may cost more: a tenth of a second is common on a busy machine, ten seconds is a hang. */
const LONGEST_MS = 10_000

const alice = makePerson('alice')
const bob = makePerson('bob')
const share = new Ed25519Key(chance.bytes(32))
const secret = chance.bytes(32)

/** Whether `work` gives a value or one of our codes, and in time. A defect is no code. */
async function answers(work: () => unknown): Promise<boolean> {
  const beganMs = performance.now()
  try {
    await work()
  } catch (error) {
    if (!(error instanceof VivimError) || !(error.code in ERRORS) || codeOf(error) === 'program/defect')
      throw error
  }
  return performance.now() - beganMs < LONGEST_MS
}

const law = (inputs: fc.Arbitrary<Uint8Array>, parse: (bytes: Uint8Array) => unknown, runs = RUNS) =>
  fc.assert(
    fc.asyncProperty(inputs, bytes => answers(() => parse(bytes))),
    { numRuns: runs, endOnFailure: true },
  )

const decode = (bytes: Uint8Array): CborValue => decodeCbor(bytes, 1 << 26)
/** The payload inside a signed object. */
const payloadOf = (wire: Uint8Array): { [name: string]: CborValue } => {
  const [payload] = decode(wire) as [Uint8Array]
  return decode(payload) as { [name: string]: CborValue }
}

t.test('law: dag-cbor of any kind is a value or a code', async t => {
  const seeds: CborValue[] = [
    { v: 1, list: [1, [2, { a: 'b' }]], bytes: chance.bytes(40), text: 'é', none: null },
    [1, 2, 3],
    'text',
  ]
  await law(mutants(...seeds), bytes => decodeCbor(bytes, MAX_BYTES), RUNS * 4)
  await law(fc.uint8Array({ maxLength: 300 }), bytes => decodeCbor(bytes, 300), RUNS * 4)
  t.pass()
})

t.test(
  'law: a signed object of any type, changed and signed again by its maker, is a value or a code',
  async t => {
    const device = alice.device.sign
    const read = chance.bytes(16)
    const content = contentIdOf(utf8('manifest'))
    const recordSecret = new SecretBytes(secret)
    const grantFor = {
      owner: alice.keystore.did,
      share: ShareId.parse(toBase32(chance.bytes(16))),
      version: 1,
      content,
    }
    const grant = grantToDevices(
      grantFor,
      bob.keystore.did,
      new SecretBytes(secret),
      [{ kem: bob.device.kem.publicKey }],
      chance,
    )
    const notice = signNotice(
      {
        ...grantFor,
        id: NoticeId.parse(toBase32(chance.bytes(16))),
        doc: alice.document.hash,
        atMs: START_MS,
        to: { did: bob.keystore.did },
        allow: ['view'],
        fromMs: null,
        untilMs: null,
        title: 'Tea',
        note: null,
        grant,
        expMs: null,
        own: grantToRecovery(
          grantFor,
          new SecretBytes(secret),
          new SecretBytes(secret),
          { kem: alice.recovery.kem.publicKey },
          chance,
        ),
      },
      device,
    ).wire
    const plaintext = buildPlaintext({
      title: 'Tea',
      note: null,
      owner: alice.keystore.did,
      messages: [
        { index: 1, role: 'user', createdAt: null, parts: [{ type: 'text', text: 'tea', format: 'md' }] },
      ],
      redaction: { rules: 'ab'.repeat(32), counts: { 'aws/key': 2 } },
      assets: [],
    })
    const redaction = signRedaction(
      plaintext,
      { rules: 'ab'.repeat(32), counts: { 'aws/key': 2 } },
      { key: device, doc: alice.document.hash, atMs: START_MS, seq: 1 },
    ).wire
    const standing = makeStanding(
      { document: alice.document, peer: alice.peer, rights: ['receive'], seq: 1, atMs: START_MS },
      device,
    ).wire
    const receipt = signReceipt(
      { atMs: 1, did: bob.keystore.did, content, envelope: secret, standing: secret },
      device,
    ).wire
    const slip = signSlip(
      { content, seq: 1, notBeforeMs: null, expiresMs: 5, fetch: device.publicKey },
      share,
    ).wire
    const tombstone = signTombstone(content, share).wire
    const record = signRecord(
      { content, holders: [{ peer: alice.peer, addrs: ['/ip4/127.0.0.1/tcp/1'] }] },
      1,
      null,
      recordSecret,
      share,
      chance,
    ).wire
    const directory = new Ed25519Key(chance.bytes(32))
    const slot = makeSlot(
      { seq: 1, expiresAtMs: START_MS, document: alice.document, peers: [{ peer: alice.peer, addrs: [] }] },
      directory,
      read,
      chance,
    )
    const recovered = signDocumentByRecovery(
      { ...documentFields(alice, { seq: 2 }), movedTo: bob.keystore.did },
      alice.recovery,
      alice.document,
    ).wire
    const wrap = makeWrap(
      {
        circle: begin(alice).circle,
        epoch: 'ab'.repeat(32),
        secret,
        to: bob.keystore.did,
        devices: [{ kem: bob.device.kem.publicKey }],
        document: alice.document,
        atMs: START_MS,
      },
      device,
      chance,
    )
    const kinds: [string, Ed25519Key, Uint8Array[], (wire: Uint8Array) => unknown][] = [
      [LABELS.identity, alice.identityKey, [alice.document.wire], parseDocument],
      [LABELS.identity, alice.recovery.sign, [recovered], parseDocument],
      [LABELS.standing, device, [standing], parseStanding],
      [LABELS.receipt, device, [receipt], parseReceipt],
      [LABELS.redaction, device, [redaction], wire => openRedaction(wire, plaintext)],
      [LABELS.slip, share, [slip], wire => parseSlip(wire, share.publicKey)],
      [LABELS.tombstone, share, [tombstone], parseTombstone],
      [LABELS.record, share, [record], wire => parseRecord(wire, share.publicKey, recordSecret)],
      [
        LABELS.record,
        share,
        [record],
        wire => checkRecord(recordKey('vivimrec', recordKeyOf(share.publicKey)), wire, 0),
      ],
      [LABELS.slot, directory, [slot], wire => openSlot(parseSlot(wire), read)],
      [LABELS.notice, device, [notice], wire => openDeviceGrant(parseNotice(wire), bob.device.kem)],
      [LABELS.notice, device, [notice], wire => openEpochGrant(parseNotice(wire), secret)],
      [
        LABELS.notice,
        device,
        [notice],
        wire => {
          const parsed = parseNotice(wire)
          openOwnGrant(parsed, alice.recovery.kem, parsed.own ?? new Uint8Array(0))
        },
      ],
      [LABELS.wrap, device, [wrap], wire => openWrap(parseWrap(wire), bob.device.kem, secret)],
    ]
    for (const [type, key, wires, parse] of kinds) {
      for (const wire of wires) await answers(() => parse(wire))
      await law(signedMutants(type, key, ...wires.map(payloadOf)), parse)
      // Without the attacker's key: what lies around the payload.
      await law(mutants(...wires.map(decode)), parse, RUNS / 4)
    }
    t.pass()
  },
)

t.test(
  'law: an entry of a circle of any kind, forged by a member, is a value or a code, and so is the circle with it',
  async t => {
    const create = begin(alice)
    const joined = [create, add(alice, [create], bob, { role: 'admin' })]
    const entries = [
      create,
      ...joined.slice(1),
      rename(bob, joined, 'tea'),
      rotate(alice, joined),
      remove(alice, joined, bob),
      giveRole(alice, joined, bob, 'reader'),
      transfer(alice, joined, bob),
      leave(bob, joined),
      close(alice, joined),
      revise(bob, joined, nextDocument(bob, [bob.device])),
    ]
    for (const entry of entries) {
      const key = [alice, bob].find(person => Buffer.compare(person.device.sign.publicKey, entry.by) === 0)
      await law(signedMutants(LABELS.circle, (key ?? alice).device.sign, payloadOf(entry.wire)), wire => {
        const forged = parseEntry(wire)
        reduceCircle(create.circle, [...joined, forged])
        reduceCircle(forged.circle, [...joined, forged])
      })
    }
    t.pass()
  },
)

t.test('law: envelopes, letters and sealed bodies are values or codes', async t => {
  const letter = {
    card: 'vivim1…',
    documents: [alice.document.wire],
    entries: [begin(alice).wire],
    wraps: [utf8('wrap')],
    notice: utf8('notice'),
    heads: { circle: chance.bytes(16), hashes: [chance.bytes(32)] },
    tombstones: [utf8('tombstone')],
    returns: [{ notice: utf8('notice'), manifest: utf8('manifest') }],
  }
  const epoch = { circle: chance.bytes(16), epoch: chance.bytes(32) }
  const [from, to] = [alice.keystore.did, bob.keystore.did]
  const device = sealLetterToDevices(letter, from, to, [{ kem: bob.device.kem.publicKey }], chance)
  const under = sealLetterUnderEpoch(letter, epoch, secret, chance)
  const open = (wire: Uint8Array) => {
    const envelope = parseEnvelope(wire)
    if (envelope.kind === 'device') openDeviceLetter(envelope, from, to, bob.device.kem)
    else openEpochLetter(envelope, epoch, secret)
  }
  await law(mutants(decode(device), decode(under)), open)
  const inside = mutants({ v: 1, ...letter })
  const info = concat(utf8(LABELS.letter), Uint8Array.of(0), utf8(from), Uint8Array.of(0), utf8(to))
  await law(inside, bytes =>
    open(
      encodeCbor({
        v: 1,
        kind: 'device',
        sealed: sealToDevices([{ kem: bob.device.kem.publicKey }], info, bytes, chance),
      }),
    ),
  )
  await law(inside, bytes =>
    open(
      encodeCbor({
        v: 1,
        kind: 'epoch',
        tagSalt: chance.bytes(16),
        tag: chance.bytes(16),
        sealed: sealUnderKey(secret, LABELS.letter, concat(epoch.circle, epoch.epoch), bytes, chance),
      }),
    ),
  )
  const sealed = [
    sealToDevices([{ kem: bob.device.kem.publicKey }], secret, secret, chance),
    sealUnderKey(secret, LABELS.record, secret, secret, chance),
  ]
  await law(mutants(...sealed.map(decode)), wire => openFromDevice(bob.device.kem, secret, wire))
  await law(mutants(...sealed.map(decode)), wire => openUnderKey(secret, LABELS.record, secret, wire))
  t.pass()
})

t.test('law: manifests, headers, chunks and what was sealed in them are values or codes', async t => {
  const plaintext = buildPlaintext({
    title: 'Tea',
    note: null,
    owner: alice.keystore.did,
    messages: [
      { index: 1, role: 'user', createdAt: 5, parts: [{ type: 'text', text: 'tea', format: 'md' }] },
      { index: 2, role: 'assistant', createdAt: null, parts: [{ type: 'code', text: 'x', lang: 'js' }] },
    ],
    redaction: null,
    assets: [{ sha256: Buffer.from(sha256(utf8('asset'))).toString('hex'), mime: 'text/plain', bytes: 5 }],
  })
  await law(mutants(decode(plaintext)), parsePlaintext)
  await law(mutants(decode(plaintext)), bytes => decodeSealed(concat(sealedHead(bytes, null), utf8('asset'))))
  for (const body of [plaintext, utf8('the same again. '.repeat(9_000))]) {
    const sealed = await sealContent({ plaintext: body, shareKey: share.publicKey, chance })
    const held = new Map(sealed.blocks.map(block => [block.cid, block.bytes]))
    await law(mutants(decode(sealed.manifestBytes)), async manifestBytes => {
      parseManifest(manifestBytes)
      // Whatever it now says of its blocks, the holder gives bytes.
      await openContent({
        manifestBytes,
        contentKey: sealed.contentKey,
        getBlock: cid => held.get(cid) ?? chance.bytes(65_552),
        maxBytes: MAX_BYTES,
      })
    })
    const [first] = sealed.blocks
    if (first === undefined) throw new Error('no block')
    await law(fc.uint8Array({ maxLength: 200 }), damage =>
      openContent({
        ...sealed,
        getBlock: cid =>
          cid === first.cid
            ? concat(damage, first.bytes).slice(0, first.bytes.length)
            : (held.get(cid) ?? null),
        maxBytes: MAX_BYTES,
      }),
    )
  }
  t.equal(blockCid(plaintext).length, 59)
})

t.test('law: a card that somebody hands on is a card or card/invalid', async t => {
  const card = encodeCard({
    did: alice.keystore.did,
    directory: bob.device.sign.publicKey,
    read: chance.bytes(16),
    peer: alice.peer,
    addrs: ['/ip4/127.0.0.1/tcp/4747'],
  })
  const { bech32m } = await import('@scure/base')
  const inside = bech32m.fromWords(bech32m.decode(card as `${string}1${string}`, false).words)
  await law(mutants(decode(inside)), bytes => {
    if (bytes.length > 2_400) return
    parseCard(bech32m.encode('vivim', bech32m.toWords(bytes), false))
  })
  await fc.assert(
    fc.asyncProperty(
      fc.oneof(
        fc.string(),
        fc.string().map(end => card + end),
        fc.nat(card.length).map(at => card.slice(0, at)),
      ),
      text => answers(() => parseCard(text)),
    ),
    { numRuns: RUNS, endOnFailure: true },
  )
  t.pass()
})

t.test(
  'law: a keystore, recovery file or export from outside is keys or a code, and never costs more than it may',
  async t => {
    const cheap = { n: 1024, r: 8, p: 1 }
    const passphrase = new SecretBytes(utf8('tea and biscuits'))
    const open = async (file: Uint8Array) => {
      await answers(() => openKeystore(file, passphrase))
      await answers(() => openRecovery(file, passphrase))
      await openExport(file, passphrase)
    }
    const plain = encodeCbor({ kind: 'export', v: 1, did: alice.keystore.did, identity: null, seed: secret })
    const files = [
      await sealWithPassphrase(passphrase, plain, chance, cheap),
      await sealKeystore(alice.keystore, null, chance),
    ]
    const contents = files.map(file => decode((decode(file) as [Uint8Array])[0]))
    // With the sum made right again, so that the damage reaches what reads the costs.
    await law(
      mutants(...contents).map(bytes => encodeCbor([bytes, sha256(bytes)])),
      open,
    )
    await law(mutants(...files.map(decode)), open, RUNS / 2)
    await law(mutants(decode(plain)), async bytes => open(await sealWithPassphrase(null, bytes, chance)))
    const costs = (kdf: CborValue) => {
      const bytes = encodeCbor({ ...(contents[0] as { [name: string]: CborValue }), kdf })
      return encodeCbor([bytes, sha256(bytes)])
    }
    const salt = chance.bytes(32)
    for (const [n, r, p] of [
      [2 ** 22, 32, 1],
      [2 ** 31, 8, 1],
      [2 ** 20, 8, 1],
      [1024, 2 ** 20, 1],
      [1024, 1, 2 ** 30],
      [1025, 8, 1],
      [0, 8, 1],
      [2, 8, 1],
    ] as const)
      await t.rejects(
        openExport(costs({ name: 'scrypt', n, r, p, salt }), passphrase),
        { code: 'keystore/corrupt' },
        `n ${n}, r ${r}, p ${p} is refused before any work`,
      )
  },
)

t.test('law: a line on the socket is a call, a cancellation or a refusal', async t => {
  const line = fc.oneof(
    fc.uint8Array({ maxLength: 300 }),
    fc.json().map(utf8),
    fc
      .record(
        {
          jsonrpc: fc.constantFrom('2.0', 2, null),
          id: fc.anything(),
          method: fc.oneof(
            fc.constantFrom('system.hello', 'share.create', 'inbox.list', 'cancel', '__proto__'),
            fc.string(),
          ),
          params: fc.anything(),
        },
        { requiredKeys: [] },
      )
      .map(frame =>
        utf8(JSON.stringify(frame, (_, one) => (typeof one === 'bigint' ? Number(one) : one)) ?? ''),
      ),
  )
  await law(
    line,
    bytes => {
      const judged = judgeLine(bytes)
      if (judged.kind === 'call') parseParams(judged.method, judged.params)
    },
    RUNS * 2,
  )
  t.pass()
})

t.test('a few megabytes of wire do not become a gigabyte of values', async t => {
  const heapOf = (work: () => unknown): number => {
    const before = process.memoryUsage()
    try {
      work()
    } catch (error) {
      if (!(error instanceof VivimError)) throw error
    }
    const after = process.memoryUsage()
    return after.heapUsed + after.external - before.heapUsed - before.external
  }
  const MIB = 1024 * 1024
  for (const [what, byte] of [
    ['empty byte strings', 0x40],
    ['empty lists', 0x80],
    ['empty maps', 0xa0],
    ['empty texts', 0x60],
    ['nulls', 0xf6],
  ] as const) {
    const bytes = new Uint8Array(8 * MIB).fill(byte)
    bytes.set([0x9a, 0x00, 0x7f, 0xff, 0xfb])
    t.throws(() => decodeCbor(bytes, 8 * MIB), { code: 'crypto/too-large' }, what)
    t.ok(heapOf(() => decodeCbor(bytes, 8 * MIB)) < 64 * MIB, what)
    t.throws(() => parsePlaintext(bytes), VivimError, `${what} as what was sealed`)
  }
})
