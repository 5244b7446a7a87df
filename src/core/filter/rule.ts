/** What a rule is: one kind of value that should not leave unnoticed, found by a pure function over a text. */

/** `secret` gives access to something, `personal` tells about somebody. */
export type Severity = 'secret' | 'personal'

/** UTF-16 offsets, `end` exclusive; `start < end`. */
export interface Match {
  start: number
  end: number
}

/** A rule sees folded text (`folded.ts`), several strings with line breaks between them, of bounded length (`scan.ts`), and takes
 *  time linear in it. `id` stands in placeholders and in `--json`; `version` is raised whenever it may find something else. */
export interface Rule {
  readonly id: string
  readonly version: number
  readonly severity: Severity
  /** One of these stands in every text in which the rule finds something, each of three characters or more; empty where
   *  nothing can be named. */
  readonly needs: readonly string[]
  scan(text: string): Match[]
}

/** A match with the rule that made it. */
export interface Hit extends Match {
  rule: string
  severity: Severity
}

/** One or several rules that look together. */
export interface Detector {
  /** Rules and their versions, for the hash of the rule set. */
  readonly versions: readonly string[]
  /** As with a rule. */
  readonly needs: readonly string[]
  scan(text: string): Hit[]
}

export const detectorOf = ({ id, version, severity, needs, scan }: Rule): Detector => ({
  versions: [`${id}/${version}`],
  needs,
  scan: text => scan(text).map(({ start, end }) => ({ start, end, rule: id, severity })),
})
