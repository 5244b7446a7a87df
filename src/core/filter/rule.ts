/** What a rule is: one kind of value that should not leave unnoticed, found by a pure function over a text. */

/** `secret` gives access to something, `personal` tells about somebody. */
export type Severity = 'secret' | 'personal'

/** UTF-16 offsets, `end` exclusive; `start < end`. */
export interface Match {
  start: number
  end: number
}

/** In `needs`: a run of decimal digits begins. */
export const NUMBER = '\\d+'

/** What wakes a rule or a detector, and what it is then asked. */
interface Woken<M> {
  /** One of these stands in every text in which something is found: literals of one character or of three and more, or
   *  `NUMBER`; empty where nothing can be named. */
  readonly needs: readonly string[]
  /** Whether the literals, written in lower case, stand for ASCII letters of either case. */
  readonly anyCase?: boolean
  /** @param places - where the literals begin, one entry for each; empty where none is needed. Time is linear in the text, or
   *  bounded for each place. */
  scan(text: string, places: readonly number[]): M[]
}

/** A rule sees folded text (`folded.ts`), several strings with line breaks between them, of bounded length (`scan.ts`). `id`
 *  stands in placeholders and in `--json`; `version` is raised whenever it may find something else. */
export interface Rule extends Woken<Match> {
  readonly id: string
  readonly version: number
  readonly severity: Severity
}

/** A match with the rule that made it. */
export interface Hit extends Match {
  rule: string
  severity: Severity
}

/** One or several rules that look together. */
export interface Detector extends Woken<Hit> {
  /** Rules and their versions, for the hash of the rule set. */
  readonly versions: readonly string[]
}

export const detectorOf = ({ id, version, severity, scan, ...woken }: Rule): Detector => ({
  ...woken,
  versions: [`${id}/${version}`],
  scan: (text, places) => scan(text, places).map(({ start, end }) => ({ start, end, rule: id, severity })),
})
