import t from 'tap'
import { scoreOf } from '../../kit/filter/corpus.ts'
import { fourthHarmless, fourthSecrets } from '../../kit/filter/fourth.ts'
import { harmlessCases } from '../../kit/filter/harmless.ts'
import { holdoutHarmless, holdoutSecrets } from '../../kit/filter/holdout.ts'
import { personalCases } from '../../kit/filter/personal.ts'
import { secretCases } from '../../kit/filter/secrets.ts'
import { thirdHarmless, thirdSecrets } from '../../kit/filter/third.ts'

const familiesOf = (cases: readonly { family: string }[]): number =>
  new Set(cases.map(({ family }) => family)).size

t.test('every secret of the corpus stays back, and nothing that only looks like one', async t => {
  const secrets = secretCases()
  const harmless = harmlessCases()
  t.ok(familiesOf(secrets) >= 150, `${familiesOf(secrets)} families`)
  t.ok(harmless.length >= 300, `${harmless.length} look-alikes`)
  const { missed, alarms, recall, precision } = await scoreOf(secrets, harmless)
  t.same(
    missed.map(({ family, text }) => [family, text]),
    [],
  )
  t.same(alarms, [])
  t.same([recall, precision], [1, 1])
})

t.test('the batches in other surroundings stay back as well', async t => {
  const secrets = [...holdoutSecrets(), ...thirdSecrets(), ...fourthSecrets()]
  const harmless = [...holdoutHarmless(), ...thirdHarmless(), ...fourthHarmless()]
  t.ok(secrets.length >= 120 && harmless.length >= 150)
  const { missed, alarms } = await scoreOf(secrets, harmless)
  t.same(
    missed.map(({ family, text }) => [family, text]),
    [],
  )
  t.same(alarms, [])
})

t.test('personal data of each kind is redacted, with valid check digits', async t => {
  const personal = personalCases()
  t.ok(familiesOf(personal) >= 20, `${familiesOf(personal)} kinds`)
  const { missed } = await scoreOf(personal, [])
  t.same(
    missed.map(({ family, text }) => [family, text]),
    [],
  )
})
