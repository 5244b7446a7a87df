/** The daemon as a process: arguments, signals, the ready line, and how it ends. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { z } from 'zod'
import { errorFrame } from '../core/contract/codes.ts'
import { SecretBytes } from '../core/crypto/secret.ts'
import { utf8 } from '../core/kernel/bytes.ts'
import { systemChance, systemClock } from '../core/kernel/env.ts'
import { codeOf, ERRORS, VivimError } from '../core/kernel/errors.ts'
import { Scope } from '../core/kernel/scope.ts'
import { VERSION } from '../core/kernel/version.ts'
import { readConfig, readEnvironment } from './config.ts'
import { describeDefect } from './defect.ts'
import { lockHome, openHome } from './home.ts'
import { type Log, makeLog } from './log.ts'
import { openLogFile } from './log-file.ts'
import { storageError } from './storage/storage-error.ts'

const HELP = `Runs a node of VIVIM in the foreground.

USAGE
  vivimd [--home DIR] [--log-file FILE]
  vivimd --init            make a home from a JSON request on stdin, as \`vivim init\` and \`vivim identity import\` do

OPTIONS
  --home DIR       the home to work on [env: VIVIM_HOME]
  --log-file FILE  write the log there instead of stderr; a full one is put aside under FILE.1
  --version        print the version
  --help           print this

When the node is ready, one line of JSON goes to stdout: {"event":"ready","socket",…}. The log is JSON lines.
SIGTERM and SIGINT stop it cleanly; a second one at once. VIVIM_LOG sets the level (debug, info, warn, error).
`

/** What a clean stop may take, promised to whoever manages the process. */
const STOP_TIMEOUT_MS = 10_000
/** The other daemon of this home may be at its end when this one begins. */
const LOCK_WAIT_MS = 2_000
/** An export file of the largest size, in base64, beside the rest. */
const MAX_REQUEST_BYTES = 4 << 20

/** Anything thrown, as an error of the table. */
function asVivimError(caught: unknown): VivimError {
  const error = storageError(caught)
  if (error instanceof VivimError) return error
  return new VivimError('program/defect', 'vivimd failed unexpectedly', {}, { cause: error })
}

function logEnd(log: Log, caught: unknown): number {
  const error = asVivimError(caught)
  const defect = error.code === 'program/defect' ? describeDefect(error.cause ?? error) : {}
  log.error({ ...error.details, ...defect, code: error.code, hint: ERRORS[error.code].hint }, error.message)
  return ERRORS[codeOf(error)].exit
}

const Place = z.strictObject({
  home: z.string().min(1),
  passphrase: z.string().nullable(),
  listen: z.array(z.string()),
  master: z.string().nullable(),
})
const InitRequest = z.union([
  Place.extend({ name: z.string() }),
  Place.extend({
    name: z.string().nullable(),
    /** An identity that is there already. */
    recover: z.strictObject({
      fileB64: z.base64().nullable(),
      filePassphrase: z.string().nullable(),
      words: z.string().nullable(),
      documentB64: z.base64().nullable(),
      from: z.string().nullable(),
      keepOthers: z.boolean(),
    }),
  }),
])
type InitRequest = z.infer<typeof InitRequest>

/** `--init`: one JSON document in, one out. @returns the exit code */
async function init(): Promise<number> {
  const answer = (document: object) => process.stdout.write(`${JSON.stringify(document)}\n`)
  try {
    answer(await make(parseRequest(readFileSync(0))))
    return 0
  } catch (error) {
    const known = asVivimError(error)
    answer({ error: errorFrame(null, known).error })
    if (known.code === 'program/defect') logEnd(makeLog('error'), error)
    return ERRORS[known.code].exit
  }
}

async function make(request: InitRequest): Promise<object> {
  const secretOf = (text: string | null) => (text === null ? null : new SecretBytes(utf8(text)))
  const bytesOf = (text: string | null) =>
    text === null ? null : Uint8Array.from(Buffer.from(text, 'base64'))
  const ports = { passphrase: secretOf(request.passphrase), clock: systemClock, chance: systemChance }
  if (!('recover' in request)) {
    const { initHome } = await import('./init.ts')
    return await initHome({ ...request, ...ports })
  }
  const { importIdentity } = await import('./identity-import.ts')
  const { recover, ...place } = request
  const bytes = bytesOf(recover.fileB64)
  return await importIdentity({
    ...place,
    ...ports,
    file: bytes && {
      bytes,
      passphrase: secretOf(recover.filePassphrase) ?? new SecretBytes(new Uint8Array(0)),
    },
    words: recover.words,
    document: bytesOf(recover.documentB64),
    from: recover.from === null ? null : resolve(recover.from),
    keepOthers: recover.keepOthers,
  })
}

function parseRequest(bytes: Buffer): InitRequest {
  try {
    if (bytes.length <= MAX_REQUEST_BYTES) return InitRequest.parse(JSON.parse(bytes.toString('utf8')))
  } catch {
    // Neither the parser's words nor the schema's may be shown: they quote a request that holds a passphrase.
  }
  throw new VivimError('usage/invalid', 'stdin does not hold an init request as one JSON document')
}

/** Run until told to stop. @returns the exit code */
async function run(home: string | undefined, logFile: string | undefined): Promise<number> {
  const destination = logFile === undefined ? undefined : openLogFile(logFile)
  let log = makeLog('info', destination)
  // Whoever started us may have gone: a closed stdout or stderr is no reason to end.
  process.stdout.on('error', () => {})
  process.stderr.on('error', () => {})
  const crash = (error: unknown) => process.exit(logEnd(log, error))
  process.on('uncaughtException', crash)
  process.on('unhandledRejection', crash)

  const stopping = new AbortController()
  const onSignal = (signal: NodeJS.Signals) => {
    if (stopping.signal.aborted) process.exit(signal === 'SIGINT' ? 130 : 143)
    log.info({ signal }, 'stopping')
    stopping.abort()
  }
  process.on('SIGTERM', onSignal)
  process.on('SIGINT', onSignal)

  const scope = new Scope()
  let code = 0
  try {
    const environment = readEnvironment()
    const paths = openHome(home === undefined ? environment.home : resolve(home))
    const config = readConfig(paths, environment)
    log = makeLog(config.log.level, destination)
    scope.own(lockHome(paths, LOCK_WAIT_MS), lock => lock.release())
    const pidFile = join(paths.run, 'vivimd.pid')
    writeFileSync(pidFile, `${process.pid}\n`, { mode: 0o600 })
    scope.own(pidFile, path => rmSync(path, { force: true }))
    const { compose } = await import('./compose.ts')
    const daemon = await compose(
      {
        paths,
        config,
        runtimeFolder: environment.runtimeFolder,
        checkResults: environment.checkResults,
        log,
        clock: systemClock,
        chance: systemChance,
        stop: () => stopping.abort(),
      },
      scope,
    )
    const { socket, peerId } = daemon
    const ready = { event: 'ready', socket, peerId, addrs: daemon.addrs(), pid: process.pid }
    log.info({ socket, peerId, version: VERSION }, 'ready')
    process.stdout.write(`${JSON.stringify(ready)}\n`)
    await aborted(stopping.signal)
  } catch (error) {
    code = logEnd(log, error)
  }
  const overdue = setTimeout(() => {
    log.error({ code: 'daemon/not-ready' }, 'a clean stop took too long')
    process.exit(code === 0 ? 1 : code)
  }, STOP_TIMEOUT_MS)
  overdue.unref()
  try {
    await scope.close()
    if (code === 0) log.info({}, 'stopped')
  } catch (error) {
    code = logEnd(log, error)
  }
  return code
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise(done => {
    if (signal.aborted) done()
    signal.addEventListener('abort', () => done(), { once: true })
  })

async function main(): Promise<number> {
  // Whatever library makes a file in a home: it is for its owner only.
  process.umask(0o077)
  let values: { help?: boolean; version?: boolean; init?: boolean; home?: string; 'log-file'?: string }
  try {
    values = parseArgs({
      options: {
        help: { type: 'boolean' },
        version: { type: 'boolean' },
        init: { type: 'boolean' },
        home: { type: 'string' },
        'log-file': { type: 'string' },
      },
    }).values
  } catch (error) {
    process.stderr.write(`vivimd: ${(error as Error).message.split('. ')[0]}; see vivimd --help\n`)
    return 2
  }
  if (values.help) process.stdout.write(HELP)
  else if (values.version)
    process.stdout.write(`vivimd/${VERSION} ${process.platform}-${process.arch} node-${process.version}\n`)
  else if (values.init) return init()
  else return run(values.home, values['log-file'])
  return 0
}

// Whatever still holds the event loop after a clean stop must not keep the process.
process.exit(await main())
