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
  /** A file with this record before good ones. */
  readonly withRecord: (json: string) => string
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

/** Formats of JSONL; the others are arrays. */
const LINES: ReadonlySet<string> = new Set([
  'cursor',
  'claude-code',
  'codex',
  'gemini-cli',
  'copilot-chat',
  'copilot-cli',
])

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

    t.test('one bad record is skipped with where and why, and the rest is kept', async t => {
      for (const bad of [
        '42',
        '"text"',
        '[1,2]',
        '{"a":',
        '{"a":1,}',
        `${'['.repeat(600)}${']'.repeat(600)}`,
      ]) {
        const reading = await read(subject.withRecord(bad))
        t.ok(addsUp(reading), bad.slice(0, 20))
        t.equal(reading.conversations.length, subject.expects, bad.slice(0, 20))
        t.ok(reading.skipped.length >= 1, bad.slice(0, 20))
        t.match(reading.skipped[0]?.where, /(?:element|line) \d+, byte \d+/)
      }
    })

    t.test('a torn file keeps what is good', async t => {
      const text = subject.withRecord('null')
      const reading = await read(text.slice(0, -12))
      t.ok(addsUp(reading))
      t.ok(reading.conversations.length >= 1)
      t.match(reading.skipped.at(-1)?.reason, 'the file ends in the middle of it')
    })

    t.test('a torn gzip keeps what is good and says so', async t => {
      const packed = gzipSync(Buffer.from(subject.withRecord(`{"pad":"${'x'.repeat(10)}"}`)))
      const reading = await read(packed.subarray(0, -4))
      t.equal(reading.conversations.length, subject.expects)
      t.match(reading.skipped.at(-1)?.reason, 'damaged or cut off')
      t.ok(addsUp(reading))
    })

    t.test('a record over the limit is skipped, and what follows is read', async t => {
      const reading = await read(subject.withRecord(`{"pad":"${'x'.repeat(5000)}"}`), {
        limits: { recordBytes: 2000 },
      })
      t.equal(reading.conversations.length, subject.expects)
      t.match(reading.skipped[0]?.reason, 'longer than 2000 bytes')
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

    t.test('values of any type anywhere give records or a code, never anything else', async () => {
      const values = JSON.parse(
        LINES.has(subject.format)
          ? `[${subject.sample.toString('utf8').split('\n').slice(0, -1).join(',')}]`
          : subject.sample.toString('utf8'),
      ) as unknown[]
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.tuple(fc.nat(), fc.jsonValue()), { minLength: 1, maxLength: 10 }),
          async swaps => {
            const copy = structuredClone(values)
            for (const [at, value] of swaps) {
              const places = placesOf(copy)
              const place = places[at % places.length]
              if (place) (place.holder as Record<string, unknown>)[place.key] = value
            }
            const text = LINES.has(subject.format)
              ? copy.map(value => JSON.stringify(value)).join('\n')
              : JSON.stringify(copy)
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
    [fixture('foreign/deepseek.json'), /DeepSeek/],
    [fixture('foreign/qwen-code.jsonl'), /Qwen Code/],
    [fixture('foreign/sharegpt.json'), /ShareGPT/],
    [fixture('claude-ai/users.json'), /user list of a Claude\.ai export/],
    [fixture('zips/deepseek.zip'), /DeepSeek/],
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
