/** Rules made of one regular expression that begins with something rare, and a check that tells values from look-alikes. */
import type { Match, Rule, Severity } from '../rule.ts'

export interface Pattern {
  id: string
  version: number
  severity: Severity
  /** Global; every repetition is bounded. With two groups, the first is context that stays and the second the value. */
  pattern: RegExp
  /** Whether it is one; all matches are where it is not given. */
  accepts?: (value: string, text: string, start: number) => boolean
  needs: readonly string[]
}

export const patternRule = ({ id, version, severity, pattern, accepts, needs }: Pattern): Rule => ({
  id,
  version,
  severity,
  needs,
  scan: text => {
    const matches: Match[] = []
    for (const found of text.matchAll(pattern)) {
      const value = found[2] ?? found[0]
      const start = found.index + (found[2] === undefined ? 0 : (found[1]?.length ?? 0))
      if (!accepts || accepts(value, text, start)) matches.push({ start, end: start + value.length })
    }
    return matches
  },
})

const STAND_IN =
  /^(?:[<{%]|\$[{(]?[A-Za-z_]|\[(?:secret|personal):|y[ou]{2}r[-_ ]?|change_?me|redacted|placeholder|example|dummy|insert[-_]|(?:x{4}|\*{3}|\.{3}))/i

/** Whether somebody wrote this where a value would stand, as manuals do: `<token>`, `${TOKEN}`, `your-key`, `xxxx…`. */
export const isStandIn = (value: string): boolean => STAND_IN.test(value) || !isVaried(value, 3)

/** Whether at least `distinct` different characters stand among the last forty. */
export const isVaried = (value: string, distinct: number): boolean =>
  new Set(value.slice(-40)).size >= distinct
