/** The front door as the daemon uses it: sources are closed, the event loop turns, what ports throw passes through. */
import t from 'tap'
import { conversationId } from '../../../src/core/conversation/conversation-id.ts'
import { readExport } from '../../../src/core/conversation/read-export.ts'
import { fixture, read, zip } from './kit.ts'

const sink = { put: async () => '0'.repeat(64) }
const sample = fixture('chatgpt/2025-full/conversations.json')

/** A source that tells when it was closed early. */
function watched(bytes: Uint8Array, repeats = 1): { closed: boolean; bytes: AsyncIterable<Uint8Array> } {
  const state = { closed: false, bytes: source() }
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (let i = 0; i < repeats; i++) yield bytes
    } finally {
      state.closed = true
    }
  }
  return state
}

t.test(
  'the source is closed when the reader stops early, refuses the file, or has no place for a zip',
  async t => {
    const stopped = watched(Buffer.concat([sample, Buffer.alloc(100_000, ' ')]), 30)
    for await (const event of readExport({ label: 'x', bytes: stopped.bytes }, { assets: sink })) {
      t.equal(event.kind, 'conversation')
      break
    }
    t.ok(stopped.closed)
    const foreign = watched(Buffer.from('x'.repeat(600_000)), 30)
    await t.rejects(readExport({ label: 'x', bytes: foreign.bytes }, { assets: sink }).next())
    t.ok(foreign.closed)
    const zipped = watched(
      Buffer.concat([zip([{ name: 'a.json', bytes: sample }]), Buffer.alloc(2_000_000)]),
      2,
    )
    await t.rejects(readExport({ label: 'x', bytes: zipped.bytes }, { assets: sink }).next(), {
      code: 'import/unreadable',
    })
    t.ok(zipped.closed)
  },
)

t.test('what the source, the sink and the spool throw comes out as it is', async t => {
  const broken = new Error('socket closed')
  const source = (async function* () {
    yield sample
    yield Buffer.alloc(2_000_000, ' ')
    throw broken
  })()
  const run = async (): Promise<void> => {
    for await (const _ of readExport({ label: 'x', bytes: source }, { assets: sink }));
  }
  await t.rejects(run(), broken)
  const full = new Error('disk full')
  const session = fixture('claude-code/11111111-2222-4333-8444-555555555555.jsonl')
  const failing = {
    put: async () => {
      throw full
    },
  }
  const store = async (): Promise<void> => {
    for await (const _ of readExport({ label: 'x', bytes: watched(session).bytes }, { assets: failing }));
  }
  await t.rejects(store(), full)
  const archive = watched(fixture('zips/chatgpt-flat.zip')).bytes
  const spooled = {
    size: 5000,
    read: async () => {
      throw broken
    },
    close: async () => undefined,
  }
  const spool = async (): Promise<void> => {
    for await (const _ of readExport(
      { label: 'x', bytes: archive },
      { assets: sink, spool: async () => spooled },
    ));
  }
  await t.rejects(spool(), broken)
})

t.test('the spooled copy is closed, also after an error', async t => {
  for (const name of ['chatgpt-flat', 'deepseek']) {
    let closed = 0
    const all = fixture(`zips/${name}.zip`)
    const spooled = {
      size: all.length,
      read: async (at: number, length: number) => all.subarray(at, at + length),
      close: async () => {
        closed++
      },
    }
    const run = async (): Promise<void> => {
      const file = { label: 'x', bytes: watched(all).bytes }
      for await (const _ of readExport(file, { assets: sink, spool: async () => spooled }));
    }
    await run().catch(() => undefined)
    t.equal(closed, 1, name)
  }
})

t.test('the event loop turns while a source that is always ready is read', async t => {
  let turns = 0
  const timer = setInterval(() => turns++, 0)
  const rest = `${','.repeat(1000)}${' '.repeat(1_000_000)}`
  const source = (async function* () {
    yield sample.subarray(0, sample.lastIndexOf(']'))
    for (let i = 0; i < 60; i++) yield Buffer.from(rest)
  })()
  for await (const _ of readExport({ label: 'x', bytes: source }, { assets: sink }));
  clearInterval(timer)
  t.ok(turns > 3, `${turns}`)
})

t.test('a conversation has the same id everywhere, and another for another provider', async t => {
  const [conversation] = (await read(sample)).conversations
  t.equal(conversationId('chatgpt', conversation?.sourceId ?? ''), 'd2flcm5uv5dc5kleknnunc7aam')
  t.not(conversationId('claude.ai', 'a'), conversationId('chatgpt', 'a'))
})

t.test('records that are too long come first, and what follows them is still read', async t => {
  const [good] = JSON.parse(sample.toString('utf8').replace(/^\ufeff/, ''))
  const long = JSON.stringify({ title: 'x'.repeat(9_000_000) })
  const reading = await read(`[${long},${JSON.stringify(good)}]`, { limits: { recordBytes: 1_000_000 } })
  t.match(reading.skipped, [{ where: 'element 1, byte 1', reason: /longer than 1000000 bytes/ }])
  t.equal(reading.conversations.length, 1)
})
