/** Finds the numbers by which states know people, in one pass over all digits of a text. */
import { type Detector, type Hit, NUMBER } from '../rule.ts'
import { isLetter, isNumberLike } from './digits.ts'
import { NATIONAL_IDS } from './national-ids.ts'

/** How far before a number the word stands that says what it is. */
const WORD_DISTANCE = 48
/** No number of a person is longer, with its separators. */
const MAX_LENGTH = 26
/** A sort code has six; letters before a number make it rarer. */
const MIN_DIGITS = 6
/** Space, plus, hyphen, point, slash. */
const SEPARATORS: ReadonlySet<number> = new Set([32, 43, 45, 46, 47])

const isWordCode = (code: number): boolean =>
  (code > 47 && code < 58) || (code > 64 && code < 91) || (code > 96 && code < 123) || code === 95

/** Where the word begins in which the digit at a place stands; null where it cannot be such a number. */
function beginOfWord(text: string, place: number): number | null {
  let begin = place
  while (place - begin < 8 && isWordCode(text.charCodeAt(begin - 1))) begin--
  if (begin === place) {
    const before = text.slice(Math.max(0, place - 4), place)
    const apart = /(?<![A-Za-z0-9])(?:[A-Z]{2} |[XYZ][- ])$/.exec(before)
    if (apart && !/[.+$€£#/-]/.test(text[place - apart[0].length - 1] ?? ' ')) begin -= apart[0].length
  }
  const before = text[begin - 1] ?? ' '
  if (isWordCode(before.charCodeAt(0)) || /[.+$€£#/-]/.test(before)) return null
  let digits = 0
  for (let end = place; end - begin < MAX_LENGTH; end++) {
    const code = text.charCodeAt(end)
    if (code > 47 && code < 58) digits++
    else if (!isWordCode(code) && !SEPARATORS.has(code)) break
  }
  return digits >= (begin === place ? MIN_DIGITS : 4) ? begin : null
}

/** What stands before no such number: point, plus, dollar, number sign, slash, hyphen, underscore. */
const isBarrier = (code: number): boolean => [46, 43, 36, 35, 47, 45, 95].includes(code)

const AFTER_LETTERS = NATIONAL_IDS.filter(({ form }) => /^\[[A-Z]|^\(\?:.*\[XYZ/.test(form.source))
const WITHOUT_WORD = NATIONAL_IDS.filter(({ word }) => word === undefined)
const ANY_WORD = new RegExp(
  [...new Set(NATIONAL_IDS.flatMap(({ word }) => word?.source ?? []))].join('|'),
  'i',
)
const wordsBefore = (text: string, begin: number): boolean =>
  ANY_WORD.test(text.slice(Math.max(0, begin - WORD_DISTANCE), begin))

/** All of them at once, since each would have to find out the same about a number. The first that fits gives the name. */
export const nationalDetector: Detector = {
  versions: [...new Set(NATIONAL_IDS.map(({ id }) => `${id}/2`))],
  needs: [NUMBER],
  scan: (text, places) => {
    const hits: Hit[] = []
    let done = 0
    for (const place of places) {
      // A word that begins with letters needs fewer digits: it is looked at in any case.
      const before = text.charCodeAt(place - 1)
      if (!isLetter(before) && (isBarrier(before) || !isNumberLike(text, place))) continue
      const word = beginOfWord(text, place)
      if (word === null || word < done) continue
      const hit = hitAt(text, word, place) ?? (text[place - 1] === ' ' ? hitAt(text, place, place) : null)
      if (!hit) continue
      hits.push(hit)
      done = hit.end
    }
    return hits
  },
}

/** @param begin - where the number begins, with the letters before its first digit at `place` */
function hitAt(text: string, begin: number, place: number): Hit | null {
  const forms = begin < place ? AFTER_LETTERS : wordsBefore(text, begin) ? NATIONAL_IDS : WITHOUT_WORD
  for (const { id, form, word, isValid } of forms) {
    form.lastIndex = begin
    const value = form.exec(text)?.[0]
    if (value === undefined || isWordCode(text.charCodeAt(begin + value.length))) continue
    const end = begin + value.length
    const isOne =
      !/^[-.]\d/.test(text.slice(end, end + 2)) &&
      (!isValid || isValid(value.replace(/[^A-Za-z0-9]/g, '').toUpperCase())) &&
      (!word || word.test(text.slice(Math.max(0, begin - WORD_DISTANCE), begin)))
    if (isOne) return { start: begin, end, rule: id, severity: 'personal' }
  }
  return null
}
