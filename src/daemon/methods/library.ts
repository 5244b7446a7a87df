/** RPC methods of the nouns `acu`, `notebook`, `bundle`, `memory` and `profile`. */
import type { Handlers, Result } from '../../core/contract/methods.ts'
import { renderBundle } from '../../core/conversation/bundle-text.ts'
import { AcuId, BundleId, isoTime, MemoryId, NotebookId } from '../../core/model/id.ts'
import type { Acus } from '../library/acus.ts'
import type { Collections, ShownItem } from '../library/collections.ts'
import type { Memories } from '../library/memories.ts'
import type { Profile } from '../library/profile.ts'
import type { Caller } from '../rpc/caller.ts'
import type { CollectionRow } from '../storage/user/collection-table.ts'

export type LibraryMethods = Pick<
  Handlers<Caller>,
  Extract<keyof Handlers<Caller>, `${'acu' | 'notebook' | 'bundle' | 'memory' | 'profile'}.${string}`>
>

export interface LibraryPorts {
  acus: Acus
  collections: Collections
  memories: Memories
  profile: Profile
}

export const makeLibraryMethods = ({
  acus,
  collections,
  memories,
  profile,
}: LibraryPorts): LibraryMethods => ({
  'acu.list': async (caller, p) => acus.list(caller.did, p),
  'acu.show': async (caller, p) => acus.show(caller.did, p.acu),
  'acu.search': async (caller, p) => acus.search(caller.did, p),

  'notebook.create': async (caller, p) => {
    const { row, changed } = collections.create(caller.did, 'notebook', p.name)
    return { ...notebook(row), changed }
  },
  'notebook.list': async caller => ({ notebooks: collections.list(caller.did, 'notebook').map(notebook) }),
  'notebook.show': async (caller, p) => {
    const { row, items } = collections.show(caller.did, 'notebook', p.notebook)
    return { ...notebook(row), items: items.map(itemView) }
  },
  'notebook.add': async (caller, p) => {
    const { row, ...done } = collections.add(caller.did, 'notebook', p.notebook, p)
    return { ...notebook(row), ...done }
  },
  'notebook.remove': async (caller, p) => {
    const { row, ...done } = collections.remove(caller.did, 'notebook', p.notebook, p.items)
    return { ...notebook(row), ...done }
  },
  'notebook.delete': async (caller, p) => {
    const { notebookId, name } = notebook(collections.delete(caller.did, 'notebook', p.notebook))
    return { notebookId, name, changed: true }
  },

  'bundle.create': async (caller, p) => {
    const { row, changed } = collections.create(caller.did, 'bundle', p.name)
    return { ...bundle(row), changed }
  },
  'bundle.list': async caller => ({ bundles: collections.list(caller.did, 'bundle').map(bundle) }),
  'bundle.show': async (caller, p) => {
    const { row, items } = collections.show(caller.did, 'bundle', p.bundle)
    return { ...bundle(row), items: items.map(itemView) }
  },
  'bundle.add': async (caller, p) => {
    const { row, ...done } = collections.add(caller.did, 'bundle', p.bundle, p)
    return { ...bundle(row), ...done }
  },
  'bundle.remove': async (caller, p) => {
    const { row, ...done } = collections.remove(caller.did, 'bundle', p.bundle, p.items)
    return { ...bundle(row), ...done }
  },
  'bundle.render': async (caller, p) => {
    const { row, pieces } = collections.pieces(caller.did, 'bundle', p.bundle)
    const { bundleId, name } = bundle(row)
    const { format, budget } = p
    return { bundleId, name, format, budget, ...renderBundle(name, pieces, format, budget) }
  },
  'bundle.delete': async (caller, p) => {
    const { bundleId, name } = bundle(collections.delete(caller.did, 'bundle', p.bundle))
    return { bundleId, name, changed: true }
  },

  'memory.add': async (caller, p) => memories.add(caller.did, p),
  'memory.list': async (caller, p) => memories.list(caller.did, p),
  'memory.show': async (caller, p) => memories.show(caller.did, p.memory),
  'memory.edit': async (caller, p) => memories.edit(caller.did, p),
  'memory.accept': async (caller, p) => memories.accept(caller.did, p.memory),
  'memory.reject': async (caller, p) => memories.reject(caller.did, p.memory),
  'memory.remove': async (caller, p) => memories.remove(caller.did, p.memory),
  'memory.propose': async (caller, p) => memories.propose(caller.did, p),

  'profile.show': async caller => ({ did: caller.did, name: caller.name, profile: profile.show(caller.did) }),
  'profile.set': async (caller, p) => ({ ...p, changed: profile.set(caller.did, p.key, p.value) }),
  'profile.unset': async (caller, p) => ({ ...p, changed: profile.unset(caller.did, p.key) }),
})

const head = ({ name, createdAtMs, updatedAtMs, items }: CollectionRow) => ({
  name,
  createdAt: isoTime(createdAtMs),
  updatedAt: isoTime(updatedAtMs),
  items,
})
const notebook = (row: CollectionRow) => ({ notebookId: NotebookId.parse(row.id), ...head(row) })
const bundle = (row: CollectionRow) => ({ bundleId: BundleId.parse(row.id), ...head(row) })

function itemView({ item, memory, notebook }: ShownItem): Result<'notebook.show'>['items'][number] {
  const { unit, kind, ref } = item
  return {
    itemId: item.id,
    kind,
    text: unit?.text ?? memory?.text ?? notebook?.name ?? item.note ?? '',
    note: kind === 'note' ? null : item.note,
    addedAt: isoTime(item.addedAtMs),
    acuId: unit && ref !== null ? AcuId.parse(ref) : null,
    unitKind: unit?.kind ?? null,
    lang: unit?.lang ?? null,
    role: unit?.role ?? null,
    conversationId: item.conversation,
    messageId: unit?.messageId ?? null,
    messageIndex: unit?.messageIndex ?? null,
    title: unit?.title ?? null,
    memoryId: memory && MemoryId.parse(memory.id),
    notebookId: notebook && NotebookId.parse(notebook.id),
  }
}
