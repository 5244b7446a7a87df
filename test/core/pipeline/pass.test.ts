/** Passing on: what a word for it must hold against, by time, right, hand and shape. */
import t from 'tap'
import { type Chain, parseChainBytes } from '../../../src/core/capability/chain.ts'
import { CHAIN_MAX_LINKS } from '../../../src/core/capability/invocation.ts'
import { type Revocation, signRevocation } from '../../../src/core/capability/revocation.ts'
import { contentIdOf } from '../../../src/core/crypto/cid.ts'
import { didFromKey } from '../../../src/core/identity/did.ts'
import { toBase32 } from '../../../src/core/kernel/bytes.ts'
import { codeOf, VivimError } from '../../../src/core/kernel/errors.ts'
import { type Cid, type Did, ShareId } from '../../../src/core/model/id.ts'
import {
  checkPass,
  checkPasser,
  goesOnFrom,
  MAX_DELEGATIONS,
  narrowedRights,
  type PassTerms,
  type PassWire,
  parsePass,
  rightFor,
  rightsOf,
  signPass,
} from '../../../src/core/pipeline/pass.ts'
import {
  DAY_MS,
  makeDevice,
  makePerson,
  nextDocument,
  type Person,
  START_MS,
  seededChance,
} from '../../kit/person.ts'

const chance = seededChance('pass')
const [alice, bob, carol] = ['alice', 'bob', 'carol'].map(name => makePerson(name)) as [
  Person,
  Person,
  Person,
]
const didOf = (person: Person): Did => person.keystore.did

const terms: PassTerms = {
  share: ShareId.parse(toBase32(chance.bytes(16))),
  version: 1,
  content: contentIdOf(chance.bytes(100)),
  allow: ['view', 'quote', 'reshare'],
  untilMs: START_MS + 30 * DAY_MS,
}
const NONE = { revokersOf: async () => [] }

const chainOf = (wires: Uint8Array[]): Chain => parseChainBytes(wires[0] ?? new Uint8Array(0))
const toBob = (given = terms): Chain =>
  chainOf(
    rightsOf(
      given,
      [{ did: didOf(bob), devices: [bob.device.listed] }],
      { document: alice.document, device: alice.device.sign },
      chance,
    ),
  )
const further = (chain: Chain, from: Person, to: Person, given: PassTerms): Chain =>
  chainOf(narrowedRights(chain, given, didOf(to), [to.device.listed], from.device.sign, chance))

const word = (chain: Chain, by: Person, given: PassTerms, nowMs = START_MS, to = didOf(carol)): PassWire =>
  signPass(chain, given, to, by.device.sign, nowMs, chance)

/** How a word is judged: null when it holds. */
async function judged(
  wire: PassWire,
  nowMs = START_MS,
  document = alice.document,
  revocations: readonly Revocation[] = [],
): Promise<string | null> {
  try {
    await checkPass(
      parsePass(wire),
      document,
      { revokersOf: async link => revocations.filter(one => one.link === link).map(one => one.by) },
      nowMs,
    )
    return null
  } catch (error) {
    const why = error instanceof VivimError ? error.details.why : undefined
    return typeof why === 'string' ? why : codeOf(error)
  }
}

t.test('bob passes on what alice gave him, with the same or fewer rights, as long or shorter', async t => {
  const chain = toBob()
  t.equal(await judged(word(chain, bob, terms)), null)
  t.equal(await judged(word(chain, bob, { ...terms, allow: ['view'], untilMs: START_MS + DAY_MS })), null)
  t.equal(await judged(word(chain, bob, { ...terms, allow: ['view', 'remix'] })), 'policy')
  t.equal(await judged(word(chain, bob, { ...terms, untilMs: null })), 'policy')
  t.equal(await judged(word(chain, bob, { ...terms, version: 2 })), 'policy')
  t.equal(
    await judged(word(chain, bob, { ...terms, share: ShareId.parse(toBase32(chance.bytes(16))) })),
    'policy',
  )
  const endless = { ...terms, untilMs: null }
  t.equal(await judged(word(toBob(endless), bob, endless), START_MS + 300 * DAY_MS), null)
})

t.test('a right ends with the share, and the word with what it says', async t => {
  const chain = toBob()
  const wire = word(chain, bob, { ...terms, untilMs: START_MS + DAY_MS })
  t.equal(await judged(wire, START_MS + DAY_MS - 1000), null)
  t.equal(await judged(wire, START_MS + DAY_MS), 'call-expired')
  t.equal(await judged(word(chain, bob, terms, START_MS), START_MS + 30 * DAY_MS), 'call-expired')
  const short = further(chain, bob, carol, { ...terms, untilMs: START_MS + DAY_MS })
  const late = word(short, carol, { ...terms, untilMs: START_MS + 2 * DAY_MS })
  t.equal(await judged(late, START_MS + DAY_MS), 'capability/expired')
  t.equal(await judged(late, START_MS), 'policy')
})

t.test('each hand narrows, and none gives more than it has', async t => {
  const chain = toBob()
  const narrow: PassTerms = { ...terms, allow: ['view', 'reshare'], untilMs: START_MS + DAY_MS }
  const toCarol = further(chain, bob, carol, narrow)
  const dave = didOf(makePerson('dave'))
  t.equal(await judged(word(toCarol, carol, { ...narrow, allow: ['view'] }, START_MS, dave)), null)
  t.equal(await judged(word(toCarol, carol, { ...narrow, allow: ['quote'] }, START_MS, dave)), 'policy')
  t.equal(await judged(word(toCarol, bob, narrow)), 'other-audience', 'the right is carol’s now')
  t.equal(await judged(word(chain, carol, narrow)), 'other-audience', 'and bob’s is not')
  t.throws(() => further(chain, bob, carol, { ...terms, untilMs: START_MS + 31 * DAY_MS }), {
    code: 'capability/denied',
  })
  t.throws(() => further(chain, carol, carol, narrow), { code: 'capability/denied' })
  t.ok(goesOnFrom(toCarol, chain))
  t.notOk(goesOnFrom(chain, chain))
  t.notOk(goesOnFrom(toCarol, toBob()), 'the same terms given another time are another right')
  let long = chain
  for (let links = 1; links < CHAIN_MAX_LINKS; links++) long = further(long, bob, bob, terms)
  t.throws(() => further(long, bob, carol, terms), { code: 'capability/invalid' })
})

t.test('the right counts while a device of the owner’s newest document gave it', async t => {
  const wire = word(toBob(), bob, terms)
  const next = makeDevice(alice)
  const without = nextDocument(alice, [next], [{ ed: alice.device.listed.ed, at: START_MS }])
  t.equal(await judged(wire, START_MS, nextDocument(alice, [alice.device, next])), null)
  t.equal(await judged(wire, START_MS, without), 'foreign-root')
  t.equal(await judged(wire, START_MS, bob.document), 'foreign-root')
})

t.test('what alice takes back is asked at every link, and carol takes back only her own', async t => {
  const chain = toBob()
  const toCarol = further(chain, bob, carol, terms)
  const wire = word(toCarol, carol, { ...terms, allow: ['view'] })
  const revoke = (link: Cid | undefined, by: Person): Revocation[] => [
    signRevocation(link ?? chain.root.cid, by.device.sign, chance),
  ]
  const [first, second] = toCarol.links.map(({ cid }) => cid)
  const by = (revocations: Revocation[]) => judged(wire, START_MS, alice.document, revocations)
  t.equal(await by(revoke(first, alice)), 'capability/revoked')
  t.equal(await by(revoke(second, alice)), 'capability/revoked')
  t.equal(await by(revoke(second, bob)), 'capability/revoked')
  t.equal(await by(revoke(first, bob)), null)
  t.equal(await by(revoke(second, carol)), null)
})

t.test('who passes on is who the chain says, with a device of theirs', async t => {
  const pass = parsePass(word(toBob(), bob, terms))
  t.equal(pass.by, didOf(bob))
  checkPasser(pass, bob.document)
  t.throws(() => checkPasser(pass, carol.document), { code: 'capability/denied' })
  t.throws(() => checkPasser(pass, nextDocument(bob, [makeDevice(bob)])), { code: 'capability/denied' })
})

t.test('a device finds its right among others and among garbage, or none', async t => {
  const owner = { document: alice.document, device: alice.device.sign }
  const people = [bob, carol].map(person => ({ did: didOf(person), devices: [person.device.listed] }))
  const wires = [chance.bytes(80), ...rightsOf(terms, people, owner, chance)]
  const device = didFromKey(carol.device.sign.publicKey)
  t.equal(rightFor(wires, device), wires[2])
  t.equal(rightFor(wires.slice(0, 2), device), null)
})

t.test('a circle of too many devices gets no rights to pass on', async t => {
  const owner = { document: alice.document, device: alice.device.sign }
  const devices = Array.from({ length: MAX_DELEGATIONS + 1 }, () => bob.device.listed)
  const to = [{ did: didOf(bob), devices }]
  t.throws(() => rightsOf(terms, to, owner, chance), { code: 'share/too-many-devices' })
  t.equal(
    rightsOf(terms, [{ did: didOf(bob), devices: devices.slice(1) }], owner, chance).length,
    MAX_DELEGATIONS,
  )
})

t.test('a word with one bit changed, or with other arguments, is none', async t => {
  const wire = word(toBob(), bob, terms)
  for (const part of ['chain', 'invocation'] as const)
    for (let at = 0; at < wire[part].length; at += 7) {
      const bytes = Uint8Array.from(wire[part])
      bytes[at] = (bytes[at] ?? 0) ^ 1
      t.not(await judged({ ...wire, [part]: bytes }), null, `${part} ${at}`)
    }
  const other = word(toBob(), bob, terms)
  t.equal(await judged({ ...wire, chain: other.chain }), 'other-proofs')
  await t.rejects(checkPass(parsePass(wire), alice.document, NONE, START_MS - 500 * DAY_MS))
})
