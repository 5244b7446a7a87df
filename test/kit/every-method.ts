/** For every method of the contract, a call that names things by the ids that it is given: a method without one fails the build. */
import type { MethodName } from '../../src/core/contract/methods.ts'

/** Things of one person, as they are named on the socket. */
export interface Things {
  did: string
  conversation: string
  acu: string
  notebook: string
  bundle: string
  item: string
  memory: string
  share: string
  received: string
  circle: string
  contact: string
  alias: string
  card: string
  asset: string
  importId: string
  session: string
  capability: string
  proposal: string
}

type Call = (things: Things) => Record<string, unknown>

/** `null`: names nothing of anybody, and would only disturb what is tried. */
export const CALLS: Readonly<Record<MethodName, Call | null>> = {
  'system.hello': null,
  'system.methods': () => ({}),
  'system.status': () => ({}),
  'system.doctor': () => ({}),
  'system.stop': () => ({}),
  'system.unsubscribe': () => ({ subscription: 'subscription-1' }),
  'keystore.unlock': () => ({}),
  'keystore.lock': null,
  'identity.show': () => ({}),
  'identity.export': null,
  'identity.exported': ({ asset }) => ({ sha256: asset }),
  'identity.renew': null,
  'identity.move': null,
  'device.list': () => ({}),
  'device.add': null,
  'device.joining': () => ({}),
  'device.approve': () => ({ code: '00000000' }),
  'device.revoke': null,
  'peer.list': () => ({}),
  'peer.connect': () => ({
    address: '/ip4/127.0.0.1/tcp/1/p2p/12D3KooWJ3ftm2sG5q9gHBiJkPGLaeJxhUVuJqfMdxiHcZRXQSUs',
  }),
  'peer.block': () => ({ peer: '12D3KooWJ3ftm2sG5q9gHBiJkPGLaeJxhUVuJqfMdxiHcZRXQSUs' }),
  'peer.unblock': () => ({ peer: '12D3KooWJ3ftm2sG5q9gHBiJkPGLaeJxhUVuJqfMdxiHcZRXQSUs' }),
  'import.begin': null,
  'import.file': ({ importId }) => ({ importId, path: 'a.json' }),
  'import.chunk': ({ importId }) => ({ fileId: `${importId}.1`, dataB64: '' }),
  'import.endFile': ({ importId }) => ({ fileId: `${importId}.1` }),
  'import.finish': ({ importId }) => ({ importId }),
  'conversation.list': () => ({}),
  'conversation.show': ({ conversation }) => ({ conversation }),
  'conversation.search': () => ({ query: 'canaryquetzal' }),
  'conversation.export': ({ conversation }) => ({ conversation }),
  'conversation.asset': ({ conversation, asset }) => ({ conversation, sha256: asset }),
  'conversation.delete': ({ conversation }) => ({ conversation }),
  'audit.list': () => ({}),
  'audit.verify': () => ({}),
  'acu.list': ({ conversation }) => ({ conversation }),
  'acu.show': ({ acu }) => ({ acu }),
  'acu.search': () => ({ query: 'canaryquetzal' }),
  'notebook.create': () => ({ name: 'mine' }),
  'notebook.list': () => ({}),
  'notebook.show': ({ notebook }) => ({ notebook }),
  'notebook.add': ({ notebook, acu }) => ({ notebook, acus: [acu] }),
  'notebook.remove': ({ notebook, item }) => ({ notebook, items: [item] }),
  'notebook.delete': ({ notebook }) => ({ notebook }),
  'bundle.create': () => ({ name: 'mine' }),
  'bundle.list': () => ({}),
  'bundle.show': ({ bundle }) => ({ bundle }),
  'bundle.add': ({ bundle, memory }) => ({ bundle, memories: [memory] }),
  'bundle.remove': ({ bundle, item }) => ({ bundle, items: [item] }),
  'bundle.render': ({ bundle }) => ({ bundle }),
  'bundle.delete': ({ bundle }) => ({ bundle }),
  'memory.add': ({ acu }) => ({ text: 'something', acu }),
  'memory.list': () => ({}),
  'memory.show': ({ memory }) => ({ memory }),
  'memory.edit': ({ memory }) => ({ memory, text: 'other words' }),
  'memory.accept': ({ memory }) => ({ memory }),
  'memory.reject': ({ memory }) => ({ memory }),
  'memory.remove': ({ memory }) => ({ memory }),
  'memory.propose': ({ conversation }) => ({ conversation }),
  'profile.show': () => ({}),
  'profile.set': () => ({ key: 'language', value: 'Welsh' }),
  'profile.unset': () => ({ key: 'language' }),
  'contact.card': () => ({}),
  'contact.add': ({ card }) => ({ card }),
  'contact.list': () => ({}),
  'contact.renewCard': null,
  'contact.show': ({ contact }) => ({ contact }),
  'contact.verify': ({ contact }) => ({ contact }),
  'contact.follow': ({ contact }) => ({ contact }),
  'contact.accept': ({ contact }) => ({ contact }),
  'contact.block': ({ contact }) => ({ contact }),
  'contact.remove': ({ alias }) => ({ contact: alias }),
  'circle.create': () => ({ name: 'mine' }),
  'circle.list': () => ({}),
  'circle.show': ({ circle }) => ({ circle }),
  'circle.invite': ({ circle }) => ({ circle }),
  'circle.invites': ({ circle }) => ({ circle }),
  'circle.uninvite': ({ circle }) => ({ circle, invite: 'a' }),
  'circle.join': null,
  'circle.add': ({ circle, contact }) => ({ circle, contacts: [contact] }),
  'circle.remove': ({ circle, contact }) => ({ circle, contacts: [contact] }),
  'circle.leave': ({ circle }) => ({ circle }),
  'circle.role': ({ circle, contact }) => ({ circle, contact, role: 'reader' }),
  'circle.rename': ({ circle }) => ({ circle, name: 'other' }),
  'circle.describe': ({ circle }) => ({ circle, text: 'words' }),
  'circle.history': ({ circle }) => ({ circle, history: 'all' }),
  'circle.transfer': ({ circle, contact }) => ({ circle, contact }),
  'circle.close': ({ circle }) => ({ circle }),
  'circle.rotate': ({ circle }) => ({ circle }),
  'share.preview': ({ conversation, contact }) => ({ conversation, to: [contact] }),
  'share.create': ({ conversation, circle }) => ({ conversation, circles: [circle] }),
  'share.list': () => ({}),
  'share.show': ({ share }) => ({ share }),
  'share.watch': ({ share }) => ({ share }),
  'share.revoke': ({ share }) => ({ share }),
  'share.endReshare': ({ share }) => ({ share, from: 'bob' }),
  'share.retry': ({ share }) => ({ share }),
  'share.verify': ({ share }) => ({ share }),
  'share.reissue': ({ share }) => ({ share }),
  'share.propose': ({ conversation, circle }) => ({ conversation, circles: [circle] }),
  'inbox.list': () => ({}),
  'inbox.open': ({ received }) => ({ share: received }),
  'inbox.reshare': ({ received, contact }) => ({ share: received, to: [contact] }),
  'inbox.forget': ({ received }) => ({ share: received }),
  'scan.conversations': ({ conversation }) => ({ conversation }),
  'scan.shares': ({ share }) => ({ share }),
  'filter.list': () => ({ reveal: true }),
  'filter.add': () => ({ list: 'deny', texts: ['falcon'] }),
  'filter.remove': () => ({ list: 'deny', texts: ['falcon'] }),
  'capability.create': ({ circle, did }) => ({
    for: 'script',
    holder: did,
    can: ['share'],
    circles: [circle],
  }),
  'capability.list': () => ({}),
  'capability.show': ({ capability }) => ({ capability }),
  'capability.revoke': ({ capability }) => ({ capability }),
  'proposal.list': () => ({}),
  'proposal.show': ({ proposal }) => ({ proposal }),
  'proposal.preview': ({ proposal }) => ({ proposal }),
  'proposal.approve': ({ proposal }) => ({ proposal }),
  'proposal.reject': ({ proposal }) => ({ proposal }),
  'session.challenge': null,
  'session.open': null,
  'session.list': () => ({}),
  'session.end': ({ session }) => ({ session }),
  'user.create': () => ({ name: 'eve' }),
  'user.list': () => ({}),
  'user.delete': ({ did }) => ({ user: did }),
  'user.migrate': ({ did }) => ({ user: did }),
}
