/** Rules made of one regular expression, tried at each place of their literals, and a check that tells values from look-alikes. */
import type { Match, Rule, Severity } from '../rule.ts'
import { isSample, isVaried } from './sample.ts'

export interface Pattern {
  id: string
  version: number
  severity: Severity
  /** Every repetition is bounded. With two groups, the first is context that stays and the second the value. */
  pattern: RegExp
  /** How many characters before a literal the expression may begin: it is tried at each; 0 where it is not given. */
  back?: number
  /** What the first character of a match is, where `back` is given: other places are not tried. */
  begins?: RegExp
  /** Whether it is one; all matches are where it is not given. */
  accepts?: (value: string, text: string, start: number) => boolean
  needs: readonly string[]
  anyCase?: boolean
}

/** Longer than what stands for a value by mistake. */
const LONG_RUN = 120

export const patternRule = ({ pattern, accepts, back = 0, begins, ...rule }: Pattern): Rule => {
  const sticky = new RegExp(pattern.source, `${pattern.flags.replace(/[gy]/g, '')}y`)
  return {
    ...rule,
    scan: (text, places) => {
      const matches: Match[] = []
      let done = 0
      for (const place of places) {
        for (let at = Math.max(done, place - back); at <= place; at++) {
          if (begins && !begins.test(text[at] ?? '')) continue
          sticky.lastIndex = at
          const found = sticky.exec(text)
          if (!found) continue
          const value = found[2] ?? found[0]
          const start = at + (found[2] === undefined ? 0 : (found[1]?.length ?? 0))
          const isOne = !accepts || accepts(value, text, start)
          if (isOne) matches.push({ start, end: start + value.length })
          // What was looked at once is not looked at again from each literal inside.
          if (isOne || value.length > LONG_RUN) done = start + value.length
          if (isOne) break
        }
      }
      return matches
    },
  }
}

/** What a row of a table of tokens may add. */
export interface TokenOptions {
  version?: number
  severity?: Severity
  back?: number
  anyCase?: boolean
  /** Whether its own check digits hold: then it is one, however it looks. */
  isProven?: (value: string) => boolean
  accepts?: (value: string, text: string, start: number) => boolean
}

/** A token that begins with what its issuer begins them with. A letter or digit before it makes it part of something else; letters
 *  of other scripts do not, since those languages write without spaces.
 *  @param needs - literals, with spaces between them */
export const token = (id: string, needs: string, pattern: RegExp, options: TokenOptions = {}): Rule => {
  const { version = 1, severity = 'secret', isProven, accepts, ...others } = options
  return patternRule({
    id,
    version,
    severity,
    needs: needs.split(' '),
    pattern: new RegExp(`(?<![A-Za-z0-9])(?:${pattern.source})`, pattern.flags),
    accepts: (value, text, start) =>
      isProven?.(value) === true ||
      (isVaried(value, 8) && !isSample(value) && (accepts === undefined || accepts(value, text, start))),
    ...others,
  })
}
