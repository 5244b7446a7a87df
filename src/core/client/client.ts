/** The typed client of the daemon's socket, for commands and tests. It knows the contract's types and no schema. */
import { createConnection, type Socket } from 'node:net'
import { errorFromFrame } from '../contract/codes.ts'
import { ANSWER_BYTES, type CallId, CONTRACT_VERSION } from '../contract/frames.ts'
import type { MethodName, Params, Result } from '../contract/methods.ts'
import { type ErrorCode, type ErrorDetails, VivimError } from '../kernel/errors.ts'

/** A right to come in with, in place of the user's own. */
export interface CapabilityHolder {
  /** The chain in text. */
  readonly chain: string
  /** A signed invocation of one call, base64url; undefined for a method that no capability covers. */
  sign(method: string, params: unknown): string | undefined
}

export interface ConnectOptions {
  /** Name or DID of the user; needed only when the home has several. */
  as?: string | undefined
  /** Of a session of that user. */
  token?: string | undefined
  /** Come in by a capability: each call is signed. */
  capability?: CapabilityHolder | undefined
  /** What the client calls itself in the daemon's log. */
  clientName: string
  /** For connecting and hello together; 10 s unless given. */
  timeoutMs?: number
}

export interface CallOptions {
  /** Cancels the call in the daemon too. */
  signal?: AbortSignal
  /** Gives up after so long with `rpc/timeout`; without it the daemon's own bound holds. */
  timeoutMs?: number | undefined
}

export interface Client {
  readonly hello: Result<'system.hello'>
  /** @throws the error that the daemon answered; `daemon/not-running` when the connection was lost. */
  call<M extends MethodName>(method: M, params: Params<M>, options?: CallOptions): Promise<Result<M>>
  /** Call any method by name, for `vivim rpc`. */
  callAny(method: string, params: unknown, options?: CallOptions): Promise<unknown>
  /** Call a method that answers with a subscription; its events, from the first. Ends when the caller stops iterating. */
  subscribe<M extends 'share.watch'>(
    method: M,
    params: Params<M>,
    signal?: AbortSignal,
  ): AsyncIterable<unknown>
  close(): void
}

const CONNECT_TIMEOUT_MS = 10_000

interface Waiting {
  resolve(result: unknown): void
  reject(error: unknown): void
}

/**
 * Connect and say hello.
 * @throws `daemon/not-running` when nobody listens there, `daemon/not-ready` when it does not answer in time,
 *   `rpc/timeout` when `timeoutMs` was given and ran out, `rpc/version` when it is older than this client, `session/needed` and `session/invalid` for a token that lacks or has ended
 */
export async function connect(socketPath: string, options: ConnectOptions): Promise<Client> {
  const timeoutMs = options.timeoutMs ?? CONNECT_TIMEOUT_MS
  const socket = await dial(socketPath, timeoutMs, options.timeoutMs === undefined)
  const wire = makeWire(socket, options.capability)
  const hello = (await wire
    .callAny(
      'system.hello',
      {
        contract: CONTRACT_VERSION,
        client: options.clientName,
        ...(options.as === undefined ? {} : { as: options.as }),
        ...(options.token === undefined ? {} : { token: options.token }),
        ...(options.capability === undefined ? {} : { capability: options.capability.chain }),
      },
      { timeoutMs },
    )
    .catch(error => {
      socket.destroy()
      throw error
    })) as Result<'system.hello'>
  if (hello.contract < CONTRACT_VERSION) {
    socket.destroy()
    throw new VivimError(
      'rpc/version',
      `vivimd speaks contract ${hello.contract}, this client ${CONTRACT_VERSION}`,
    )
  }
  return {
    hello,
    call: wire.callAny as Client['call'],
    callAny: wire.callAny,
    subscribe: wire.subscribe,
    close: () => socket.destroy(),
  }
}

function dial(socketPath: string, timeoutMs: number, isOurLimit: boolean): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection(socketPath)
    const fail = (code: ErrorCode, why: string, cause?: unknown) => {
      clearTimeout(timer)
      socket.destroy()
      reject(new VivimError(code, why, { socket: socketPath }, { cause }))
    }
    // Time that the caller gave may be too little for a daemon that is well.
    const late = isOurLimit ? 'daemon/not-ready' : 'rpc/timeout'
    const timer = setTimeout(() => fail(late, 'vivimd does not take the connection'), timeoutMs)
    socket.once('connect', () => {
      clearTimeout(timer)
      socket.removeAllListeners('error')
      resolve(socket)
    })
    socket.once('error', (error: NodeJS.ErrnoException) => {
      const isAbsent = ['ENOENT', 'ECONNREFUSED', 'ENOTSOCK'].includes(error.code ?? '')
      if (isAbsent) fail('daemon/not-running', 'vivimd is not running for this home', error)
      else if (error.code === 'EACCES') fail('rpc/denied', `no right to open ${socketPath}`, error)
      else fail('daemon/not-ready', `cannot reach vivimd: ${error.message}`, error)
    })
  })
}

/** The protocol on one open socket. */
function makeWire(socket: Socket, capability: CapabilityHolder | undefined) {
  const waiting = new Map<CallId, Waiting>()
  const listeners = new Map<string, (event: unknown) => void>()
  /** Events of a subscription whose answer is read in the same turn as they are. */
  const early = new Map<string, unknown[]>()
  let lastId = 0
  let ended: VivimError | null = null

  const endAll = (error: VivimError) => {
    if (ended !== null) return
    ended = error
    for (const call of waiting.values()) call.reject(error)
    waiting.clear()
    socket.destroy()
  }
  const send = (frame: object) => socket.write(`${JSON.stringify(frame)}\n`)

  const onFrame = (frame: unknown) => {
    if (typeof frame !== 'object' || frame === null)
      return endAll(new VivimError('daemon/not-ready', 'what answers there is not vivimd'))
    const { id, result, error, method, params } = frame as Record<string, unknown>
    if (method === 'event') return onEvent(params as { subscription: string; event: unknown })
    const call = waiting.get(id as CallId)
    if (call === undefined) {
      // An error without an id answers something of ours that could not be read: no call can be trusted to return.
      if (error !== undefined && id === null) endAll(errorFromFrame(error))
      return
    }
    waiting.delete(id as CallId)
    if (error !== undefined) call.reject(errorFromFrame(error))
    else call.resolve(result)
  }
  const onEvent = ({ subscription, event }: { subscription: string; event: unknown }) => {
    const listener = listeners.get(subscription)
    if (listener !== undefined) listener(event)
    else if (early.size < 16) early.set(subscription, [...(early.get(subscription) ?? []), event])
  }

  let held: Buffer[] = []
  let heldBytes = 0
  socket.on('data', (chunk: Buffer) => {
    let from = 0
    for (let at = chunk.indexOf(0x0a); at >= 0; at = chunk.indexOf(0x0a, from)) {
      const line = Buffer.concat([...held, chunk.subarray(from, at)])
      held = []
      heldBytes = 0
      from = at + 1
      let frame: unknown
      try {
        frame = JSON.parse(line.toString('utf8'))
      } catch {
        return endAll(new VivimError('daemon/not-ready', 'what answers there is not vivimd'))
      }
      onFrame(frame)
    }
    if (from < chunk.length) held.push(chunk.subarray(from))
    heldBytes += chunk.length - from
    if (heldBytes > ANSWER_BYTES)
      endAll(new VivimError('rpc/frame-too-long', `the daemon's answer is longer than ${ANSWER_BYTES} bytes`))
  })
  socket.on('error', () => socket.destroy())
  socket.on('close', () =>
    endAll(new VivimError('daemon/not-running', 'the connection to vivimd was lost', { lost: true })),
  )

  const callAny = (method: string, params: unknown, options: CallOptions = {}): Promise<unknown> => {
    if (ended !== null) return Promise.reject(ended)
    lastId += 1
    const id = lastId
    return new Promise<unknown>((resolve, reject) => {
      const giveUp = (code: 'rpc/timeout' | 'rpc/cancelled', message: string) => {
        if (!waiting.delete(id)) return
        send({ jsonrpc: '2.0', method: 'cancel', params: { id } })
        reject(new VivimError(code, message))
      }
      const timer =
        options.timeoutMs === undefined
          ? undefined
          : setTimeout(
              () => giveUp('rpc/timeout', `${method} gave no answer within ${options.timeoutMs} ms`),
              options.timeoutMs,
            )
      const onAbort = () => giveUp('rpc/cancelled', `${method} was interrupted`)
      const finish = () => {
        clearTimeout(timer)
        options.signal?.removeEventListener('abort', onAbort)
      }
      waiting.set(id, {
        resolve: result => {
          finish()
          resolve(result)
        },
        reject: error => {
          finish()
          reject(error)
        },
      })
      options.signal?.addEventListener('abort', onAbort, { once: true })
      if (options.signal?.aborted) onAbort()
      else send({ jsonrpc: '2.0', id, method, params, invocation: capability?.sign(method, params) })
    })
  }

  async function* subscribe(method: string, params: unknown, signal?: AbortSignal): AsyncGenerator<unknown> {
    const queue: unknown[] = []
    let wake = () => {}
    const { subscription } = (await callAny(method, params, signal ? { signal } : {})) as {
      subscription: string
    }
    queue.push(...(early.get(subscription) ?? []))
    early.delete(subscription)
    listeners.set(subscription, event => {
      queue.push(event)
      wake()
    })
    const onEnd = () => wake()
    socket.on('close', onEnd)
    signal?.addEventListener('abort', onEnd)
    try {
      while (signal?.aborted !== true) {
        while (queue.length > 0) yield queue.shift()
        if (ended !== null) throw ended
        if (signal?.aborted) return
        await new Promise<void>(resolve => {
          wake = resolve
        })
      }
    } finally {
      listeners.delete(subscription)
      socket.off('close', onEnd)
      signal?.removeEventListener('abort', onEnd)
      if (ended === null) void callAny('system.unsubscribe', { subscription }).catch(() => {})
    }
  }

  return { callAny, subscribe }
}

/** What an error carries for people and programs alike, as `--json` prints it. */
export interface ErrorDocument {
  error: { code: string; message: string; details: ErrorDetails; hint: string }
}
