/** Real nodes for tests of what survives: `vivimd` as a process on a home of its own, killed and started again at will, spoken to
 *  over its real socket. What it logs can be waited for, so that no test has to sleep. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Client, connect } from '../../src/core/client/client.ts'
import type { MethodName, Params, Result } from '../../src/core/contract/methods.ts'
import { hasCode } from '../../src/core/kernel/errors.ts'
import { type Ended, ended, type FailedWith, plainEnv, VIVIMD, vivim } from './cli.ts'
import type { Ready } from './daemon.ts'
import { tempFolder } from './home.ts'

/** A wait that is not over by then has failed; nothing here takes a tenth of it on an idle machine. */
export const PATIENCE_MS = 60_000

/** Of a file that is imported over the socket. */
const CHUNK_BYTES = 256 * 1024

export interface LogLine {
  event?: string
  code?: string
  [field: string]: unknown
}

/** What brings an identity back. */
export interface Recover {
  fileB64: string | null
  filePassphrase: string | null
  words: string | null
  documentB64: string | null
  from: string | null
  keepOthers: boolean
}

/** What `vivimd --init` answers. */
export interface InitAnswer {
  did: string
  changed: boolean
  restored: Record<'contacts' | 'circles' | 'epochs' | 'shares' | 'conversations', number>
  missing: { what: string; id: string | null; why: string }[]
  kept: { devices: { key: string; addedAt: string }[]; asOf: string } | null
  error?: { data: { code: string } }
}

export interface LiveNodeOptions {
  /** Where the home is to be; in a folder of the test's own unless given. */
  home?: string
  passphrase?: string
  /** Where it listens; a free port of loopback unless given, what `vivim init` takes by itself when empty. */
  listen?: string[]
  /** URL of a PostgreSQL master database. */
  master?: string
  /** Take an identity back instead of making one: as `vivimd --init` is told. */
  recover?: Partial<Recover>
  /** Variables for its processes. */
  env?: Record<string, string>
  /** A command that runs the daemon, such as `ip netns exec …`. */
  through?: string[]
}

/** @returns what `work` gives. @throws after `PATIENCE_MS`, naming what was waited for. */
async function patiently<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`waited too long for ${what}`)), PATIENCE_MS)
  try {
    return await Promise.race([work, promise])
  } finally {
    clearTimeout(timer)
  }
}

/** One person with a node. */
export class LiveNode {
  readonly name: string
  readonly home: string
  did: string
  /** Every line that all its processes logged. */
  readonly lines: LogLine[] = []
  /** What it wrote to stderr that is not a log line, such as a stack of Node itself. */
  readonly noise: string[] = []
  readonly #env: Record<string, string>
  readonly #through: readonly string[]
  readonly #waiting = new Set<() => void>()
  #child: ChildProcess | null = null
  #closed: Promise<unknown> = Promise.resolve()
  #client: Client | null = null

  constructor(name: string, home: string, did: string, { env = {}, through = [] }: LiveNodeOptions) {
    this.name = name
    this.home = home
    this.did = did
    this.#env = env
    this.#through = through
  }

  get pid(): number {
    return this.#child?.pid ?? 0
  }

  /** The folder with the user's own database. */
  get userFolder(): string {
    return join(this.home, 'users', this.did.replaceAll(':', '_'))
  }

  /** Start a process and connect to it. @throws with what it logged when it ends before it is ready. */
  async start(): Promise<Ready> {
    const [program = '', ...args] = [...this.#through, process.execPath, VIVIMD, '--home', this.home]
    const child = spawn(program, args, {
      env: plainEnv({ VIVIM_MDNS: 'off', ...this.#env }),
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    this.#child = child
    this.#closed = once(child, 'close')
    child.stderr.setEncoding('utf8')
    let rest = ''
    child.stderr.on('data', (text: string) => {
      const all = (rest + text).split('\n')
      rest = all.pop() ?? ''
      for (const line of all) this.#take(line)
    })
    const { promise: ready, resolve, reject } = Promise.withResolvers<Ready>()
    let out = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      out += text
      const end = out.indexOf('\n')
      if (end >= 0) resolve(JSON.parse(out.slice(0, end)))
    })
    child.on('close', code =>
      reject(new Error(`vivimd of ${this.name} ended with ${code}: ${JSON.stringify(this.lines.at(-1))}`)),
    )
    const said = await patiently(`${this.name} to be ready`, ready)
    this.#client = await connect(said.socket, { clientName: 'test' })
    return said
  }

  #take(line: string): void {
    try {
      this.lines.push(JSON.parse(line))
    } catch {
      this.noise.push(line)
    }
    for (const look of this.#waiting) look()
  }

  /** `kill -9`, and wait until it is gone. */
  async kill(): Promise<void> {
    this.#child?.kill('SIGKILL')
    await this.#gone()
  }

  /** SIGTERM. @returns its exit code. */
  async stop(): Promise<number | null> {
    const child = this.#child
    child?.kill('SIGTERM')
    await this.#gone()
    return child?.exitCode ?? null
  }

  async #gone(): Promise<void> {
    await patiently(`${this.name} to end`, this.#closed)
    this.#client?.close()
    this.#client = null
    this.#child = null
  }

  call<M extends MethodName>(method: M, params: Params<M>): Promise<Result<M>> {
    if (this.#client === null) throw new Error(`${this.name} is not running`)
    return this.#client.call(method, params, { timeoutMs: PATIENCE_MS })
  }

  /** Speak for whoever lives here now, on a new connection. @param did - their DID. */
  async becomes(did: string): Promise<void> {
    this.did = did
    this.#client?.close()
    const socket = readFileSync(join(this.home, 'run', 'socket'), 'utf8').trim()
    this.#client = await connect(socket, { clientName: 'test' })
  }

  /** `vivim … --json` on this home. */
  vivim(args: readonly string[]): Promise<Ended> {
    return vivim([...args, '--home', this.home, '--json', '--no-input'])
  }

  /** A command that must end with `exit`. @returns the error that it printed. */
  async fails(args: readonly string[], exit: number): Promise<FailedWith> {
    const { code, out, err } = await this.vivim(args)
    if (code !== exit)
      throw new Error(`vivim ${args.join(' ')} ended with ${code}, not ${exit}: ${err}${out}`)
    return JSON.parse(err.trim().split('\n').at(-1) ?? '').error
  }

  /** How many lines say this, with these fields. */
  count(event: string, fields: LogLine = {}): number {
    return this.lines.filter(line => says(line, event, fields)).length
  }

  /** Wait until `times` lines since the first start say this. */
  async logged(event: string, fields: LogLine = {}, times = 1): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const look = (): void => {
      if (this.count(event, fields) >= times) resolve()
    }
    this.#waiting.add(look)
    look()
    try {
      await patiently(`${times} × ${event} ${JSON.stringify(fields)} of ${this.name}`, promise)
    } finally {
      this.#waiting.delete(look)
    }
  }

  /** Import one conversation. @returns its id. */
  async converse(title: string, ...texts: string[]): Promise<string> {
    const { importId } = await this.call('import.begin', {})
    const { fileId } = await this.call('import.file', { importId, path: 'conversations.json' })
    const bytes = Buffer.from(JSON.stringify([exported(title, texts)]))
    for (let at = 0; at < bytes.length; at += CHUNK_BYTES)
      await this.call('import.chunk', {
        fileId,
        dataB64: bytes.subarray(at, at + CHUNK_BYTES).toString('base64'),
      })
    await this.call('import.endFile', { fileId })
    await this.call('import.finish', { importId })
    const { conversations } = await this.call('conversation.list', { query: title })
    const [found] = conversations
    if (found === undefined) throw new Error('the conversation was not imported')
    return found.id
  }

  /** The code that a call fails with, or null when it does not. */
  async codeOf<M extends MethodName>(method: M, params: Params<M>): Promise<string | null> {
    try {
      await this.call(method, params)
      return null
    } catch (error) {
      return String((error as { code?: unknown }).code)
    }
  }

  /** What is in the inbox, waiting for something new first when `waitMs` is given. */
  async inbox(waitMs = 0): Promise<Result<'inbox.list'>['items']> {
    try {
      return (await this.call('inbox.list', waitMs === 0 ? {} : { waitMs })).items
    } catch (error) {
      if (hasCode(error, 'inbox/nothing-new')) return []
      throw error
    }
  }

  /** Wait until a share with one recipient is acknowledged. @returns how it is then. */
  async acknowledged(shareId: string): Promise<Result<'share.show'>> {
    const shown = await this.call('share.show', { share: shareId })
    // Its line may not have been written by a process that was killed.
    if (shown.recipients.every(({ state }) => state === 'acknowledged')) return shown
    await this.logged('share.acknowledged', { share: shareId })
    return await this.call('share.show', { share: shareId })
  }

  /** Wait until a share is in the inbox. */
  async received(share: string): Promise<void> {
    // Its line may not have been written by a process that was killed.
    if ((await this.inbox()).some(({ shareId }) => shareId === share)) return
    await this.logged('inbox.received', { share })
  }

  /** Wait for something that no line tells of, such as when the process that would have written it was killed. */
  async until(what: string, check: () => Promise<boolean>): Promise<void> {
    const overMs = Date.now() + PATIENCE_MS
    while (!(await check())) {
      if (Date.now() > overMs) throw new Error(`waited too long for ${this.name}: ${what}`)
      await new Promise(resolve => setTimeout(resolve, 20))
    }
  }

  /** Files of the home in which any of the texts stands, relative to it. */
  filesWith(...texts: string[]): string[] {
    return filesUnder(this.home)
      .filter(path => {
        const bytes = bytesOf(path)
        return texts.some(text => bytes.includes(text))
      })
      .map(path => path.slice(this.home.length + 1))
  }

  /** How many sealed blocks lie in the home. */
  blocks(): number {
    return filesUnder(join(this.home, 'blocks')).length
  }
}

/** A file's bytes; none for one that the daemon removed meanwhile. */
function bytesOf(path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return Buffer.alloc(0)
    throw error
  }
}

const says = (line: LogLine, event: string, fields: LogLine): boolean =>
  line.event === event && Object.entries(fields).every(([key, value]) => line[key] === value)

const filesUnder = (folder: string): string[] =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, encoding: 'utf8' })
        .map(name => join(folder, name))
        .filter(path => statSync(path, { throwIfNoEntry: false })?.isFile())
    : []

/** A conversation as Claude.ai exports it. */
function exported(title: string, texts: readonly string[]): object {
  const uuid = (n: number): string =>
    `00000000-0000-4000-8000-${Buffer.from(`${title}${n}`).toString('hex').slice(-12).padStart(12, '0')}`
  const at = '2026-03-01T10:00:00.000000Z'
  return {
    uuid: uuid(0),
    name: title,
    summary: '',
    created_at: at,
    updated_at: at,
    account: { uuid: uuid(1) },
    chat_messages: texts.map((text, index) => ({
      uuid: uuid(index + 2),
      text,
      content: [{ type: 'text', text, citations: [] }],
      sender: index % 2 === 0 ? 'human' : 'assistant',
      created_at: at,
      updated_at: at,
      attachments: [],
      files: [],
    })),
  }
}

/** Make a home and start its node. Killed with the test. */
export async function liveNode(t: Test, name: string, options: LiveNodeOptions = {}): Promise<LiveNode> {
  const node = await newHome(t, name, options)
  await node.start()
  if (options.passphrase !== undefined) await node.call('keystore.unlock', { passphrase: options.passphrase })
  return node
}

/** Make a home; nothing runs on it yet. */
export async function newHome(t: Test, name: string, options: LiveNodeOptions = {}): Promise<LiveNode> {
  const home = options.home ?? join(tempFolder(t), name)
  const { code, answer } = await initialise(home, name, options)
  if (code !== 0) throw new Error(`vivimd --init ended with ${code}: ${JSON.stringify(answer)}`)
  const node = new LiveNode(name, home, answer.did, options)
  t.teardown(() => node.kill())
  return node
}

/** `vivimd --init` on a home. */
export async function initialise(
  home: string,
  name: string,
  options: LiveNodeOptions = {},
): Promise<{ code: number | null; answer: InitAnswer }> {
  const [program = '', ...args] = [...(options.through ?? []), process.execPath, VIVIMD, '--init']
  const child = spawn(program, args, {
    env: plainEnv(options.env),
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  child.stdin.end(
    JSON.stringify({
      home,
      name,
      passphrase: options.passphrase ?? null,
      listen: options.listen ?? ['/ip4/127.0.0.1/tcp/0'],
      master: options.master ?? null,
      ...(options.recover && { recover: { ...NOTHING, ...options.recover } }),
    }),
  )
  const { code, out, err } = await ended(child)
  if (out === '') throw new Error(`vivimd --init ended with ${code}: ${err}`)
  return { code, answer: JSON.parse(out) }
}

const NOTHING: Recover = {
  fileB64: null,
  filePassphrase: null,
  words: null,
  documentB64: null,
  from: null,
  keepOthers: false,
}

/** One card one way: `from` knows `to`, who accepts what comes. */
export async function introduce(from: LiveNode, to: LiveNode): Promise<void> {
  const { card } = await to.call('contact.card', {})
  await from.call('contact.add', { card, name: to.name })
  const own = await from.call('contact.card', {})
  await to.call('contact.add', { card: own.card, name: from.name })
}
