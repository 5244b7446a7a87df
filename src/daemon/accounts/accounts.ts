/** The users of a home, as its operator manages them: made, listed, removed, their databases brought up to date. */

import { parseManifest } from '../../core/crypto/manifest.ts'
import { SecretBytes } from '../../core/crypto/secret.ts'
import { parseDid } from '../../core/identity/did.ts'
import { utf8 } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Cid, type Did, isoTime } from '../../core/model/id.ts'
import { DisplayName } from '../../core/model/name.ts'
import { isLive } from '../../core/pipeline/lifecycle.ts'
import type { BlockStore, JobStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { HomePaths } from '../home.ts'
import type { LocalUsers } from '../local-users.ts'
import type { Endings } from '../sharing/endings.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { makeUserFolder } from '../user-folder.ts'
import type { Sessions } from './sessions.ts'

/** How long the tombstones of somebody who leaves have to reach their recipients. */
const FAREWELL_MS = 10_000
const FAREWELL_POLL_MS = 100

export interface AccountsDeps {
  paths: HomePaths
  peer: string
  locals: LocalUsers
  users: UserDatabaseManager
  names: { of(did: Did): string; keep(did: Did, name: string): void }
  sessions: Sessions
  store: ShareStore
  jobs: JobStore
  blocks: BlockStore
  endings: Endings
  /** Take every row of a user out of the master database. */
  removeRows(did: Did): Promise<void>
  wake(): void
  operator: () => Did
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeAccounts(deps: AccountsDeps) {
  const { paths, peer, locals, users, names, sessions, store, jobs, blocks, endings } = deps
  const { removeRows, wake, operator, clock, chance, log } = deps
  /** One change after the other: two of one name at once are one. */
  let turn: Promise<unknown> = Promise.resolve()

  function alone<T>(work: () => Promise<T>): Promise<T> {
    const next = turn.then(work)
    turn = next.catch(() => undefined)
    return next
  }

  /** The user of that name or DID, or null. */
  function byName(text: string): Did | null {
    const all = locals.list()
    const did = parseDid(text)
    if (did !== null) return all.includes(did) ? did : null
    return all.find(one => names.of(one) === text) ?? null
  }

  function find(text: string): Did {
    const did = byName(text)
    if (did === null) throw new VivimError('user/not-found', `no user is called “${text}”`)
    return did
  }

  async function create(wanted: string, passphrase: string | undefined) {
    const parsed = DisplayName.safeParse(wanted)
    if (!parsed.success) throw new VivimError('usage/invalid', `the name ${parsed.error.issues[0]?.message}`)
    const name = parsed.data
    if (passphrase === '') throw new VivimError('usage/invalid', 'the passphrase is empty')
    const known = byName(name)
    if (known !== null) return { did: known, name, changed: false }
    const secret = passphrase === undefined ? null : new SecretBytes(utf8(passphrase))
    try {
      const did = await makeUserFolder(paths, peer, { passphrase: secret, clock, chance })
      users.create(did)
      names.keep(did, name)
      await locals.add(did)
      log('user.created', { did })
      return { did, name, changed: true }
    } finally {
      secret?.wipe()
    }
  }

  async function list() {
    const all = []
    for (const did of locals.list()) {
      const session = locals.sessionOf(did)
      all.push({
        did,
        name: names.of(did),
        operator: did === operator(),
        unlocked: session.unlocked,
        needsPassphrase: session.needsPassphrase,
        createdAt: isoTime(session.createdAtMs),
        sessions: (await sessions.list(did)).length,
      })
    }
    return {
      users: all.sort((a, b) => Number(b.operator) - Number(a.operator) || (a.name < b.name ? -1 : 1)),
    }
  }

  /** End what the person shared, tell whoever can be reached. @returns what ended, and how many were not told. */
  async function farewell(did: Did, signal: AbortSignal): Promise<{ ended: number; notTold: number }> {
    let ended = 0
    for (const share of await store.list(did, {}))
      if (isLive(share.state) && (await endings.endOwn(share, 'revoked'))) ended += 1
    wake()
    const bounded = AbortSignal.any([signal, AbortSignal.timeout(FAREWELL_MS)])
    const waiting = async (): Promise<number> =>
      (await jobs.list({ owner: did })).filter(({ kind }) => kind === 'bury').length
    let left = await waiting()
    while (left > 0 && !bounded.aborted) {
      await pause(FAREWELL_POLL_MS, bounded)
      left = await waiting()
    }
    return { ended, notTold: left }
  }

  /** Content that only this person had a right to. */
  function contentsOf(did: Did): Cid[] {
    return users.read(did, db => [
      ...db.letters.contents(),
      ...db.received.list().map(({ contentId }) => contentId),
    ])
  }

  async function remove(text: string, signal: AbortSignal) {
    const did = find(text)
    if (did === operator())
      throw new VivimError('user/operator', 'the operator of this node cannot be removed from it')
    const name = names.of(did)
    await sessions.endAll(did)
    const { ended, notTold } = await farewell(did, signal)
    const contents = contentsOf(did)
    await locals.remove(did)
    await removeRows(did)
    users.delete(did)
    for (const content of contents) await endings.dropBlocks(content)
    log('user.deleted', { did, ended, notTold })
    return { did, name, sharesEnded: ended, notTold, changed: true }
  }

  function migrate(text: string | undefined) {
    const which = text === undefined ? locals.list() : [find(text)]
    return {
      users: which.map(did => {
        const { from, to } = users.migrate(did)
        return { did, name: names.of(did), from, to, changed: from !== to }
      }),
    }
  }

  /** Bytes of content that a user sent or received, as `status` shows them: what lies here of others is not counted. */
  async function contentBytes(did: Did): Promise<number> {
    const own = (await store.list(did, {}))
      .filter(({ state }) => isLive(state))
      .map(({ contentId }) => contentId)
    let bytes = 0
    for (const content of new Set([...own, ...contentsOf(did)])) {
      const manifest = await blocks.get(content)
      if (manifest !== null) bytes += manifest.length + parseManifest(manifest).size
    }
    return bytes
  }

  return {
    byName,
    list,
    migrate,
    contentBytes,
    create: (name: string, passphrase: string | undefined) => alone(() => create(name, passphrase)),
    remove: (text: string, signal: AbortSignal) => alone(() => remove(text, signal)),
    isOperator: (did: Did): boolean => did === operator(),
  }
}

export type Accounts = ReturnType<typeof makeAccounts>

const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise(resolve => {
    const timer = setTimeout(resolve, ms)
    signal.addEventListener(
      'abort',
      () => {
        clearTimeout(timer)
        resolve()
      },
      { once: true },
    )
  })
