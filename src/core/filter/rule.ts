/** What a rule is: one kind of value that should not leave unnoticed, found by a pure function over a text. */

/** `secret` gives access to something, `personal` tells about somebody. */
export type Severity = 'secret' | 'personal'

/** UTF-16 offsets, `end` exclusive; `start < end`. */
export interface Match {
  start: number
  end: number
}

/** A rule sees folded text (`folded.ts`), several strings with line breaks between them, at most `CHUNK_LENGTH` long, and takes
 *  time linear in it. `id` stands in placeholders and in `--json`; `version` is raised whenever it may find something else. */
export interface Rule {
  readonly id: string
  readonly version: number
  readonly severity: Severity
  /** One of these stands in every text in which the rule finds something; empty where nothing can be named. */
  readonly needs: readonly string[]
  scan(text: string): Match[]
}

/** A match with the rule that made it. */
export interface Hit extends Match {
  rule: string
  severity: Severity
}

/** Something that runs many rules at once. @throws anything: the filter then fails closed. */
export interface Engine {
  /** Names what it does in the hash of the rule set: ids and versions. */
  readonly rules: readonly string[]
  scan(text: string): Promise<Hit[]>
}

/** Our own rules as an engine. */
export const ruleEngine = (rules: readonly Rule[]): Engine => ({
  rules: rules.map(({ id, version }) => `${id}/${version}`),
  scan: async text =>
    rules.flatMap(({ id, severity, needs, scan }) =>
      needs.length > 0 && !needs.some(literal => text.includes(literal))
        ? []
        : scan(text).map(match => ({ ...match, rule: id, severity })),
    ),
})
