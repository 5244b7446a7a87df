/** Circles of a user: made, extended, brought up to date from what others send, and used to seal. */
import {
  type Entry,
  makeAdd,
  makeCreate,
  makeDocumentEntry,
  makeRotate,
  parseEntry,
} from '../../core/circle/entry.ts'
import { MAX_CIRCLE_ENTRIES } from '../../core/circle/entry-graph.ts'
import {
  circleIdBytes,
  circleShard,
  makeEpoch,
  makeWrap,
  openWrap,
  parseWrap,
} from '../../core/circle/epoch.ts'
import {
  type CircleMember,
  type CircleState,
  memberOfDevice,
  reduceCircle,
} from '../../core/circle/reduce.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { activeDevices, type IdentityDocument } from '../../core/identity/document.ts'
import { fromHex, sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { codeOf, VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import { type Envelope, type EpochRef, isOfEpoch, type Letter } from '../../core/pipeline/letter.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { type KeyRing, openStored, sealStored } from './keys.ts'
import type { People } from './people.ts'

/** Entries of a letter stay below this, so that the whole fits an envelope; longer logs come by sync. */
const BUNDLE_MAX_BYTES = 3 * 1024 * 1024

/** Entries whose ancestors are not here yet. */
const MAX_WAITING = 1000
const FOREIGN: readonly string[] = ['not-a-member', 'other-circle', 'another-beginning']

/** References in the master database: ids and states only. */
export interface CircleRefs {
  put(
    local: Did,
    circle: CircleId,
    refs: { epoch: number; shard: number; members: { did: Did; role: string }[] },
  ): Promise<void>
  /** The newest epoch whose key a member's node acknowledged, or null. */
  knownEpoch(local: Did, circle: CircleId, member: Did): string | null
  setKnownEpoch(local: Did, circle: CircleId, member: Did, epoch: string): void
}

/** How much of circles is taken from one person. */
export interface CircleRoom {
  sender: Did
  /** Circles into which they brought the user. */
  circles: number
  /** Bytes of a circle's log. */
  bytes: number
}

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

const place = (circle: CircleId, epochId: string): string => `epoch ${circle} ${epochId}`
const everybody = (members: readonly CircleMember[]) => members.map(({ did, devices }) => ({ did, devices }))

export function makeCircles({ users, refs, people, keys, ownCard, clock, chance, log }: CirclesDeps) {
  /** Parsed entries by circle and user; a log only grows. */
  const logs = new Map<string, { seq: number; entries: Entry[]; state: CircleState | null }>()

  function load(local: Did, circle: CircleId): { entries: Entry[]; state: CircleState } {
    const key = `${local} ${circle}`
    const known = logs.get(key) ?? { seq: 0, entries: [], state: null }
    const rows = users.read(local, db => db.circles.entries(circle, known.seq))
    for (const row of rows) {
      known.entries.push(parseEntry(row.wire))
      known.seq = row.seq
    }
    if (known.state === null || rows.length > 0) known.state = reduceCircle(circle, known.entries)
    logs.set(key, known)
    return { entries: known.entries, state: known.state }
  }

  const state = (local: Did, circle: CircleId): CircleState => load(local, circle).state

  async function writeRefs(local: Did, circle: CircleId): Promise<void> {
    const { sealing, members } = state(local, circle)
    await refs.put(local, circle, {
      epoch: sealing?.number ?? 0,
      shard: circleShard(circle),
      members: members.map(({ did, role }) => ({ did, role })),
    })
  }

  /** Write one own entry with the secret of the epoch that it starts. */
  async function append(local: Did, entry: Entry, secret: SecretBytes, alias?: string): Promise<void> {
    const own = keys.keys(local)
    const { circle } = entry
    const number = entry.op === 'create' ? 1 : state(local, circle).epochs.length + 1
    const ownWrap = makeWrap(
      {
        circle,
        epoch: entry.hash,
        secret,
        to: local,
        devices: [...activeDevices(own.document), { kem: own.recovery.kem }],
        document: own.document,
        atMs: clock.nowMs(),
      },
      own.device,
      chance,
    )
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
      db.epochs.put({
        epochId: entry.hash,
        circleId: circle,
        secretSealed: sealStored(own, place(circle, entry.hash), secret, chance),
        ownWrap,
        number,
      })
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

  function secretOf(local: Did, circle: CircleId, epochId: string): SecretBytes | null {
    const row = users.read(local, db => db.epochs.get(circle, epochId))
    return row && openStored(keys.keys(local), place(circle, epochId), row.secretSealed)
  }

  /** Who brought the user into a circle: the signer of the entry that added them, themselves for their own. */
  function adder(local: Did, circle: CircleId): Did | null {
    const { entries, state: now } = load(local, circle)
    if (now.owner === local) return local
    const add = entries.find(entry => entry.op === 'add' && entry.person.document.did === local)
    return add?.did ?? null
  }

  function hasRoom(
    local: Did,
    within: CircleRoom,
    known: readonly Entry[],
    fresh: readonly Entry[],
  ): boolean {
    const bytes = [...known, ...fresh].reduce((sum, { wire }) => sum + wire.length, 0)
    if (bytes > within.bytes) return false
    if (known.length > 0) return true
    const brought = users
      .read(local, db => db.circles.list())
      .filter(({ circleId }) => adder(local, circleId) === within.sender)
    return brought.length < within.circles
  }

  const refOf = (circle: CircleId, epochId: string): EpochRef => ({
    circle: circleIdBytes(circle),
    epoch: fromHex(epochId),
  })

  return {
    state,

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
        return sealing && secretOf(local, circle, sealing.id)
      }
      if (known() === null && (role === 'owner' || role === 'admin')) await rotate(local, circle)
      const secret = known()
      const now = state(local, circle)
      if (secret === null || now.sealing === null)
        throw new VivimError('circle/no-epoch', 'no current key of this circle is known here')
      return { ref: refOf(circle, now.sealing.id), epochId: now.sealing.id, secret, state: now }
    },

    /** What a member needs to read the circle's messages: card, entries and a wrap of the sealing epoch. */
    bundle(local: Did, circle: CircleId, member: CircleMember, epoch: SealingEpoch): Omit<Letter, 'v'> {
      const own = keys.keys(local)
      const { entries } = load(local, circle)
      const bytes = entries.reduce((sum, { wire }) => sum + wire.length, 0)
      const wrap = makeWrap(
        {
          circle,
          epoch: epoch.epochId,
          secret: epoch.secret,
          to: member.did,
          devices: member.devices,
          document: own.document,
          atMs: clock.nowMs(),
        },
        own.device,
        chance,
      )
      return {
        card: ownCard(local),
        documents: [own.document.wire],
        wraps: [wrap],
        ...(bytes <= BUNDLE_MAX_BYTES && { entries: entries.map(({ wire }) => wire) }),
      }
    },

    /** The epoch of an envelope, by its tag, or null while it is not known here. @throws `keystore/locked`. */
    epochOf(
      local: Did,
      envelope: Extract<Envelope, { kind: 'epoch' }>,
    ): { circle: CircleId; epochId: string; ref: EpochRef; secret: SecretBytes } | null {
      const own = keys.keys(local)
      for (const row of users.read(local, db => db.epochs.all())) {
        const secret = openStored(own, place(row.circleId, row.epochId), row.secretSealed)
        if (isOfEpoch(envelope, secret))
          return { circle: row.circleId, epochId: row.epochId, ref: refOf(row.circleId, row.epochId), secret }
        secret.wipe()
      }
      return null
    },

    /** @returns the secret of an epoch, or null. @throws `keystore/locked`. */
    secretOf,

    /** Take entries from a letter or a sync. Those of circles that the user is not in are dropped; each is verified.
     *  @param within - how much is taken of who sent them, null without such a limit. */
    async takeEntries(
      local: Did,
      wires: readonly Uint8Array[],
      within: CircleRoom | null = null,
    ): Promise<CircleId[]> {
      const byCircle = new Map<CircleId, Entry[]>()
      for (const wire of wires) {
        try {
          const entry = parseEntry(wire)
          const list = byCircle.get(entry.circle)
          if (list) list.push(entry)
          else byCircle.set(entry.circle, [entry])
        } catch (error) {
          log('circle.entry-refused', { code: codeOf(error) })
        }
      }
      const changed: CircleId[] = []
      for (const [circle, fresh] of byCircle) {
        const { entries } = load(local, circle)
        if (within !== null && !hasRoom(local, within, entries, fresh)) {
          log('circle.entries-refused', { circle, from: within.sender })
          continue
        }
        const room = fresh.slice(0, MAX_CIRCLE_ENTRIES - entries.length)
        const after = reduceCircle(circle, [...entries, ...room])
        if (after.name === null || !after.members.some(member => member.did === local)) continue
        const kept = worthKeeping(after, room)
        const { name } = after
        const added = users.write(local, db => {
          const row = db.circles.get(circle)
          if (row === null || row.name !== name)
            db.circles.put({
              circleId: circle,
              alias: row?.alias ?? null,
              name,
              document: row?.document ?? null,
              createdAtMs: row?.createdAtMs ?? clock.nowMs(),
            })
          return kept.filter(entry => db.circles.addEntry(circle, entry.hash, entry.wire)).length
        })
        if (added === 0) continue
        changed.push(circle)
        for (const member of state(local, circle).members) await people.learn(member.document)
        await writeRefs(local, circle)
        log('circle.updated', { circle, entries: added })
      }
      return changed
    },

    /** Take wraps: each must be by a member's device and hold what its epoch's entry committed to. @returns whether a key is new. */
    takeWraps(local: Did, wires: readonly Uint8Array[]): boolean {
      const own = keys.keys(local)
      let fresh = false
      for (const wire of wires) {
        try {
          const wrap = parseWrap(wire)
          if (wrap.to !== local || users.read(local, db => db.epochs.get(wrap.circle, wrap.epoch)) !== null)
            continue
          const now = state(local, wrap.circle)
          const epoch = now.epochs.find(({ id }) => id === wrap.epoch)
          if (!epoch || memberOfDevice(now, wrap.by) === null) continue
          const secret = openWrap(wrap, own.kem, epoch.commitment)
          users.write(local, db =>
            db.epochs.put({
              epochId: epoch.id,
              circleId: wrap.circle,
              secretSealed: sealStored(own, place(wrap.circle, epoch.id), secret, chance),
              ownWrap: makeWrap(
                {
                  circle: wrap.circle,
                  epoch: epoch.id,
                  secret,
                  to: local,
                  devices: [...activeDevices(own.document), { kem: own.recovery.kem }],
                  document: own.document,
                  atMs: clock.nowMs(),
                },
                own.device,
                chance,
              ),
              number: epoch.number,
            }),
          )
          fresh = true
          log('circle.key', { circle: wrap.circle, epoch: epoch.number })
        } catch (error) {
          log('circle.wrap-refused', { code: codeOf(error) })
        }
      }
      return fresh
    },

    adder,
  }
}

/** Who is not in a circle writes nothing into its log here, however well signed; what waits for ancestors has little room. */
function worthKeeping(state: CircleState, fresh: readonly Entry[]): Entry[] {
  const foreign = new Set(state.invalid.filter(({ why }) => FOREIGN.includes(why)).map(({ hash }) => hash))
  const crowded = state.waiting.length > MAX_WAITING ? new Set(state.waiting) : new Set<string>()
  return fresh.filter(({ hash }) => !foreign.has(hash) && !crowded.has(hash))
}

export type Circles = ReturnType<typeof makeCircles>
