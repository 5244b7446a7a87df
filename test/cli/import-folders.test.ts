/** What an import takes from a folder: exports and sessions by name, transcripts perhaps, and nothing of programs. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { sourcesOf } from '../../src/commands/import/sources.ts'
import { tempFolder } from '../kit/home.ts'

t.test('what was attached, and what an account pays and signs in with, is passed over', async t => {
  const folder = t.testdir({
    'Plans v2.0 (draft)': '{}',
    'My Activity': { 'MyActivity.html': '<p>' },
    'chat-c0000000-0000-4000-8000-000000000001-files': { 'conversations.json': '[]' },
    grok: {
      'prod-grok-backend.json': '{}',
      'prod-mc-billing.json': '{}',
      'prod-mc-auth-mgmt-api.json': '{}',
      'prod-mc-asset-server': { id: { content: '{}' } },
    },
  })
  t.same(
    (await sourcesOf([folder])).map(source => relative(folder, source.label)),
    ['My Activity/MyActivity.html', 'Plans v2.0 (draft)', 'grok/prod-grok-backend.json'],
  )
})

t.test('a folder gives its exports, and what may be a transcript or an export without an ending', async t => {
  const folder = tempFolder(t)
  for (const name of ['.git', 'node_modules', '.specstory/history'])
    mkdirSync(join(folder, name), { recursive: true })
  for (const name of [
    'conversations.json',
    'README.md',
    'Moon facts',
    '.aider.chat.history.md',
    '.specstory/history/a.md',
    'photo.png',
    'tool.ts',
    '._conversations.json',
    '.git/HEAD',
    'node_modules/README.md',
  ])
    writeFileSync(join(folder, name), 'x')
  symlinkSync('/etc/hostname', join(folder, 'link'))
  const sources = await sourcesOf([folder])
  t.same(
    sources.map(source => [relative(folder, source.label), source.ifKnown]),
    [
      ['.aider.chat.history.md', true],
      ['.specstory/history/a.md', true],
      ['Moon facts', true],
      ['README.md', true],
      ['conversations.json', false],
    ],
  )
  t.ok(sources.every(source => source.inFolder))
  t.match((await sourcesOf([join(folder, 'README.md')]))[0], { ifKnown: false, inFolder: false })
})
