/** Redaction: overlapping matches become one span, equal values one placeholder, and placeholders take the values' place. */
import type { Leaf } from './leaving.ts'
import { DENY_RULE, denyKey } from './lists.ts'
import type { Severity } from './rule.ts'
import type { Found } from './scan.ts'

/** A place in a leaf's text with the value that stands there. */
export interface Span {
  leaf: number
  start: number
  end: number
  rule: string
  severity: Severity
  /** The value as rules saw it, folded. */
  value: string
}

/** A span and what stands in its place where it is redacted: `[secret:github-token#1]`. */
export interface MarkedSpan extends Span {
  placeholder: string
}

const weight = ({ severity, start, end }: Found): number =>
  (severity === 'secret' ? 2 ** 32 : 0) + end - start

/** Join matches that overlap, leaf by leaf. The secret one, else the longest, gives the name. */
export function spansOf(
  found: readonly Found[][],
  leaves: readonly Leaf[],
  foldText: (text: string) => string,
): Span[] {
  const spans: Span[] = []
  for (const [leaf, hits] of found.entries()) {
    const text = leaves[leaf]?.text ?? ''
    let group: Found[] = []
    let end = -1
    const close = (): void => {
      const [first] = group
      if (!first) return
      const named = group.reduce((best, hit) => (weight(hit) > weight(best) ? hit : best))
      const whole = named.start === first.start && named.end === end
      const value = whole ? named.value : foldText(text.slice(first.start, end))
      spans.push({ leaf, start: first.start, end, rule: named.rule, severity: named.severity, value })
    }
    for (const hit of hits.sort((a, b) => a.start - b.start || b.end - a.end)) {
      if (hit.start >= end) {
        close()
        group = []
        end = hit.end
      }
      group.push(hit)
      end = Math.max(end, hit.end)
    }
    close()
  }
  return spans
}

const PLACEHOLDER = /\[(?:secret|personal):([a-z0-9-]{1,64})#(\d{1,6})\]/g

/** The highest number of each rule among placeholders that stand in the texts already, as in a copy of a copy. */
export function numbersIn(leaves: readonly Leaf[]): Map<string, number> {
  const numbers = new Map<string, number>()
  for (const { text } of leaves)
    for (const [, rule = '', number] of text.matchAll(PLACEHOLDER))
      numbers.set(rule, Math.max(numbers.get(rule) ?? 0, Number(number)))
  return numbers
}

/** What makes two values the same one. */
const keyOf = ({ rule, value }: Span): string => (rule === DENY_RULE ? denyKey(value) : value)

/** Number the values of each rule in the order in which they appear. A value has one placeholder everywhere, a secret's if it is
 *  a secret anywhere. @param taken - numbers of each rule up to this one stand for other values. */
export function mark(spans: readonly Span[], taken: ReadonlyMap<string, number> = new Map()): MarkedSpan[] {
  const named = new Map<string, Span>()
  for (const span of spans) {
    const before = named.get(keyOf(span))
    if (!before || (before.severity === 'personal' && span.severity === 'secret'))
      named.set(keyOf(span), span)
  }
  const placeholders = new Map<string, string>()
  const counts = new Map(taken)
  return spans.map(span => {
    const key = keyOf(span)
    const { rule, severity } = named.get(key) ?? span
    let placeholder = placeholders.get(key)
    if (placeholder === undefined) {
      const number = (counts.get(rule) ?? 0) + 1
      counts.set(rule, number)
      placeholder = `[${severity}:${rule}#${number}]`
      placeholders.set(key, placeholder)
    }
    return { ...span, rule, severity, placeholder }
  })
}

/** Put the placeholders in place. Spans of a leaf are in order and do not overlap. */
export function redact(leaves: readonly Leaf[], spans: readonly MarkedSpan[]): void {
  for (let at = 0; at < spans.length; ) {
    const leaf = spans[at]?.leaf ?? 0
    const text = leaves[leaf]?.text ?? ''
    const out: string[] = []
    let done = 0
    for (let span = spans[at]; span?.leaf === leaf; span = spans[++at]) {
      out.push(text.slice(done, span.start), span.placeholder)
      done = span.end
    }
    out.push(text.slice(done))
    leaves[leaf]?.put(out.join(''))
  }
}

/** A value as a finding shows it: a quarter of it at most, never over four characters, and its length. */
export function mask(value: string): string {
  const characters = [...value.slice(0, 16)]
  const shown = characters.slice(0, Math.min(4, value.length >> 2))
  const printable = shown.map(character => (/[\p{L}\p{N}\p{P}\p{S} ]/u.test(character) ? character : '·'))
  return `${printable.join('')}… (${value.length} characters)`
}
