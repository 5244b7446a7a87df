/** Scope: which messages and parts of a conversation leave, before any rule looks at what they say. */
import { VivimError } from '../kernel/errors.ts'
import type { Part, Role } from '../model/conversation.ts'
import { numbersIn } from '../model/message-ranges.ts'

/** What leaves only when it is asked for. */
export type Extra = 'tools' | 'thinking' | 'attachments' | 'hidden'

/** A message as the user's database gives it; all of the conversation's, in order. */
export interface ScopeMessage {
  /** Its number among the visible messages of the active branch, from 1; null for all others. */
  index: number | null
  role: Role
  /** Milliseconds, or null. */
  createdAtMs: number | null
  hidden: boolean
  branch: string
  parts: readonly Part[]
}

/** A message of the copy: numbered anew from 1, its parts its own to change. */
export interface CopiedMessage {
  index: number
  role: Role
  createdAt: number | null
  parts: Part[]
}

/** How much stayed back: messages for `hidden`, parts for the others. */
export interface Withheld {
  hidden: number
  tools: number
  thinking: number
  attachments: number
}

export interface Selection {
  messages: CopiedMessage[]
  withheld: Withheld
}

/** What leaves of single messages, by their number: parts with that and nothing else. */
export type Units = ReadonlyMap<number, readonly Part[]>

/** Take what leaves. Only the active branch is looked at; `ranges` (`3-9,12`) are numbers as `conversation show` prints them.
 *  With `units`, parts by the message's number, only they leave and the messages of the ranges.
 *  A hidden message leaves with `hidden` when the visible messages before and after it leave. Parts of no known kind leave only
 *  with `tools`, since they may hold anything. Messages left without parts are dropped.
 *  @throws `usage/invalid` for a range that names no message, `share/nothing-selected`. */
export function selectMessages(
  messages: readonly ScopeMessage[],
  {
    ranges,
    units,
    include,
  }: { ranges?: string | undefined; units?: Units | undefined; include: readonly Extra[] },
): Selection {
  const withheld: Withheld = { hidden: 0, tools: 0, thinking: 0, attachments: 0 }
  const copied: CopiedMessage[] = []
  for (const message of units ? withUnits(messages, ranges, units) : chosen(messages, ranges)) {
    if (message.hidden && !include.includes('hidden')) {
      withheld.hidden++
      continue
    }
    const parts = message.parts.filter(part => {
      const barrier = barriers(message.role, part).find(extra => !include.includes(extra))
      if (barrier) withheld[barrier]++
      return barrier === undefined
    })
    if (parts.length === 0) continue
    copied.push({
      index: copied.length + 1,
      role: message.role,
      createdAt: message.createdAtMs === null ? null : Math.trunc(message.createdAtMs),
      parts: parts.map(part => wellFormed(part)),
    })
  }
  if (copied.length === 0)
    throw new VivimError('share/nothing-selected', 'nothing is left to share in this selection', {
      ...withheld,
    })
  return { messages: copied, withheld }
}

/** What must all be included for a part to leave. */
function barriers(role: Role, part: Part): ('tools' | 'thinking' | 'attachments')[] {
  const from = role === 'tool' ? (['tools'] as const) : []
  switch (part.type) {
    case 'text':
    case 'code':
    case 'citation':
      return [...from]
    case 'thinking':
      return [...from, 'thinking']
    case 'image':
    case 'attachment':
      return [...from, 'attachments']
    case 'toolCall':
    case 'toolResult':
    case 'unknown':
      return ['tools']
  }
}

function wellFormed(part: Part): Part {
  const entries = Object.entries(part).map(([key, value]) => [
    key,
    typeof value === 'string' ? value.toWellFormed() : value,
  ])
  return Object.fromEntries(entries)
}

/** Messages of the ranges whole, of all others only what `units` has of them. */
function withUnits(
  messages: readonly ScopeMessage[],
  ranges: string | undefined,
  units: Units,
): ScopeMessage[] {
  const whole = new Set(ranges === undefined ? [] : chosen(messages, ranges))
  return messages.flatMap(message => {
    const parts = message.index === null ? undefined : units.get(message.index)
    return whole.has(message) ? [message] : parts ? [{ ...message, parts }] : []
  })
}

/** The active branch, narrowed to the ranges. */
function chosen(messages: readonly ScopeMessage[], ranges: string | undefined): ScopeMessage[] {
  const branch = messages.filter(
    message => message.index !== null || (message.hidden && message.branch === 'main'),
  )
  if (ranges === undefined) return branch
  const last = branch.reduce((most, { index }) => Math.max(most, index ?? 0), 0)
  const wanted = numbersIn(ranges, last)
  const isWanted = (index: number | null | undefined): boolean => index == null || wanted[index] === 1
  const before: (number | null)[] = []
  let near: number | null = null
  for (const { index } of branch) {
    near = index ?? near
    before.push(near)
  }
  const kept: ScopeMessage[] = []
  near = null
  for (let at = branch.length - 1; at >= 0; at--) {
    const message = branch[at]
    if (!message) continue
    near = message.index ?? near
    if (isWanted(before[at]) && isWanted(near)) kept.push(message)
  }
  return kept.reverse()
}
