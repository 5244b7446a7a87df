/** Merging an export into what is stored: new messages are added, richer ones replace poorer ones, and nothing that a slimmer
 *  export leaves out is lost. Pure; importing the same exports again, in any order, changes nothing any more. */
import { orderTree } from '../../../core/conversation/tree.ts'
import type { ImportedMessage, Part } from '../../../core/model/conversation.ts'

/** A message as far as its place goes. */
export interface Placed {
  id: string
  parent: string | null
  createdAtMs: number | null
}

export interface Place {
  id: string
  parent: string | null
  branch: string
}

export interface MergeInput {
  /** In their stored order. */
  stored: readonly Placed[]
  /** In the order of the export; ids are distinct. */
  incoming: readonly Placed[]
  /** Whether the export is at least as new as what is stored: then it says what the active branch is. */
  newer: boolean
  /** The end of the active branch, as the newer of both has it. */
  leaf: string | null
}

/** All messages of both, in order, with parent and branch. */
export function mergePlaces({ stored, incoming, newer, leaf }: MergeInput): Place[] {
  const [base, other] = newer ? [incoming, stored] : [stored, incoming]
  const inStored = new Map(stored.map(message => [message.id, message]))
  const inIncoming = new Map(incoming.map(message => [message.id, message]))
  const parentOf = (id: string): string | null => {
    const was = inStored.get(id)
    const now = inIncoming.get(id)
    if (!was || !now) return (was ?? now)?.parent ?? null
    if (was.parent === now.parent || now.parent === null) return was.parent
    if (was.parent === null) return now.parent
    // A slimmer export hangs a message under the next ancestor it has kept: the closer parent is the one only the richer has.
    if (!inIncoming.has(was.parent)) return was.parent
    if (!inStored.has(now.parent)) return now.parent
    return newer ? now.parent : was.parent
  }
  const nodes = interleave(base, other).map(({ id, createdAtMs }) => {
    const parent = parentOf(id)
    return { id, parent, message: placeholder(id, createdAtMs) }
  })
  return orderTree(nodes, { leaf, missing: 'each' }).map(({ id, parent, branch }) => ({ id, parent, branch }))
}

/** `base` with what only `other` has put behind the neighbour that it follows there. */
function interleave(base: readonly Placed[], other: readonly Placed[]): Placed[] {
  const inBase = new Set(base.map(message => message.id))
  const behind = new Map<string | null, Placed[]>()
  let neighbour: string | null = null
  for (const message of other) {
    if (inBase.has(message.id)) {
      neighbour = message.id
      continue
    }
    const list = behind.get(neighbour)
    if (list) list.push(message)
    else behind.set(neighbour, [message])
  }
  const merged = [...(behind.get(null) ?? [])]
  for (const message of base) merged.push(message, ...(behind.get(message.id) ?? []))
  return merged
}

const placeholder = (id: string, createdAtMs: number | null): ImportedMessage => ({
  id,
  parent: null,
  role: 'user',
  author: null,
  createdAtMs,
  branch: '',
  hidden: false,
  model: null,
  parts: [],
})

/** Whether one version of a message says more than another: by the assets it has, then by its length. */
export function isRicher(parts: readonly Part[], than: readonly Part[]): boolean {
  const more = assets(parts) - assets(than)
  return more !== 0 ? more > 0 : JSON.stringify(parts).length > JSON.stringify(than).length
}

const assets = (parts: readonly Part[]): number =>
  parts.filter(part => (part.type === 'image' || part.type === 'attachment') && part.asset !== null).length

/** The end of the active branch of an export: its last message on `main`. */
export const leafOf = (messages: readonly ImportedMessage[]): string | null =>
  messages.findLast(message => message.branch === 'main')?.id ?? null
