/** What a labelled corpus is made of, and how a filter is measured on it. */
import { prepareShare } from '../../../src/core/filter/preview.ts'
import type { ScopeMessage } from '../../../src/core/filter/scope.ts'
import { Did } from '../../../src/core/model/id.ts'

/** A text with a value that must not leave. */
export interface Guilty {
  family: string
  text: string
  /** Stands in `text` as it is, or `text` says it in other characters. */
  value: string
  /** Other forms of it that must not leave either: encoded, cut by line ends. */
  forms?: readonly string[]
}

/** A text in which there is nothing to find. */
export interface Harmless {
  kind: string
  text: string
}

export interface Score {
  recall: number
  precision: number
  missed: Guilty[]
  alarms: { kind: string; text: string; rules: string[] }[]
}

const OWNER = Did.parse('did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK')

/** What leaves of a text, and by which rules something was taken out. */
export async function leavesOf(text: string): Promise<{ left: string; rules: string[] }> {
  const message: ScopeMessage = {
    index: 1,
    role: 'user',
    createdAtMs: 1,
    hidden: false,
    branch: 'main',
    parts: [{ type: 'text', text, format: 'md' }],
  }
  const { messages, findings } = await prepareShare(
    { conversation: { title: null, messages: [message] }, owner: OWNER, include: [], onFindings: 'redact' },
    { clock: { nowMs: () => 0 }, assets: { size: async () => null } },
  )
  const [part] = messages[0]?.parts ?? []
  return { left: part?.type === 'text' ? part.text : '', rules: findings.map(({ rule }) => rule) }
}

/** Recall is how many values do not leave; precision is which part of the texts with a finding has something to find. A value
 *  counts as leaving when half of it stands anywhere. */
export async function scoreOf(guilty: readonly Guilty[], harmless: readonly Harmless[]): Promise<Score> {
  const missed: Guilty[] = []
  const alarms: Score['alarms'] = []
  for (const one of guilty) {
    const { left } = await leavesOf(one.text)
    const forms = [one.value, ...(one.forms ?? [])]
    if (forms.some(form => leaks(left, form))) missed.push(one)
  }
  for (const { kind, text } of harmless) {
    const { rules } = await leavesOf(text)
    if (rules.length > 0) alarms.push({ kind, text, rules })
  }
  const found = guilty.length - missed.length
  return {
    recall: found / guilty.length,
    precision: found / (found + alarms.length),
    missed,
    alarms,
  }
}

function leaks(left: string, form: string): boolean {
  const half = Math.max(4, Math.ceil(form.length / 2))
  for (let at = 0; at + half <= form.length; at += Math.max(1, half >> 1))
    if (left.includes(form.slice(at, at + half))) return true
  return left.includes(form)
}
