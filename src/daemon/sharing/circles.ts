/** Circles of a user: made, extended, brought up to date from what others send, and used to seal. */
import type { AddedRole, Entry, EntryHash, History } from '../../core/circle/entry.ts'
import { upTo } from '../../core/circle/entry-graph.ts'
import { makeEpoch } from '../../core/circle/epoch.ts'
import {
  type EntryPlace,
  makeAdd,
  makeClose,
  makeCreate,
  makeDescribe,
  makeDocumentEntry,
  makeHistory,
  makeLeave,
  makeRemove,
  makeRename,
  makeRole,
  makeRotate,
  makeTransfer,
} from '../../core/circle/new-entry.ts'
import type { CircleMember, CircleState } from '../../core/circle/reduce.ts'
import { mayRestore } from '../../core/circle/restoring.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { parseCard } from '../../core/identity/card.ts'
import { activeDevices, type IdentityDocument } from '../../core/identity/document.ts'
import { decideDocument } from '../../core/identity/succession.ts'
import { sameBytes } from '../../core/kernel/bytes.ts'
import type { Chance, Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { EpochRef, Letter } from '../../core/pipeline/letter.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { epochRef, makeCircleKeys } from './circle-keys.ts'
import { type CircleRefs, makeCircleLogs } from './circle-logs.ts'
import type { KeyRing } from './keys.ts'
import type { OwnCard } from './own-card.ts'
import type { People } from './people.ts'

/** Entries of a letter stay below this, so that the whole fits an envelope. */
const BUNDLE_MAX_BYTES = 3 * 1024 * 1024
const BUNDLE_MAX_ENTRIES = 4096
/** Older keys that are brought to somebody who is to read what was shared before, the newest: a letter has room for 64 wraps. */
const MAX_OLDER_KEYS = 31

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
  /** The own card. */
  card: Pick<OwnCard, 'text' | 'introduce'>
  /** Others changed a circle. */
  changed: (local: Did, circle: CircleId) => void
  /** An entry counts from now on, own or of others. */
  entered: (local: Did, entry: Entry) => void
  /** A circle that was not known here came, by this person. */
  joined: (local: Did, circle: CircleId, by: Did | null) => void
  clock: Clock
  chance: Chance
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

/** The last entries that a letter has room for; a member's node has the others, or gets them by sync. */
function fitting(entries: readonly Entry[]): Uint8Array[] {
  let from = entries.length
  let bytes = 0
  while (from > 0 && entries.length - from < BUNDLE_MAX_ENTRIES) {
    bytes += entries[from - 1]?.wire.length ?? 0
    if (bytes > BUNDLE_MAX_BYTES) break
    from--
  }
  return entries.slice(from).map(({ wire }) => wire)
}

const refusalOf = ({ op }: Entry): string =>
  op === 'remove' || op === 'role'
    ? 'an admin takes out or changes only members, and admins who became so later; the owner anybody else'
    : 'the rules of this circle do not allow that'

const everybody = (members: readonly CircleMember[]) => members.map(({ did, devices }) => ({ did, devices }))

export function makeCircles(deps: CirclesDeps) {
  const { users, refs, keys, card, clock, chance, log } = deps
  const logs = makeCircleLogs(deps)
  const circleKeys = makeCircleKeys({ ...deps, logs })
  const { load, state, writeRefs } = logs

  /** Write one own entry, with the secret of the epoch if it starts one. */
  async function append(local: Did, entry: Entry, secret: SecretBytes | null, alias?: string): Promise<void> {
    const { circle } = entry
    const number = entry.op === 'create' ? 1 : state(local, circle).epochs.length + 1
    const row = secret && circleKeys.kept(local, { circle, epochId: entry.hash }, number, secret)
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
      if (row) db.epochs.put(row)
      const before = entry.op === 'rename' ? db.circles.get(circle) : null
      if (before && entry.op === 'rename') db.circles.put({ ...before, alias: entry.name, name: entry.name })
    })
    await writeRefs(local, circle)
    log('circle.entry', { circle, op: entry.op, entry: entry.hash.slice(0, 16) })
    deps.entered(local, entry)
  }

  /** @throws `circle/upgrade`, `circle/closed`, `circle/denied` for who is not in it (any more). */
  function asMember(local: Did, circle: CircleId): { now: CircleState; role: CircleMember['role'] } {
    const now = state(local, circle)
    if (now.upgrade)
      throw new VivimError('circle/upgrade', 'this circle was changed in a way that is not known here')
    if (now.closing !== null) throw new VivimError('circle/closed', 'this circle was closed by its owner')
    const role = now.members.find(member => member.did === local)?.role
    if (role === undefined) throw new VivimError('circle/denied', 'you are not in this circle any more')
    return { now, role }
  }

  function mayWrite(local: Did, circle: CircleId): CircleState {
    const { now, role } = asMember(local, circle)
    if (role !== 'owner' && role !== 'admin')
      throw new VivimError('circle/denied', 'only the owner and admins of this circle may do that')
    return now
  }

  /** The state to write after. A log must hold the document that its next entry relies on: a renewed one is brought first. */
  function readyToWrite(local: Did, circle: CircleId, look: () => CircleState): CircleState {
    const now = look()
    const own = keys.keys(local)
    const known = now.members.find(({ did }) => did === local)?.document.hash
    if (known !== undefined && sameBytes(known, own.document.hash)) return now
    const at = { circle, signer: own.document, prev: now.heads, atMs: clock.nowMs() }
    const entry = makeDocumentEntry(at, card.text(local), own.device)
    users.write(local, db => db.circles.addEntry(circle, entry.hash, entry.wire))
    return look()
  }

  /** Sign an entry and write it. @param look - what it is made after: all that is known here, unless given.
   *  @throws `circle/denied` when it has no effect. */
  async function write(
    local: Did,
    circle: CircleId,
    make: (at: EntryPlace, now: CircleState) => { entry: Entry; secret: SecretBytes | null },
    look: () => CircleState = () => asMember(local, circle).now,
  ): Promise<void> {
    const now = readyToWrite(local, circle, look)
    const at = { circle, signer: keys.keys(local).document, prev: now.heads, atMs: clock.nowMs() }
    const { entry, secret } = make(at, now)
    // Judged as everybody will judge it: what the rules refuse is not written.
    const why = logs.faultOf(local, circle, entry)
    if (why !== null) throw new VivimError('circle/denied', refusalOf(entry), { why })
    if (!logs.hasRoomFor(local, circle, entry))
      throw new VivimError('circle/denied', "this circle's log is full: others would not keep that", {
        why: 'no-room',
      })
    await append(local, entry, secret)
  }

  async function rotate(local: Did, circle: CircleId): Promise<void> {
    mayWrite(local, circle)
    await write(local, circle, (at, now) => {
      const { secret, epoch } = makeEpoch(everybody(now.members), chance)
      return { entry: makeRotate(at, epoch, keys.keys(local).device), secret }
    })
  }

  /** The epoch to seal under, or null while none may seal or its key has not come here yet. @throws as `asMember`, `keystore/locked`. */
  function sealingHere(local: Did, circle: CircleId): SealingEpoch | null {
    const { now } = asMember(local, circle)
    const secret = now.sealing && circleKeys.secretOf(local, circle, now.sealing.id)
    if (now.sealing === null || secret === null) return null
    const epochId = now.sealing.id
    return { ref: epochRef({ circle, epochId }), epochId, secret, state: now }
  }

  /** Keys from before somebody came who is to read what was shared before: with the first letter that brings them the circle. */
  function olderWraps(local: Did, circle: CircleId, member: CircleMember, epoch: SealingEpoch): Uint8Array[] {
    if (member.history !== 'all' || refs.knownEpoch(local, circle, member.did) !== null) return []
    const effective = new Set(epoch.state.epochs.map(({ id }) => id))
    return users
      .read(local, db => db.epochs.ofCircle(circle))
      .filter(({ epochId }) => epochId !== epoch.epochId && effective.has(epochId))
      .slice(0, MAX_OLDER_KEYS)
      .flatMap(({ epochId }) => {
        const secret = circleKeys.secretOf(local, circle, epochId)
        return secret
          ? [circleKeys.wrapFor(local, { circle, epochId }, secret, member.did, member.devices)]
          : []
      })
  }

  /** An entry that starts no epoch. */
  const writePlain = (local: Did, circle: CircleId, make: (at: EntryPlace) => Entry): Promise<void> =>
    write(local, circle, at => ({ entry: make(at), secret: null }))

  /** Whether the log knows an older identity document of the user than counts, or a card that was renewed since. */
  function hasNews(local: Did, circle: CircleId): boolean {
    const { members, closing, upgrade } = state(local, circle)
    const member = members.find(({ did }) => did === local)
    if (member === undefined || closing !== null || upgrade) return false
    const own = keys.keys(local)
    const decision = decideDocument(member.document, own.document)
    if (decision !== 'same') return decision === 'accept'
    return member.card !== null && !sameBytes(parseCard(member.card).directory, own.directoryKey.publicKey)
  }

  return {
    ...logs,
    ...circleKeys,

    hasNews,

    /** Bring the own document and card into the log. @returns false when it has them. @throws `keystore/locked`. */
    async bringDocument(local: Did, circle: CircleId): Promise<boolean> {
      if (!hasNews(local, circle)) return false
      const own = keys.keys(local)
      const { heads } = state(local, circle)
      const at = { circle, signer: own.document, prev: heads, atMs: clock.nowMs() }
      await append(local, makeDocumentEntry(at, card.text(local), own.device), null)
      return true
    },

    /** Wire forms of all verified entries. */
    entries: (local: Did, circle: CircleId): Uint8Array[] =>
      load(local, circle).entries.map(({ wire }) => wire),

    async create(local: Did, name: string, history: History): Promise<CircleId> {
      const own = keys.keys(local)
      const { secret, epoch } = makeEpoch([{ did: local, devices: activeDevices(own.document) }], chance)
      const entry = makeCreate(
        { signer: own.document, atMs: clock.nowMs(), name, history, card: card.text(local), epoch },
        own.device,
        chance,
      )
      await append(local, entry, secret, name)
      return entry.circle
    },

    /** Add one person whose document is known, under a new epoch. @throws `circle/denied`, `circle/upgrade`, `keystore/locked`. */
    async add(local: Did, circle: CircleId, document: IdentityDocument, role: AddedRole): Promise<void> {
      mayWrite(local, circle)
      const card = users.read(local, db => db.contacts.get(document.did))?.card ?? null
      await write(local, circle, (at, now) => {
        const joined = [...everybody(now.members), { did: document.did, devices: activeDevices(document) }]
        const { secret, epoch } = makeEpoch(joined, chance)
        return { entry: makeAdd(at, { document, role, card, epoch }, keys.keys(local).device), secret }
      })
      users.write(local, db => db.circles.deleteWish(circle, document.did))
    },

    /** Take a member out, under a new epoch for the others. The owner's removal of who did something that is not understood here does
     *  not know of that, and so ends it. @throws as `add`. */
    remove: (local: Did, circle: CircleId, target: Did): Promise<void> =>
      write(
        local,
        circle,
        (at, now) => {
          const left = everybody(now.members).filter(({ did }) => did !== target)
          const { secret, epoch } = makeEpoch(left, chance)
          return { entry: makeRemove(at, target, epoch, keys.keys(local).device), secret }
        },
        mayRestore(state(local, circle), local) ? () => logs.before(local, circle, target) : undefined,
      ),

    /** @throws as `mayWrite`, but for an owner of a circle that is not understood here. */
    mayRemove(local: Did, circle: CircleId): void {
      if (!mayRestore(state(local, circle), local)) mayWrite(local, circle)
    },

    giveRole: (local: Did, circle: CircleId, target: Did, role: AddedRole): Promise<void> =>
      writePlain(local, circle, at => makeRole(at, target, role, keys.keys(local).device)),

    rename: (local: Did, circle: CircleId, name: string): Promise<void> =>
      writePlain(local, circle, at => makeRename(at, name, keys.keys(local).device)),

    describe: (local: Did, circle: CircleId, text: string): Promise<void> =>
      writePlain(local, circle, at => makeDescribe(at, text, keys.keys(local).device)),

    setHistory: (local: Did, circle: CircleId, history: History): Promise<void> =>
      writePlain(local, circle, at => makeHistory(at, history, keys.keys(local).device)),

    leave: (local: Did, circle: CircleId): Promise<void> =>
      writePlain(local, circle, at => makeLeave(at, keys.keys(local).device)),

    transfer: (local: Did, circle: CircleId, target: Did): Promise<void> =>
      writePlain(local, circle, at => makeTransfer(at, target, keys.keys(local).device)),

    close: (local: Did, circle: CircleId): Promise<void> =>
      writePlain(local, circle, at => makeClose(at, keys.keys(local).device)),

    /** @throws `circle/denied`, `circle/closed`, `circle/upgrade`. */
    asMember,
    mayWrite,
    rotate,

    sealingHere,

    /** The epoch to seal under; an admin's node makes one where its key is not here. @throws `circle/no-epoch`, `circle/upgrade`, `keystore/locked`. */
    async sealing(local: Did, circle: CircleId): Promise<SealingEpoch> {
      const { role } = asMember(local, circle)
      if (sealingHere(local, circle) === null && (role === 'owner' || role === 'admin'))
        await rotate(local, circle)
      const epoch = sealingHere(local, circle)
      if (epoch === null)
        throw new VivimError('circle/no-epoch', 'no current key of this circle is known here')
      return epoch
    },

    /** What somebody is told who learns that an entry ended something: the log up to it, and nothing after. */
    ending(local: Did, circle: CircleId, last: EntryHash): Omit<Letter, 'v'> {
      return {
        ...card.introduce(local),
        documents: [keys.keys(local).document.wire],
        entries: fitting(upTo(logs.idleFirst(local, circle), last)),
      }
    },

    /** The log alone, for who has to make a new key before there is one to bring. */
    log(local: Did, circle: CircleId): Omit<Letter, 'v'> {
      return {
        ...card.introduce(local),
        documents: [keys.keys(local).document.wire],
        entries: fitting(logs.idleFirst(local, circle)),
      }
    },

    /** What a member needs to read the circle's messages: card, entries and a wrap of the sealing epoch. */
    bundle(local: Did, circle: CircleId, member: CircleMember, epoch: SealingEpoch): Omit<Letter, 'v'> {
      const own = keys.keys(local)
      return {
        ...card.introduce(local),
        documents: [own.document.wire],
        wraps: [
          circleKeys.wrapFor(
            local,
            { circle, epochId: epoch.epochId },
            epoch.secret,
            member.did,
            member.devices,
          ),
          ...olderWraps(local, circle, member, epoch),
        ],
        entries: fitting(logs.idleFirst(local, circle)),
      }
    },
  }
}

export type Circles = ReturnType<typeof makeCircles>
