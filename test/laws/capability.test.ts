/** Laws of capabilities: narrowing never widens, and no bytes are a crash. */
import fc from 'fast-check'
import t from 'tap'
import {
  type Chain,
  chainBytes,
  narrowChain,
  parseChain,
  parseChainBytes,
} from '../../src/core/capability/chain.ts'
import { covers } from '../../src/core/capability/command.ts'
import type { Meta } from '../../src/core/capability/delegation.ts'
import { parseInvocation } from '../../src/core/capability/invocation.ts'
import { meets, type Policy, parsePolicy, type Statement } from '../../src/core/capability/policy.ts'
import { type CborValue, encodeCbor } from '../../src/core/crypto/cbor.ts'
import { VivimError } from '../../src/core/kernel/errors.ts'
import { call, chance, type Holder, issue, makeHolder, makeMemory } from '../kit/capability.ts'
import { DAY_MS, makePerson, START_MS } from '../kit/person.ts'

const alice = makePerson('alice')
const script = makeHolder()
const agent = makeHolder()

const command = fc.constantFrom(
  '/',
  '/vivim',
  '/vivim/share',
  '/vivim/shareadmin',
  '/vivim/share/propose',
  '/vivim/share/propose',
)
const value: fc.Arbitrary<CborValue> = fc.oneof(
  fc.constantFrom('team', 'family', 'te*m', ''),
  fc.integer({ min: -3, max: 3 }),
  fc.constant(null),
)
const selector = fc.constantFrom('.', '.a', '.b', '.a[0]', '.a[]', '.b?', '.c.d', '.uses.all')
const { statement } = fc.letrec<{ statement: Statement }>(tie => ({
  statement: fc.oneof(
    { maxDepth: 3 },
    fc.tuple(fc.constantFrom('==', '!='), selector, value) as fc.Arbitrary<Statement>,
    fc.tuple(
      fc.constantFrom('<', '<=', '>', '>='),
      selector,
      fc.integer({ min: -3, max: 3 }),
    ) as fc.Arbitrary<Statement>,
    fc.tuple(
      fc.constant('like'),
      selector,
      fc.constantFrom('*', 't*', '*m', 'te\\*m', 'team'),
    ) as fc.Arbitrary<Statement>,
    fc.tuple(
      fc.constantFrom('and', 'or'),
      fc.array(tie('statement'), { minLength: 1, maxLength: 3 }),
    ) as fc.Arbitrary<Statement>,
    fc.tuple(fc.constant('not'), tie('statement')) as fc.Arbitrary<Statement>,
    fc.tuple(fc.constantFrom('all', 'any'), selector, tie('statement')) as fc.Arbitrary<Statement>,
  ),
}))
const policy = fc.array(statement, { maxLength: 2 }) as fc.Arbitrary<Policy>
const args: fc.Arbitrary<Meta> = fc.record(
  { a: fc.oneof(value, fc.array(value, { maxLength: 3 })), b: value, c: fc.record({ d: value }) },
  { requiredKeys: [] },
)
const day = fc.integer({ min: 0, max: 6 })
/** Mostly a link that is allowed to be, so that the law has something to say. */
const end = fc.constantFrom(1, 4, 5, 5, 5, 6)

const isAllowed = (chain: Chain, holder: Holder, cmd: string, given: Meta, at: number): Promise<boolean> =>
  call(alice, chain, holder, makeMemory(), { command: cmd, args: given, at }).then(
    () => true,
    error => {
      if (error instanceof VivimError) return false
      throw error
    },
  )

/** Passed on by the holder, or null where the link is refused because it would be wider. */
function narrowed(chain: Chain, over: { cmd: string; pol: Policy; end: number; from: number }): Chain | null {
  try {
    return narrowChain(
      chain,
      {
        aud: agent.did,
        cmd: over.cmd,
        pol: over.pol,
        expiresAtMs: START_MS + over.end * DAY_MS,
        notBeforeMs: START_MS + over.from * DAY_MS,
      },
      script.key,
      chance,
    )
  } catch (error) {
    if (error instanceof VivimError) return null
    throw error
  }
}

t.test('whatever a holder passes on allows nothing that the holder may not do', async t => {
  let allowed = 0
  await fc.assert(
    fc.asyncProperty(
      command,
      policy,
      fc.record({ cmd: command, pol: policy, end, from: fc.constantFrom(0, 0, 1) }),
      command,
      args,
      day,
      async (cmd, pol, over, asked, given, at) => {
        const chain = issue(alice, script, { cmd, pol, expiresAtMs: START_MS + 5 * DAY_MS })
        const next = narrowed(chain, over)
        if (next === null) return true
        const now = START_MS + at * DAY_MS
        if (!(await isAllowed(next, agent, asked, given, now))) return true
        allowed += 1
        return isAllowed(chain, script, asked, given, now)
      },
    ),
    { numRuns: 3000 },
  )
  t.ok(allowed > 20, `${allowed} calls were allowed by both`)
})

t.test('a demand that is added never lets more through', async t => {
  fc.assert(
    fc.property(
      policy,
      policy,
      args,
      (one, more, given) => !meets(given, [...one, ...more]) || meets(given, one),
    ),
    { numRuns: 5000 },
  )
  t.pass('held')
})

t.test('covering goes from above to below only', async t => {
  fc.assert(
    fc.property(command, command, command, (a, b, c) => {
      if (covers(a, b) && covers(b, c) && !covers(a, c)) return false
      return !(covers(a, b) && covers(b, a)) || a === b
    }),
  )
  t.pass('held')
})

t.test('a policy that was read means the same when it is written and read again', async t => {
  fc.assert(
    fc.property(policy, one => {
      const read = parsePolicy(one as unknown as CborValue)
      return Buffer.compare(encodeCbor(read), encodeCbor(one)) === 0
    }),
  )
  t.pass('held')
})

const isCodeOrValue = (work: () => unknown): boolean => {
  try {
    work()
    return true
  } catch (error) {
    return error instanceof VivimError
  }
}

t.test('any bytes and any change to good ones are a code or a value, never a crash', async t => {
  const good = chainBytes(narrowChain(issue(alice, script), { aud: agent.did }, script.key, chance))
  const odd: fc.Arbitrary<unknown> = fc.anything({ withDate: false, maxDepth: 4 })
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.nat(good.length - 1), (noise, at) => {
      const spliced = Uint8Array.from([...good.subarray(0, at), ...noise, ...good.subarray(at)])
      return [noise, spliced, good.subarray(0, at)].every(bytes =>
        [parseChainBytes, parseInvocation].every(parse => isCodeOrValue(() => parse(bytes))),
      )
    }),
  )
  fc.assert(fc.property(odd, given => isCodeOrValue(() => parsePolicy([given] as CborValue))))
  fc.assert(fc.property(fc.string(), text => isCodeOrValue(() => parseChain(`vivimcap1${text}`))))
  t.pass('held')
})
