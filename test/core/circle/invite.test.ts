/** An invite is one line; a use of it is bound to one person. */
import { bech32m } from '@scure/base'
import fc from 'fast-check'
import t from 'tap'
import { authorise, type CapabilityPorts, NO_USES } from '../../../src/core/capability/authorise.ts'
import { narrowChain } from '../../../src/core/capability/chain.ts'
import {
  cardHash,
  INVITE_MAX_LIFE_MS,
  JOIN_COMMAND,
  makeInvite,
  parseInvite,
  parseJoin,
  signJoin,
} from '../../../src/core/circle/invite.ts'
import { type CborValue, decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { Ed25519Key, ed25519PublicKey } from '../../../src/core/crypto/ed25519.ts'
import { encodeCard } from '../../../src/core/identity/card.ts'
import { didFromKey } from '../../../src/core/identity/did.ts'
import { hasCode, isVerdict } from '../../../src/core/kernel/errors.ts'
import { begin } from '../../kit/circle.ts'
import { DAY_MS, makePerson, type Person, START_MS, seededChance } from '../../kit/person.ts'

const chance = seededChance('invite')
const [alice, bob, eve] = ['alice', 'bob', 'eve'].map(name => makePerson(name)) as [Person, Person, Person]
const { circle } = begin(alice)

const cardOf = (person: Person): string =>
  encodeCard({
    did: person.keystore.did,
    directory: person.device.sign.publicKey,
    read: person.chance.bytes(16),
    peer: person.peer,
    addrs: ['/ip4/192.0.2.1/tcp/4747'],
  })

const invitation = (change: { uses?: number; role?: 'member' | 'reader'; expiresAtMs?: number } = {}) =>
  makeInvite(
    {
      circle,
      name: 'team',
      role: 'member',
      uses: 1,
      expiresAtMs: START_MS + 7 * DAY_MS,
      card: cardOf(alice),
      document: alice.document,
      ...change,
    },
    alice.device.sign,
    chance,
  )

const made = invitation()
const invite = parseInvite(made.line)
const bobs = { did: bob.keystore.did, document: bob.document.hash, card: cardOf(bob) }

/** The fields of a line, and a line of other fields. */
const fieldsOf = (line: string): Record<string, CborValue> =>
  decodeCbor(bech32m.fromWords(bech32m.decode(line as `${string}1${string}`, false).words), 8192) as Record<
    string,
    CborValue
  >
const lineOf = (fields: Record<string, CborValue>): string =>
  bech32m.encode('vivimi', bech32m.toWords(encodeCbor(fields)), false)

/** The door with so many uses counted. */
const door = (used = 0): CapabilityPorts => ({
  revokersOf: async () => [],
  takeNonce: async () => true,
  charge: async (_links, _nowMs, judge) => judge(() => ({ ...NO_USES, all: used })),
})

const use = (wire: { chain: Uint8Array; invocation: Uint8Array }, used = 0, nowMs = START_MS + 1) => {
  const { chain, invocation } = parseJoin(wire)
  return authorise(
    {
      invocation,
      chain,
      executor: chain.subject,
      document: alice.document,
      command: JOIN_COMMAND,
      nowMs,
      maxLifeMs: INVITE_MAX_LIFE_MS,
    },
    door(used),
  )
}

t.test('alice makes an invite, and bob reads all that he needs in one line', async t => {
  t.match(made.line, /^vivimi1[a-z0-9]+$/)
  t.equal(invite.id, made.id)
  t.match(made.id, /^[a-z2-7]{26}$/)
  t.match(invite, { circle, name: 'team', role: 'member', expiresAtMs: START_MS + 7 * DAY_MS })
  t.equal(invite.card.did, alice.keystore.did)
  t.ok(made.line.length < 2000)
  const broken = `  ${made.line.slice(0, 100).toUpperCase()}\n\t${made.line.slice(100)} `
  t.equal(parseInvite(broken).id, made.id, 'broken over lines, in any case')
})

t.test('a line with one character changed, cut short, or of something else is refused', async t => {
  for (const at of [7, 8, 300, made.line.length - 1]) {
    const other = made.line[at] === 'q' ? 'p' : 'q'
    const line = made.line.slice(0, at) + other + made.line.slice(at + 1)
    t.throws(() => parseInvite(line), { code: 'invite/invalid' })
  }
  for (const line of ['', 'vivimi1', made.line.slice(0, -1), cardOf(alice), 'x'.repeat(100_000)])
    t.throws(() => parseInvite(line), { code: 'invite/invalid' })
})

t.test('a line whose parts do not belong together is refused', async t => {
  const fields = fieldsOf(made.line)
  t.equal(lineOf(fields), made.line)
  const others: Record<string, CborValue>[] = [
    { seed: chance.bytes(32) },
    { circle: chance.bytes(16) },
    { role: 'reader' },
    { role: 'admin' },
    { card: cardOf(eve) },
    { chain: chance.bytes(200) },
    { v: 2 },
    { name: '' },
  ]
  for (const change of others)
    t.throws(
      () => parseInvite(lineOf({ ...fields, ...change })),
      { code: 'invite/invalid' },
      Object.keys(change).join(),
    )
})

t.test('whatever comes in the place of an invite or of its use is answered by a code', async t => {
  const line = fc.oneof(
    fc.string({ maxLength: 300 }),
    fc
      .tuple(fc.nat(made.line.length - 1), fc.string({ maxLength: 3 }))
      .map(([at, text]) => made.line.slice(0, at) + text + made.line.slice(at + 1)),
    // Sealed with a sound sum, so that what is inside is looked at.
    fc
      .record({ field: fc.constantFrom(...Object.keys(fieldsOf(made.line))), bytes: fc.uint8Array() })
      .map(({ field, bytes }) => lineOf({ ...fieldsOf(made.line), [field]: bytes })),
    fc.uint8Array({ maxLength: 400 }).map(bytes => bech32m.encode('vivimi', bech32m.toWords(bytes), false)),
  )
  fc.assert(
    fc.property(line, text => {
      try {
        return parseInvite(text).id === made.id
      } catch (error) {
        return hasCode(error, 'invite/invalid')
      }
    }),
    { numRuns: 500 },
  )
  const wire = signJoin(invite, bobs, chance)
  const changed = fc.record({ which: fc.boolean(), at: fc.nat(), to: fc.nat(255) })
  fc.assert(
    fc.property(changed, ({ which, at, to }) => {
      const copy = { chain: Uint8Array.from(wire.chain), invocation: Uint8Array.from(wire.invocation) }
      const bytes = which ? copy.chain : copy.invocation
      const same = bytes[at % bytes.length] === to
      bytes[at % bytes.length] = to
      try {
        parseJoin(copy)
        return same
      } catch (error) {
        return isVerdict(error)
      }
    }),
    { numRuns: 500 },
  )
  t.pass()
})

t.test('bob uses it: what he signed names him, his document and his card', async t => {
  const wire = signJoin(invite, bobs, chance)
  const join = parseJoin(wire)
  t.match(join, { id: made.id, circle, role: 'member', did: bob.keystore.did })
  t.same(join.card, cardHash(bobs.card))
  t.equal(join.document, Buffer.from(bob.document.hash).toString('hex'))
  await use(wire)
})

t.test('used up, late, or for more than was given it is refused', async t => {
  const wire = signJoin(invite, bobs, chance)
  await t.rejects(use(wire, 1), { code: 'capability/exhausted' })
  await t.rejects(use(wire, 0, START_MS + 8 * DAY_MS), { code: 'capability/denied' })
  await use(signJoin(parseInvite(invitation({ uses: 3 }).line), bobs, chance), 2)
  await t.rejects(use(signJoin({ ...invite, role: 'reader' }, bobs, chance)), { code: 'capability/denied' })
  const other = begin(eve).circle
  await t.rejects(use(signJoin({ ...invite, circle: other }, bobs, chance)), { code: 'capability/denied' })
})

t.test('eve, who saw a use of it, cannot make it one for herself', async t => {
  const wire = signJoin(invite, bobs, chance)
  const own = new Ed25519Key(chance.bytes(32))
  const forged = signJoin({ ...invite, key: own }, { ...bobs, did: eve.keystore.did }, chance)
  await t.rejects(use({ chain: wire.chain, invocation: forged.invocation }), { code: 'capability/denied' })
  const flipped = Uint8Array.from(wire.invocation)
  const at = Buffer.from(flipped).indexOf(bob.keystore.did)
  flipped.set(Buffer.from(eve.keystore.did), at)
  t.throws(() => parseJoin({ ...wire, invocation: flipped }), { code: 'crypto/bad-signature' })
})

t.test('bob passes an invite for many on to carol for one use: it narrows, and never widens', async t => {
  const many = parseInvite(invitation({ uses: 5 }).line)
  const carolsKey = new Ed25519Key(chance.bytes(32))
  const aud = didFromKey(ed25519PublicKey(carolsKey))
  const narrowed = narrowChain(many.chain, { aud, pol: [['<', '.uses.all', 1]] }, many.key, chance)
  const carols = { ...many, chain: narrowed, key: carolsKey }
  await use(signJoin(carols, bobs, chance), 0)
  await t.rejects(use(signJoin(carols, bobs, chance), 1), { code: 'capability/exhausted' })
  t.throws(() => narrowChain(many.chain, { aud, expiresAtMs: START_MS + 30 * DAY_MS }, many.key, chance), {
    code: 'capability/denied',
  })
})
