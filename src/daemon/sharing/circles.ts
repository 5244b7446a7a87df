/** Circles of a user: made, extended, brought up to date from what others send, and used to seal. */
import { type Entry, makeAdd, makeCreate, makeDocumentEntry, makeRotate } from '../../core/circle/entry.ts'
import { makeEpoch } from '../../core/circle/epoch.ts'
import type { CircleMember, CircleState } from '../../core/circle/reduce.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { activeDevices, type IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { EpochRef, Letter } from '../../core/pipeline/letter.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { epochRef, makeCircleKeys } from './circle-keys.ts'
import { type CircleRefs, makeCircleLogs } from './circle-logs.ts'
import type { KeyRing } from './keys.ts'
import type { People } from './people.ts'

/** Entries of a letter stay below this, so that the whole fits an envelope; longer logs come by sync. */
const BUNDLE_MAX_BYTES = 3 * 1024 * 1024

/** What sealing for a circle needs. */
export interface SealingEpoch {
  ref: EpochRef
  epochId: string
  secret: SecretBytes
  state: CircleState
}

export interface CirclesDeps {
  users: UserDatabaseManager
  refs: CircleRefs
  people: People
  keys: KeyRing
  /** The own card as text. */
  ownCard: (local: Did) => string
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

const everybody = (members: readonly CircleMember[]) => members.map(({ did, devices }) => ({ did, devices }))

export function makeCircles(deps: CirclesDeps) {
  const { users, keys, ownCard, clock, chance, log } = deps
  const logs = makeCircleLogs(deps)
  const circleKeys = makeCircleKeys({ ...deps, logs })
  const { load, state, writeRefs } = logs

  /** Write one own entry with the secret of the epoch that it starts. */
  async function append(local: Did, entry: Entry, secret: SecretBytes, alias?: string): Promise<void> {
    const { circle } = entry
    const number = entry.op === 'create' ? 1 : state(local, circle).epochs.length + 1
    const row = circleKeys.kept(local, { circle, epochId: entry.hash }, number, secret)
    users.write(local, db => {
      if (entry.op === 'create')
        db.circles.put({
          circleId: circle,
          alias: alias ?? null,
          name: entry.name,
          document: null,
          createdAtMs: clock.nowMs(),
        })
      db.circles.addEntry(circle, entry.hash, entry.wire)
      db.epochs.put(row)
    })
    await writeRefs(local, circle)
    log('circle.entry', { circle, op: entry.op, entry: entry.hash.slice(0, 16) })
  }

  function mayWrite(local: Did, circle: CircleId): CircleState {
    const now = state(local, circle)
    if (now.upgrade)
      throw new VivimError('circle/upgrade', 'this circle was changed in a way that is not known here')
    const role = now.members.find(member => member.did === local)?.role
    if (role !== 'owner' && role !== 'admin')
      throw new VivimError('circle/denied', 'only the owner and admins of this circle may do that')
    return now
  }

  /** The state to write after. A log must hold the document that its next entry relies on: a renewed one is brought first. */
  function readyToWrite(local: Did, circle: CircleId): CircleState {
    const now = mayWrite(local, circle)
    const own = keys.keys(local)
    const known = now.members.find(({ did }) => did === local)?.document.hash
    if (known !== undefined && sameBytes(known, own.document.hash)) return now
    const at = { circle, signer: own.document, prev: now.heads, atMs: clock.nowMs() }
    const entry = makeDocumentEntry(at, ownCard(local), own.device)
    users.write(local, db => db.circles.addEntry(circle, entry.hash, entry.wire))
    return state(local, circle)
  }

  async function rotate(local: Did, circle: CircleId): Promise<void> {
    const now = readyToWrite(local, circle)
    const own = keys.keys(local)
    const { secret, epoch } = makeEpoch(everybody(now.members), chance)
    const at = { circle, signer: own.document, prev: now.heads, atMs: clock.nowMs() }
    await append(local, makeRotate(at, epoch, own.device), secret)
  }

  return {
    ...logs,
    ...circleKeys,

    /** Wire forms of all verified entries. */
    entries: (local: Did, circle: CircleId): Uint8Array[] =>
      load(local, circle).entries.map(({ wire }) => wire),

    async create(local: Did, name: string): Promise<CircleId> {
      const own = keys.keys(local)
      const { secret, epoch } = makeEpoch([{ did: local, devices: activeDevices(own.document) }], chance)
      const entry = makeCreate(
        { signer: own.document, atMs: clock.nowMs(), name, history: 'new', card: ownCard(local), epoch },
        own.device,
        chance,
      )
      await append(local, entry, secret, name)
      return entry.circle
    },

    /** Add one person whose document is known, under a new epoch. @throws `circle/denied`, `circle/upgrade`, `keystore/locked`. */
    async add(
      local: Did,
      circle: CircleId,
      document: IdentityDocument,
      role: 'member' | 'admin',
    ): Promise<void> {
      const now = readyToWrite(local, circle)
      const own = keys.keys(local)
      const joined = [...everybody(now.members), { did: document.did, devices: activeDevices(document) }]
      const { secret, epoch } = makeEpoch(joined, chance)
      const card = users.read(local, db => db.contacts.get(document.did))?.card ?? null
      const at = { circle, signer: own.document, prev: now.heads, atMs: clock.nowMs() }
      await append(local, makeAdd(at, { document, role, card, epoch }, own.device), secret)
      users.write(local, db => db.circles.deleteWish(circle, document.did))
    },

    /** @throws `circle/denied`. */
    mayWrite,
    rotate,

    /** The epoch to seal under; an admin's node makes one where none may seal. @throws `circle/no-epoch`, `circle/upgrade`, `keystore/locked`. */
    async sealing(local: Did, circle: CircleId): Promise<SealingEpoch> {
      if (state(local, circle).upgrade)
        throw new VivimError('circle/upgrade', 'this circle was changed in a way that is not known here')
      const role = state(local, circle).members.find(member => member.did === local)?.role
      const known = (): SecretBytes | null => {
        const { sealing } = state(local, circle)
        return sealing && circleKeys.secretOf(local, circle, sealing.id)
      }
      if (known() === null && (role === 'owner' || role === 'admin')) await rotate(local, circle)
      const secret = known()
      const now = state(local, circle)
      if (secret === null || now.sealing === null)
        throw new VivimError('circle/no-epoch', 'no current key of this circle is known here')
      return {
        ref: epochRef({ circle, epochId: now.sealing.id }),
        epochId: now.sealing.id,
        secret,
        state: now,
      }
    },

    /** What a member needs to read the circle's messages: card, entries and a wrap of the sealing epoch. */
    bundle(local: Did, circle: CircleId, member: CircleMember, epoch: SealingEpoch): Omit<Letter, 'v'> {
      const own = keys.keys(local)
      const { entries } = load(local, circle)
      const bytes = entries.reduce((sum, { wire }) => sum + wire.length, 0)
      const name = { circle, epochId: epoch.epochId }
      const wrap = circleKeys.wrapFor(local, name, epoch.secret, member.did, member.devices)
      return {
        card: ownCard(local),
        documents: [own.document.wire],
        wraps: [wrap],
        ...(bytes <= BUNDLE_MAX_BYTES && { entries: entries.map(({ wire }) => wire) }),
      }
    },
  }
}

export type Circles = ReturnType<typeof makeCircles>
