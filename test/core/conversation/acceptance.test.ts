/** What every import format must do, whatever its shape; a new format adds one entry to `SUBJECTS`. */
import { gzipSync, zstdCompressSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { conversationId } from '../../../src/core/conversation/conversation-id.ts'
import { hasCode, VivimError } from '../../../src/core/kernel/errors.ts'
import { Part } from '../../../src/core/model/conversation.ts'
import { addsUp, fixture, read, zip } from './kit.ts'

interface Subject {
  readonly format: string
  readonly provider: string
  readonly sample: Buffer
  /** How the file inside a zip is called. */
  readonly name: string
  /** A file with this record before good ones; none where a file is one record. */
  readonly withRecord?: (json: string) => string
  /** Conversations of `withRecord`, whatever the record. */
  readonly expects: number
  readonly crlf: (bytes: Buffer) => Buffer
}

const asCrlf = (bytes: Buffer): Buffer => Buffer.from(bytes.toString('utf8').replaceAll('\n', '\r\n'))

const chat = (id: string): string =>
  JSON.stringify({
    title: `Chat ${id}`,
    conversation_id: id,
    create_time: 1760000000.5,
    current_node: 'u',
    mapping: {
      r: { id: 'r', parent: null, message: null },
      u: {
        id: 'u',
        parent: 'r',
        message: { author: { role: 'user' }, content: { content_type: 'text', parts: [`Hi ${id}`] } },
      },
    },
  })

const talk = (id: string): string =>
  JSON.stringify({
    uuid: id,
    name: `Talk ${id}`,
    created_at: '2026-05-01T09:00:00.123456Z',
    chat_messages: [{ uuid: 'm1', sender: 'human', text: 'Hi', content: [], attachments: [], files: [] }],
  })

const line = (uuid: string): string =>
  JSON.stringify({
    type: 'user',
    uuid,
    parentUuid: null,
    sessionId: 's1',
    timestamp: '2026-05-02T10:00:01.000Z',
    message: { role: 'user', content: `Hi ${uuid}` },
  })

const codexLine = (text: string): string =>
  JSON.stringify({
    timestamp: '2026-05-03T08:00:03.000Z',
    type: 'response_item',
    payload: { type: 'message', role: 'user', content: [{ type: 'input_text', text }] },
  })

const geminiLine = (id: string): string =>
  JSON.stringify({ id, timestamp: '2026-05-04T09:00:01.000Z', type: 'gemini', content: `Hi ${id}` })

const copilotEvent = (id: string): string =>
  JSON.stringify({
    type: 'user.message',
    data: { content: `Hi ${id}` },
    id,
    timestamp: '2026-02-01T10:00:02.000Z',
    parentId: null,
  })

const copilotRequest = (requestId: string): string =>
  JSON.stringify({ kind: 2, k: ['requests'], v: [{ requestId, message: { text: 'Hi' }, response: [] }] })

const webuiChat = (id: string): string =>
  JSON.stringify({
    id,
    title: `Chat ${id}`,
    chat: { history: { currentId: 'm', messages: { m: { id: 'm', role: 'user', content: `Hi ${id}` } } } },
  })

const cursorLine = (text: string): string =>
  JSON.stringify({ role: 'user', message: { content: [{ type: 'text', text }] } })

const activity = (text: string): string =>
  JSON.stringify({
    header: 'Gemini Apps',
    title: `Prompted ${text}`,
    time: '2026-04-01T12:00:05.123Z',
    products: ['Gemini Apps'],
    safeHtmlItem: [{ html: '<p>Yes</p>' }],
  })

const prompt = (text: string): string =>
  JSON.stringify({
    runSettings: { model: 'models/gemini-2.5-pro' },
    chunkedPrompt: { chunks: [{ role: 'user', text }], pendingInputs: [] },
  })

const grokTalk = (id: string): string =>
  JSON.stringify({
    conversation: { id, title: `Talk ${id}`, create_time: '2026-02-02T10:00:00.599938Z' },
    responses: [{ response: { _id: 'r1', sender: 'human', message: 'Hi' }, share_link: null }],
  })

const deepChat = (id: string): string =>
  JSON.stringify({
    id,
    title: `Chat ${id}`,
    inserted_at: '2026-01-05T09:00:00.505000+08:00',
    mapping: {
      root: { id: 'root', parent: null, children: ['1'], message: null },
      1: { id: '1', parent: 'root', message: { fragments: [{ type: 'REQUEST', content: `Hi ${id}` }] } },
    },
  })

const leMessage = (id: string): string =>
  JSON.stringify({
    id,
    version: 0,
    chatId: 'c1',
    role: 'user',
    content: `Hi ${id}`,
    contentChunks: null,
    createdAt: '2026-02-10T10:00:00.100Z',
  })

const thread = (id: string): string =>
  JSON.stringify({
    context_uuid: id,
    context_title: `Thread ${id}`,
    entries: [
      { entry_uuid: 'e1', query: `Hi ${id}`, answer: 'Yes', created_at: '2026-04-01T10:00:00.000000' },
    ],
  })

const libreChat = (id: string): string =>
  JSON.stringify({
    conversationId: id,
    endpoint: 'openAI',
    messages: [{ messageId: 'm1', parentMessageId: null, isCreatedByUser: true, sender: 'User', text: 'Hi' }],
  })

const lmStudio = (words: string): string =>
  JSON.stringify({
    name: words,
    createdAt: 1_777_000_000_000,
    messages: [
      {
        currentlySelected: 0,
        versions: [{ type: 'singleStep', role: 'user', content: [{ type: 'text', text: words }] }],
      },
    ],
  })

const row = (words: string): string => JSON.stringify({ messages: [{ role: 'user', content: words }] })

const shareGpt = (words: string): string =>
  JSON.stringify({ id: words, conversations: [{ from: 'human', value: words }] })

const exported = (id: string): string =>
  JSON.stringify({
    vivim: 1,
    provider: 'vivim',
    sourceId: id,
    messages: [
      {
        id: 'm',
        parent: null,
        role: 'user',
        hidden: false,
        parts: [{ type: 'text', text: 'Hi', format: 'plain' }],
      },
    ],
  })

const janMessage = (words: string): string =>
  JSON.stringify({
    id: words,
    object: 'thread.message',
    thread_id: 't',
    role: 'user',
    content: [{ type: 'text', text: { value: words, annotations: [] } }],
  })

const history = (words: string): string =>
  JSON.stringify({
    version: 4,
    history: [{ id: words, name: words, messages: [{ role: 'user', content: words }] }],
    folders: [],
    prompts: [],
  })

const SUBJECTS: readonly Subject[] = [
  {
    format: 'chatgpt',
    provider: 'chatgpt',
    sample: fixture('chatgpt/2025-full/conversations.json'),
    name: 'conversations.json',
    withRecord: json => `[${json},${chat('a')},${chat('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'claude-ai',
    provider: 'claude.ai',
    sample: fixture('claude-ai/conversations.json'),
    name: 'conversations.json',
    withRecord: json => `[${json},${talk('a')},${talk('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'claude-code',
    provider: 'claude-code',
    sample: fixture('claude-code/11111111-2222-4333-8444-555555555555.jsonl'),
    name: 'projects/app/11111111-2222-4333-8444-555555555555.jsonl',
    withRecord: json => `${json}\n${line('u1')}\n${line('u2')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'gemini-takeout',
    provider: 'gemini',
    sample: fixture('gemini-takeout/MyActivity.json'),
    name: 'Takeout/Meine Aktivitäten/Gemini-Apps/MeineAktivitäten.json',
    withRecord: json => `[${json},${activity('a')},${activity('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'ai-studio',
    provider: 'ai-studio',
    sample: fixture('ai-studio/Moon facts'),
    name: 'Google AI Studio/file',
    withRecord: json => `[${json},${prompt('a')},${prompt('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'grok',
    provider: 'grok',
    sample: fixture('grok/prod-grok-backend.json'),
    name: 'ttl/30d/export_data/user/prod-grok-backend.json',
    withRecord: json => `[${json},${grokTalk('a')},${grokTalk('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'deepseek',
    provider: 'deepseek',
    sample: fixture('deepseek/conversations.json'),
    name: 'conversations.json',
    withRecord: json => `[${json},${deepChat('a')},${deepChat('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'le-chat',
    provider: 'le-chat',
    sample: fixture('le-chat/chat-c0000000-0000-4000-8000-000000000001.json'),
    name: 'chat-c0000000-0000-4000-8000-000000000001.json',
    withRecord: json => `[${json},${leMessage('a')},${leMessage('b')}]`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'perplexity',
    provider: 'perplexity',
    sample: fixture('perplexity/conversations-20260401_101010-abcdef12.json'),
    name: 'conversations-20260401_101010-abcdef12.json',
    withRecord: json => `[${json},${thread('a')},${thread('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'codex',
    provider: 'codex',
    sample: fixture('codex/rollout.jsonl'),
    name: 'sessions/2026/05/03/rollout.jsonl',
    withRecord: json => `${json}\n${codexLine('one')}\n${codexLine('two')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'gemini-cli',
    provider: 'gemini-cli',
    sample: fixture('gemini-cli/session.jsonl'),
    name: 'tmp/app/chats/session.jsonl',
    withRecord: json => `${json}\n${geminiLine('g1')}\n${geminiLine('g2')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'copilot-chat',
    provider: 'copilot-chat',
    sample: fixture('copilot-chat/session.jsonl'),
    name: 'chatSessions/1.jsonl',
    withRecord: json =>
      `${json}\n{"kind":0,"v":{"version":3,"sessionId":"s1","requests":[]}}\n${copilotRequest('r1')}\n${copilotRequest('r2')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'copilot-cli',
    provider: 'copilot-cli',
    sample: fixture('copilot-cli/events.jsonl'),
    name: 'session-state/1/events.jsonl',
    withRecord: json => `${json}\n${copilotEvent('e1')}\n${copilotEvent('e2')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'cursor',
    provider: 'cursor',
    sample: fixture('cursor/transcript.jsonl'),
    name: 'agent-transcripts/1.jsonl',
    withRecord: json => `${json}\n${cursorLine('one')}\n${cursorLine('two')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'open-webui',
    provider: 'open-webui',
    sample: fixture('open-webui/chats.json'),
    name: 'chat-export.json',
    withRecord: json => `[${json},${webuiChat('a')},${webuiChat('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'librechat',
    provider: 'librechat',
    sample: fixture('librechat/tea-recursive.json'),
    name: 'tea.json',
    withRecord: json => `[${json},${libreChat('a')},${libreChat('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'lm-studio',
    provider: 'lm-studio',
    sample: fixture('lm-studio/1777000000000.conversation.json'),
    name: '1777000000000.conversation.json',
    withRecord: json => `[${json},${lmStudio('a')},${lmStudio('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'openai-messages',
    provider: 'openai-messages',
    sample: fixture('openai-messages/finetune.jsonl'),
    name: 'finetune.jsonl',
    withRecord: json => `${json}\n${row('a')}\n${row('b')}\n`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'sharegpt',
    provider: 'sharegpt',
    sample: fixture('sharegpt/sharegpt.json'),
    name: 'sharegpt.json',
    withRecord: json => `[${json},${shareGpt('a')},${shareGpt('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'vivim',
    provider: 'chatgpt',
    sample: fixture('vivim/tea.json'),
    name: 'tea.json',
    withRecord: json => `[${json},${exported('a')},${exported('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'jan',
    provider: 'jan',
    sample: fixture('jan/messages.jsonl'),
    name: 'threads/t1/messages.jsonl',
    withRecord: json => `${json}\n${janMessage('a')}\n${janMessage('b')}\n`,
    expects: 1,
    crlf: asCrlf,
  },
  {
    format: 'chatbot-ui',
    provider: 'chatbot-ui',
    sample: fixture('chatbot-ui/chatbot_ui_history.json'),
    name: 'chatbot_ui_history.json',
    withRecord: json => `[${json},${history('a')},${history('b')}]`,
    expects: 2,
    crlf: asCrlf,
  },
  {
    format: 'markdown',
    provider: 'markdown',
    sample: fixture('markdown/chatgpt-exporter.md'),
    name: 'tea.md',
    expects: 1,
    crlf: asCrlf,
  },
]

for (const subject of SUBJECTS) {
  t.test(subject.format, async t => {
    const whole = await read(subject.sample)

    t.test('the sample is read as what it is, and the numbers add up', async t => {
      t.ok(addsUp(whole))
      t.equal(whole.files.length, 1)
      t.equal(whole.files[0]?.format, subject.format)
      t.ok(whole.conversations.length > 0)
      for (const conversation of whole.conversations) t.equal(conversation.provider, subject.provider)
    })

    t.test('every message stands after its parent, once, in parts of the model', async t => {
      for (const conversation of whole.conversations) {
        const seen = new Set<string>()
        for (const message of conversation.messages) {
          t.ok(message.parent === null || seen.has(message.parent))
          t.notOk(seen.has(message.id))
          t.ok(message.branch === 'main' || conversation.messages.some(each => each.id === message.branch))
          for (const part of message.parts) Part.parse(part)
          seen.add(message.id)
        }
        t.ok(JSON.stringify(conversation).isWellFormed())
        t.match(conversationId(conversation.provider, conversation.sourceId), /^[a-z2-7]{26}$/)
      }
    })

    t.test('the same file read again gives the same', async t => {
      t.same((await read(subject.sample)).events, whole.events)
    })

    t.test('however the bytes are cut, the same comes out', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 4000 }), { minLength: 1, maxLength: 8 }),
          async sizes => {
            const again = await read(subject.sample, { sizes })
            return JSON.stringify(again.events) === JSON.stringify(whole.events)
          },
        ),
        { numRuns: 25 },
      )
    })

    t.test('a BOM, CRLF, gzip, zstd and a zip change nothing of the conversations', async t => {
      const bom = Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), subject.sample])
      t.same((await read(bom)).conversations, whole.conversations)
      t.same((await read(bom, { sizes: [1, 1, 1, 5000] })).conversations, whole.conversations)
      t.same((await read(subject.crlf(subject.sample))).conversations, whole.conversations)
      t.same((await read(gzipSync(subject.sample))).conversations, whole.conversations)
      t.same((await read(zstdCompressSync(subject.sample))).conversations, whole.conversations)
      const zipped = await read(zip([{ name: subject.name, bytes: subject.sample }]))
      t.same(zipped.conversations, whole.conversations)
      t.equal(zipped.files[0]?.entry, subject.name)
    })

    t.test('bytes changed at random give records or a code, never anything else', async () => {
      const codes = ['import/unreadable', 'import/limit'] as const
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(subject.sample.length - 1), fc.nat(255)), { minLength: 1, maxLength: 20 }),
          fc.nat(subject.sample.length),
          async (changes, end) => {
            const bytes = Buffer.from(subject.sample)
            for (const [at, byte] of changes) bytes[at] = byte
            try {
              return addsUp(await read(bytes.subarray(0, end), { sizes: [777] }))
            } catch (error) {
              return error instanceof VivimError && codes.some(code => hasCode(error, code))
            }
          },
        ),
        { numRuns: 150 },
      )
    })

    const { withRecord } = subject
    if (withRecord === undefined) return

    t.test('one bad record is skipped with where and why, and the rest is kept', async t => {
      for (const bad of [
        '42',
        '"text"',
        '[1,2]',
        '{"a":',
        '{"a":1,}',
        `${'['.repeat(5000)}${']'.repeat(5000)}`,
      ]) {
        const reading = await read(withRecord(bad))
        t.ok(addsUp(reading), bad.slice(0, 20))
        t.equal(reading.conversations.length, subject.expects, bad.slice(0, 20))
        t.ok(reading.skipped.length >= 1, bad.slice(0, 20))
        t.match(reading.skipped[0]?.where, /(?:element|line) \d+, byte \d+/)
      }
    })

    t.test('a torn file keeps what is good', async t => {
      const text = withRecord('null')
      const reading = await read(text.slice(0, -12))
      t.ok(addsUp(reading))
      t.ok(reading.conversations.length >= 1)
      t.match(reading.skipped.at(-1)?.reason, 'the file ends in the middle of it')
    })

    t.test('a torn gzip keeps what is good and says so', async t => {
      const packed = gzipSync(Buffer.from(withRecord(`{"pad":"${'x'.repeat(10)}"}`)))
      const reading = await read(packed.subarray(0, -4))
      t.equal(reading.conversations.length, subject.expects)
      t.match(reading.skipped.at(-1)?.reason, 'damaged or cut off')
      t.ok(addsUp(reading))
    })

    t.test('a record over the limit is skipped, and what follows is read', async t => {
      const reading = await read(withRecord(`{"pad":"${'x'.repeat(5000)}"}`), {
        limits: { recordBytes: 2000 },
      })
      t.equal(reading.conversations.length, subject.expects)
      t.match(reading.skipped[0]?.reason, 'longer than 2000 bytes')
    })

    t.test('values of any type anywhere give records or a code, never anything else', async () => {
      const isLines = subject.name.endsWith('.jsonl')
      const sample = subject.sample.toString('utf8')
      const values = [JSON.parse(isLines ? `[${wholeLines(sample).join(',')}]` : sample)].flat()
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { minLength: 1, maxLength: 10 }),
          async swaps => {
            const copy = structuredClone(values)
            for (const [at, value] of swaps) {
              const places = placesOf(copy)
              const place = places[at % places.length]
              if (place) (place.holder as Record<string, unknown>)[place.key] = structuredClone(value)
            }
            const text = isLines ? copy.map(value => JSON.stringify(value)).join('\n') : JSON.stringify(copy)
            try {
              const reading = await read(text)
              for (const { messages } of reading.conversations)
                for (const { parts } of messages) for (const part of parts) Part.parse(part)
              return addsUp(reading)
            } catch (error) {
              return hasCode(error, 'import/unreadable')
            }
          },
        ),
        { numRuns: 150 },
      )
    })
  })
}

/** The lines that hold a whole object. */
const wholeLines = (sample: string): string[] => sample.split('\n').filter(each => each.endsWith('}'))

/** Every member of every object and array inside. */
function placesOf(root: unknown): { holder: object; key: string }[] {
  const places: { holder: object; key: string }[] = []
  const stack = [root]
  for (let value = stack.pop(); value !== undefined; value = stack.pop()) {
    if (typeof value !== 'object' || value === null) continue
    for (const [key, inner] of Object.entries(value)) {
      places.push({ holder: value, key })
      stack.push(inner)
    }
  }
  return places
}

t.test('foreign files are refused with what they look like', async t => {
  const cases: readonly (readonly [Uint8Array | string, RegExp])[] = [
    [fixture('foreign/qwen-code.jsonl'), /Qwen Code/],
    [fixture('claude-ai/users.json'), /user list of a Claude\.ai export/],
    ['<!doctype html><script>var jsonData = []</script>', /HTML/],
    ['# Notes\n\nnothing else', /Markdown/],
    ['just words', /plain text/],
    ['', /empty file/],
    [' \n\t ', /empty file/],
    ['[]', /without any record/],
    ['{}', /not known/],
    [Buffer.from('\ufeff[]', 'utf16le'), /UTF-16/],
    [Buffer.from('SQLite format 3\0and more'), /SQLite database, which needs a place/],
    [Buffer.from('PK\x03\x04 but nothing more'), /zip is damaged/],
    [Buffer.from([0x1f, 0x8b, 0, 1, 2, 3]), /gzip data is damaged|empty file/],
    ['{"type":"user","text":"no session"}\n{"type":"user"}', /not known/],
    ['[{"mapping":{}}]', /not known/],
  ]
  for (const [bytes, message] of cases) await t.rejects(read(bytes), { code: 'import/unreadable', message })
})
