import fc from 'fast-check'
import t from 'tap'
import { makeEngine } from '../../../src/core/filter/engine.ts'
import { type Detector, NUMBER } from '../../../src/core/filter/rule.ts'

/** Says at which places it was asked. */
const asking = (needs: readonly string[], anyCase = false): Detector => ({
  versions: [`${needs.join('+')}/1`],
  needs,
  anyCase,
  scan: (_, places) =>
    places.map(start => ({ start, end: start + 1, rule: needs.join('+'), severity: 'secret' })),
})
const placesOf = (detector: Detector, text: string): number[] =>
  makeEngine([detector])
    .scan(text)
    .map(({ start }) => start)

t.test('a detector is asked at every place of its literals, and only there', async t => {
  t.same(placesOf(asking(['sk-']), 'sk-sk- SK- task-'), [0, 3, 13])
  t.same(placesOf(asking(['aaa']), 'aaaa'), [0, 1], 'also where they overlap')
  t.same(placesOf(asking(['secret'], true), 'Secret SECRET sEcReT secre'), [0, 7, 14])
  t.same(placesOf(asking(['пароль'], true), 'мой пароль: x'), [4])
  t.same(placesOf(asking(['@']), 'a@b@'), [1, 3])
  t.same(placesOf(asking([NUMBER]), '12 a3 4.5'), [0, 4, 6, 8])
  t.same(placesOf(asking(['abc']), 'ab'), [])
})

t.test('a detector that needs nothing is always asked, and one of two letters is refused', async t => {
  const always: Detector = {
    versions: [],
    needs: [],
    scan: text => [{ start: 0, end: text.length, rule: 'all', severity: 'personal' }],
  }
  t.equal(makeEngine([always]).scan('x').length, 1)
  t.throws(() => makeEngine([asking(['ab'])]), RangeError)
})

t.test('law: places are those that a plain search finds', async t => {
  const literals = ['abc', 'abca', 'b', 'cab', 'aBc', 'ccc']
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'abcABC1é'), maxLength: 60 }), text =>
      literals.every(literal => {
        const expected: number[] = []
        for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + 1)) expected.push(at)
        return JSON.stringify(placesOf(asking([literal]), text)) === JSON.stringify(expected)
      }),
    ),
    { numRuns: 1_000 },
  )
  t.pass()
})
