/** `vivim import` as somebody uses it: out of the usual places of a machine, watching, and interrupted. */
import { type ChildProcess, spawn } from 'node:child_process'
import { appendFileSync, chmodSync, cpSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import t, { type Test } from 'tap'
import { ended, person, plainEnv, ROOT, VIVIM, vivim } from '../kit/cli.ts'
import { tempFolder } from '../kit/home.ts'
import { KEY, onTerminal } from '../kit/terminal.ts'

// Whole processes, on machines that do other things too.
t.setTimeout(300_000)

const FIXTURES = join(ROOT, 'test', 'fixtures', 'conversations')

/** A machine with sessions in the usual places. @returns the environment that shows it, and its home folder */
function machine(t: Test) {
  const home = tempFolder(t)
  const put = (fixture: string, ...path: string[]) => {
    const to = join(home, ...path)
    mkdirSync(dirname(to), { recursive: true })
    cpSync(join(FIXTURES, fixture), to)
  }
  const settings = process.platform === 'darwin' ? ['Library', 'Application Support'] : ['.config']
  put('codex/rollout.jsonl', '.codex', 'sessions', '2026', '05', '03', 'rollout.jsonl')
  put('codex/events.jsonl', '.codex', 'archived_sessions', 'events.jsonl')
  put('gemini-cli/session.jsonl', '.gemini', 'tmp', 'h', 'chats', 'session.jsonl')
  put('cursor/state.vscdb', ...settings, 'Cursor', 'User', 'globalStorage', 'state.vscdb')
  put(
    'copilot-chat/session.json',
    ...settings,
    'VSCodium',
    'User',
    'workspaceStorage',
    'w',
    'chatSessions',
    's.json',
  )
  put(
    'copilot-chat/export.json',
    ...settings,
    'VSCodium',
    'User',
    'workspaceStorage',
    'w',
    'other',
    'not-a-chat.json',
  )
  const env = { HOME: home, CODEX_HOME: '', CLAUDE_CONFIG_DIR: '', XDG_CONFIG_HOME: '', GEMINI_CLI_HOME: '' }
  return { home, env }
}

interface Report {
  files: { path: string; format: string | null; imported: number }[]
  totals: { imported: number; unchanged: number; skipped: number }
}

t.test('without a path, and nobody to ask, it says what was found and which flag to give', async t => {
  const { env } = machine(t)
  const { code, out, err } = await vivim(['import', '--home', tempFolder(t), '--json'], { env })
  t.equal(code, 2)
  t.equal(out, '')
  const { error } = JSON.parse(err) as { error: { code: string; message: string } }
  t.equal(error.code, 'usage/input-needed')
  t.match(
    error.message,
    /Codex CLI \(2 files.*Gemini CLI \(1 file.*--from codex,gemini-cli,cursor,copilot-chat/,
  )
  t.notMatch(error.message, /Claude Code/)
})

t.test('an unknown name is wrong usage, and the known ones are named', async t => {
  const { code, err } = await vivim(['import', '--from', 'codex,nobody', '--home', tempFolder(t)])
  t.equal(code, 2)
  t.match(err, /no nobody; it knows claude-code, codex, gemini-cli, cursor, copilot-chat, copilot-cli/)
})

t.test('--from takes what lies in those places, and again changes nothing', async t => {
  const { env } = machine(t)
  const alice = await person(t, 'alice')
  await alice.start()
  const args = ['import', '--from', 'codex, cursor,copilot-chat', '--home', alice.home, '--json']
  const first = JSON.parse((await vivim(args, { env })).out) as Report
  t.same(first.files.map(file => file.format).sort(), ['codex', 'codex', 'copilot-chat', 'cursor'])
  t.equal(first.totals.imported, 4)
  const second = JSON.parse((await vivim(args, { env })).out) as Report
  t.match(second.totals, { imported: 0, unchanged: 4, skipped: 0 })
})

t.test('alice is asked on a terminal, and names what she wants', async t => {
  const { env } = machine(t)
  const alice = await person(t, 'alice')
  await alice.start()
  const screen = onTerminal(t, ['import', '--home', alice.home], env)
  await screen.sees('Gemini CLI')
  await screen.sees('Import all of this?')
  screen.type('gemini-cli\r')
  await screen.sees('gemini-cli')
  t.equal(await screen.ended, 0)
  const { conversations } = await alice.run<{ conversations: { provider: string }[] }>([
    'conversation',
    'list',
  ])
  t.same(
    conversations.map(one => one.provider),
    ['gemini-cli'],
  )
})

t.test('where the input ends at the question, nothing is imported', async t => {
  const { env } = machine(t)
  const alice = await person(t, 'alice')
  await alice.start()
  const screen = onTerminal(t, ['import', '--home', alice.home], env)
  await screen.sees('Import all of this?')
  screen.type(KEY.end)
  await screen.sees('nothing was imported')
  t.equal(await screen.ended, 130)
})

/** A child's lines of JSON, one at a time. */
function documents(child: ChildProcess): () => Promise<Record<string, unknown>> {
  const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]()
  return async () => JSON.parse((await lines.next()).value ?? 'null')
}

t.test(
  '--watch takes in what is added, a line torn while it is written is no error, and Ctrl-C ends it',
  async t => {
    const alice = await person(t, 'alice')
    await alice.start()
    const folder = tempFolder(t)
    const file = join(folder, 'rollout.jsonl')
    const lines = readFileSync(join(FIXTURES, 'codex', 'rollout.jsonl'), 'utf8')
      .trim()
      .split('\n')
    writeFileSync(file, `${lines.slice(0, 5).join('\n')}\n`)
    const args = [VIVIM, 'import', folder, '--watch', '--home', alice.home, '--json']
    const child = spawn(process.execPath, args, { env: plainEnv(), stdio: ['ignore', 'pipe', 'pipe'] })
    t.teardown(() => void child.kill('SIGKILL'))
    const end = ended(child)
    const next = documents(child)
    t.match(await next(), { path: file, format: 'codex', imported: 1, skipped: [] })
    const answer = lines.at(-4) ?? ''
    appendFileSync(file, `${lines.slice(5, 8).join('\n')}\n${answer.slice(0, 40)}`)
    t.match(await next(), { path: file, imported: 0, updated: 1, skipped: [] })
    appendFileSync(file, `${answer.slice(40)}\n`)
    t.match(await next(), { path: file, updated: 1, skipped: [] })
    writeFileSync(join(folder, 'other.json'), '{"no":"export"}')
    t.match(await next(), { format: null, skipped: [{ where: 'file' }] })
    child.kill('SIGINT')
    t.equal((await end).code, 130)
  },
)

t.test('Ctrl-C during an import keeps what was stored, says so, and the same command goes on', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  const chats = Array.from({ length: 3000 }, (_, at) => ({
    id: `w${at}`,
    title: `Chat ${at}`,
    chat: { history: { currentId: 'm', messages: { m: { id: 'm', role: 'user', content: `Hi ${at}` } } } },
  }))
  const text = JSON.stringify(chats)
  const child = spawn(process.execPath, [VIVIM, 'import', '-', '--home', alice.home], {
    env: plainEnv(),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const end = ended(child)
  child.stdin.on('error', () => {})
  // More than the reader looks at before it begins, and not the end.
  child.stdin.write(text.slice(0, -10) + ' '.repeat(2 << 20))
  const stored = async (): Promise<number> =>
    (await alice.run<{ conversations: unknown[] }>(['conversation', 'list', '--limit', '1000'])).conversations
      .length
  let before = 0
  for (let look = 0; look < 50 && before === 0; look++) before = await stored()
  t.equal(before, 1000, 'as many as one page has are stored, or more')
  child.kill('SIGINT')
  const { code, err } = await end
  t.equal(code, 130)
  t.match(err, /what was stored until then stays/)
  t.ok((await stored()) >= before)
  const { totals } = await alice.run<Report>(['import', '-'], { input: text })
  t.equal(totals.imported + totals.unchanged, 3000)
  t.ok(totals.imported > 0, 'the import was cut off')
  t.ok(totals.unchanged >= before)
})

t.test('a file in a folder that is closed to us is named, and the others are read', async t => {
  const alice = await person(t, 'alice')
  await alice.start()
  const folder = tempFolder(t)
  cpSync(join(FIXTURES, 'codex', 'rollout.jsonl'), join(folder, 'a.jsonl'))
  cpSync(join(FIXTURES, 'codex', 'events.jsonl'), join(folder, 'b.jsonl'))
  chmodSync(join(folder, 'a.jsonl'), 0)
  const isRoot = process.getuid?.() === 0
  const { files, totals } = await alice.run<Report>(['import', folder])
  t.equal(files.length, 2)
  // Root reads everything.
  t.match(totals, isRoot ? { imported: 2, skipped: 0 } : { imported: 1, skipped: 1 })
})
