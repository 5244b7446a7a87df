/** What the node was told: the environment and `config.toml`. The only file of the daemon that reads the environment. */
import { lstatSync } from 'node:fs'
import { isIP } from 'node:net'
import { homedir, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { z } from 'zod'
import { AddressText } from '../core/identity/card.ts'
import { fromHex } from '../core/kernel/bytes.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { DisplayName } from '../core/model/name.ts'
import { readSmall } from './durable-file.ts'
import type { HomePaths } from './home.ts'
import type { LogLevel } from './log.ts'
import type { NetworkConfig } from './network/ports.ts'
import { groupId } from './system-group.ts'

/** Variables that count; `null` where one is not set. */
export interface Environment {
  /** Absolute path of the home. */
  readonly home: string
  /** A folder of the user's own for sockets. */
  readonly runtimeFolder: string
  /** `VIVIM_LOG`: a level, goes before the one of config.toml. */
  readonly logLevel: LogLevel | null
  /** `VIVIM_LISTEN`: multiaddrs separated by commas, go before those of config.toml. */
  readonly listen: string[] | null
  /** `VIVIM_BOOTSTRAP`, likewise. */
  readonly bootstrap: string[] | null
  /** `VIVIM_MDNS`: `on` or `off`, goes before config.toml. */
  readonly mdns: boolean | null
  /** `VIVIM_CHECK_RESULTS`: `on` parses every answer of the daemon against the contract; for tests. */
  readonly checkResults: boolean
}

export type MasterConfig =
  | { readonly engine: 'sqlite'; readonly path: string }
  | { readonly engine: 'postgres'; readonly url: string; readonly password: string | undefined }

/** How much one person may leave here: a stranger before somebody says yes, a contact afterwards. */
export interface RoomLimits {
  readonly items: number
  readonly bytes: number
}

/** A socket beside the owner's. */
export interface SocketConfig {
  readonly path: string
  /** Who may open it besides its owner; null: nobody. */
  readonly gid: number | null
}

export interface Config {
  /** What the owner of the home is called on this node. */
  readonly name: string
  readonly network: NetworkConfig
  readonly master: MasterConfig
  readonly log: { readonly level: LogLevel }
  readonly strangers: RoomLimits
  readonly contacts: RoomLimits
  /** For several people on one machine, and for what watches the node; null where they were not asked for. */
  readonly sockets: { readonly group: SocketConfig | null; readonly monitor: SocketConfig | null }
}

const bad = (what: string, details: Record<string, string | number> = {}, cause?: unknown): VivimError =>
  new VivimError('home/config', what, details, cause === undefined ? {} : { cause })

/** A place to listen: TCP on an IP address. */
export const ListenAddress = z
  .string()
  .max(256)
  .refine(isListenAddress, 'not an address to listen on, such as /ip4/0.0.0.0/tcp/4747')

function isListenAddress(text: string): boolean {
  const found = /^\/ip([46])\/([^/]+)\/tcp\/(\d{1,5})$/.exec(text)
  return found !== null && isIP(found[2] ?? '') === Number(found[1]) && Number(found[3]) < 65_536
}

/** Longer paths do not fit into a socket address. */
const SocketPath = z
  .string()
  .regex(/^\//, 'not an absolute path')
  .refine(path => Buffer.byteLength(path) <= 107, 'over 107 bytes, which no socket address takes')

const GroupName = z.union([z.string().min(1).max(64), z.number().int().min(0)])

/** Where a socket for others lies unless it is said: in no home, since homes are closed to everybody. */
const GROUP_SOCKET = '/run/vivim/vivim.sock'

const LogLevels = z.enum(['debug', 'info', 'warn', 'error', 'silent'])

const OnOff = z.enum(['on', 'off']).transform(word => word === 'on')

/** What may stand in `config.toml`. */
export const ConfigFile = z.strictObject({
  name: DisplayName,
  listen: z.array(ListenAddress).min(1).max(16).default(['/ip4/0.0.0.0/tcp/4747']),
  announce: z.array(AddressText).max(8).default([]),
  bootstrap: z.array(AddressText).max(64).default([]),
  mdns: z.boolean().default(true),
  psk_file: z.string().min(1).max(4096).optional(),
  master: z
    .strictObject({
      url: z.string().min(1).max(2048),
      password: z.string().min(1).max(1024).optional(),
    })
    .optional(),
  log: z.strictObject({ level: LogLevels.default('info') }).default({ level: 'info' }),
  strangers: z
    .strictObject({
      items: z.number().int().min(0).max(10_000).default(20),
      megabytes: z.number().int().min(0).max(10_000).default(64),
    })
    .default({ items: 20, megabytes: 64 }),
  contacts: z
    .strictObject({
      items: z.number().int().min(0).max(1_000_000).default(10_000),
      megabytes: z.number().int().min(0).max(1_000_000).default(4096),
    })
    .default({ items: 10_000, megabytes: 4096 }),
  sockets: z
    .strictObject({
      group: GroupName.optional(),
      path: SocketPath.default(GROUP_SOCKET),
      monitor: z.union([z.boolean(), SocketPath]).default(false),
      monitor_group: GroupName.optional(),
    })
    .default({ path: GROUP_SOCKET, monitor: false }),
})

/** @param env - the process's environment. @throws `home/config` for a variable that is not understood. */
export function readEnvironment(env: NodeJS.ProcessEnv = process.env): Environment {
  const set = (name: string): string | null => env[name] || null
  return {
    home: resolve(set('VIVIM_HOME') ?? defaultHome(set('XDG_DATA_HOME'))),
    runtimeFolder: set('XDG_RUNTIME_DIR') ?? join(tmpdir(), `vivim-${process.geteuid?.() ?? 0}`),
    logLevel: fromVariable('VIVIM_LOG', set('VIVIM_LOG'), LogLevels),
    listen: fromVariable('VIVIM_LISTEN', listed(set('VIVIM_LISTEN')), z.array(ListenAddress).min(1).max(16)),
    bootstrap: fromVariable('VIVIM_BOOTSTRAP', listed(set('VIVIM_BOOTSTRAP')), z.array(AddressText).max(64)),
    mdns: fromVariable('VIVIM_MDNS', set('VIVIM_MDNS'), OnOff),
    checkResults: fromVariable('VIVIM_CHECK_RESULTS', set('VIVIM_CHECK_RESULTS'), OnOff) ?? false,
  }
}

const defaultHome = (dataFolder: string | null): string =>
  process.platform === 'darwin'
    ? join(homedir(), 'Library', 'Application Support', 'vivim')
    : join(dataFolder ?? join(homedir(), '.local', 'share'), 'vivim')

const listed = (text: string | null): string[] | null =>
  text === null
    ? null
    : text
        .split(',')
        .map(item => item.trim())
        .filter(item => item !== '')

function fromVariable<S extends z.ZodType>(name: string, value: unknown, schema: S): z.output<S> | null {
  if (value === null) return null
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  throw bad(`${name}: ${parsed.error.issues[0]?.message}`, { variable: name })
}

/** Read `config.toml`, with what the environment says before it.
 *  @throws `home/missing`, `home/config` naming line or field, `storage/url-password`. */
export function readConfig(
  paths: HomePaths,
  environment: Pick<Environment, 'logLevel' | 'listen' | 'bootstrap' | 'mdns'>,
): Config {
  const file = parseConfig(readText(paths.config))
  if (file.master?.password !== undefined && (lstatSync(paths.config).mode & 0o077) !== 0)
    throw bad('config.toml holds a password and can be read by others: chmod 600 it', {
      field: 'master.password',
    })
  return {
    name: file.name,
    network: {
      listen: environment.listen ?? file.listen,
      announce: file.announce,
      bootstrap: environment.bootstrap ?? file.bootstrap,
      mdns: environment.mdns ?? file.mdns,
      psk: file.psk_file === undefined ? null : readPsk(resolve(paths.root, file.psk_file)),
    },
    master: masterOf(paths, file.master),
    log: { level: environment.logLevel ?? file.log.level },
    sockets: socketsOf(paths, file.sockets),
    strangers: roomOf(file.strangers),
    contacts: roomOf(file.contacts),
  }
}

const roomOf = ({ items, megabytes }: { items: number; megabytes: number }): RoomLimits => ({
  items,
  bytes: megabytes * 1024 * 1024,
})

const CONFIG_MAX_BYTES = 256 * 1024

function readText(path: string): string {
  const bytes = readSmall(path, CONFIG_MAX_BYTES)
  if (bytes === null) throw new VivimError('home/missing', `${path} is not there, or too large`)
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw bad('config.toml is not UTF-8')
  }
}

/** What a config file says, before the environment. @throws `home/config`. */
export function parseConfig(text: string): z.output<typeof ConfigFile> {
  let table: unknown
  try {
    table = parse(text)
  } catch (cause) {
    if (!(cause instanceof TomlError)) throw bad('config.toml is not TOML', {}, cause)
    throw bad(`config.toml, line ${cause.line}: ${cause.message.split('\n')[0]}`, { line: cause.line }, cause)
  }
  const parsed = ConfigFile.safeParse(table)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  const unknown = issue?.code === 'unrecognized_keys' ? issue.keys[0] : undefined
  const field = [...(issue?.path ?? []), ...(unknown === undefined ? [] : [unknown])].join('.')
  const why = unknown === undefined ? issue?.message : 'is not a field that VIVIM knows'
  throw bad(`config.toml, ${field}: ${why}`, { field })
}

function socketsOf(
  paths: HomePaths,
  { group, path, monitor, monitor_group }: z.output<typeof ConfigFile>['sockets'],
): Config['sockets'] {
  if (monitor_group !== undefined && typeof monitor !== 'string')
    throw bad(
      'sockets.monitor_group: give sockets.monitor a path outside of the home, which is closed to all',
      {
        field: 'sockets.monitor_group',
      },
    )
  return {
    group: group === undefined ? null : { path, gid: gidOf('sockets.group', group) },
    monitor:
      monitor === false
        ? null
        : {
            path: monitor === true ? join(paths.run, 'monitor.sock') : monitor,
            gid: monitor_group === undefined ? null : gidOf('sockets.monitor_group', monitor_group),
          },
  }
}

function gidOf(field: string, group: string | number): number {
  const gid = typeof group === 'number' ? group : groupId(group)
  if (gid === null) throw bad(`${field}: no group “${group}” in /etc/group; give its number`, { field })
  return gid
}

function masterOf(
  paths: HomePaths,
  master: { url: string; password?: string | undefined } | undefined,
): MasterConfig {
  if (master === undefined) return { engine: 'sqlite', path: paths.master }
  checkMasterUrl(master.url)
  return { engine: 'postgres', url: master.url, password: master.password }
}

/** @throws `home/config` for what is no PostgreSQL URL, `storage/url-password` when a password stands in it. */
export function checkMasterUrl(text: string): void {
  let url: URL
  try {
    url = new URL(text)
  } catch {
    throw bad('master.url: not a URL', { field: 'master.url' })
  }
  if (url.protocol !== 'postgres:' && url.protocol !== 'postgresql:')
    throw bad('master.url: not a postgres:// URL', { field: 'master.url' })
  if (url.password !== '' || url.searchParams.has('password'))
    throw new VivimError('storage/url-password', 'a password stands in the URL of the master database')
}

/** The key of a closed network: 64 hex digits, alone or under the two header lines that other libp2p programs write. */
function readPsk(path: string): Uint8Array {
  const bytes = readSmall(path, 1024)
  if (bytes === null) throw bad('psk_file: cannot be read', { field: 'psk_file' })
  const text = Buffer.from(bytes).toString('latin1')
  const found = /^(?:\/key\/swarm\/psk\/1\.0\.0\/\s+\/base16\/\s+)?([0-9a-fA-F]{64})\s*$/.exec(text)
  if (!found?.[1]) throw bad('psk_file: does not hold a key of 64 hex digits', { field: 'psk_file' })
  return fromHex(found[1].toLowerCase())
}
