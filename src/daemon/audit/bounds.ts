/** Keeps a client or a peer from filling the disk with refusals: after a burst, what is like the last ones is counted, and the count
 *  written as one row. What somebody was allowed to change is never counted together. */
import type { AuditFact } from '../../core/audit/row.ts'

/** Rows at once, and one more each so often. */
const BURST = 60
const ROW_EVERY_MS = 10_000
/** Sources told apart; more of them share one. */
const MAX_SOURCES = 1_000
const OTHERS = 'others'
/** The action of a row that stands for several. */
const SEVERAL = 'several'

interface Source {
  tokens: number
  atMs: number
  /** By outcome, what was counted and not written yet. */
  counted: Map<string, AuditFact>
}

export interface AuditBounds {
  /** @param source - whose room it takes. @returns the fact where it is written by itself, null where it was counted. */
  admit(source: string, fact: AuditFact): AuditFact | null
  /** What was counted since the last time. */
  drain(): AuditFact[]
}

export function makeAuditBounds(): AuditBounds {
  const sources = new Map<string, Source>()

  function sourceOf(name: string, nowMs: number): Source {
    const key = sources.has(name) || sources.size < MAX_SOURCES ? name : OTHERS
    const known = sources.get(key) ?? { tokens: BURST, atMs: nowMs, counted: new Map() }
    sources.set(key, known)
    const earned = Math.max(0, nowMs - known.atMs) / ROW_EVERY_MS
    known.tokens = Math.min(BURST, known.tokens + earned)
    known.atMs = nowMs
    return known
  }

  return {
    admit(name, fact) {
      const source = sourceOf(name, fact.atMs)
      if (source.tokens >= 1) {
        source.tokens -= 1
        return fact
      }
      const before = source.counted.get(fact.outcome)
      source.counted.set(fact.outcome, before === undefined ? fact : together(before, fact))
      return null
    },
    drain() {
      const all = [...sources.values()].flatMap(({ counted }) => [...counted.values()])
      for (const [name, source] of sources) {
        source.counted.clear()
        if (source.tokens >= BURST) sources.delete(name)
      }
      return all
    },
  }
}

const together = (before: AuditFact, next: AuditFact): AuditFact => ({
  ...before,
  atMs: next.atMs,
  action: before.action === next.action ? before.action : SEVERAL,
  targets: [],
  times: before.times + next.times,
})
