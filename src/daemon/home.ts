/** The home of a node on disk: what lies where, its format, the lock of the one daemon that may use it. */
import { chmodSync, lstatSync, mkdirSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { socketPathOf } from '../core/contract/socket-path.ts'
import { ED25519_SEED_BYTES } from '../core/crypto/ed25519.ts'
import { SecretBytes } from '../core/crypto/secret.ts'
import { parseDid } from '../core/identity/did.ts'
import { fromUtf8, utf8 } from '../core/kernel/bytes.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { isMissing, readSmall, writeDurable } from './durable-file.ts'
import { type FileLock, lockFile } from './storage/file-lock.ts'

/** Raised when the layout changes in a way that an older VIVIM would misread. */
export const HOME_FORMAT = 1

/** Where everything of a home lies; absolute paths. */
export interface HomePaths {
  readonly root: string
  /** The format as a decimal integer; written last, so that a home that has it is whole. */
  readonly format: string
  readonly config: string
  /** The DID of the operator: of the first user, whom `init` made. */
  readonly operator: string
  /** The node's Ed25519 seed, 32 raw bytes. */
  readonly nodeKey: string
  readonly master: string
  readonly network: string
  readonly users: string
  readonly blocks: string
  readonly policies: string
  /** Files of the running daemon. */
  readonly run: string
  /** Spooled uploads; emptied at start. */
  readonly tmp: string
  readonly lock: string
  readonly listenPorts: string
  /** The path of the daemon's socket, for those who look. */
  readonly socketNote: string
}

/** What lies in a user's folder. */
export interface UserPaths {
  readonly folder: string
  readonly database: string
  readonly keystore: string
  /** The recovery seed, until it was exported. */
  readonly recovery: string
  /** The identity document in force, wire form. */
  readonly document: string
  /** The node's standing statement, wire form; readable while the keystore is locked. */
  readonly standing: string
  /** While this device takes the place of the user that the home was made with: the DID of that one. */
  readonly replaces: string
  readonly assets: string
}

/** @param root - absolute path. */
export function homePaths(root: string): HomePaths {
  const run = join(root, 'run')
  return {
    root,
    format: join(root, 'format'),
    config: join(root, 'config.toml'),
    operator: join(root, 'operator'),
    nodeKey: join(root, 'node.key'),
    master: join(root, 'master.sqlite'),
    network: join(root, 'network.sqlite'),
    users: join(root, 'users'),
    blocks: join(root, 'blocks'),
    policies: join(root, 'policies'),
    run,
    tmp: join(root, 'tmp'),
    lock: join(run, 'lock'),
    listenPorts: join(run, 'listen-port'),
    socketNote: join(run, 'socket'),
  }
}

/** A DID as the name of a folder. */
export const userFolderName = (did: Did): string => did.replaceAll(':', '_')

/** @param folder - of one user. */
export const userPathsIn = (folder: string): UserPaths => ({
  folder,
  database: join(folder, 'user.db'),
  keystore: join(folder, 'keystore'),
  recovery: join(folder, 'recovery'),
  document: join(folder, 'identity.doc'),
  standing: join(folder, 'standing'),
  replaces: join(folder, 'replaces'),
  assets: join(folder, 'assets'),
})

export const userPaths = (paths: HomePaths, did: Did): UserPaths =>
  userPathsIn(join(paths.users, userFolderName(did)))

/** The users who live in a home, ascending. */
export function listUsers(paths: HomePaths): Did[] {
  let names: string[]
  try {
    names = readdirSync(paths.users)
  } catch (error) {
    if (isMissing(error)) return []
    throw error
  }
  return names.flatMap(name => parseDid(name.replaceAll('_', ':')) ?? []).sort()
}

/** Who was first in this home is its operator, for as long as they live here: written down by `init`, or by the first start of a
 *  version that knows of several users, when there is one. @throws `home/config` for a home without anybody. */
export function operatorOf(paths: HomePaths): Did {
  const everybody = listUsers(paths)
  const noted = parseDid(
    Buffer.from(readSmall(paths.operator, 256) ?? [])
      .toString('latin1')
      .trim(),
  )
  if (noted !== null && everybody.includes(noted)) return noted
  const [only, ...others] = everybody
  if (only === undefined) throw new VivimError('home/config', `nobody lives in ${paths.root}`)
  if (others.length > 0)
    throw new VivimError('home/config', `${paths.operator} does not name a user of this home`, {
      file: paths.operator,
    })
  writeDurable(paths.operator, `${only}\n`)
  return only
}

/** @returns the format, or null where the home is missing or not whole. @throws `home/format` for a newer one or for nonsense,
 *  `file/unusable` for a folder that may not be looked into. */
export function readFormat(paths: HomePaths): number | null {
  let bytes: Uint8Array | null
  try {
    bytes = readSmall(paths.format, 16)
  } catch (error) {
    throw folderError(paths.root, error instanceof VivimError ? error.cause : error)
  }
  if (bytes === null) return null
  const text = /^(\d{1,6})\s*$/.exec(Buffer.from(bytes).toString('latin1'))?.[1]
  if (text === undefined) throw new VivimError('home/format', `${paths.format} does not hold a number`)
  const format = Number(text)
  if (format > HOME_FORMAT)
    throw new VivimError(
      'home/format',
      `this home has format ${format}, this VIVIM knows up to ${HOME_FORMAT}`,
      {
        format,
        known: HOME_FORMAT,
      },
    )
  return format
}

/** Make a folder that only its owner can look into, or make an existing one so. @throws `file/unusable`, `storage/full`. */
export function privateFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true, mode: 0o700 })
    if ((lstatSync(path).mode & 0o077) !== 0) chmodSync(path, 0o700)
  } catch (cause) {
    throw folderError(path, cause)
  }
}

/** Whose folder cannot be had: the person's to solve, by another path or another right. */
export function folderError(path: string, cause: unknown): VivimError {
  const code = String((cause as NodeJS.ErrnoException).code)
  if (code === 'ENOSPC') return new VivimError('storage/full', `no room to make ${path}`, { path }, { cause })
  return new VivimError('file/unusable', `${path} cannot be used as a folder (${code})`, { path }, { cause })
}

/** A home ready for a daemon: whole, of a known format, all folders there. @throws `home/missing`, `home/format`. */
export function openHome(root: string): HomePaths {
  const paths = homePaths(root)
  if (readFormat(paths) === null)
    throw new VivimError('home/missing', `there is no home in ${root}`, { home: root })
  for (const folder of [root, paths.users, paths.blocks, paths.policies, paths.run, paths.tmp])
    privateFolder(folder)
  return paths
}

/** Keep every other daemon out until `release`, or until this process is gone.
 *  @param waitMs - how long to wait for one that is about to end. @throws `daemon/already-running`. */
export function lockHome(paths: HomePaths, waitMs = 0): FileLock {
  privateFolder(paths.run)
  const lock = lockFile(paths.lock, waitMs)
  if (lock === null)
    throw new VivimError('daemon/already-running', `another vivimd uses ${paths.root}`, { home: paths.root })
  return lock
}

/** The node's key. @throws `home/missing` where there is none, `keystore/corrupt` for other than 32 bytes. */
export function readNodeSeed(paths: HomePaths): SecretBytes {
  const seed = readSmall(paths.nodeKey, 1024)
  if (seed === null) throw new VivimError('home/missing', `${paths.nodeKey} is not there`)
  if (seed.length !== ED25519_SEED_BYTES)
    throw new VivimError('keystore/corrupt', `${paths.nodeKey} is not ${ED25519_SEED_BYTES} bytes`)
  const secret = new SecretBytes(seed)
  seed.fill(0)
  return secret
}

/** Where to put the socket, its folder made and checked, and the path written down in `run/`.
 *  @param runtimeFolder - a folder of the user's own for sockets, used when the home's path is too long for one.
 *  @throws `daemon/not-ready` when that folder is not ours alone. */
export function prepareSocket(paths: HomePaths, runtimeFolder: string): string {
  const socket = socketPathOf(paths.root, runtimeFolder)
  const folder = dirname(socket)
  if (folder !== paths.run) {
    mkdirSync(runtimeFolder, { recursive: true, mode: 0o700 })
    mkdirSync(folder, { recursive: true, mode: 0o700 })
    checkOwn(runtimeFolder)
    checkOwn(folder)
  }
  writeDurable(paths.socketNote, `${socket}\n`)
  return socket
}

/** Under a folder that everybody may write to, somebody else may have come first. */
function checkOwn(folder: string): void {
  const stat = lstatSync(folder)
  const own = process.getuid === undefined || stat.uid === process.getuid()
  if (!stat.isDirectory() || !own || (stat.mode & 0o077) !== 0)
    throw new VivimError(
      'daemon/not-ready',
      `${folder} must be a folder of mode 0700 that belongs to this user`,
      {
        folder,
      },
    )
}

const PORT_ZERO = /\/tcp\/0$/
/** What `/tcp/0` was given last time: lines of `configured address, blank, port`. */
const MAX_PORT_NOTE_BYTES = 16 * 1024

/** The addresses to try first: `/tcp/0` becomes the port that it was given at an earlier start, so that cards stay true. */
export function withKeptPorts(paths: HomePaths, listen: readonly string[]): string[] {
  const note = readSmall(paths.listenPorts, MAX_PORT_NOTE_BYTES)
  if (note === null) return [...listen]
  const kept = new Map<string, string>()
  for (const line of Buffer.from(note).toString('latin1').split('\n')) {
    const found = /^(\S+) (\d{1,5})$/.exec(line)
    if (found?.[1] && found[2] && Number(found[2]) > 0 && Number(found[2]) < 65_536)
      kept.set(found[1], found[2])
  }
  return listen.map(address => {
    const port = PORT_ZERO.test(address) ? kept.get(address) : undefined
    return port === undefined ? address : address.replace(PORT_ZERO, `/tcp/${port}`)
  })
}

/** Write down which ports the addresses with `/tcp/0` were given.
 *  @param bound - the multiaddrs that the node listens on, in any order, with or without a `/p2p` end. */
export function keepPorts(paths: HomePaths, listen: readonly string[], bound: readonly string[]): void {
  const free = bound.flatMap(address => {
    const found = /^\/(ip4|ip6)\/[^/]+\/tcp\/(\d+)(\/p2p\/\w+)?$/.exec(address)
    return found?.[1] && found[2] ? [{ kind: found[1], port: found[2] }] : []
  })
  const fixed = new Set(listen.flatMap(address => /\/tcp\/([1-9]\d*)$/.exec(address)?.[1] ?? []))
  const lines: string[] = []
  for (const address of listen) {
    if (!PORT_ZERO.test(address)) continue
    const given = free.find(({ kind, port }) => address.startsWith(`/${kind}/`) && !fixed.has(port))
    if (!given) continue
    fixed.add(given.port)
    lines.push(`${address} ${given.port}\n`)
  }
  const text = lines.join('')
  const before = readSmall(paths.listenPorts, MAX_PORT_NOTE_BYTES)
  if (text !== '' && (before === null || fromUtf8(before) !== text))
    writeDurable(paths.listenPorts, utf8(text))
}
