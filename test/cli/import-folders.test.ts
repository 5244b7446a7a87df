/** Which files of a folder an import takes: exports by their names, and those that have none by what is in them. */
import { relative } from 'node:path'
import t from 'tap'
import { sourcesOf } from '../../src/commands/import/sources.ts'

t.test(
  'a folder gives its exports, also pages and files without an ending, and nothing that was attached',
  async t => {
    const prompt = '\ufeff {"runSettings":{"model":"models/x"},"chunkedPrompt":{"chunks":[]}}'
    const page = '<!doctype html><div class="outer-cell"><div class="content-cell">Prompted x</div></div>'
    const folder = t.testdir({
      'conversations.json': '[]',
      'export.zip': 'PK',
      'chat.html': '<html>var jsonData = []</html>',
      'readme.txt': '{"runSettings":1}',
      LICENSE: 'words',
      'photo.png': '{"runSettings":1}',
      drive: { 'Moon facts': prompt, 'Plans v2.0 (draft)': prompt, 'Other thing': '{"a":1}', empty: '' },
      'My Activity': { 'MyActivity.html': page },
      'chat-c0000000-0000-4000-8000-000000000001-files': { 'conversations.json': '[]' },
      grok: {
        'prod-grok-backend.json': '{}',
        'prod-mc-billing.json': '{}',
        'prod-mc-auth-mgmt-api.json': '{}',
        'prod-mc-asset-server': { id: { content: prompt } },
      },
    })
    t.same(
      (await sourcesOf([folder])).map(source => relative(folder, source.label)),
      [
        'My Activity/MyActivity.html',
        'conversations.json',
        'drive/Moon facts',
        'drive/Plans v2.0 (draft)',
        'export.zip',
        'grok/prod-grok-backend.json',
      ],
    )
  },
)
