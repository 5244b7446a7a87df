/** Somebody took their identity back and comes with another device: what they shared is handed back to them, and what was shared with
 *  them is granted again. Works while the keystore is locked; it reads nothing that is sealed. */
import { z } from 'zod'
import { activeDevices, type IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes, toB64u } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import type { Did } from '../../core/model/id.ts'
import { MAX_RETURNS, type Return } from '../../core/pipeline/letter.ts'
import { parseNotice } from '../../core/pipeline/notice.ts'
import type { JobRow, JobStore, ShareStore } from '../../core/pipeline/ports.ts'
import type { JobOutcome } from '../jobs/runner.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import type { LetterSending } from './letter-sending.ts'
import type { OwnCard } from './own-card.ts'
import type { People } from './people.ts'

/** Well below the 4 MiB of an envelope. */
const LETTER_BYTES = 2 * 1024 * 1024
/** Whoever changes their devices again and again is handed things no more often. */
const AGAIN_MS = 3_600_000

export interface HandingBackDeps {
  users: UserDatabaseManager
  store: ShareStore
  jobs: JobStore
  people: People
  sending: LetterSending
  /** What every letter begins with: they may not know this user any more. */
  introduce: OwnCard['introduce']
  wake: () => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** Key of the profile table: to which devices of a person that was done, and when. */
const handedKey = (did: Did): string => `handed.back ${did}`
const Handed = z.object({ devices: z.array(z.string()), atMs: z.int() })

const keysOf = (document: IdentityDocument): string[] => activeDevices(document).map(({ ed }) => toB64u(ed))

export function makeHandingBack(deps: HandingBackDeps) {
  const { users, store, jobs, people, sending, introduce, wake, clock, log } = deps

  const keepHanded = (local: Did, document: IdentityDocument, atMs: number): void => {
    const text = JSON.stringify({ devices: keysOf(document), atMs })
    users.write(local, db => db.profile.put(handedKey(document.did), text))
  }

  /** The document of a person who recovered, where none of their devices was handed anything, with the time of the last handing back. */
  async function due(local: Did, did: Did): Promise<{ document: IdentityDocument; lastMs: number } | null> {
    const document = (await people.isRelated(local, did)) ? await people.current(did) : null
    if (document === null || !document.byRecovery) return null
    const now = keysOf(document)
    if (now.length === 0) return null
    const text = users.read(local, db => db.profile.text(handedKey(did)))
    if (text === null) return { document, lastMs: 0 }
    const handed = Handed.parse(JSON.parse(text))
    if (!now.some(one => handed.devices.includes(one))) return { document, lastMs: handed.atMs }
    // One that was handed everything took these in: what they may have of it is for their owner to say.
    if (now.some(one => !handed.devices.includes(one))) keepHanded(local, document, handed.atMs)
    return null
  }

  /** What came from this person by a device that does not count any more, and lives. */
  function returnsFor(local: Did, document: IdentityDocument): Return[] {
    const active = activeDevices(document)
    const found: Return[] = []
    for (const row of users.read(local, db => db.received.list())) {
      if (row.owner !== document.did || row.via !== null || row.manifest === null) continue
      const { own, by } = parseNotice(row.notice)
      if (own === undefined || active.some(({ ed }) => sameBytes(ed, by))) continue
      found.push({ notice: row.notice, manifest: row.manifest })
    }
    return found
  }

  return {
    /** Somebody was proved: see whether they are owed anything. */
    async look(local: Did, did: Did): Promise<void> {
      const owed = local === did ? null : await due(local, did)
      if (owed === null) return
      const notBeforeMs = Math.max(clock.nowMs(), owed.lastMs + AGAIN_MS)
      await jobs.add({ kind: 'hand-back', owner: local, target: did, share: null, circle: null, notBeforeMs })
      wake()
    },

    /** The job `hand-back`. */
    async run({ owner: local, target }: JobRow, signal: AbortSignal): Promise<JobOutcome> {
      const owed = target === null ? null : await due(local, target)
      if (target === null || owed === null) return 'done'
      const { document } = owed
      const returns = returnsFor(local, document)
      for (const part of inLetters(returns))
        await sending.send(
          { from: local, to: target },
          { ...introduce(local), returns: part },
          activeDevices(document),
          signal,
        )
      const granted = await store.regrant(local, target, clock.nowMs())
      keepHanded(local, document, clock.nowMs())
      log('share.handed-back', { target, shares: returns.length, granted })
      if (granted > 0) wake()
      return 'done'
    },
  }
}

export type HandingBack = ReturnType<typeof makeHandingBack>

function* inLetters(returns: readonly Return[]): Generator<Return[]> {
  let part: Return[] = []
  let bytes = 0
  for (const one of returns) {
    const size = one.notice.length + one.manifest.length
    if (part.length > 0 && (part.length === MAX_RETURNS || bytes + size > LETTER_BYTES)) {
      yield part
      part = []
      bytes = 0
    }
    part.push(one)
    bytes += size
  }
  if (part.length > 0) yield part
}
