/** A Unix socket on which the daemon answers: opens it for its owner or a group, accepts connections, ends them all. */
import { chmod, chown, lstat, mkdir, realpath, unlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { errorFrame } from '../../core/contract/codes.ts'
import type { Handlers, MethodName } from '../../core/contract/methods.ts'
import { toHex } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { CallAudit } from '../audit/calls.ts'
import type { CapabilityDoor } from '../capabilities/door.ts'
import { describeDefect } from '../defect.ts'
import type { Log } from '../log.ts'
import type { Caller, Door, RpcUsers } from './caller.ts'
import { serveConnection } from './connection.ts'

/** Connections at once; one more is told so and closed as it comes. */
const MAX_CONNECTIONS = 256
/** How long connections may take to carry away their last answers when the daemon stops. */
const CLOSE_TIMEOUT_MS = 2_000

export interface RpcServer {
  readonly socketPath: string
  /** Take no new connections, cancel what runs, let answers out, close. Ends within 2 s. */
  close(): Promise<void>
}

export interface RpcServerOptions {
  /** At most 107 bytes. */
  socketPath: string
  door: Door
  /** The group that may open it: socket 0660, and a folder that is left as it is, or made for the group. Null: the owner alone,
   *  socket 0600 in a folder of 0700. */
  gid: number | null
  handlers: Handlers<Caller>
  users: RpcUsers
  audit: CallAudit
  /** For those who come with a capability. */
  capabilities: CapabilityDoor
  log: Log
  chance: Chance
  /** Parse every result against its schema; for tests. */
  checkResults?: boolean
}

/**
 * Open the socket. Whoever calls holds the lock of the home: what lies at the path is left from a daemon that is gone.
 * @throws `daemon/not-ready` when the path cannot be listened on.
 */
export async function makeRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const { socketPath, log } = options
  const sockets = new Set<Socket>()
  let accepted = 0

  const toPublicError = (error: unknown, method: MethodName): VivimError => {
    if (error instanceof VivimError && codeOf(error) !== 'program/defect') {
      log.debug({ method, code: error.code }, 'call refused')
      return error
    }
    const ref = toHex(options.chance.bytes(4))
    log.error({ method, code: 'program/defect', ref, ...describeDefect(error) }, 'a call failed unexpectedly')
    return new VivimError('program/defect', `${method} failed unexpectedly; the log says more under ${ref}`, {
      ref,
    })
  }
  const server = createServer({ allowHalfOpen: true }, socket => {
    if (sockets.size >= MAX_CONNECTIONS) return turnAway(socket)
    accepted += 1
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    serveConnection(socket, accepted, {
      ...options,
      checkResults: options.checkResults ?? false,
      toPublicError,
    })
  })

  await prepareFolder(socketPath, options.gid)
  await new Promise<void>((resolve, reject) => {
    server.once('error', error =>
      reject(
        new VivimError(
          'daemon/not-ready',
          `cannot listen on ${socketPath}: ${error.message}`,
          {},
          { cause: error },
        ),
      ),
    )
    server.listen(socketPath, resolve)
  })
  server.on('error', error => log.error({ code: 'daemon/not-ready', reason: error.message }, 'socket failed'))
  await openTo(socketPath, options.gid)

  return {
    socketPath,
    async close() {
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      for (const socket of sockets) socket.end()
      const timer = setTimeout(() => {
        for (const socket of sockets) socket.destroy()
      }, CLOSE_TIMEOUT_MS)
      for (const socket of sockets) socket.once('finish', () => socket.destroy())
      await closed
      clearTimeout(timer)
    },
  }
}

function turnAway(socket: Socket): void {
  const full = new VivimError('rpc/busy', `${MAX_CONNECTIONS} connections are open already`)
  socket.on('error', () => socket.destroy())
  socket.write(`${JSON.stringify(errorFrame(null, full))}\n`)
  socket.destroySoon()
}

async function prepareFolder(socketPath: string, gid: number | null): Promise<void> {
  const folder = dirname(socketPath)
  if (gid === null) {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    await chmod(folder, 0o700)
  } else await prepareGroupFolder(folder, gid)
  const old = await lstat(socketPath).catch(() => null)
  if (old?.isSocket()) await unlink(socketPath)
}

/** A folder that the group may pass through and in which nobody else may put a socket of theirs. @throws `daemon/not-ready` */
async function prepareGroupFolder(folder: string, gid: number): Promise<void> {
  const fail = (why: string, cause?: unknown): VivimError =>
    new VivimError('daemon/not-ready', `${folder} ${why}`, { folder }, { cause })
  let stat = await lstat(folder).catch(() => null)
  if (stat === null) {
    try {
      await mkdir(folder, { recursive: true, mode: 0o750 })
      await chown(folder, -1, gid)
      await chmod(folder, 0o750)
      stat = await lstat(folder)
    } catch (cause) {
      throw fail('cannot be made for the group', cause)
    }
  }
  const isOurs = process.getuid === undefined || stat.uid === process.getuid() || stat.uid === 0
  if (!stat.isDirectory() || !isOurs) throw fail('is not a folder of this user or of root')
  if ((stat.mode & 0o022) !== 0)
    throw fail('can be written to by others, who could put a socket of theirs there')
  await checkAbove(await realpath(folder), fail)
  const passes = (stat.mode & 0o001) !== 0 || (stat.gid === gid && (stat.mode & 0o010) !== 0)
  if (!passes) throw fail(`cannot be passed through by group ${gid}: chgrp it, and chmod g+x`)
}

/** Who may write to a folder above could put one of theirs in this one's place, unless that is kept to owners, as in `/tmp`. */
async function checkAbove(folder: string, fail: (why: string) => VivimError): Promise<void> {
  const above = dirname(folder)
  if (above === folder) return
  const { mode } = await lstat(above)
  if ((mode & 0o022) !== 0 && (mode & 0o1000) === 0)
    throw fail(`lies in ${above}, which can be written to by others, who could put a folder of theirs there`)
  await checkAbove(above, fail)
}

/** Who may connect; until then the process's umask keeps everybody else out. @throws `daemon/not-ready` */
async function openTo(socketPath: string, gid: number | null): Promise<void> {
  if (gid === null) return await chmod(socketPath, 0o600)
  try {
    await chown(socketPath, -1, gid)
  } catch (cause) {
    await unlink(socketPath)
    throw new VivimError(
      'daemon/not-ready',
      `the socket cannot be given to group ${gid}: the user that vivimd runs as must be in it`,
      { group: gid },
      { cause },
    )
  }
  await chmod(socketPath, 0o660)
}
