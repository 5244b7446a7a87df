/** The one function by which `share preview` shows and `share create` seals: what would leave, to the byte. Nothing in it depends
 *  on time or chance, so the same selection and flags give the same digest. */

import { sha256 } from '../crypto/hash.ts'
import { toHex, utf8 } from '../kernel/bytes.ts'
import type { Clock } from '../kernel/env.ts'
import { VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { buildPlaintext, digest, type PlainAsset, type Redaction } from '../pipeline/plaintext.ts'
import { type Engine, makeEngine } from './engine.ts'
import { fold } from './folded.ts'
import { type Copy, leavingOf } from './leaving.ts'
import { type MarkedSpan, mark, mask, redact, spansOf } from './redact.ts'
import { detectorOf, type Severity } from './rule.ts'
import { ownRules } from './rules/all.ts'
import { type Budget, scanKnown, scanLeaves } from './scan.ts'
import {
  type CopiedMessage,
  type Extra,
  type ScopeMessage,
  selectMessages,
  type Units,
  type Withheld,
} from './scope.ts'
import { secretlintDetectors } from './secretlint.ts'

/** Titles of imported conversations are longer than this only by accident. */
const MAX_TITLE_LENGTH = 2_000
/** What the daemon allows a scan unless told otherwise: twenty times what an ordinary text takes. */
const BASE_MS = 20_000
const PER_MILLION_MS = 1_000

const ENGINE = makeEngine([...ownRules.map(detectorOf), ...secretlintDetectors])

/** Files of the user that parts name by hash. */
export interface AssetReader {
  /** Size in bytes, or null where the file is not there. */
  size(sha256: string): Promise<number | null>
}

export interface ShareInput {
  conversation: { title: string | null; messages: readonly ScopeMessage[] }
  owner: Did
  /** `3-9,12`; all visible messages where it is not given. */
  ranges?: string | undefined
  /** Only these, and the messages of the ranges. */
  units?: Units | undefined
  include: readonly Extra[]
  /** Instead of the conversation's; an empty one means none. */
  title?: string | undefined
  note?: string | undefined
  /** Where it is not given, secrets block and personal data is redacted. */
  onFindings?: 'block' | 'redact' | 'allow' | undefined
}

/** One value that was found in one message, or in title and note (`messageIndex` 0). */
export interface Finding {
  rule: string
  severity: Severity
  messageIndex: number
  /** Masked. */
  preview: string
  /** The placeholder, or null where findings are allowed to leave. */
  replacement: string | null
}

export interface Prepared {
  title: string | null
  note: string | null
  /** The copy as it leaves; where `blocked`, as it would leave with `redact`. */
  messages: CopiedMessage[]
  withheld: Withheld
  findings: Finding[]
  /** Whether the findings forbid this share. */
  blocked: boolean
  /** Attached files and images that leave without having been looked into. */
  notScanned: number
  redaction: Redaction | null
  /** Plaintext v1. */
  plaintext: Uint8Array
  /** 64 hex characters. */
  digest: string
  /** What the caller has to append when sealing, in this order. */
  assetsNeeded: PlainAsset[]
}

export interface FilterPorts {
  clock: Clock
  assets: AssetReader
  signal?: AbortSignal | undefined
}

/** Hash of all rules with their versions, 64 hex characters: what a redaction receipt names. */
export const ruleSetHash = (engine: Engine = ENGINE): string =>
  toHex(sha256(utf8(engine.versions.join('\n'))))

/** Select, look through, redact, encode. Never refuses because of findings: `blocked` says so, and `refuseBlocked` acts on it.
 *  @throws `usage/invalid`, `share/nothing-selected`, `filter/failed`, `crypto/too-large`. */
export async function prepareShare(
  input: ShareInput,
  { clock, assets, signal }: FilterPorts,
  engine: Engine = ENGINE,
): Promise<Prepared> {
  const { messages, withheld } = selectMessages(input.conversation.messages, input)
  const title = (input.title ?? input.conversation.title ?? '').slice(0, MAX_TITLE_LENGTH).toWellFormed()
  const copy: Copy = { title: title || null, note: input.note?.toWellFormed() || null, messages }
  const budget: Budget = { clock, baseMs: BASE_MS, perMillionMs: PER_MILLION_MS, signal }
  const { leaves, commit } = leavingOf(copy)
  const found = await scanKnown(leaves, await scanLeaves(leaves, engine, budget), budget)
  const spans = mark(spansOf(found, leaves, text => fold(text).text))
  const redacts = input.onFindings !== 'allow'
  if (redacts) {
    redact(leaves, spans)
    commit()
  }
  const assetsNeeded = await assetsOf(messages, assets)
  const redaction =
    redacts && spans.length > 0 ? { rules: ruleSetHash(engine), counts: countsOf(spans) } : null
  const plaintext = buildPlaintext({ ...copy, owner: input.owner, redaction, assets: assetsNeeded })
  return {
    ...copy,
    withheld,
    findings: findingsOf(spans, index => leaves[index]?.messageIndex ?? 0, redacts),
    blocked: blocks(spans, input.onFindings),
    notScanned: assetsNeeded.length,
    redaction,
    plaintext,
    digest: digest(plaintext),
    assetsNeeded,
  }
}

/** @throws `filter/findings` where the findings forbid to share. */
export function refuseBlocked({ blocked, findings }: Pick<Prepared, 'blocked' | 'findings'>): void {
  if (!blocked) return
  const secrets = findings.filter(({ severity }) => severity === 'secret').length
  const rules = [...new Set(findings.map(({ rule }) => rule))].slice(0, 10).join(', ')
  throw new VivimError('filter/findings', `the filter found what should not leave: ${rules}`, {
    secrets,
    personal: findings.length - secrets,
  })
}

const blocks = (spans: readonly MarkedSpan[], onFindings: ShareInput['onFindings']): boolean =>
  onFindings === 'block'
    ? spans.length > 0
    : onFindings === undefined && spans.some(({ severity }) => severity === 'secret')

function countsOf(spans: readonly MarkedSpan[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const { rule } of spans) counts[rule] = (counts[rule] ?? 0) + 1
  return counts
}

function findingsOf(
  spans: readonly MarkedSpan[],
  messageIndexOf: (leaf: number) => number,
  redacts: boolean,
): Finding[] {
  const findings = new Map<string, Finding>()
  for (const { leaf, rule, severity, value, placeholder } of spans) {
    const messageIndex = messageIndexOf(leaf)
    const key = `${messageIndex} ${placeholder}`
    if (!findings.has(key))
      findings.set(key, {
        rule,
        severity,
        messageIndex,
        preview: mask(value),
        replacement: redacts ? placeholder : null,
      })
  }
  return [...findings.values()]
}

/** The files that the copy's parts name, each once; a part whose file is not there says so from now on. */
async function assetsOf(messages: readonly CopiedMessage[], assets: AssetReader): Promise<PlainAsset[]> {
  const needed = new Map<string, PlainAsset>()
  for (const { parts } of messages)
    for (const part of parts) {
      if ((part.type !== 'image' && part.type !== 'attachment') || part.asset === null) continue
      if (needed.has(part.asset)) continue
      const bytes = await assets.size(part.asset)
      if (bytes === null) {
        part.asset = null
        part.missing = true
      } else needed.set(part.asset, { sha256: part.asset, mime: part.mime?.slice(0, 255) ?? null, bytes })
    }
  return [...needed.values()]
}
