/** One client on the socket: reads requests, runs calls under their limits, writes answers and events in order. */
import type { Socket } from 'node:net'
import { errorFrame } from '../../core/contract/codes.ts'
import { type CallId, CONTRACT_VERSION, FRAME_BYTES, MAX_CALLS } from '../../core/contract/frames.ts'
import { type Handlers, type MethodName, methods, type ParsedParams } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CallAudit, CallRecord } from '../audit/calls.ts'
import type { CapabilityDoor } from '../capabilities/door.ts'
import { checkAccess, checkAnswer, checkCall } from './access.ts'
import type { Caller, Door, RpcUsers, Session } from './caller.ts'
import { makeLineSplitter } from './lines.ts'
import { type Call, judgeLine, parseParams } from './request.ts'

/** Works on one call at most this long unless the method says otherwise. */
const CALL_TIMEOUT_MS = 30_000
/** A program that speaks the protocol says hello at once; whoever does not is no client of ours. */
const HELLO_TIMEOUT_MS = 30_000
/** Open calls go on this long after the client closed its side, then they are cancelled. */
const LAST_WORDS_MS = 1_000
/** Lines that were no request before the connection is closed. */
const MAX_REFUSALS = 100
/** Bytes of one overlong line that are read and dropped before the connection is closed. */
const MAX_DROPPED_BYTES = 16 << 20
const MAX_SUBSCRIPTIONS = 64
/** Events wait at most this long a queue for a reader that does not read; then the connection ends. */
const MAX_EVENT_BACKLOG_BYTES = 8 << 20

export interface ConnectionPorts {
  handlers: Handlers<Caller>
  users: RpcUsers
  /** The socket that it came through. */
  door: Door
  /** What is written of calls, and of those that were refused. */
  audit: CallAudit
  /** For those who come with a capability. */
  capabilities: CapabilityDoor
  /** Turns whatever a handler threw into an error that may cross the socket, and logs what is a defect. */
  toPublicError(error: unknown, method: MethodName): VivimError
  /** Every result is parsed against its schema; for tests. */
  checkResults: boolean
}

interface Subscription {
  stop: () => void
  /** Events that came before the answer that names the subscription was sent; null afterwards. */
  held: unknown[] | null
}

/** Serve one accepted socket until it ends. @param number - names the connection in logs */
export function serveConnection(socket: Socket, number: number, ports: ConnectionPorts): void {
  const ended = new AbortController()
  const calls = new Map<CallId, AbortController>()
  const subscriptions = new Map<string, Subscription>()
  let caller: Caller | null = null
  let greeting: Promise<Caller> | null = null
  let isHalfClosed = false
  let isHungUp = false
  let lastWordsTimer: NodeJS.Timeout | undefined
  let refusals = 0
  let subscribed = 0

  /** Let out what was written, hear nothing more. */
  const hangUp = () => {
    if (isHungUp) return
    isHungUp = true
    socket.destroySoon()
  }
  const write = (frame: object) => {
    if (socket.destroyed || socket.writableEnded) return
    // A client that does not read is not read from either: what it can make us hold is its open calls.
    if (!socket.write(`${JSON.stringify(frame)}\n`)) socket.pause()
  }
  const refuse = (id: CallId | null, error: VivimError) => {
    write(errorFrame(id, error))
    refusals += 1
    if (refusals === MAX_REFUSALS) hangUp()
  }

  const sendEvent = (id: string, event: unknown) => {
    const subscription = subscriptions.get(id)
    if (subscription === undefined) return
    if (subscription.held !== null) {
      subscription.held.push(event)
      return
    }
    if (socket.writableLength > MAX_EVENT_BACKLOG_BYTES) socket.destroy()
    else if (caller?.use() === false) hangUp()
    else write({ jsonrpc: '2.0', method: 'event', params: { subscription: id, event } })
  }
  const releaseEvents = () => {
    for (const [id, subscription] of subscriptions) {
      const held = subscription.held
      if (held === null) continue
      subscription.held = null
      for (const event of held) sendEvent(id, event)
    }
  }

  const makeCaller = (session: Session, client: string): Caller => ({
    ...session,
    get did() {
      if (session.user === null) throw new VivimError('session/needed', 'this connection speaks for no user')
      return session.user
    },
    door: ports.door,
    connection: number,
    client,
    subscribe(open) {
      if (subscriptions.size >= MAX_SUBSCRIPTIONS)
        throw new VivimError('rpc/busy', `a connection holds at most ${MAX_SUBSCRIPTIONS} subscriptions`)
      subscribed += 1
      const id = `subscription-${subscribed}`
      const subscription: Subscription = { stop: () => {}, held: [] }
      subscriptions.set(id, subscription)
      subscription.stop = open(event => sendEvent(id, event))
      if (ended.signal.aborted) this.unsubscribe(id)
      return id
    },
    unsubscribe(id) {
      const subscription = subscriptions.get(id)
      if (subscription === undefined) return false
      subscriptions.delete(id)
      subscription.stop()
      return true
    },
    onEnd(end) {
      if (ended.signal.aborted) end()
      else ended.signal.addEventListener('abort', end, { once: true })
    },
  })

  const greet = async (hello: ParsedParams<'system.hello'>): Promise<Caller> => {
    if (hello.contract > CONTRACT_VERSION || hello.contract < 1)
      throw new VivimError(
        'rpc/version',
        `the client speaks contract ${hello.contract}, this vivimd ${CONTRACT_VERSION}`,
        { client: hello.contract, daemon: CONTRACT_VERSION },
      )
    const session =
      hello.capability === undefined
        ? await ports.users.session(hello.as, hello.token, ports.door)
        : await ports.capabilities.enter(hello.capability, hello.as, ports.door)
    const made = makeCaller(session, hello.client)
    caller = made
    const stop = (): void => {
      for (const open of calls.values()) open.abort(session.over?.reason)
      for (const id of [...subscriptions.keys()]) made.unsubscribe(id)
    }
    session.over?.addEventListener('abort', stop, { once: true, signal: ended.signal })
    if (session.over?.aborted) stop()
    return made
  }

  /** The first call makes the caller; every later one needs it, and waits for it where it was sent right behind. */
  const callerFor = async (method: MethodName, params: unknown): Promise<Caller> => {
    if (method === 'system.hello') {
      if (greeting !== null)
        throw new VivimError('rpc/invalid-request', 'system.hello is called once a connection')
      greeting = greet(parseParams(method, params) as ParsedParams<'system.hello'>)
      // A hello that failed may be said again, with another user or version.
      greeting.catch(() => {
        greeting = null
      })
      return greeting
    }
    const from = caller ?? (await greeting?.catch(() => null))
    if (!from) throw new VivimError('rpc/hello-first', `system.hello comes before ${method}`)
    return from
  }

  const run = async (
    { method, params: rawParams, invocation }: Call,
    record: CallRecord,
    signal: AbortSignal,
  ): Promise<unknown> => {
    const from = await callerFor(method, rawParams)
    record.by(from)
    checkAccess(method, from, from.user !== null && ports.users.isRevoked?.(from.user) === true)
    const params = parseParams(method, rawParams)
    await checkCall({ method, sent: rawParams, parsed: params, invocation }, from, ports.capabilities)
    const handler = ports.handlers[method] as (c: Caller, p: unknown, s: AbortSignal) => Promise<unknown>
    const result = await handler(from, params, signal)
    await checkAnswer(from, ports.capabilities)
    return ports.checkResults ? methods[method].result.parse(result) : result
  }

  const call = async (judged: Call) => {
    const { id, method } = judged
    if (calls.has(id)) return refuse(id, new VivimError('rpc/invalid-request', 'a call with this id is open'))
    if (calls.size >= MAX_CALLS)
      return write(
        errorFrame(id, new VivimError('rpc/busy', `a connection has at most ${MAX_CALLS} open calls`)),
      )
    const controller = new AbortController()
    calls.set(id, controller)
    const limitMs = (methods[method] as { timeoutMs?: number }).timeoutMs ?? CALL_TIMEOUT_MS
    const timer = setTimeout(
      () => controller.abort(new VivimError('rpc/timeout', `${method} took longer than ${limitMs} ms`)),
      limitMs,
    )
    const record = ports.audit.record(method, judged.params)
    try {
      const result = await abortable(run(judged, record, controller.signal), controller.signal)
      await record.gave(result)
      write({ jsonrpc: '2.0', id, result })
    } catch (error) {
      // A handler that was told to stop may throw whatever it likes: the reason is ours.
      const reason = controller.signal.aborted ? controller.signal.reason : error
      await record.failed(reason)
      write(errorFrame(id, ports.toPublicError(reason, method)))
    } finally {
      clearTimeout(timer)
      calls.delete(id)
      releaseEvents()
      if (isHalfClosed && calls.size === 0) hangUp()
    }
  }

  const onLine = (line: Buffer) => {
    if (isHungUp) return
    const judged = judgeLine(line)
    if (judged.kind === 'call') void call(judged)
    else if (judged.kind === 'refuse') refuse(judged.id, judged.error)
    else if (judged.kind === 'cancel')
      calls.get(judged.id)?.abort(new VivimError('rpc/cancelled', 'the caller took the call back'))
  }
  const splitter = makeLineSplitter(
    FRAME_BYTES,
    onLine,
    () => refuse(null, new VivimError('rpc/frame-too-long', `a line has at most ${FRAME_BYTES} bytes`)),
    dropped => {
      if (dropped > MAX_DROPPED_BYTES) hangUp()
    },
  )

  const end = () => {
    if (ended.signal.aborted) return
    clearTimeout(helloTimer)
    clearTimeout(lastWordsTimer)
    for (const open of calls.values())
      open.abort(new VivimError('rpc/cancelled', 'the connection was closed'))
    for (const id of [...subscriptions.keys()]) caller?.unsubscribe(id)
    ended.abort()
  }
  const helloTimer = setTimeout(() => {
    if (caller === null) socket.destroy()
  }, HELLO_TIMEOUT_MS)
  socket.on('data', chunk => {
    if (!isHungUp) splitter.push(chunk)
  })
  socket.on('drain', () => socket.resume())
  // A peer that went away is an end like any other.
  socket.on('error', () => socket.destroy())
  // A closed client and one that only said its last line look alike: the second still gets its answers.
  socket.on('end', () => {
    isHalfClosed = true
    if (calls.size === 0) hangUp()
    else lastWordsTimer = setTimeout(() => socket.destroy(), LAST_WORDS_MS)
  })
  socket.on('close', end)
}

/** Waits for the work or for the signal, whichever is first; what the work does afterwards is nobody's concern. */
function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
