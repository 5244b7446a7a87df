/** Our bytes against iso-ucan, an implementation that knows nothing of ours: each reads what the other wrote. */

import type { VerifiableDID } from 'iso-did/types'
import { EdDSASigner } from 'iso-signatures/signers/eddsa.js'
import type { ISigner } from 'iso-signatures/types'
import { verifier } from 'iso-signatures/verifiers/eddsa.js'
import { Resolver } from 'iso-signatures/verifiers/resolver.js'
import { Delegation } from 'iso-ucan/delegation'
import { Invocation } from 'iso-ucan/invocation'
import t from 'tap'
import { authorise } from '../../../src/core/capability/authorise.ts'
import { chainOf, narrowChain } from '../../../src/core/capability/chain.ts'
import { parseDelegation } from '../../../src/core/capability/delegation.ts'
import { parseInvocation, signInvocation } from '../../../src/core/capability/invocation.ts'
import { Ed25519Key } from '../../../src/core/crypto/ed25519.ts'
import { sameBytes } from '../../../src/core/kernel/bytes.ts'
import { chance, holderOf, issue, makeHolder, makeMemory } from '../../kit/capability.ts'
import { makePerson } from '../../kit/person.ts'

/** iso-ucan asks the machine's clock, so these stand in a time of their own. */
const NOW_MS = Date.now()
const alice = makePerson('alice')
const resolver = new Resolver(verifier)
/** Its class does not fit its own interface under exact optional properties. */
const signerOf = async (seed: Uint8Array) =>
  (await EdDSASigner.generate(seed)) as unknown as ISigner<string> & VerifiableDID

const script = makeHolder()
const agent = makeHolder()
const chain = issue(alice, script, {
  expiresAtMs: NOW_MS + 3_600_000,
  notBeforeMs: NOW_MS - 10_000,
  pol: [['==', '.circle', 'team']],
})
const passedOn = narrowChain(
  chain,
  { aud: agent.did, cmd: '/vivim/share/propose', pol: [['<', '.size', 100]] },
  script.key,
  chance,
)
const isoReads = (bytes: Uint8Array) => Delegation.from({ bytes, verifierResolver: resolver })

t.test('what alice delegates is read by another implementation', async t => {
  for (const ours of passedOn.links) {
    const read = await isoReads(ours.bytes)
    t.equal(read.iss, ours.iss)
    t.equal(read.aud, ours.aud)
    t.equal(read.sub, ours.sub)
    t.equal(read.cmd, ours.cmd)
    t.strictSame(read.pol, ours.pol)
    t.equal(Number(read.exp) * 1000, ours.expiresAtMs)
    t.equal(read.cid.toString(), ours.cid)
    t.ok(await read.validate({ verifierResolver: resolver }))
  }
})

t.test('what she delegates with one bit changed is refused by the other implementation too', async t => {
  const bytes = chain.root.bytes.slice()
  bytes[40] = (bytes[40] ?? 0) ^ 1
  await t.rejects(isoReads(bytes))
})

t.test('a call by her capability is judged alike by the other implementation', async t => {
  const invoke = (args: { circle: string; size: number }, cmd = '/vivim/share/propose') =>
    signInvocation(
      {
        sub: chain.subject,
        cmd,
        args,
        prf: passedOn.links.map(link => link.cid),
        expiresAtMs: NOW_MS + 60_000,
      },
      agent.key,
      chance,
    )
  const judge = async (bytes: Uint8Array) =>
    Invocation.from({
      bytes,
      audience: await signerOf(alice.keystore.deviceSign.use(seed => seed.slice())),
      verifierResolver: resolver,
      resolveProof: async cid => {
        const link = passedOn.links.find(each => each.cid === cid.toString())
        if (link === undefined) throw new Error('no such proof')
        return isoReads(link.bytes)
      },
    })
  const ourVerdict = (bytes: Uint8Array) => {
    const invocation = parseInvocation(bytes)
    return authorise(
      {
        invocation,
        chain: passedOn,
        executor: chain.subject,
        document: { ...alice.document, atMs: NOW_MS - 1000, expiresAtMs: NOW_MS + 3_600_000 },
        command: invocation.cmd,
        nowMs: NOW_MS,
      },
      makeMemory(),
    )
  }
  const good = invoke({ circle: 'team', size: 5 })
  t.equal((await judge(good.bytes)).cid.toString(), good.cid)
  await ourVerdict(good.bytes)
  for (const bad of [
    invoke({ circle: 'family', size: 5 }),
    invoke({ circle: 'team', size: 100 }),
    invoke({ circle: 'team', size: 5 }, '/vivim/circle'),
  ]) {
    await t.rejects(judge(bad.bytes))
    await t.rejects(ourVerdict(bad.bytes), { code: 'capability/denied' })
  }
})

t.test(
  'what the other implementation delegates is read by ours, and narrows as a link of a chain',
  async t => {
    const seed = chance.bytes(32)
    const other = await signerOf(seed)
    const holder = holderOf(new Ed25519Key(seed))
    t.equal(holder.did, other.did)
    const root = issue(alice, holder, { expiresAtMs: NOW_MS + 3_600_000 })
    const theirs = await Delegation.create({
      iss: other,
      aud: agent.did,
      sub: root.subject,
      cmd: '/vivim/share/propose',
      pol: [
        [
          'all',
          '.circles',
          [
            'or',
            [
              ['==', '.', 'team'],
              ['like', '.', 'work-*'],
            ],
          ],
        ],
        ['not', ['any', '.to', ['==', '.', 'eve']]],
      ],
      exp: Math.floor(NOW_MS / 1000) + 600,
      meta: { for: 'an agent' },
    })
    const ours = parseDelegation(theirs.bytes)
    t.equal(ours.iss, other.did)
    t.equal(ours.cid, theirs.cid.toString())
    t.ok(sameBytes(ours.nonce, theirs.nonce))
    t.equal(ours.meta.for, 'an agent')
    const mixed = chainOf([root.root, ours])
    t.equal(mixed.cmd, '/vivim/share/propose')
    t.equal(mixed.holder, agent.did)
  },
)

t.test('what the other implementation invokes is read by ours', async t => {
  const seed = chance.bytes(32)
  const other = await signerOf(seed)
  const theirs = await Invocation.create({
    iss: other,
    sub: other.did,
    cmd: '/vivim/share/propose',
    args: { method: 'share.propose' },
    prf: [],
    ttl: 60,
    verifierResolver: resolver,
  })
  const ours = parseInvocation(theirs.bytes)
  t.equal(ours.iss, other.did)
  t.equal(ours.aud, other.did)
  t.equal(ours.cid, theirs.cid.toString())
  t.strictSame(ours.args, { method: 'share.propose' })
})
