/** A conversation as Markdown: what it shows, what it folds, what it leaves out, and nothing of it escapes. */
import t from 'tap'
import type { Part, Role } from '../../src/core/model/conversation.ts'
import { ConversationId } from '../../src/core/model/id.ts'
import { conversationMarkdown } from '../../src/daemon/conversation-text.ts'
import type { ConversationHead, MessageView } from '../../src/daemon/storage/user/conversation-table.ts'

const head: ConversationHead = {
  id: ConversationId.parse('a'.repeat(26)),
  origin: 'own',
  provider: 'chatgpt',
  sourceId: 'x',
  title: 'Tea\n# and milk',
  model: 'gpt-5',
  createdAtMs: Date.parse('2026-05-01T09:00:00.123Z'),
  updatedAtMs: null,
  messageCount: 1,
  meta: {},
}

const view = (role: Role, parts: Part[], more: Partial<MessageView> = {}): MessageView => ({
  id: 'm',
  index: 1,
  parent: null,
  role,
  author: null,
  createdAtMs: null,
  hidden: false,
  branch: 'main',
  model: null,
  parts,
  text: '',
  ...more,
})

const text = (words: string): Part => ({ type: 'text', text: words, format: 'md' })
const hash = 'f'.repeat(64)

t.test('roles and times are headings, tools are folded, sources listed, what is left out is counted', t => {
  const cite = (url: string, title: string | null): Part => ({
    type: 'citation',
    url,
    title,
    start: null,
    end: null,
    snippet: null,
  })
  const shown = conversationMarkdown(
    head,
    [
      view('system', [text('secret')], { hidden: true }),
      view('user', [text('Hi')], { createdAtMs: Date.parse('2026-05-01T09:00:01.500Z') }),
      view('assistant', [{ type: 'thinking', text: 'hm\nhm', summary: null, opaque: false }], {
        model: 'gpt-5',
      }),
      view('assistant', [
        { type: 'toolCall', callId: '1', name: '<b>look</b>', input: '{}' },
        { type: 'code', text: 'a```b', lang: 'js' },
        cite('https://a.example/x)y', 'A [1]'),
        cite('https://a.example/x)y', 'again'),
        cite('javascript:alert(1)', 'Evil'),
      ]),
      view('assistant', [text('other')], { branch: 'o' }),
    ],
    new Map(),
  )
  t.equal(
    shown,
    `# Tea # and milk

*chatgpt, gpt-5, 2026-05-01 09:00:00Z*

## User

*2026-05-01 09:00:01Z*

Hi

## Assistant

<details>
<summary>Thinking</summary>

> hm
> hm

</details>

<details>
<summary>Tool call: &#60;b&#62;look&#60;/b&#62;</summary>

\`\`\`json
{}
\`\`\`

</details>

\`\`\`\`js
a\`\`\`b
\`\`\`\`

Sources:

- [A \\[1\\]](<https://a.example/x)y>)
- Evil

---

*Left out: 1 message hidden, 1 message on other branches.*
`,
  )
  t.end()
})

t.test('images and attachments are named, and linked where their bytes were written', t => {
  const parts: Part[] = [
    {
      type: 'image',
      asset: hash,
      mime: 'image/png',
      width: null,
      height: null,
      alt: 'leaf.png',
      missing: false,
    },
    { type: 'attachment', name: 'a.pdf', mime: null, size: 1, text: null, asset: null, missing: true },
    { type: 'attachment', name: 'a.txt', mime: null, size: 1, text: 'inside', asset: null, missing: false },
  ]
  const named = conversationMarkdown(head, [view('user', parts)], new Map())
  t.match(named, /\*Image: leaf\.png\*/)
  t.match(named, /\*Attachment: a\.pdf\*/)
  t.match(named, /<summary>Attachment: a\.txt<\/summary>\n\n```\ninside\n```/)
  const linked = conversationMarkdown(head, [view('user', parts)], new Map([[hash, `my files/${hash}.png`]]))
  t.ok(linked.includes(`![leaf.png](<my%20files/${hash}.png>)`))
  t.end()
})
