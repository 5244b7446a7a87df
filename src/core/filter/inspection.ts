/** One look through a copy with today's rules: what was found where, and the redaction of it. Preview, sharing, `scan` and `share verify`
 *  all look through this. */
import { sha256 } from '../crypto/hash.ts'
import { toHex, utf8 } from '../kernel/bytes.ts'
import type { Clock } from '../kernel/env.ts'
import type { PlainAsset } from '../pipeline/plaintext.ts'
import { type Engine, makeEngine } from './engine.ts'
import { type AssetReader, filesOf, type UnscannedFile } from './files.ts'
import { fold } from './folded.ts'
import { type Copy, leavingOf } from './leaving.ts'
import { type FilterLists, withLists } from './lists.ts'
import { type MarkedSpan, mark, mask, numbersIn, redact, spansOf } from './redact.ts'
import type { Severity } from './rule.ts'
import { ownDetectors, personalIds } from './rules/all.ts'
import { type Budget, scanKnown, scanLeaves } from './scan.ts'
import { secretlintDetectors } from './secretlint.ts'

/** What the daemon allows a scan unless told otherwise: twenty times what an ordinary text takes. */
const BASE_MS = 20_000
const PER_MILLION_MS = 1_000

export const ENGINE = makeEngine([...ownDetectors, ...secretlintDetectors])

/** Rules that an allow list may switch off as a whole. */
export const personalRules: ReadonlySet<string> = new Set([...personalIds, 'aws-account'])

/** One value that was found in one place of one message, or in title and note (`messageIndex` 0). */
export interface Finding {
  rule: string
  severity: Severity
  messageIndex: number
  /** `title`, `note`, or the kind of part and its field: `toolCall.input`, `attachment.file`. */
  where: string
  /** How often it stands there. */
  places: number
  /** Masked. */
  preview: string
  /** The placeholder, or null where findings are allowed to leave. */
  replacement: string | null
}

export interface FilterPorts {
  clock: Clock
  assets: AssetReader
  /** The user's own lists. */
  lists?: FilterLists | null | undefined
  signal?: AbortSignal | undefined
}

export interface Inspection {
  spans: readonly MarkedSpan[]
  unscanned: UnscannedFile[]
  /** @param redacts - whether findings name the placeholder that takes their place. */
  findings(redacts: boolean): Finding[]
  /** Places for each rule. */
  counts(): Record<string, number>
  /** Put the placeholders into the copy and its files. */
  redact(): void
  /** The copy's files as they are now. */
  assets(): PlainAsset[]
  /** Bytes of files that were redacted, by hash. */
  replaced: ReadonlyMap<string, Uint8Array>
}

/** Hash of all rules with their versions and of the user's lists, 64 hex characters: what a redaction receipt names. */
export const ruleSetHash = (lists: FilterLists | null = null, engine: Engine = ENGINE): string =>
  toHex(sha256(utf8(withLists(engine, lists).versions.join('\n'))))

/** Look through a copy. It either sees all of it or throws. @throws `filter/failed`, `crypto/too-large`. */
export async function inspect(
  copy: Copy,
  { clock, assets, lists, signal }: FilterPorts,
  engine: Engine = ENGINE,
): Promise<Inspection> {
  const files = await filesOf(copy.messages, assets)
  const budget: Budget = { clock, baseMs: BASE_MS, perMillionMs: PER_MILLION_MS, signal }
  const leaving = leavingOf(copy)
  const leaves = [...leaving.leaves, ...files.leaves]
  const found = await scanKnown(
    leaves,
    await scanLeaves(leaves, withLists(engine, lists ?? null), budget),
    budget,
  )
  const spans = mark(
    spansOf(found, leaves, text => fold(text).text),
    numbersIn(leaves),
  )
  return {
    spans,
    unscanned: files.unscanned,
    findings: redacts =>
      findingsOf(
        spans,
        leaf => ({ messageIndex: leaves[leaf]?.messageIndex ?? 0, where: leaves[leaf]?.where ?? '' }),
        redacts,
      ),
    counts: () => countsOf(spans),
    redact() {
      redact(leaves, spans)
      leaving.commit()
      files.commit()
    },
    assets: files.needed,
    replaced: files.replaced,
  }
}

function countsOf(spans: readonly MarkedSpan[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { rule } of spans) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}

function findingsOf(
  spans: readonly MarkedSpan[],
  placeOf: (leaf: number) => { messageIndex: number; where: string },
  redacts: boolean,
): Finding[] {
  const findings = new Map<string, Finding>()
  for (const { leaf, rule, severity, value, placeholder } of spans) {
    const place = placeOf(leaf)
    const key = `${place.messageIndex} ${place.where} ${placeholder}`
    const known = findings.get(key)
    if (known) known.places++
    else
      findings.set(key, {
        rule,
        severity,
        ...place,
        places: 1,
        preview: mask(value),
        replacement: redacts ? placeholder : null,
      })
  }
  return [...findings.values()]
}
