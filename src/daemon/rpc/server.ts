/** The Unix socket on which the daemon answers: opens it for its owner alone, accepts connections, ends them all. */
import { chmod, lstat, mkdir, unlink } from 'node:fs/promises'
import { createServer, type Socket } from 'node:net'
import { dirname } from 'node:path'
import { errorFrame } from '../../core/contract/codes.ts'
import type { Handlers, MethodName } from '../../core/contract/methods.ts'
import { toHex } from '../../core/kernel/bytes.ts'
import type { Chance } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { CallAudit } from '../audit/calls.ts'
import { describeDefect } from '../defect.ts'
import type { Log } from '../log.ts'
import type { Caller, RpcUsers } from './caller.ts'
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
  /** At most 107 bytes; its folder is made 0700, the socket 0600. */
  socketPath: string
  handlers: Handlers<Caller>
  users: RpcUsers
  audit: CallAudit
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

  await prepareFolder(socketPath)
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
  await chmod(socketPath, 0o600)

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

async function prepareFolder(socketPath: string): Promise<void> {
  const folder = dirname(socketPath)
  await mkdir(folder, { recursive: true, mode: 0o700 })
  await chmod(folder, 0o700)
  const old = await lstat(socketPath).catch(() => null)
  if (old?.isSocket()) await unlink(socketPath)
}
