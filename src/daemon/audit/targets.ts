/** Which ids of a call go into the audit log: for each method that changes something, a written list of where they stand. Nothing else of
 *  a call is ever written: no title, note, query, alias, path or passphrase, also where somebody puts one in the place of an id. */
import type { MethodName, methods } from '../../core/contract/methods.ts'
import { Did } from '../../core/model/id.ts'

/** Methods that need an entry here: those that change something. A new one does not build without. */
export type ChangingMethod = {
  [M in MethodName]: (typeof methods)[M]['access'] extends 'write' | 'operator' ? M : never
}[MethodName]

type Kind =
  | 'did'
  | 'share'
  | 'circle'
  | 'invite'
  | 'conversation'
  | 'notebook'
  | 'bundle'
  | 'memory'
  | 'import'
  | 'peer'
  | 'session'
  | 'capability'
  | 'proposal'
  | 'device'

/** `KIND:path`: the path begins with `params` or `result`, and goes into each item of a list at `*`. */
type Place = `${Kind}:${'params' | 'result'}.${string}`

const RANDOM_ID = /^[a-z2-7]{26}$/
const SHAPES: Readonly<Record<Kind, (text: string) => boolean>> = {
  did: text => Did.safeParse(text).success,
  share: text => RANDOM_ID.test(text),
  circle: text => RANDOM_ID.test(text),
  invite: text => RANDOM_ID.test(text),
  conversation: text => RANDOM_ID.test(text),
  notebook: text => RANDOM_ID.test(text),
  bundle: text => RANDOM_ID.test(text),
  memory: text => RANDOM_ID.test(text),
  import: text => /^[\w-]{1,64}$/.test(text),
  peer: text => /^[1-9A-HJ-NP-Za-km-z]{46,64}$/.test(text),
  session: text => /^[0-9a-f]{20}$/.test(text),
  capability: text => /^[a-z0-9]{1,64}$/.test(text),
  proposal: text => RANDOM_ID.test(text),
  device: text => /^[\w-]{43}$/.test(text),
}

/** A call may name hundreds of people; the rest is counted. */
const MAX_TARGETS = 32

const circle = ['circle:result.circleId'] as const
const invite = ['invite:result.inviteId'] as const
const contact = ['did:result.did'] as const
const notebook = ['notebook:result.notebookId'] as const
const bundle = ['bundle:result.bundleId'] as const
const memory = ['memory:result.memoryId'] as const
const share = ['share:result.shareId', 'share:params.share'] as const
const capability = ['capability:result.capabilityId'] as const
const proposal = ['proposal:result.proposalId', 'share:result.shareId', ...capability] as const
const none = [] as const

/** Ids come from results where a parameter may be an alias. */
const PLACES: Readonly<Record<ChangingMethod, readonly Place[]>> = {
  'system.stop': none,
  'capability.create': capability,
  'capability.revoke': capability,
  'share.propose': proposal,
  'proposal.approve': proposal,
  'proposal.reject': proposal,
  'keystore.unlock': none,
  'keystore.lock': none,
  'identity.export': none,
  'identity.exported': none,
  'identity.renew': none,
  'identity.move': ['did:result.movedTo'],
  'device.add': ['did:result.did'],
  'device.approve': ['device:result.device'],
  'device.revoke': ['device:result.device'],
  'peer.connect': ['peer:result.peerId'],
  'peer.block': ['peer:result.peerId'],
  'peer.unblock': ['peer:result.peerId'],

  'import.begin': ['import:result.importId'],
  'import.file': none,
  'import.chunk': none,
  'import.endFile': none,
  'import.finish': ['import:params.importId'],
  'conversation.delete': ['conversation:result.id', 'conversation:params.conversation'],

  'notebook.create': notebook,
  'notebook.add': notebook,
  'notebook.remove': notebook,
  'notebook.delete': notebook,
  'bundle.create': bundle,
  'bundle.add': bundle,
  'bundle.remove': bundle,
  'bundle.delete': bundle,
  'memory.add': memory,
  'memory.edit': memory,
  'memory.accept': memory,
  'memory.reject': memory,
  'memory.remove': memory,
  'memory.propose': ['memory:result.proposed.*.memoryId'],
  'profile.set': none,
  'profile.unset': none,
  'filter.add': none,
  'filter.remove': none,

  'session.end': ['session:params.session'],
  'user.list': none,
  'user.create': contact,
  'user.delete': contact,
  'user.migrate': ['did:result.users.*.did'],

  'contact.add': contact,
  'contact.accept': contact,
  'contact.block': contact,
  'contact.remove': contact,
  'contact.renewCard': none,
  'contact.verify': contact,
  'contact.follow': contact,
  'circle.create': circle,
  'circle.add': [...circle, 'did:params.contacts.*'],
  'circle.remove': [...circle, 'did:params.contacts.*'],
  'circle.invite': invite,
  'circle.uninvite': invite,
  'circle.join': circle,
  'circle.leave': circle,
  'circle.role': [...circle, 'did:params.contact'],
  'circle.rename': circle,
  'circle.describe': circle,
  'circle.history': circle,
  'circle.transfer': [...circle, 'did:params.contact'],
  'circle.close': circle,
  'circle.rotate': circle,

  'share.create': [
    'share:result.shareId',
    'did:result.audience.contacts.*.did',
    'circle:result.audience.circles.*.circleId',
  ],
  'share.revoke': share,
  'share.endReshare': [...share, 'did:result.from.did'],
  'share.retry': share,
  'share.reissue': ['share:result.shareId', 'share:result.replaces', 'share:params.share'],
  'inbox.open': ['share:params.share', 'share:result.share.shareId', 'did:result.owner.did'],
  'inbox.reshare': [...share, 'did:result.recipients.*.did'],
  'inbox.forget': share,
}

/** Everything at a path of a document. */
function valuesAt(document: unknown, path: readonly string[]): unknown[] {
  const [first, ...rest] = path
  if (first === undefined) return [document]
  if (first === '*') return Array.isArray(document) ? document.flatMap(item => valuesAt(item, rest)) : []
  if (typeof document !== 'object' || document === null || !Object.hasOwn(document, first)) return []
  return valuesAt((document as Record<string, unknown>)[first], rest)
}

/** Whether a method changes something. */
export const isChanging = (method: MethodName): method is ChangingMethod => Object.hasOwn(PLACES, method)

/** The ids of one call, each with its kind before it but for DIDs; what does not look like an id is left out. */
export function targetsOf(method: MethodName, params: unknown, result: unknown): string[] {
  const found = new Set<string>()
  for (const place of isChanging(method) ? PLACES[method] : []) {
    const kind = place.slice(0, place.indexOf(':')) as Kind
    for (const value of valuesAt({ params, result }, place.slice(kind.length + 1).split('.')))
      if (typeof value === 'string' && SHAPES[kind](value))
        found.add(kind === 'did' ? value : `${kind}:${value}`)
  }
  const all = [...found]
  return all.length <= MAX_TARGETS ? all : [...all.slice(0, MAX_TARGETS), `more:${all.length - MAX_TARGETS}`]
}
