/** Sessions of users: a token that was given out once stands here by its hash, until its end. */
import { sha256 } from '../../core/crypto/hash.ts'
import { fromB64u, toB64u, toHex } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { SessionRow, SessionTable } from '../storage/master/session-table.ts'

const TOKEN_BYTES = 32
/** Sessions that one user may have at once; the one used longest ago gives way. */
const MAX_OF_ONE = 64
/** A use is written down at most this often. */
const USED_EVERY_MS = 60_000
/** An expired session is remembered so long, to know a client again that was here before. */
const REMEMBERED_MS = 30 * 86_400_000
/** The longest that a timer can wait; it is set again as often as needed. */
const TIMER_MAX_MS = 2 ** 31 - 1
/** Characters of the hash by which a session is named to its user. */
const NAME_CHARS = 20

/** A session that somebody uses: `over` fires when it ends, for whatever reason. */
export interface LiveSession {
  readonly id: string
  readonly did: Did
  readonly over: AbortSignal
  /** Whether it still counts, by the clock. Notes the use. */
  use(): boolean
}

export interface Sessions {
  /** @returns the token, base64url, which stands nowhere else. */
  open(did: Did, lifeMs: number): Promise<{ token: string; sessionId: string; expiresAtMs: number }>
  /** @returns null for a token of no session that counts now. */
  find(token: string): Promise<LiveSession | null>
  /** Whose session this is or was, also for a month after its time; null when it is nobody's. */
  remembered(token: string): Promise<{ id: string; did: Did } | null>
  /** Those that count now, newest first. */
  list(did: Did): Promise<SessionRow[]>
  end(id: string): Promise<boolean>
  endAll(did: Did): Promise<number>
  /** End what is in use; tokens go on counting at the next start. */
  close(): void
}

export const sessionName = (id: string): string => id.slice(0, NAME_CHARS)

export const sessionInvalid = (): VivimError =>
  new VivimError('session/invalid', 'that session has ended, or there never was one')

/** SHA-256 of the token, hex; null for what cannot be one. */
function idOf(token: string): string | null {
  try {
    const bytes = fromB64u(token)
    return bytes.length === TOKEN_BYTES ? toHex(sha256(bytes)) : null
  } catch {
    return null
  }
}

export interface SessionsDeps {
  table: SessionTable
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

interface InUse {
  row: SessionRow
  isEnded: boolean
  over: AbortController
  timer: NodeJS.Timeout | null
}

export function makeSessions({ table, clock, chance, log }: SessionsDeps): Sessions {
  const inUse = new Map<string, InUse>()

  function drop(id: string): void {
    const known = inUse.get(id)
    if (known === undefined) return
    inUse.delete(id)
    if (known.timer !== null) clearTimeout(known.timer)
    known.over.abort(sessionInvalid())
  }

  function watch(known: InUse): void {
    const leftMs = known.row.expiresAtMs - clock.nowMs()
    if (leftMs <= 0) {
      drop(known.row.id)
      return
    }
    known.timer = setTimeout(() => watch(known), Math.min(leftMs, TIMER_MAX_MS))
    known.timer.unref()
  }

  function use(known: InUse): boolean {
    const nowMs = clock.nowMs()
    if (nowMs >= known.row.expiresAtMs) drop(known.row.id)
    if (known.isEnded || known.over.signal.aborted) return false
    if (nowMs - known.row.lastUsedAtMs >= USED_EVERY_MS) {
      known.row = { ...known.row, lastUsedAtMs: nowMs }
      table.used(known.row.id, nowMs).catch(error => log('session.unwritten', { code: codeOf(error) }))
    }
    return true
  }

  async function list(did: Did): Promise<SessionRow[]> {
    const nowMs = clock.nowMs()
    return (await table.list(did))
      .filter(row => row.expiresAtMs > nowMs)
      .map(row => inUse.get(row.id)?.row ?? row)
  }

  /** @returns how many of them there were. */
  async function end(ids: readonly string[]): Promise<number> {
    let ended = 0
    for (const id of ids) if (await table.delete(id)) ended += 1
    for (const id of ids) {
      const known = inUse.get(id)
      if (known) known.isEnded = true
    }
    // After the answer to whoever ended it, which goes out on the session's own connection.
    setImmediate(() => {
      for (const id of ids) drop(id)
    })
    return ended
  }

  return {
    list,
    end: async id => (await end([id])) > 0,

    async open(did, lifeMs) {
      const nowMs = clock.nowMs()
      await table.sweep(nowMs - REMEMBERED_MS)
      const others = (await list(did)).sort((a, b) => b.lastUsedAtMs - a.lastUsedAtMs)
      await end(others.slice(MAX_OF_ONE - 1).map(({ id }) => id))
      const token = chance.bytes(TOKEN_BYTES)
      const id = toHex(sha256(token))
      const expiresAtMs = nowMs + lifeMs
      await table.put({ id, did, createdAtMs: nowMs, expiresAtMs, lastUsedAtMs: nowMs })
      const text = toB64u(token)
      token.fill(0)
      return { token: text, sessionId: sessionName(id), expiresAtMs }
    },

    async find(token) {
      const id = idOf(token)
      if (id === null) return null
      const row = inUse.get(id)?.row ?? (await table.get(id))
      if (row === null || row.expiresAtMs <= clock.nowMs()) return null
      let known = inUse.get(id)
      if (known === undefined) {
        known = { row, isEnded: false, over: new AbortController(), timer: null }
        inUse.set(id, known)
        watch(known)
        // It may have been ended since it was read.
        if ((await table.get(id)) === null) drop(id)
      }
      const found = known
      return use(found) ? { id, did: row.did, over: found.over.signal, use: () => use(found) } : null
    },

    async remembered(token) {
      const id = idOf(token)
      const row = id === null ? null : await table.get(id)
      return row && { id: row.id, did: row.did }
    },

    async endAll(did) {
      const { length } = await list(did)
      await end((await table.list(did)).map(({ id }) => id))
      return length
    },

    close() {
      for (const id of [...inUse.keys()]) drop(id)
    },
  }
}
