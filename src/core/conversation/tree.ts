/** The tree of a conversation, rebuilt from parents alone: exports leave children out, name parents that are not there,
 *  and can hold circles. Everything iterates; a conversation may be thousands of messages deep. */
import type { ImportedMessage } from '../model/conversation.ts'

/** A node as the export has it; `message` is null for nodes that only hold the tree together. Its own `parent` and
 *  `branch` are set here. */
export interface TreeNode {
  readonly id: string
  readonly parent: string | null
  readonly message: ImportedMessage | null
}

export interface TreeOptions {
  /** The leaf that the export declares, if any. */
  readonly leaf: string | null
  /** A parent that is not there: `siblings` takes all children of one missing parent to have been one place's
   *  alternatives and hangs them where the first of them fits; `each` hangs every one under the node before it. */
  readonly missing: 'siblings' | 'each'
}

/** Messages with `parent` and `branch` set: the main path first, from the root to the active leaf, then what lies off
 *  it, every parent before its children. Nodes come in the order of writing; of two with one id the first counts. */
export function orderTree(nodes: readonly TreeNode[], options: TreeOptions): ImportedMessage[] {
  const byId = new Map<string, TreeNode>()
  for (const node of nodes) if (!byId.has(node.id)) byId.set(node.id, node)
  const parents = parentsOf(byId, options.missing)
  cutCircles(parents)
  const kept = keptParents(byId, parents)
  const leaf = activeLeaf(byId, parents, kept, options.leaf)
  return branched(byId, kept, leaf)
}

/** Parent of each id, with missing ones replaced. */
function parentsOf(
  byId: ReadonlyMap<string, TreeNode>,
  missing: 'siblings' | 'each',
): Map<string, string | null> {
  const parents = new Map<string, string | null>()
  const replaced = new Map<string, string | null>()
  let before: string | null = null
  for (const [id, node] of byId) {
    let parent = node.parent
    if (parent !== null && !byId.has(parent)) {
      if (missing === 'siblings' && !replaced.has(parent)) replaced.set(parent, before)
      parent = missing === 'siblings' ? (replaced.get(parent) ?? null) : before
    }
    parents.set(id, parent)
    before = id
  }
  return parents
}

/** Makes a root of one node of each circle: the first written of it. */
function cutCircles(parents: Map<string, string | null>): void {
  const done = new Set<string>()
  for (const start of parents.keys()) {
    const walk = new Set<string>()
    for (let id: string | null = start; id !== null && !done.has(id); id = parents.get(id) ?? null) {
      if (walk.has(id)) {
        // The walk entered the circle from `start`, the first written node that leads into it.
        parents.set(id, null)
        break
      }
      walk.add(id)
    }
    for (const id of walk) done.add(id)
  }
}

/** For each kept message its nearest kept ancestor, or null. */
function keptParents(
  byId: ReadonlyMap<string, TreeNode>,
  parents: ReadonlyMap<string, string | null>,
): Map<string, string | null> {
  /** Nearest kept node at or above an id, remembered so that long runs of dropped nodes are walked once. */
  const nearest = new Map<string, string | null>()
  const nearestFrom = (from: string | null): string | null => {
    const walked: string[] = []
    let id = from
    while (id !== null && !nearest.has(id) && !byId.get(id)?.message) {
      walked.push(id)
      id = parents.get(id) ?? null
    }
    const found = id !== null && nearest.has(id) ? (nearest.get(id) ?? null) : id
    for (const each of walked) nearest.set(each, found)
    return found
  }
  const kept = new Map<string, string | null>()
  for (const [id, node] of byId) if (node.message) kept.set(id, nearestFrom(parents.get(id) ?? null))
  return kept
}

function activeLeaf(
  byId: ReadonlyMap<string, TreeNode>,
  parents: ReadonlyMap<string, string | null>,
  kept: ReadonlyMap<string, string | null>,
  declared: string | null,
): string | null {
  let id = declared !== null && byId.has(declared) ? declared : null
  while (id !== null && !kept.has(id)) id = parents.get(id) ?? null
  if (id !== null) return id
  const inner = new Set(kept.values())
  let newest = Number.NEGATIVE_INFINITY
  for (const each of kept.keys()) {
    if (inner.has(each)) continue
    const time = byId.get(each)?.message?.createdAtMs ?? Number.NEGATIVE_INFINITY
    if (id !== null && time < newest) continue
    newest = time
    id = each
  }
  return id
}

function branched(
  byId: ReadonlyMap<string, TreeNode>,
  kept: ReadonlyMap<string, string | null>,
  leaf: string | null,
): ImportedMessage[] {
  const children = new Map<string | null, string[]>()
  for (const [id, parent] of kept) {
    const list = children.get(parent)
    if (list) list.push(id)
    else children.set(parent, [id])
  }
  const main: string[] = []
  for (let id = leaf; id !== null; id = kept.get(id) ?? null) main.push(id)
  main.reverse()
  const onMain = new Set(main)
  const out: ImportedMessage[] = []
  const take = (id: string, branch: string): void => {
    const message = byId.get(id)?.message
    if (!message) return
    message.parent = kept.get(id) ?? null
    message.branch = branch
    out.push(message)
  }
  for (const id of main) take(id, 'main')
  for (const at of [null, ...main]) {
    for (const first of children.get(at) ?? []) {
      if (onMain.has(first)) continue
      const stack = [first]
      for (let id = stack.pop(); id !== undefined; id = stack.pop()) {
        take(id, first)
        const next = children.get(id) ?? []
        for (let i = next.length - 1; i >= 0; i--) stack.push(next[i] as string)
      }
    }
  }
  return out
}
