/** What an import takes from a folder: exports and sessions by name, transcripts perhaps, and nothing of programs. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import t from 'tap'
import { sourcesOf } from '../../src/commands/import/sources.ts'
import { tempFolder } from '../kit/home.ts'

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
  t.equal((await sourcesOf([join(folder, 'README.md')]))[0]?.ifKnown, false)
})
