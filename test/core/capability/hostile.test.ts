/** Capabilities in the hands of somebody who wants more than was given. */
import t from 'tap'
import {
  type Chain,
  chainBytes,
  chainOf,
  chainText,
  narrowChain,
  parseChain,
  parseChainBytes,
} from '../../../src/core/capability/chain.ts'
import {
  type DelegationFields,
  parseDelegation,
  signDelegation,
} from '../../../src/core/capability/delegation.ts'
import { CAPABILITY_MAX_BYTES, signEnvelope, TAGS } from '../../../src/core/capability/envelope.ts'
import { parseInvocation, signInvocation } from '../../../src/core/capability/invocation.ts'
import { parseRevocation, signRevocation } from '../../../src/core/capability/revocation.ts'
import { policyOf, rightsOf, widerIn } from '../../../src/core/capability/rights.ts'
import { makeHolder as makeToken, parseToken, tokenText } from '../../../src/core/capability/token.ts'
import { decodeCbor, encodeCbor } from '../../../src/core/crypto/cbor.ts'
import { concat } from '../../../src/core/kernel/bytes.ts'
import { VivimError } from '../../../src/core/kernel/errors.ts'
import { CircleId } from '../../../src/core/model/id.ts'
import { call, chance, type Holder, issue, makeHolder, makeMemory } from '../../kit/capability.ts'
import { DAY_MS, makeDevice, makePerson, nextDocument, START_MS } from '../../kit/person.ts'

const alice = makePerson('alice')
const eve = makePerson('eve')
const script = makeHolder()
const agent = makeHolder()
const thief = makeHolder()

/** A link that no honest program would sign. */
const forge = (by: Holder, fields: Partial<DelegationFields>, before: Chain) =>
  signDelegation(
    {
      aud: agent.did,
      sub: before.subject,
      cmd: before.cmd,
      pol: [],
      expiresAtMs: before.expiresAtMs,
      ...fields,
    },
    by.key,
    chance,
  )
const root = issue(alice, script)
const why = (reason: string) => ({ code: 'capability/denied', details: { why: reason } })

t.test('a script does what it was given, and an agent what the script passed on', async t => {
  const memory = makeMemory()
  await call(alice, root, script, memory)
  const passed = narrowChain(root, { aud: agent.did, cmd: '/vivim/share/propose' }, script.key, chance)
  await call(alice, parseChain(chainText(passed)), agent, memory)
  await t.rejects(call(alice, passed, agent, memory, { command: '/vivim/share/create' }), why('command'))
})

t.test('a link with any one bit changed is refused', async t => {
  const { bytes } = root.root
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const changed = bytes.slice()
    changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    try {
      parseDelegation(changed)
      t.fail(`bit ${bit} may be changed`)
    } catch (error) {
      if (!(error instanceof VivimError)) t.fail(`bit ${bit} is a crash: ${error}`)
    }
  }
})

t.test('links that are missing, reversed, repeated or in another order make no chain', async t => {
  const second = narrowChain(root, { aud: agent.did }, script.key, chance)
  const third = narrowChain(second, { aud: thief.did }, agent.key, chance)
  const [one, two, three] = third.links
  if (!one || !two || !three) throw new Error('three links')
  for (const links of [[two, three], [one, three], [three, two, one], [two, one, three], [one, one], [three]])
    t.throws(() => chainOf(links), { code: 'capability/denied' })
  t.throws(() => chainOf([]), { code: 'capability/invalid' })
  t.throws(() => parseChainBytes(encodeCbor([three.bytes, one.bytes, two.bytes])), {
    code: 'capability/denied',
  })
})

t.test('a right to /vivim/share is none to /vivim/shareadmin, nor to anything above it', async t => {
  for (const cmd of ['/vivim/shareadmin', '/vivim/share-all', '/vivim', '/', '/vivim/sharex/propose'])
    t.throws(() => chainOf([root.root, forge(script, { cmd }, root)]), why('widened'), cmd)
  await t.rejects(call(alice, root, script, makeMemory(), { command: '/vivim/shareadmin' }), why('command'))
  for (const cmd of [
    '/vivim/share/',
    'vivim/share',
    '/vivim//share',
    '/VIVIM/share',
    '/vivim/../x',
    '',
    '/vivim/*',
  ])
    t.throws(() => forge(script, { cmd }, root), { code: 'capability/invalid' }, cmd)
})

t.test('a link that ends later or begins earlier than the one before it is refused', async t => {
  const bounded = issue(alice, script, { notBeforeMs: START_MS + DAY_MS })
  const end = bounded.expiresAtMs ?? 0
  for (const fields of [
    { expiresAtMs: end + 1000, notBeforeMs: START_MS + DAY_MS },
    { expiresAtMs: null, notBeforeMs: START_MS + DAY_MS },
    { expiresAtMs: end, notBeforeMs: START_MS },
    { expiresAtMs: end, notBeforeMs: null },
  ])
    t.throws(() => chainOf([bounded.root, forge(script, fields, bounded)]), why('widened'))
})

t.test('a policy that a later link leaves out or contradicts holds all the same', async t => {
  const bounded = issue(alice, script, { pol: [['==', '.circle', 'team']] })
  const dropped = narrowChain(bounded, { aud: agent.did }, script.key, chance)
  const other = narrowChain(
    bounded,
    {
      aud: agent.did,
      pol: [
        [
          'or',
          [
            ['==', '.circle', 'family'],
            ['==', '.circle', 'team'],
          ],
        ],
      ],
    },
    script.key,
    chance,
  )
  for (const chain of [dropped, other]) {
    await call(alice, chain, agent, makeMemory(), { args: { circle: 'team' } })
    for (const args of [{ circle: 'family' }, {}, { circle: null }, { circle: ['team'] }])
      await t.rejects(call(alice, chain, agent, makeMemory(), { args }), why('policy'))
  }
  const cut = chainOf([bounded.root])
  await t.rejects(call(alice, cut, agent, makeMemory(), { args: { circle: 'team' } }), why('other-audience'))
})

t.test('a capability is of no use with the subject of somebody else', async t => {
  const bobs = issue(makePerson('bob'), script)
  t.throws(() => chainOf([root.root, forge(script, { sub: bobs.subject }, root)]), why('other-subject'))
  t.throws(() => chainOf([forge(script, {}, root)]), why('not-a-root'))
  const invocation = (sub: typeof root.subject) =>
    signInvocation(
      { sub, cmd: '/vivim/share/propose', args: {}, prf: [root.root.cid], expiresAtMs: START_MS + 1000 },
      script.key,
      chance,
    )
  await t.rejects(
    call(alice, root, script, makeMemory(), { use: { invocation: invocation(bobs.subject) } }),
    why('other-subject'),
  )
  await t.rejects(
    call(alice, root, script, makeMemory(), { use: { executor: bobs.subject } }),
    why('other-executor'),
  )
})

t.test('a subject of null, which would pass on everything, is refused', async t => {
  const bytes = signEnvelope(
    TAGS.delegation,
    { aud: agent.did, sub: null, cmd: '/', pol: [], nonce: chance.bytes(12), exp: null },
    script.key,
  )
  t.throws(() => parseDelegation(bytes), { code: 'capability/invalid' })
})

t.test('a thief who copies the chain and not the key can do nothing', async t => {
  await t.rejects(call(alice, root, thief, makeMemory()), why('other-audience'))
  t.throws(() => narrowChain(root, { aud: thief.did }, thief.key, chance), why('broken-chain'))
})

t.test('a right that eve gives herself is none of alice', async t => {
  const forged = issue(eve, script)
  await t.rejects(call(alice, forged, script, makeMemory()), why('foreign-root'))
  const pretended = issue({ ...eve, document: alice.document }, script)
  await t.rejects(call(alice, pretended, script, makeMemory()), why('foreign-root'))
  const nameless = chainOf([
    signDelegation(
      { aud: script.did, sub: root.subject, cmd: '/', pol: [], expiresAtMs: null },
      alice.device.sign,
      chance,
    ),
  ])
  await t.rejects(call(alice, nameless, script, makeMemory()), why('foreign-root'))
  // Her document may list a device of alice; what alice issued still names alice.
  const greedy = nextDocument(eve, [eve.device, alice.device])
  await t.rejects(call({ ...eve, document: greedy }, root, script, makeMemory()), why('foreign-root'))
})

t.test('what a device gave ends when the device is revoked', async t => {
  const phone = makeDevice(alice)
  const two = { ...alice, document: nextDocument(alice, [alice.device, phone]) }
  await call(two, root, script, makeMemory())
  const without = {
    ...alice,
    document: nextDocument(two, [phone], [{ ed: alice.device.listed.ed, at: START_MS }]),
  }
  await t.rejects(call(without, root, script, makeMemory()), why('foreign-root'))
})

t.test('before its time and after its end a capability gives nothing', async t => {
  const later = issue(alice, script, { notBeforeMs: START_MS + DAY_MS, expiresAtMs: START_MS + 2 * DAY_MS })
  const at = (ms: number) => call(alice, later, script, makeMemory(), { at: START_MS + ms })
  await t.rejects(at(0), { code: 'capability/not-yet' })
  await t.rejects(at(DAY_MS - 61_000), { code: 'capability/not-yet' })
  await at(DAY_MS - 59_000)
  await at(2 * DAY_MS - 1)
  await t.rejects(at(2 * DAY_MS), { code: 'capability/expired' })
})

t.test('a call counts for five minutes at most, and once', async t => {
  const memory = makeMemory()
  const signed = (expiresAtMs: number | null) =>
    signInvocation(
      {
        sub: root.subject,
        cmd: '/vivim/share/propose',
        args: {},
        prf: [root.root.cid],
        expiresAtMs,
      },
      script.key,
      chance,
    )
  const use = (invocation = signed(START_MS + 60_000), nowMs = START_MS) =>
    call(alice, root, script, memory, { use: { invocation, nowMs } })
  const once = signed(START_MS + 60_000)
  await use(once)
  await t.rejects(use(once), why('replayed'))
  await t.rejects(use(once, START_MS + 60_000), why('call-expired'))
  await t.rejects(use(signed(null)), why('call-expired'))
  await t.rejects(use(signed(START_MS + 3_600_000)), why('call-too-long'))
})

t.test('a call signed for one command or chain is refused for another', async t => {
  const passed = narrowChain(root, { aud: script.did }, script.key, chance)
  const invocation = signInvocation(
    {
      sub: root.subject,
      cmd: '/vivim/share/propose',
      args: {},
      prf: [root.root.cid],
      expiresAtMs: START_MS + 60_000,
    },
    script.key,
    chance,
  )
  await t.rejects(call(alice, passed, script, makeMemory(), { use: { invocation } }), why('other-proofs'))
  await t.rejects(
    call(alice, root, script, makeMemory(), { use: { invocation, command: '/vivim/share/create' } }),
    why('other-command'),
  )
})

t.test('a link that its issuer, or one before it, takes back ends every chain that it stands in', async t => {
  const second = narrowChain(root, { aud: agent.did }, script.key, chance)
  const third = narrowChain(second, { aud: thief.did }, agent.key, chance)
  const middle = second.last.cid
  const use = (revocation: ReturnType<typeof signRevocation>) =>
    call(alice, third, thief, makeMemory([parseRevocation(revocation.bytes)]))
  await t.rejects(use(signRevocation(middle, script.key, chance)), { code: 'capability/revoked' })
  await t.rejects(use(signRevocation(middle, alice.device.sign, chance)), { code: 'capability/revoked' })
  await t.rejects(use(signRevocation(root.root.cid, alice.device.sign, chance)), {
    code: 'capability/revoked',
  })
  await call(alice, root, script, makeMemory([signRevocation(middle, script.key, chance)]))
  // Nobody further down, and no stranger, ends what was given to all.
  await use(signRevocation(middle, agent.key, chance))
  await use(signRevocation(root.root.cid, script.key, chance))
  await use(signRevocation(root.root.cid, eve.device.sign, chance))
})

t.test('a revocation of something else, or in the name of somebody else, is none', async t => {
  const revocation = (over: object) =>
    signInvocation(
      {
        sub: root.subject,
        cmd: '/ucan/revoke',
        args: { ucan: 'x' },
        prf: [],
        expiresAtMs: null,
        ...over,
      },
      alice.device.sign,
      chance,
    ).bytes
  for (const over of [{}, { cmd: '/ucan' }, { args: {} }, { sub: script.did }])
    t.throws(() => parseRevocation(revocation(over)), { code: 'capability/invalid' })
})

t.test('five a day are five a day for everybody that the right was passed on to', async t => {
  const memory = makeMemory()
  const counted = issue(alice, script, { pol: [['<', '.uses.day', 5]] })
  const passed = narrowChain(counted, { aud: agent.did, pol: [['<', '.uses.day', 3]] }, script.key, chance)
  const again = narrowChain(counted, { aud: agent.did }, script.key, chance)
  for (let count = 0; count < 3; count++) await call(alice, passed, agent, memory)
  await t.rejects(call(alice, passed, agent, memory), { code: 'capability/exhausted' })
  await call(alice, again, agent, memory)
  await call(alice, counted, script, memory)
  for (const [chain, holder] of [
    [counted, script],
    [again, agent],
  ] as const)
    await t.rejects(call(alice, chain, holder, memory), { code: 'capability/exhausted' })
  await call(alice, counted, script, memory, { use: { isFree: true } })
  await call(alice, passed, agent, memory, { at: START_MS + DAY_MS })
})

t.test('a count that the caller claims in the arguments is not believed', async t => {
  const memory = makeMemory()
  const once = issue(alice, script, { pol: [['<', '.uses.all', 1]] })
  await call(alice, once, script, memory)
  await t.rejects(call(alice, once, script, memory, { args: { uses: { day: 0, all: 0 } } }), {
    code: 'capability/exhausted',
  })
})

t.test('a call that is refused is not counted', async t => {
  const memory = makeMemory()
  const once = issue(alice, script, {
    pol: [
      ['<', '.uses.all', 1],
      ['==', '.circle', 'team'],
    ],
  })
  await t.rejects(call(alice, once, script, memory, { args: { circle: 'family' } }), why('policy'))
  await call(alice, once, script, memory, { args: { circle: 'team' } })
})

t.test('a field, a version or an algorithm that is not known is refused and never passed over', async t => {
  const fields = {
    aud: agent.did,
    sub: root.subject,
    cmd: '/vivim/share',
    pol: [],
    nonce: chance.bytes(12),
    exp: null,
  }
  t.equal(parseDelegation(signEnvelope(TAGS.delegation, fields, script.key)).cmd, '/vivim/share')
  for (const odd of [
    { limits: { uses: 1 } },
    { exp: undefined },
    { exp: -1 },
    { exp: 2 ** 52 },
    { nonce: new Uint8Array(0) },
    { nonce: 'text' },
    { pol: undefined },
    { aud: 'did:web:example.com' },
    { aud: `${agent.did}#key` },
    { meta: [] },
  ])
    t.throws(
      () => parseDelegation(signEnvelope(TAGS.delegation, { ...fields, ...odd }, script.key)),
      { code: 'capability/invalid' },
      JSON.stringify(odd),
    )
  t.throws(() => parseInvocation(signEnvelope(TAGS.delegation, fields, script.key)), {
    code: 'capability/invalid',
  })
  t.throws(
    () => parseDelegation(signEnvelope('ucan/dlg@1.0.0' as typeof TAGS.delegation, fields, script.key)),
    {
      code: 'capability/invalid',
    },
  )
  const [signature, signed] = decodeCbor(root.root.bytes, CAPABILITY_MAX_BYTES) as [Uint8Array, object]
  for (const header of [[0x34, 1, 0xec, 1, 0xed, 1, 0x13, 0x71], [0x34, 1], []])
    t.throws(() => parseDelegation(encodeCbor([signature, { ...signed, h: Uint8Array.from(header) }])), {
      code: 'capability/invalid',
    })
})

t.test('policies that nobody knows, of endless depth or of endless work are refused', async t => {
  const withPolicy = (pol: unknown) => () =>
    parseDelegation(
      signEnvelope(
        TAGS.delegation,
        {
          aud: agent.did,
          sub: root.subject,
          cmd: '/',
          pol: pol as [],
          nonce: chance.bytes(12),
          exp: null,
        },
        script.key,
      ),
    )
  t.ok(withPolicy([['==', '.a["b c"][0]?', 1]])())
  for (const pol of [
    {},
    ['=='],
    [['===', '.a', 1]],
    [['==', 'a', 1]],
    [['==', '.a[1:2]', 1]],
    [['==', '.a..b', 1]],
    [['==', '.a']],
    [['==', '.a', 1, 2]],
    [['<', '.a', 'text']],
    [['like', '.a', 'x'.repeat(300)]],
    [['or', []]],
    [['and', []]],
    [['not', []]],
    [['all', '.a', []]],
    [[['==', '.a', 1]]],
    Array.from({ length: 300 }, () => ['==', '.a', 1]),
  ])
    t.throws(withPolicy(pol), { code: 'capability/invalid' }, JSON.stringify(pol)?.slice(0, 60))
  let nested: unknown = ['==', '.a', 1]
  for (let depth = 0; depth < 20; depth++) nested = ['not', nested]
  t.throws(withPolicy([nested]), { code: 'capability/invalid' })
})

t.test('ten thousand lists in each other are refused without a crash', async t => {
  const deep = concat(new Uint8Array(10_000).fill(0x81), Uint8Array.of(0x80))
  t.throws(() => parseDelegation(deep), { code: 'crypto/bad-encoding' })
  t.throws(() => parseInvocation(deep), { code: 'crypto/bad-encoding' })
  t.throws(() => parseChainBytes(deep), { code: 'crypto/bad-encoding' })
})

t.test('more than eight links or 64 KiB are refused, whether made or read', async t => {
  let chain = root
  let holder = script
  for (let count = 0; count < 7; count++) {
    const next = makeHolder()
    chain = narrowChain(chain, { aud: next.did }, holder.key, chance)
    holder = next
  }
  await call(alice, chain, holder, makeMemory())
  t.throws(() => narrowChain(chain, { aud: agent.did }, holder.key, chance), { code: 'capability/invalid' })
  const ninth = forge(holder, {}, chain)
  t.throws(() => parseChainBytes(encodeCbor([...chain.links, ninth].map(link => link.bytes))), {
    code: 'capability/invalid',
  })
  t.throws(() => issue(alice, script, { meta: { x: 'x'.repeat(CAPABILITY_MAX_BYTES) } }), {
    code: 'crypto/too-large',
  })
  const large = issue(alice, script, { meta: { x: 'x'.repeat(40_000) } })
  t.throws(
    () => narrowChain(large, { aud: agent.did, meta: { x: 'x'.repeat(40_000) } }, script.key, chance),
    {
      code: 'capability/invalid',
    },
  )
})

t.test('text that is no chain is a code and not a crash', async t => {
  const text = chainText(root)
  t.strictSame(chainBytes(parseChain(`  ${text}\n`)), chainBytes(root))
  for (const odd of ['', 'vivimcap1', text.slice(0, -3), `${text}!`, text.slice(1), 'x'.repeat(200_000)])
    t.throws(() => parseChain(odd), { code: /^(capability|crypto)\// })
})

t.test('a token file with a character changed is called one that is damaged', async t => {
  const holder = makeToken(chance)
  const text = tokenText(issue(alice, holder), 'script', holder)
  t.equal(parseToken(text).name, 'script')
  for (let at = text.indexOf('vivimcap1'); at < text.length; at += 7) {
    const other = text[at] === 'A' ? 'B' : 'A'
    t.throws(() => parseToken(text.slice(0, at) + other + text.slice(at + 1)), { code: 'capability/invalid' })
  }
})

t.test('a bound is wider than what was given, or it is not: whoever narrows is told which', async t => {
  const circle = CircleId.parse('a'.repeat(26))
  const given = {
    commands: ['/vivim/share/propose', '/vivim/inbox'],
    people: { circles: [circle], contacts: [script.did] },
    perDay: 5,
    uses: null,
  }
  const unsaid = { commands: [], people: null, perDay: null, uses: null }
  for (const bound of [
    {},
    { commands: ['/vivim/inbox/list'], perDay: 5, uses: 9 },
    { people: { circles: [], contacts: [script.did] }, perDay: 1 },
  ])
    t.equal(widerIn({ ...unsaid, ...bound }, given), null)
  t.equal(widerIn({ ...unsaid, commands: ['/vivim/share'] }, given), 'commands')
  t.equal(widerIn({ ...unsaid, commands: ['/vivim/inboxes'] }, given), 'commands')
  t.equal(widerIn({ ...unsaid, people: { circles: [], contacts: [agent.did] } }, given), 'people')
  t.equal(widerIn({ ...unsaid, perDay: 6 }, given), 'perDay')
  t.equal(widerIn({ ...unsaid, uses: 3 }, { ...given, uses: 2 }), 'uses')
})

t.test('what a person gives in words is what stands in the link, and reads back so', async t => {
  const circle = CircleId.parse('a'.repeat(26))
  for (const rights of [
    { commands: ['/vivim/share/propose'], people: null, perDay: null, uses: null },
    { commands: ['/vivim/share/propose', '/vivim/conversation/read'], people: null, perDay: 5, uses: 20 },
    {
      commands: ['/vivim/share'],
      people: { circles: [circle], contacts: [script.did, agent.did] },
      perDay: null,
      uses: 1,
    },
    { commands: ['/vivim/share'], people: { circles: [], contacts: [script.did] }, perDay: 1, uses: null },
  ])
    t.match(rightsOf(issue(alice, script, policyOf(rights)).root), { ...rights, others: 0 })
  t.match(rightsOf(issue(alice, script, { pol: [['==', '.title', 'x']] }).root), { others: 1 })
  const two = issue(
    alice,
    script,
    policyOf({ commands: ['/vivim/share/propose', '/vivim/inbox'], people: null, perDay: null, uses: null }),
  )
  t.equal(two.cmd, '/vivim')
  const use = (command: string) =>
    call(alice, two, script, makeMemory(), { command, use: { args: { command } } })
  await use('/vivim/inbox/list')
  await use('/vivim/share/propose')
  for (const command of ['/vivim/share', '/vivim/share/create', '/vivim/inboxes', '/vivim'])
    await t.rejects(use(command), why('policy'), command)
})
