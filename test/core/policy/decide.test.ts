import fc from 'fast-check'
import t from 'tap'
import { ShareState } from '../../../src/core/contract/share-shapes.ts'
import { CircleId, Did } from '../../../src/core/model/id.ts'
import { type Action, decide, type Question, type Right } from '../../../src/core/policy/decide.ts'

const person = (letter: string) => Did.parse(`did:key:z6Mk${letter.repeat(44)}`)
const [alice, bob, eve] = [person('a'), person('b'), person('e')]
const team = CircleId.parse('t'.repeat(26))
const others = CircleId.parse('u'.repeat(26))

const asked = (over: Partial<Question> = {}, share: Partial<Question['share']> = {}): Question => ({
  who: bob,
  action: 'view',
  evidence: { memberOf: [], memberThen: [], blocked: false },
  nowMs: 1_000,
  ...over,
  share: {
    owner: alice,
    state: 'published',
    allow: ['view', 'quote'],
    fromMs: null,
    expiresMs: 2_000,
    audience: { contacts: [bob], circles: [team] },
    ...share,
  },
})
const ids = (question: Question): string => {
  const { decision, rules } = decide(question)
  return `${decision} ${rules.map(({ id }) => id).join()}`
}

t.test('bob, to whom alice shared, may do what the terms say and no more', async t => {
  t.equal(ids(asked()), 'allow audience')
  t.equal(ids(asked({ action: 'fetch' })), 'allow audience')
  t.equal(ids(asked({ action: 'quote' })), 'allow audience')
  t.equal(ids(asked({ action: 'remix' })), 'deny default')
  t.equal(ids(asked({ action: 'revoke' })), 'deny owner-only')
  t.equal(ids(asked({ action: 'view' }, { allow: ['quote'] })), 'deny default')
})

t.test('eve, whom nobody named, may nothing', async t => {
  for (const action of ['view', 'fetch', 'grant', 'revoke'] as const)
    t.match(ids(asked({ who: eve, action })), /^deny/, action)
})

t.test('time decides: not before from, not from expires on', async t => {
  t.equal(ids(asked({ nowMs: 999 }, { fromMs: 1_000 })), 'deny not-yet')
  t.equal(ids(asked({ nowMs: 1_000 }, { fromMs: 1_000 })), 'allow audience')
  t.equal(ids(asked({ nowMs: 1_999 })), 'allow audience')
  t.equal(ids(asked({ nowMs: 2_000 })), 'deny expired')
  t.equal(ids(asked({ nowMs: 2_000 }, { expiresMs: null })), 'allow audience')
  t.equal(ids(asked({ nowMs: Number.NaN })), 'deny default')
})

t.test('every reason to deny is told', async t => {
  const evidence = { memberOf: [], memberThen: [], blocked: true }
  t.equal(ids(asked({ nowMs: 3_000, evidence }, { state: 'revoked' })), 'deny expired,revoked,blocked')
})

t.test('a removed member keeps what was sealed for them and gets no new grant', async t => {
  const evidence = { memberOf: [], memberThen: [team], blocked: false }
  t.equal(ids(asked({ who: eve, evidence })), 'allow audience')
  t.equal(ids(asked({ who: eve, evidence, action: 'grant' })), 'deny default')
  t.equal(ids(asked({ who: eve, evidence: { ...evidence, memberThen: [others] } })), 'deny default')
})

t.test('alice may take back what has ended already, and read it no more', async t => {
  t.equal(ids(asked({ who: alice, action: 'revoke', nowMs: 9_000 }, { state: 'expired' })), 'allow owner')
  t.equal(ids(asked({ who: alice, action: 'extend' })), 'allow owner')
  t.equal(ids(asked({ who: alice, action: 'extend' }, { state: 'revoked' })), 'deny revoked')
})

const subset = <T>(...all: T[]): fc.Arbitrary<T[]> => fc.subarray(all)
const right = ['view', 'quote', 'annotate', 'remix', 'reshare'] as const satisfies Right[]
const action: fc.Arbitrary<Action> = fc.constantFrom(...right, 'fetch', 'grant', 'revoke', 'extend')
const time = fc.integer({ min: 0, max: 100 })
const question: fc.Arbitrary<Question> = fc.record({
  who: fc.constantFrom(alice, bob, eve),
  action,
  nowMs: time,
  evidence: fc.record({
    memberOf: subset(team, others),
    memberThen: subset(team, others),
    blocked: fc.boolean(),
  }),
  share: fc.record({
    owner: fc.constant(alice),
    state: fc.constantFrom(...ShareState.options),
    allow: subset<Right>(...right),
    fromMs: fc.option(time),
    expiresMs: fc.option(time),
    audience: fc.record({ contacts: subset(bob, eve), circles: subset(team, others) }),
  }),
})
const denies = (asks: Question): boolean => decide(asks).decision === 'deny'
const often = { numRuns: 2_000 }

t.test('law: once begun, a share only gets stricter with time', async t => {
  fc.assert(
    fc.property(question, fc.nat(100), (asks, later) => {
      const begun = asks.share.fromMs === null || asks.nowMs >= asks.share.fromMs
      return !begun || !denies(asks) || denies({ ...asks, nowMs: asks.nowMs + later })
    }),
    often,
  )
  t.pass()
})

t.test('law: taking away a right, a name, a circle or a membership never allows more', async t => {
  fc.assert(
    fc.property(question, fc.nat(3), (asks, at) => {
      const less = <T>(list: readonly T[]): T[] => list.filter((_, index) => index !== at)
      const { share, evidence } = asks
      const narrowed: Question[] = [
        { ...asks, share: { ...share, allow: less(share.allow) } },
        {
          ...asks,
          share: { ...share, audience: { ...share.audience, contacts: less(share.audience.contacts) } },
        },
        {
          ...asks,
          share: { ...share, audience: { ...share.audience, circles: less(share.audience.circles) } },
        },
        { ...asks, evidence: { ...evidence, memberOf: less(evidence.memberOf) } },
        { ...asks, evidence: { ...evidence, memberThen: less(evidence.memberThen) } },
        { ...asks, evidence: { ...evidence, blocked: true } },
      ]
      return !denies(asks) || narrowed.every(denies)
    }),
    often,
  )
  t.pass()
})

t.test('law: what has ended is open to nobody, and every decision names its rules', async t => {
  fc.assert(
    fc.property(question, asks => {
      const { decision, rules } = decide(asks)
      const ended = ['expired', 'revoked', 'exhausted', 'failed'].includes(asks.share.state)
      return (
        rules.length > 0 &&
        rules.every(({ effect }) => effect === decision) &&
        (!ended || decision === 'deny' || asks.action === 'revoke')
      )
    }),
    often,
  )
  t.pass()
})
