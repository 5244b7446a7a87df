/** Notebooks, bundles, memories and the profile in a real database: what they take, keep, refuse, and leave behind. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { conversationId } from '../../src/core/conversation/conversation-id.ts'
import { systemChance } from '../../src/core/kernel/env.ts'
import { ShareId } from '../../src/core/model/id.ts'
import { makeAcus } from '../../src/daemon/library/acus.ts'
import { type Adding, makeCollections } from '../../src/daemon/library/collections.ts'
import { makeMemories } from '../../src/daemon/library/memories.ts'
import { makeProfile } from '../../src/daemon/library/profile.ts'
import { makeConversationStore } from '../../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../../src/daemon/storage/user/manager.ts'
import { conversation, didOf, folderOf, idOf, message, talk } from './storage/people.ts'

const alice = didOf(1)
const TEA = conversationId('chatgpt', 'tea')

const open = (t: { teardown(fn: () => void): void }) => {
  const folder = join(folderOf(t), 'users')
  const users = openUserDatabases(folder, { maxOpen: 2 })
  t.teardown(() => users.close())
  users.create(alice)
  const store = makeConversationStore(users)
  const acus = makeAcus(users, store)
  const deps = { users, acus, clock: { nowMs: () => 1_000 }, chance: systemChance }
  const collections = makeCollections(deps)
  const unit = (text: string, of: string = TEA) => {
    const found = acus
      .list(alice, { conversation: of })
      .acus.find(acu => acu.kind !== 'exchange' && acu.text.includes(text))
    if (!found) throw new Error(`no unit says ${text}`)
    return found
  }
  const add = (name: string, more: Partial<Adding>) =>
    collections.add(alice, 'notebook', name, { acus: [], ...more })
  const texts = (name: string) =>
    collections.show(alice, 'notebook', name).items.map(({ item }) => item.unit?.text ?? item.note)
  const filesWith = (word: string): string[] =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter(entry => entry.isFile() && readFileSync(join(entry.parentPath, entry.name)).includes(word))
      .map(entry => entry.name)
  return {
    users,
    store,
    acus,
    collections,
    memories: makeMemories(deps),
    profile: makeProfile(users),
    unit,
    add,
    texts,
    filesWith,
  }
}

const tea = talk('tea', ['How hot?', '80 degrees.\n\n```js\nboil(quokka)\n```', 'And black?', 'Boiling.'])

t.test('a unit is found by the beginning of its id, and keeps it when the conversation grows', async t => {
  const { store, acus, unit } = open(t)
  store.importConversations(alice, [tea, talk('other', ['a', 'b'])])
  const { id } = unit('boil', TEA)
  t.equal(acus.show(alice, id.slice(0, 14)).text, '80 degrees.\n\n```js\nboil(quokka)\n```'.slice(13))
  t.throws(() => acus.show(alice, id.slice(0, 4)), { code: 'id/ambiguous' })
  t.throws(() => acus.show(alice, id.slice(0, 8)), { code: 'id/ambiguous' })
  for (const odd of ['', '%', 'zz', `${id.slice(0, 25)}!`, 'A'.repeat(26)])
    t.throws(() => acus.show(alice, odd), { code: 'acu/not-found' }, odd)
  store.importConversations(alice, [
    talk(
      'tea',
      ['How hot?', '80 degrees.\n\n```js\nboil(quokka)\n```\n\nOr less.', 'And black?', 'Boiling.'],
      {
        updatedAtMs: 1_770_000_000_000,
      },
    ),
  ])
  t.match(acus.show(alice, id), { id, messageIndex: 2, title: 'Title of tea', kind: 'code', lang: 'js' })
})

t.test('search points at the unit in the message', async t => {
  const { store, acus } = open(t)
  store.importConversations(alice, [tea])
  const { hits } = acus.search(alice, { query: 'quokka', limit: 5 })
  t.match(hits, [{ kind: 'code', messageIndex: 2, text: '```js\nboil(quokka)\n```' }])
  t.equal(hits.length, 1)
  t.same(acus.search(alice, { query: 'title', limit: 5 }).hits, [], 'a title is no unit')
  t.equal(acus.show(alice, hits[0]?.id ?? '').text, hits[0]?.text)
})

t.test('a notebook keeps its units in order, also when their conversation is deleted', async t => {
  const { store, collections, unit, add, texts } = open(t)
  store.importConversations(alice, [tea])
  t.equal(collections.create(alice, 'notebook', 'lore').changed, true)
  t.equal(collections.create(alice, 'notebook', 'lore').changed, false)
  t.match(add('lore', { acus: [unit('Boiling').id, unit('boil(').id], note: 'mind' }), {
    added: 2,
    changed: true,
  })
  t.match(add('lore', { acus: [unit('Boiling').id.slice(0, 14)] }), { added: 0, changed: false })
  t.match(add('lore', { acus: [unit('Boiling').id], note: 'other' }), { added: 0, changed: true })
  t.match(add('lore', { text: 'ask Mei' }), { added: 1 })
  t.match(add('lore', { conversation: TEA, messages: '1-2' }), { added: 2 })
  const all = ['Boiling.', '```js\nboil(quokka)\n```', 'ask Mei', 'How hot?', '80 degrees.']
  t.same(texts('lore'), all)
  t.match(await store.delete(alice, TEA), { id: TEA, keptIn: [{ name: 'lore', items: 4 }] })
  t.same(texts('lore'), all)
  const { pieces } = collections.pieces(alice, 'notebook', 'lore')
  t.match(pieces[1], {
    type: 'unit',
    note: 'mind',
    title: 'Title of tea',
    messages: [{ role: 'assistant', parts: [{ type: 'text', text: '```js\nboil(quokka)\n```' }] }],
  })
})

t.test('nothing is added where one thing is wrong', async t => {
  const { store, collections, unit, add, texts } = open(t)
  store.importConversations(alice, [tea])
  collections.create(alice, 'notebook', 'lore')
  t.throws(() => add('lore', { acus: [unit('Boiling').id, 'zzzz'] }), { code: 'acu/not-found' })
  t.throws(() => add('lore', { messages: '1' }), { code: 'usage/invalid' })
  t.throws(() => add('lore', { conversation: TEA, messages: '3-1' }), { code: 'usage/invalid' })
  t.throws(
    () => add('lore', { conversation: TEA, messages: '1-2,9' }),
    { code: 'usage/invalid' },
    'as sharing',
  )
  t.throws(() => add('lore', {}), { code: 'usage/invalid' })
  t.throws(() => add('other', { text: 'x' }), { code: 'notebook/not-found' })
  t.same(texts('lore'), [])
})

t.test('a notebook is found by its name first, then by a unique beginning of its id', async t => {
  const { collections } = open(t)
  const rows = Array.from({ length: 40 }, (_, n) => collections.create(alice, 'notebook', `n${n}`).row)
  const find = (selector: string) => collections.find(alice, 'notebook', selector)
  t.equal(find('n7').id, rows[7]?.id)
  t.equal(find(rows[3]?.id ?? '').name, 'n3')
  // Of forty ids two begin with one of thirty-two letters.
  const letter = 'abcdefghijklmnopqrstuvwxyz234567'
    .split('')
    .find(one => rows.filter(({ id }) => id.startsWith(one)).length > 1)
  t.throws(() => find(letter ?? ''), { code: 'id/ambiguous' })
  t.throws(() => find('none'), { code: 'notebook/not-found' })
  t.throws(() => collections.find(alice, 'bundle', 'n7'), { code: 'bundle/not-found' })
})

t.test('what others shared is in no notebook, bundle or memory, though its units can be read', async t => {
  const { users, acus, collections, memories, unit, add } = open(t)
  const share = ShareId.parse(idOf(7))
  users.write(alice, db =>
    db.conversations.putReceived(share, {
      title: 'Of bob',
      createdAtMs: 1,
      messages: [
        { index: 1, role: 'user', createdAtMs: 1, parts: [{ type: 'text', text: 'bob says', format: 'md' }] },
      ],
    }),
  )
  collections.create(alice, 'notebook', 'lore')
  const { id } = unit('bob says', share)
  t.equal(acus.show(alice, id).text, 'bob says')
  t.throws(() => add('lore', { acus: [id] }), { code: 'library/not-own' })
  t.throws(() => add('lore', { conversation: share }), { code: 'library/not-own' })
  t.throws(() => memories.add(alice, { text: 'x', kind: 'goal', acu: id }), { code: 'library/not-own' })
  t.throws(() => memories.propose(alice, { conversation: share }), { code: 'library/not-own' })
})

t.test('a bundle holds units, memories that are kept, and notebooks as they are then', async t => {
  const { store, collections, memories, unit, add } = open(t)
  store.importConversations(alice, [tea])
  collections.create(alice, 'notebook', 'lore')
  add('lore', { acus: [unit('Boiling').id, unit('How hot').id] })
  const { memoryId } = memories.add(alice, { text: ' Likes tea ', kind: 'preference' })
  collections.create(alice, 'bundle', 'brief')
  const adding = { acus: [unit('How hot').id], memories: [memoryId.slice(0, 20)], notebooks: ['lore'] }
  t.match(collections.add(alice, 'bundle', 'brief', adding), { added: 3 })
  t.match(collections.add(alice, 'bundle', 'brief', adding), { added: 0, changed: false })
  const pieces = () => collections.pieces(alice, 'bundle', 'brief').pieces.map(piece => piece.text)
  t.same(pieces(), ['How hot?', 'Likes tea', 'Boiling.'], 'the same unit twice is once')
  add('lore', { text: 'a note' })
  t.same(pieces(), ['How hot?', 'Likes tea', 'Boiling.', 'a note'])
  memories.reject(alice, memoryId)
  t.same(pieces(), ['How hot?', 'Boiling.', 'a note'], 'what is turned down leaves no more')
  t.throws(() => collections.add(alice, 'bundle', 'brief', adding), { code: 'memory/not-kept' })
  memories.accept(alice, memoryId)
  memories.remove(alice, memoryId)
  collections.delete(alice, 'notebook', 'lore')
  t.equal(collections.show(alice, 'bundle', 'brief').items.length, 1, 'what is deleted is in no bundle')
  t.same(pieces(), ['How hot?'])
})

t.test('a memory is kept once, edited, and found by its words', async t => {
  const { memories } = open(t)
  const first = memories.add(alice, { text: 'Brews oolong at 90 °C', kind: 'preference' })
  t.match(first, { state: 'kept', changed: true, source: null })
  const again = { memoryId: first.memoryId, kind: 'preference' }
  t.match(memories.add(alice, { text: 'Brews oolong at 90 °C ' }), { ...again, changed: false })
  t.match(memories.add(alice, { text: 'Brews oolong at 90 °C', kind: 'preference' }), { changed: false })
  t.match(
    memories.add(alice, { text: 'Brews oolong at 90 °C', kind: 'goal' }),
    { ...again, kind: 'goal', changed: true },
    'a kind that was asked for is not passed over',
  )
  const second = memories.add(alice, { text: 'Café on Mondays', kind: 'episodic' })
  const texts = (query: string) => memories.list(alice, { query }).memories.map(({ text }) => text)
  t.same(texts('OOLONG brews'), ['Brews oolong at 90 °C'])
  t.same(texts('cafe'), ['Café on Mondays'])
  t.same(texts('%'), [])
  t.throws(() => memories.edit(alice, { memory: second.memoryId, text: 'Brews oolong at 90 °C' }), {
    code: 'memory/exists',
  })
  t.match(memories.edit(alice, { memory: second.memoryId, kind: 'semantic' }), {
    changed: true,
    kind: 'semantic',
  })
  t.match(memories.edit(alice, { memory: second.memoryId, kind: 'semantic' }), { changed: false })
  t.throws(() => memories.edit(alice, { memory: second.memoryId }), { code: 'usage/invalid' })
  t.throws(() => memories.add(alice, { text: ' \n ', kind: 'goal' }), { code: 'usage/invalid' })
  t.throws(() => memories.show(alice, 'zz'), { code: 'memory/not-found' })
  t.throws(() => memories.show(alice, ''), { code: 'memory/not-found' })
})

t.test('what an assistant remembered is proposed once, and stays turned down', async t => {
  const { store, memories } = open(t)
  const context = message('c', null, '1. [2025-05-01]. Likes tea.\n\n2. [2025-05-02]. Has a garden.', {
    role: 'system',
    hidden: true,
  })
  store.importConversations(alice, [conversation('tea', [context, message('m', 'c', 'Hi')])])
  const propose = () => memories.propose(alice, { conversation: TEA })
  const { proposed, changed } = propose()
  t.equal(changed, true)
  t.match(proposed, [
    { text: 'Likes tea.', state: 'proposed', source: { conversationId: TEA, messageId: 'c' } },
    { text: 'Has a garden.' },
  ])
  memories.reject(alice, proposed[0]?.memoryId ?? '')
  memories.accept(alice, proposed[1]?.memoryId ?? '')
  t.same(propose(), { proposed: [], changed: false })
  t.same(
    memories.list(alice, {}).memories.map(({ text }) => text),
    ['Has a garden.'],
  )
  t.equal(memories.list(alice, { state: 'rejected' }).memories.length, 1)
  t.match(memories.add(alice, { text: 'Likes tea.', kind: 'preference' }), { changed: true, state: 'kept' })
  const file = JSON.stringify([{ conversations_memory: 'Likes tea.\n\nHas a cat.' }])
  t.match(memories.propose(alice, { file }), {
    proposed: [{ text: 'Has a cat.', source: null }],
    changed: true,
  })
  t.throws(() => memories.propose(alice, { conversation: TEA, file }), { code: 'usage/invalid' })
  t.throws(() => memories.propose(alice, {}), { code: 'usage/invalid' })
})

t.test('the profile holds what the user sets, apart from what the node keeps for itself', async t => {
  const { users, profile } = open(t)
  users.write(alice, db => db.profile.put('name', 'node'))
  t.equal(profile.set(alice, 'name', 'Alice'), true)
  t.equal(profile.set(alice, 'name', 'Alice'), false)
  t.same(profile.show(alice), { name: 'Alice' })
  t.equal(profile.unset(alice, 'name'), true)
  t.equal(profile.unset(alice, 'name'), false)
  t.same(profile.show(alice), {})
  t.equal(
    users.read(alice, db => db.profile.text('name')),
    'node',
  )
})

t.test('what is removed is in no file any more', async t => {
  const { store, collections, memories, profile, unit, add, filesWith } = open(t)
  store.importConversations(alice, [tea])
  collections.create(alice, 'notebook', 'numbatname')
  add('numbatname', { acus: [unit('boil(').id], text: 'notewombat', note: 'besidekoala' })
  const { memoryId } = memories.add(alice, { text: 'memoryquoll', kind: 'goal' })
  profile.set(alice, 'animal', 'profilebilby')
  await store.delete(alice, TEA)
  t.ok(filesWith('quokka').length > 0, 'the notebook keeps it')
  const item = collections
    .show(alice, 'notebook', 'numbatname')
    .items.find(one => one.item.note === 'notewombat')
  t.match(collections.remove(alice, 'notebook', 'numbatname', [item?.item.id ?? '']), { removed: 1 })
  t.same(filesWith('notewombat'), [])
  t.match(collections.remove(alice, 'notebook', 'numbatname', ['zz']), { removed: 0, changed: false })
  collections.delete(alice, 'notebook', 'numbatname')
  memories.edit(alice, { memory: memoryId, text: 'memorydingo' })
  t.same(filesWith('memoryquoll'), [])
  memories.remove(alice, memoryId)
  profile.unset(alice, 'animal')
  for (const word of ['quokka', 'besidekoala', 'numbatname', 'memorydingo', 'profilebilby'])
    t.same(filesWith(word), [], word)
})
