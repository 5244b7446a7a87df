/** Making a home: node key, identity, keystore, config. Writes files only; nothing is started and nothing stays bound. */
import { readdirSync, rmSync } from 'node:fs'
import { resolve } from 'node:path'
import { stringify } from 'smol-toml'
import { Ed25519Key } from '../core/crypto/ed25519.ts'
import { SecretBytes } from '../core/crypto/secret.ts'
import { peerIdFromKey } from '../core/identity/peer-id.ts'
import type { Chance, Clock } from '../core/kernel/env.ts'
import { VivimError } from '../core/kernel/errors.ts'
import type { Did } from '../core/model/id.ts'
import { DisplayName } from '../core/model/name.ts'
import { checkMasterUrl, ListenAddress, parseConfig } from './config.ts'
import { isMissing, readSmall, syncFolder, writeDurable } from './durable-file.ts'
import {
  folderError,
  HOME_FORMAT,
  type HomePaths,
  homePaths,
  lockHome,
  operatorOf,
  privateFolder,
  readFormat,
  readNodeSeed,
} from './home.ts'
import { defaultListen } from './listening.ts'
import { storageError } from './storage/storage-error.ts'
import { makeUserFolder } from './user-folder.ts'

export interface InitRequest {
  readonly home: string
  readonly name: string
  /** Null keeps the keys readable for whoever can read the disk. */
  readonly passphrase: SecretBytes | null
  /** Multiaddrs; empty for the default. */
  readonly listen: readonly string[]
  /** URL of a PostgreSQL master database, or null for the embedded one. */
  readonly master: string | null
  readonly clock: Clock
  readonly chance: Chance
}

export interface InitResult {
  readonly did: Did
  readonly name: string
  readonly home: string
  readonly peerId: string
  readonly listen: string[]
  readonly changed: boolean
}

/** Another `init` on the same home may be at work for as long as scrypt takes, a few times. */
const LOCK_WAIT_MS = 10_000
/** What may lie in a folder that becomes a home: what an interrupted `init` leaves. */
const OWN_NAMES = new Set([
  'node.key',
  'users',
  'blocks',
  'policies',
  'run',
  'tmp',
  'config.toml',
  'operator',
  'operator.new',
  'node.key.new',
  'config.toml.new',
  'format.new',
])

/** Make a home, or find the one that is there. A home that an interrupted `init` left half made is made anew: nobody was told of it.
 *  @throws `usage/invalid`, `home/config`, `storage/url-password` for what was asked; `home/conflict` when the home has another name or the
 *  folder holds other files; `home/format`, `file/unusable`, `storage/full`, `daemon/already-running`. */
export const initHome = (request: InitRequest): Promise<InitResult> =>
  makeHome(request, (paths, peer) => makeUserFolder(paths, peer, request))

/** Make a home with whatever user `user` puts into it. @returns what stands there when this is over, made now or before. */
export async function makeHome(
  asked: InitRequest,
  user: (paths: HomePaths, peer: string) => Promise<Did>,
): Promise<InitResult> {
  const request = { ...asked, name: checkRequest(asked) }
  const paths = homePaths(resolve(request.home))
  if (readFormat(paths) !== null) return existing(paths, request.name)
  checkFolder(paths)
  try {
    privateFolder(paths.root)
    const lock = lockHome(paths, LOCK_WAIT_MS)
    try {
      // Somebody else may have finished while this one waited for the lock.
      if (readFormat(paths) !== null) return existing(paths, request.name)
      return await make(paths, request, user)
    } finally {
      lock.release()
    }
  } catch (error) {
    throw storageError(error)
  }
}

/** @returns the name, as it is kept. */
function checkRequest({ name, passphrase, listen, master }: InitRequest): string {
  const named = DisplayName.safeParse(name)
  if (!named.success)
    throw new VivimError('usage/invalid', `--name ${named.error.issues[0]?.message}`, { flag: '--name' })
  if (passphrase?.length === 0) throw new VivimError('usage/invalid', 'the passphrase is empty')
  for (const address of listen) {
    const parsed = ListenAddress.safeParse(address)
    if (!parsed.success)
      throw new VivimError('usage/invalid', `--listen: ${parsed.error.issues[0]?.message}`, {
        flag: '--listen',
      })
  }
  if (listen.length > 16) throw new VivimError('usage/invalid', 'at most 16 addresses to listen on')
  if (master !== null) checkMasterUrl(master)
  return named.data
}

function checkFolder(paths: HomePaths): void {
  let names: string[]
  try {
    names = readdirSync(paths.root)
  } catch (error) {
    if (isMissing(error)) return
    if ((error as NodeJS.ErrnoException).code !== 'ENOTDIR') throw folderError(paths.root, error)
    throw new VivimError(
      'home/conflict',
      `${paths.root} cannot be used as a folder`,
      { home: paths.root },
      { cause: error },
    )
  }
  const foreign = names.find(name => !OWN_NAMES.has(name))
  if (foreign !== undefined)
    throw new VivimError('home/conflict', `${paths.root} is not empty and not a home of VIVIM`, {
      home: paths.root,
    })
}

function existing(paths: HomePaths, name: string): InitResult {
  const did = operatorOf(paths)
  const config = parseConfig(Buffer.from(readSmall(paths.config, 256 * 1024) ?? []).toString('utf8'))
  if (config.name !== name)
    throw new VivimError('home/conflict', `this home belongs to ${config.name}`, {
      home: paths.root,
      name: config.name,
    })
  return {
    did,
    name,
    home: paths.root,
    peerId: peerIdOf(readNodeSeed(paths)),
    listen: config.listen,
    changed: false,
  }
}

const peerIdOf = (seed: SecretBytes): string => peerIdFromKey(new Ed25519Key(seed).publicKey)

async function make(
  paths: HomePaths,
  request: InitRequest,
  user: (paths: HomePaths, peer: string) => Promise<Did>,
): Promise<InitResult> {
  const { chance, name } = request
  for (const left of [paths.users, paths.nodeKey, paths.config, paths.operator])
    rmSync(left, { recursive: true, force: true })
  for (const folder of [paths.users, paths.blocks, paths.policies, paths.run, paths.tmp])
    privateFolder(folder)
  const nodeSeed = chance.bytes(32)
  writeDurable(paths.nodeKey, nodeSeed)
  const peerId = peerIdOf(new SecretBytes(nodeSeed))
  nodeSeed.fill(0)
  const did = await user(paths, peerId)
  const listen = request.listen.length > 0 ? [...request.listen] : [await defaultListen()]
  writeDurable(paths.config, configText(name, listen, request.master))
  writeDurable(paths.operator, `${did}\n`)
  syncFolder(paths.users)
  writeDurable(paths.format, `${HOME_FORMAT}\n`)
  return { did, name, home: paths.root, peerId, listen, changed: true }
}

const configText = (name: string, listen: readonly string[], master: string | null): string =>
  [
    '# The configuration of this node; every field is described in docs/operating.md.',
    stringify({ name, listen: [...listen], ...(master === null ? {} : { master: { url: master } }) }),
    '',
  ].join('\n')
