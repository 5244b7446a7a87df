/** Taking conversations elsewhere and back, through a real daemon. */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { zip } from '../core/conversation/kit.ts'
import { person, ROOT } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'

// Whole processes, on machines that do other things too.
t.setTimeout(300_000)

interface Listed {
  conversations: { id: string; provider: string }[]
}
interface Report {
  files: { path: string; format: string | null }[]
  totals: Record<string, number>
}

const fixtures = join(ROOT, 'test/fixtures/conversations')

t.test('alice exports a conversation with its image, deletes it, and has it back as it was', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  await alice.run(['import', join(fixtures, 'openai-messages'), join(fixtures, 'lm-studio')])
  const { conversations } = await alice.run<Listed>(['conversation', 'list'])
  t.equal(conversations.length, 5)
  const folder = tempFolder(t)
  const files = join(folder, 'files')
  const documents: string[] = []
  for (const { id } of conversations) {
    const { out } = await alice.text(['conversation', 'export', id, '--format', 'json', '--assets', files])
    documents.push(out)
    t.match(await alice.run(['conversation', 'export', id, '--format', 'json']), {
      id,
      format: 'json',
      text: out,
    })
  }
  const [name = ''] = readdirSync(files)
  t.same(readdirSync(files).length, 1)
  t.match(name, /^[0-9a-f]{64}\.png$/)
  const image = readFileSync(join(files, name))
  t.ok(documents.some(text => text.includes(name.slice(0, 64))))
  const path = join(folder, 'export.zip')
  writeFileSync(
    path,
    zip([
      ...documents.map((bytes, i) => ({ name: `${i}.json`, bytes })),
      { name: `files/${name}`, bytes: image },
    ]),
  )
  t.match(await alice.run<Report>(['import', path]), { totals: { read: 5, unchanged: 5 } })
  for (const { id } of conversations) await alice.run(['conversation', 'delete', id])
  t.match(await alice.run<Report>(['import', path]), { totals: { read: 5, imported: 5 } })
  for (const [i, { id }] of conversations.entries()) {
    const again = join(folder, `again-${i}`)
    const { out } = await alice.text(['conversation', 'export', id, '--format', 'json', '--assets', again])
    t.equal(out, documents[i])
    if (out.includes(name.slice(0, 64))) t.same(readFileSync(join(again, name)), image)
  }
})

t.test(
  'what alice exports as Markdown is read as a transcript; a folder of mere text is named as nothing',
  async t => {
    const alice = await person(t, 'alice')
    await alice.start()
    await alice.run(['import', join(fixtures, 'chatgpt/2025-full')])
    const { conversations } = await alice.run<Listed>(['conversation', 'list'])
    const id = conversations[0]?.id ?? ''
    const { out } = await alice.text(['conversation', 'export', id])
    const folder = tempFolder(t)
    writeFileSync(join(folder, 'tea.md'), out)
    writeFileSync(join(folder, 'README.md'), '# A folder\n\nNothing of note.\n')
    const report = await alice.run<Report>(['import', folder])
    t.same(
      report.files.map(file => file.format),
      ['markdown'],
    )
    t.match(report.totals, { read: 1, imported: 1, skipped: 0 })
    const empty = join(folder, 'other')
    mkdirSync(empty)
    writeFileSync(join(empty, 'README.md'), '# Another\n')
    const nothing = await alice.run<Report>(['import', empty], { exit: 5 })
    t.same(nothing.files, [])
    const named = await alice.fail(['import', join(empty, 'README.md')], 5)
    t.match(named, { code: 'import/unreadable', message: /Markdown document/ })
  },
)
