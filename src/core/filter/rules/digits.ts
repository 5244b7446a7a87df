/** Where among all runs of digits one begins that may be a number of somebody: enough digits close together, and no hash. */
import type { Rule } from '../rule.ts'

/** Space, parentheses, plus, hyphen, point, slash: what stands within numbers that people write. */
const isSeparator = (code: number): boolean =>
  code === 32 || (code > 39 && code < 42) || code === 43 || (code > 44 && code < 48)
export const isLetter = (code: number): boolean => (code > 64 && code < 91) || (code > 96 && code < 123)

/** No number of a person is longer, with its separators. */
const REACH = 26
const FEWEST_DIGITS = 6
/** A word of letters and digits that is longer than this is a hash or an id. */
const LONGEST_WORD = 24

/** Whether at least six digits follow, in words of no great length. */
export function isNumberLike(text: string, place: number, fewest = FEWEST_DIGITS): boolean {
  let digits = 0
  let word = 0
  const end = Math.min(text.length, place + REACH)
  for (let at = place; at < end; at++) {
    const code = text.charCodeAt(at)
    if (code > 47 && code < 58) {
      digits++
      word++
    } else if (isLetter(code)) word++
    else if (isSeparator(code)) word = 0
    else break
    if (digits >= fewest && word <= LONGEST_WORD) return true
  }
  return false
}

/** A rule that is asked about such places only. */
export const amongNumbers = (rule: Rule, fewest = FEWEST_DIGITS): Rule => ({
  ...rule,
  scan: (text, places) =>
    rule.scan(
      text,
      places.filter(place => isNumberLike(text, place, fewest)),
    ),
})
