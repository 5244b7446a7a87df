import t from 'tap'
import { circleIdBytes } from '../../../src/core/circle/circle-id.ts'
import { ENTRY_MAX_BYTES, type Entry, parseEntry } from '../../../src/core/circle/entry.ts'
import { makeAdd, makeDocumentEntry, makeRotate } from '../../../src/core/circle/new-entry.ts'
import { type CircleState, memberOfDevice, reduceCircle } from '../../../src/core/circle/reduce.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { signObject } from '../../../src/core/crypto/signed.ts'
import { encodeCard } from '../../../src/core/identity/card.ts'
import { type IdentityDocument, signDocumentByRecovery } from '../../../src/core/identity/document.ts'
import { fromHex } from '../../../src/core/kernel/bytes.ts'
import { add, audienceOf, begin, epochFor, membersOf, revise, rotate } from '../../kit/circle.ts'
import {
  documentFields,
  makeDevice,
  makePerson,
  nextDocument,
  type Person,
  START_MS,
} from '../../kit/person.ts'

const alice = makePerson('alice')
const bob = makePerson('bob')
const carol = makePerson('carol')
const dave = makePerson('dave')
const eve = makePerson('eve')

const reduce = (entries: readonly Entry[]): CircleState => reduceCircle((entries[0] as Entry).circle, entries)
const dids = (state: CircleState): string[] => state.members.map(member => member.did)
const sorted = (...people: Person[]): string[] => people.map(person => person.keystore.did).sort()
const whyOf = (state: CircleState, entry: Entry): string | undefined =>
  state.invalid.find(({ hash }) => hash === entry.hash)?.why

const create = begin(alice)
const withBob = [create, add(alice, [create], bob)]

t.test('alice begins a circle and is its owner', async t => {
  const state = reduce([create])
  t.equal(state.name, 'team')
  t.equal(state.owner, alice.keystore.did)
  t.same(dids(state), sorted(alice))
  t.equal(state.members[0]?.role, 'owner')
  t.equal(state.sealing?.id, create.hash)
  t.equal(state.sealing?.number, 1)
  t.same(state.heads, [create.hash])
  t.equal(state.upgrade, false)
})

t.test('alice adds bob, and the new epoch is for both', async t => {
  const state = reduce(withBob)
  t.same(dids(state), sorted(alice, bob))
  t.equal(state.sealing?.id, withBob[1]?.hash)
  t.equal(state.sealing?.number, 2)
  t.equal(memberOfDevice(state, bob.device.sign.publicKey)?.did, bob.keystore.did)
  t.equal(memberOfDevice(state, eve.device.sign.publicKey), null)
})

t.test('a member who is no admin can neither add nor rotate', async t => {
  const adding = add(bob, withBob, carol)
  const rotating = rotate(bob, withBob)
  const state = reduce([...withBob, adding, rotating])
  t.same(dids(state), sorted(alice, bob))
  t.equal(whyOf(state, adding), 'not-allowed')
  t.equal(whyOf(state, rotating), 'not-allowed')
  t.same(state.heads, [withBob[1]?.hash])
})

t.test('an admin can add, and those they add stay', async t => {
  const log = [create, add(alice, [create], bob, { role: 'admin' })]
  const adding = add(bob, log, carol)
  const state = reduce([...log, adding])
  t.same(dids(state), sorted(alice, bob, carol))
  t.equal(state.sealing?.id, adding.hash)
  t.equal(state.sealing?.maker, bob.keystore.did)
})

t.test('a stranger changes nothing', async t => {
  const adding = add(eve, withBob, eve, { role: 'admin' })
  const state = reduce([...withBob, adding])
  t.same(dids(state), sorted(alice, bob))
  t.equal(whyOf(state, adding), 'not-a-member')
})

t.test('eve cannot write in the name of alice, nor with a document of alice', async t => {
  const place = { circle: create.circle, signer: alice.document, prev: [create.hash], atMs: START_MS }
  const forged = makeAdd(
    place,
    {
      document: eve.document,
      role: 'admin',
      card: null,
      epoch: epochFor(audienceOf(alice.document, eve.document)),
    },
    eve.device.sign,
  )
  const state = reduce([create, forged])
  t.same(dids(state), sorted(alice))
  t.equal(whyOf(state, forged), 'not-a-device')
})

t.test('nobody else can write another beginning for the circle', async t => {
  const fields = (entry: Entry): Record<string, CborValue> => {
    const [payload] = decodeCbor(entry.wire, ENTRY_MAX_BYTES) as [Uint8Array]
    return { ...(decodeCbor(payload, ENTRY_MAX_BYTES) as Record<string, CborValue>) }
  }
  const hers = begin(eve)
  const forged = signObject(
    'vivim/v1/circle',
    { ...fields(hers), circle: circleIdBytes(create.circle) },
    eve.device.sign,
  )
  t.throws(() => parseEntry(forged.wire), { code: 'crypto/bad-encoding' })
  const taken = signObject('vivim/v1/circle', { ...fields(create), did: eve.keystore.did }, eve.device.sign)
  t.throws(() => parseEntry(taken.wire), { name: 'VivimError' })
})

t.test('an entry of another circle has no effect', async t => {
  const other = begin(alice, 'now', 'other')
  const state = reduceCircle(create.circle, [create, other])
  t.equal(whyOf(state, other), 'other-circle')
  t.equal(state.name, 'team')
})

t.test('two admins who add the same person at once add them once, with the lower role', async t => {
  const log = [create, add(alice, [create], bob, { role: 'admin' })]
  const one = add(alice, log, carol)
  const two = add(bob, log, carol, { role: 'admin' })
  const state = reduce([...log, one, two])
  t.same(dids(state), sorted(alice, bob, carol))
  t.equal(state.members.find(member => member.did === carol.keystore.did)?.role, 'member')
  t.equal(state.sealing?.id, [one.hash, two.hash].sort()[0])
  t.same(state.heads, [one.hash, two.hash].sort())
})

t.test('two people added at once leave no epoch for all of them until an admin rotates', async t => {
  const log = [create, add(alice, [create], bob, { role: 'admin' })]
  const split = [...log, add(alice, log, carol), add(bob, log, dave)]
  t.equal(reduce(split).sealing, null)
  const rotating = rotate(alice, split)
  const state = reduce([...split, rotating])
  t.equal(state.sealing?.id, rotating.hash)
  t.equal(state.members.length, 4)
})

t.test('a rotation takes the place of the epoch that it knew', async t => {
  const rotating = rotate(alice, withBob)
  const state = reduce([...withBob, rotating])
  t.equal(state.sealing?.id, rotating.hash)
  t.equal(state.epochs.length, 3)
  t.equal(state.sealing?.number, 3)
})

t.test('an epoch made for other devices than those of the members never seals', async t => {
  const place = { circle: create.circle, signer: alice.document, prev: reduce(withBob).heads, atMs: START_MS }
  const lie = makeRotate(place, epochFor(audienceOf(alice.document, eve.document)), alice.device.sign)
  const state = reduce([...withBob, lie])
  t.equal(state.sealing?.id, withBob[1]?.hash)
})

t.test('only a circle with history `all` may add without a new epoch', async t => {
  const kept = add(alice, withBob, carol, { keep: true })
  t.equal(whyOf(reduce([...withBob, kept]), kept), 'no-epoch')
  const open = begin(alice, 'all')
  const log = [open, add(alice, [open], bob, { keep: true })]
  const state = reduce(log)
  t.same(dids(state), sorted(alice, bob))
  t.equal(state.sealing?.id, open.hash)
})

t.test('adding a member again has no effect', async t => {
  const again = add(alice, withBob, bob, { role: 'admin' })
  const state = reduce([...withBob, again])
  t.equal(whyOf(state, again), 'already-member')
  t.equal(state.members.find(member => member.did === bob.keystore.did)?.role, 'member')
})

t.test('bob brings a new device, and the epoch goes on', async t => {
  const phone = makeDevice(bob)
  const revised = revise(bob, withBob, nextDocument(bob, [bob.device, phone]))
  const state = reduce([...withBob, revised])
  t.ok(memberOfDevice(state, phone.sign.publicKey))
  t.equal(state.sealing?.id, withBob[1]?.hash)
})

t.test('when bob revokes a device, the epochs made for it end', async t => {
  const phone = makeDevice(bob)
  const both = nextDocument(bob, [bob.device, phone])
  const log = [create, add(alice, [create], { ...bob, document: both })]
  t.ok(reduce(log).sealing)
  const fewer = nextDocument(
    { ...bob, document: both },
    [bob.device],
    [{ ed: phone.listed.ed, at: START_MS }],
  )
  const after = [...log, revise(bob, log, fewer)]
  t.equal(reduce(after).sealing, null)
  const rotating = rotate(alice, after)
  t.equal(reduce([...after, rotating]).sealing?.id, rotating.hash)
})

t.test('what a revoked device writes afterwards, or dates back, has no effect', async t => {
  const phone = makeDevice(alice)
  const both = nextDocument(alice, [alice.device, phone])
  const log = [create, revise(alice, [create], both)]
  const known = add({ person: alice, document: both, device: phone }, log, bob)
  const before = [...log, known]
  const fewer = nextDocument(
    { ...alice, document: both },
    [alice.device],
    [{ ed: phone.listed.ed, at: START_MS }],
  )
  const revision = revise(alice, before, fewer)
  const backdated = add({ person: alice, document: both, device: phone }, log, eve, { role: 'admin' })
  const late = makeRotate(
    { circle: create.circle, signer: both, prev: [revision.hash], atMs: START_MS },
    epochFor(membersOf(reduce([...before, revision]))),
    phone.sign,
  )
  const state = reduce([...before, revision, backdated, late])
  t.same(dids(state), sorted(alice, bob), 'what the revision knew of stays')
  t.equal(whyOf(state, backdated), 'revoked-device')
  t.equal(whyOf(state, late), 'revoked-device')
})

t.test('what was built on an entry of a revoked device falls with it', async t => {
  const phone = makeDevice(alice)
  const both = nextDocument(alice, [alice.device, phone])
  const log = [create, revise(alice, [create], both)]
  const fewer = nextDocument(
    { ...alice, document: both },
    [alice.device],
    [{ ed: phone.listed.ed, at: START_MS }],
  )
  const revision = revise(alice, log, fewer)
  const intruder = add({ person: alice, document: both, device: phone }, log, eve, { role: 'admin' })
  const accomplice = add(eve, [...log, intruder], dave)
  const state = reduce([...log, intruder, accomplice, revision])
  t.same(dids(state), sorted(alice))
  t.equal(whyOf(state, accomplice), 'not-a-member')
})

t.test('a document by the recovery key ends what a thief of the identity key added', async t => {
  const thief = makeDevice(eve)
  const stolen = nextDocument(bob, [bob.device, thief], [], 50)
  const log = [...withBob, revise(bob, withBob, stolen, thief)]
  t.ok(memberOfDevice(reduce(log), thief.sign.publicKey))
  const laptop = makeDevice(bob)
  const recovered = signDocumentByRecovery(
    documentFields(bob, { seq: 2, devices: [laptop.listed] }),
    bob.recovery,
    bob.document,
  )
  const state = reduce([...log, revise(bob, log, recovered, laptop)])
  t.equal(memberOfDevice(state, thief.sign.publicKey), null)
  t.ok(memberOfDevice(state, laptop.sign.publicKey))
})

t.test('two documents of one sequence raise an alarm, and neither adds a device', async t => {
  const phone = makeDevice(bob)
  const tablet = makeDevice(bob)
  const one = revise(bob, withBob, nextDocument(bob, [bob.device, phone]))
  const two = revise(bob, withBob, nextDocument(bob, [bob.device, tablet]))
  for (const entries of [
    [...withBob, one, two],
    [...withBob, one, revise(bob, [...withBob, one], nextDocument(bob, [bob.device, tablet]))],
  ]) {
    const state = reduce(entries)
    const member = state.members.find(({ did }) => did === bob.keystore.did)
    t.equal(member?.alarm, true)
    t.equal(member?.devices.length, 1)
    t.ok(memberOfDevice(state, bob.device.sign.publicKey))
  }
})

t.test('a device that one of two contradicting documents adds cannot write', async t => {
  const phone = makeDevice(alice)
  const first = nextDocument(alice, [alice.device, phone])
  const one = revise(alice, [create], first)
  const two = revise(alice, [create], nextDocument(alice, [alice.device, makeDevice(alice)]))
  const log = [create, one, two]
  const adding = add({ person: alice, document: first, device: phone }, log, bob)
  t.equal(whyOf(reduce([...log, adding]), adding), 'revoked-device')
})

t.test('a device that a newer document in the log revoked cannot write, whoever brought it', async t => {
  const phone = makeDevice(carol)
  const both = nextDocument(carol, [carol.device, phone])
  const ended = [{ ed: phone.listed.ed, at: START_MS }]
  const fewer = nextDocument({ ...carol, document: both }, [carol.device], ended)
  const log = [create, add(alice, [create], bob, { role: 'admin' })]
  const one = add(alice, log, { ...carol, document: both }, { role: 'admin' })
  const two = add(bob, log, { ...carol, document: fewer })
  const merged = [...log, one, two]
  const adding = add({ person: carol, document: both, device: phone }, merged, dave)
  t.equal(whyOf(reduce([...merged, adding]), adding), 'revoked-device')
})

t.test('a contradiction brought by the very device that it adds is an alarm and nothing else', async t => {
  const phone = makeDevice(bob)
  const log = [...withBob, revise(bob, withBob, nextDocument(bob, [bob.device, phone]))]
  const thief = makeDevice(eve)
  const rival = revise(bob, log, nextDocument(bob, [thief]), thief)
  const state = reduce([...log, rival])
  t.equal(whyOf(state, rival), 'conflicting-document')
  t.equal(state.members.find(({ did }) => did === bob.keystore.did)?.alarm, true)
  t.ok(memberOfDevice(state, phone.sign.publicKey))
})

t.test('an older document of a member is not taken', async t => {
  const phone = makeDevice(bob)
  const log = [...withBob, revise(bob, withBob, nextDocument(bob, [bob.device, phone]))]
  const old = revise(bob, log, bob.document)
  t.equal(whyOf(reduce([...log, old]), old), 'older-document')
})

t.test(
  'a thief of bob’s identity key cannot drown the circle in documents, and bob’s recovery key has the last word',
  async t => {
    const log = [...withBob]
    let prev = reduce(withBob).heads
    const bring = (document: IdentityDocument, key: Ed25519Key): Entry => {
      const entry = makeDocumentEntry(
        { circle: create.circle, signer: document, prev, atMs: START_MS },
        null,
        key,
      )
      log.push(entry)
      prev = [entry.hash]
      return entry
    }
    for (let seq = 2; seq <= 1001; seq++) bring(nextDocument(bob, [bob.device], [], seq), bob.device.sign)
    t.equal(whyOf(reduce(log), log.at(-1) as Entry), 'too-many-documents')
    const laptop = makeDevice(bob)
    const recovered = documentFields(bob, { seq: 2, devices: [laptop.listed] })
    bring(signDocumentByRecovery(recovered, bob.recovery, bob.document), laptop.sign)
    const state = reduce(log)
    t.ok(memberOfDevice(state, laptop.sign.publicKey))
    t.equal(memberOfDevice(state, bob.device.sign.publicKey), null)
  },
)

t.test(
  'an admin who adds carol a thousand times at once uses up none of the documents that she may bring',
  async t => {
    const epoch = epochFor(audienceOf(alice.document, bob.document, carol.document))
    const log = [create, add(alice, [create], bob, { role: 'admin' })]
    const prev = [(log.at(-1) as Entry).hash]
    for (let at = 0; at < 1000; at++)
      log.push(
        makeAdd(
          { circle: create.circle, signer: bob.document, prev, atMs: START_MS + at },
          { document: carol.document, role: 'member', card: null, epoch },
          bob.device.sign,
        ),
      )
    const laptop = makeDevice(carol)
    const newer = revise(carol, log, nextDocument(carol, [carol.device, laptop]))
    t.ok(memberOfDevice(reduce([...log, newer]), laptop.sign.publicKey))
  },
)

t.test('of more than sixteen contradicting documents no device is left, of one more by bob all', async t => {
  const tablets = Array.from({ length: 17 }, () => makeDevice(bob))
  const rivals = tablets.map(tablet => revise(bob, withBob, nextDocument(bob, [bob.device, tablet])))
  const isIn = (...entries: Entry[]): boolean =>
    memberOfDevice(reduce([...withBob, ...entries]), bob.device.sign.publicKey) !== null
  t.ok(isIn(...rivals.slice(0, 16)))
  t.notOk(isIn(...rivals))
  const log = [...withBob, ...rivals]
  const above = revise(bob, log, nextDocument(bob, [bob.device], [], 3))
  t.ok(memberOfDevice(reduce([...log, above]), bob.device.sign.publicKey))
})

const unknownEntry = (
  signer: Person,
  prev: readonly string[],
  change: Record<string, CborValue> = {},
): Entry =>
  parseEntry(
    signObject(
      'vivim/v1/circle',
      {
        at: START_MS,
        prev: prev.map(fromHex),
        circle: circleIdBytes(create.circle),
        did: signer.document.did,
        doc: signer.document.hash,
        op: 'archive',
        ...change,
      },
      signer.device.sign,
    ).wire,
  )

t.test('what an owner does in a newer version makes the circle read-only here', async t => {
  const heads = reduce(withBob).heads
  for (const change of [{}, { op: 'rotate', crit: ['mystery'], mystery: 1 }]) {
    const entry = unknownEntry(alice, heads, change)
    t.equal(entry.op, 'unknown')
    const state = reduce([...withBob, entry])
    t.equal(state.upgrade, true)
    t.same(state.heads, [entry.hash])
  }
})

t.test('a member or a stranger cannot make the circle read-only', async t => {
  const heads = reduce(withBob).heads
  const byBob = unknownEntry(bob, heads)
  const byEve = unknownEntry(eve, heads)
  const state = reduce([...withBob, byBob, byEve])
  t.equal(state.upgrade, false)
  t.equal(whyOf(state, byBob), 'not-understood')
  t.equal(whyOf(state, byEve), 'not-a-member')
})

t.test('an entry whose ancestor is not here waits, and says for what', async t => {
  const rotating = rotate(alice, withBob)
  const state = reduce([create, rotating])
  t.same(state.waiting, [rotating.hash])
  t.same(state.missing, [withBob[1]?.hash])
  t.same(dids(state), sorted(alice))
  const nothing = reduceCircle(create.circle, [rotating])
  t.equal(nothing.owner, null)
  t.equal(nothing.sealing, null)
})

t.test('the newest card of a member is known, and only one of that member', async t => {
  const card = (person: Person): string =>
    encodeCard({
      did: person.keystore.did,
      directory: new Ed25519Key(person.keystore.directory).publicKey,
      read: new Uint8Array(16),
      peer: person.peer,
      addrs: [],
    })
  const fields = {
    document: bob.document,
    role: 'member',
    epoch: epochFor(audienceOf(alice.document, bob.document)),
  } as const
  const place = { circle: create.circle, signer: alice.document, prev: [create.hash], atMs: START_MS }
  const good = makeAdd(place, { ...fields, card: card(bob) }, alice.device.sign)
  t.equal(reduce([create, good]).members.find(({ did }) => did === bob.keystore.did)?.card, card(bob))
  const foreign = makeAdd(place, { ...fields, card: card(eve) }, alice.device.sign)
  t.equal(reduce([create, foreign]).members.find(({ did }) => did === bob.keystore.did)?.card, null)
})

t.test('garbage is refused with a code', async t => {
  for (const wire of [
    new Uint8Array(0),
    encodeCbor(['a', 'b']),
    encodeCbor([encodeCbor({}), new Uint8Array(64)]),
  ])
    t.throws(() => parseEntry(wire), { name: 'VivimError' })
  t.throws(() => parseEntry(new Uint8Array(ENTRY_MAX_BYTES + 1)), { code: 'crypto/too-large' })
})
