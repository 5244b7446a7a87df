/** Opens the letters that wait, once the keystore is unlocked: learns people and circles, verifies notices, fills the inbox. */
import { parseManifest } from '../../core/crypto/manifest.ts'
import { didFromKey } from '../../core/identity/did.ts'
import { deviceOf, parseDocument } from '../../core/identity/document.ts'
import { documentTime } from '../../core/identity/succession.ts'
import { toBase32, toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf, isVerdict } from '../../core/kernel/errors.ts'
import { remember } from '../../core/kernel/remember.ts'
import { CircleId, type Did } from '../../core/model/id.ts'
import { type EpochRef, type Letter, openDeviceLetter, openEpochLetter } from '../../core/pipeline/letter.ts'
import { type Notice, parseNotice } from '../../core/pipeline/notice.ts'
import { rightFor } from '../../core/pipeline/pass.ts'
import { describeDefect } from '../defect.ts'
import type { LetterRow } from '../storage/user/letter-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { isHere, type ReceivedRow } from '../storage/user/received-table.ts'
import type { CircleRoom } from './circle-logs.ts'
import type { Circles } from './circles.ts'
import type { Contacts } from './contacts.ts'
import type { Endings } from './endings.ts'
import type { SharingEvents } from './events.ts'
import type { ExpectedCircles } from './expected-circles.ts'
import type { KeyRing } from './keys.ts'
import { envelopesOf } from './letter-wire.ts'
import type { Passed } from './passed.ts'
import type { People } from './people.ts'

const MAX_TRIED = 10_000
/** Circles that one stranger may bring, and how large the log of each may be. */
const STRANGER_ROOM = { circles: 8, bytes: 1024 * 1024 }
/** A letter whose epoch never became known is given up after this. */
const WAIT_MAX_MS = 30 * 86_400_000
/** Before letters are opened again that a disk or database kept from it. */
const FAILED_AGAIN_MS = 5_000

export interface LettersDeps {
  users: UserDatabaseManager
  people: People
  contacts: Contacts
  circles: Circles
  expected: ExpectedCircles
  endings: Endings
  passed: Passed
  keys: KeyRing
  events: SharingEvents
  /** The sender moved to another identity, whose card this is. */
  meetMoved: (local: Did, sender: Did, card: string) => Promise<void>
  /** The sender uses an invite of the user's, after their card and document were learnt. */
  takeJoin: (local: Did, sender: Did, join: NonNullable<Letter['join']>, letter: Letter) => Promise<void>
  /** The sender hands back shares of the user's. @throws `keystore/locked`. */
  takeReturns: (local: Did, sender: Did, returns: NonNullable<Letter['returns']>) => Promise<void>
  /** Whether this device can open a received share. @throws `keystore/locked`. */
  canOpen: (local: Did, row: ReceivedRow) => boolean
  takeAnswers: (local: Did, sender: Did, answers: NonNullable<Letter['answers']>) => void
  /** A letter was read that may have changed a circle. */
  circleNews: (local: Did) => void
  /** A circle of this user is lacking something that its members have. */
  wantSync: (local: Did, remote: Did) => void
  /** A new item may lack blocks. */
  wantBlocks: (local: Did, row: ReceivedRow) => void
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makeLetters(deps: LettersDeps) {
  const { users, people, contacts, circles, expected, endings, passed, keys, events } = deps
  const { meetMoved, wantSync, wantBlocks, clock, log } = deps
  const turns = new Map<Did, Promise<void>>()
  const timers = new Map<Did, NodeJS.Timeout>()
  let stopped = false
  /** Letters that have to wait, with how many epochs and circles were known when that was found. */
  const tried = new Map<string, number>()

  /** @returns false when it has to wait for an epoch, or for the rest of a circle's log. */
  async function open(local: Did, row: LetterRow): Promise<boolean> {
    const envelopes = envelopesOf(row.wire)
    // What is sealed to the device may bring the key that opens the rest.
    for (const envelope of envelopes) {
      if (envelope.kind !== 'device') continue
      const letter = openDeviceLetter(envelope, row.sender, local, keys.keys(local).kem)
      if (!(await take(local, row, letter, null))) return clock.nowMs() - row.arrivedAtMs > WAIT_MAX_MS
    }
    for (const envelope of envelopes) {
      if (envelope.kind !== 'epoch') continue
      const epoch = circles.epochOf(local, envelope)
      if (epoch === null) return clock.nowMs() - row.arrivedAtMs > WAIT_MAX_MS
      await take(local, row, openEpochLetter(envelope, epoch.ref, epoch.secret), epoch.ref)
    }
    return true
  }

  /** @returns false when it brought the newest part of a log only, which says nothing without the rest: that comes by sync. */
  async function take(local: Did, row: LetterRow, letter: Letter, epoch: EpochRef | null): Promise<boolean> {
    for (const wire of letter.documents ?? []) {
      const document = parseDocument(wire)
      // Only of the sender: what others are comes with the entries that say so.
      if (document.did === row.sender) await people.learn(document)
    }
    if (epoch === null) {
      contacts.meet(local, row.sender, letter.card, letter.cardAt)
      if (letter.moved !== undefined) await meetMoved(local, row.sender, letter.moved)
    }
    if (letter.entries) {
      const room = roomOf(local, row.sender)
      const { partial } = await circles.takeEntries(local, letter.entries, room)
      // Logs that do not fit a letter are larger than the room of a stranger.
      if (partial.length > 0 && room === null && epoch === null) {
        for (const circle of partial) {
          expected.add(local, row.sender, circle)
          log('circle.partial', { circle, from: row.sender })
        }
        return false
      }
    }
    if (letter.wraps) circles.takeWraps(local, letter.wraps)
    if (letter.notice) await admit(local, row, letter.notice, letter, epoch)
    else if (letter.pass) await passed.told(local, row.sender, letter.pass)
    if (epoch !== null) return true
    if (letter.revocations) await passed.takeRevocations(local, row.sender, letter.revocations)
    if (letter.returns) await deps.takeReturns(local, row.sender, letter.returns)
    const { join, answers } = letter
    if (join) await deps.takeJoin(local, row.sender, join, letter)
    if (answers) deps.takeAnswers(local, row.sender, answers)
    if (letter.entries || letter.wraps || answers) deps.circleNews(local)
    return true
  }

  /** Circles of people who were not accepted have little room. */
  function roomOf(local: Did, sender: Did): CircleRoom | null {
    const state = contacts.get(local, sender)?.state
    return state === 'known' || state === 'verified' ? null : { sender, ...STRANGER_ROOM }
  }

  /** Why a notice does not count, or null when it does. */
  async function fault(
    local: Did,
    row: LetterRow,
    notice: Notice,
    letter: Letter,
    epoch: EpochRef | null,
  ): Promise<string | null> {
    if (notice.content !== row.contentId || row.manifest === null) return 'other-content'
    if (notice.owner !== row.sender) {
      // Passed on: from one person to one, by a right that the owner gave.
      if (epoch !== null) return 'other-owner'
      const why = await passed.fault(local, row.sender, notice, letter)
      if (why !== null) return why
    }
    const document = await people.document(row.sender)
    if (document === null || documentTime(document, clock.nowMs()) !== 'current') return 'unknown-owner'
    if (deviceOf(document, notice.by) === null) return 'not-a-device'
    if ('did' in notice.to) {
      if (notice.to.did !== local || epoch !== null) return 'other-recipient'
    } else {
      if (
        epoch === null ||
        toHex(epoch.epoch) !== toHex(notice.to.epoch) ||
        toHex(epoch.circle) !== toHex(notice.to.circle)
      )
        return 'other-recipient'
      const { members } = circles.state(local, circleOf(epoch))
      const owner = members.find(({ did }) => did === notice.owner)
      if (!owner || !members.some(({ did }) => did === local)) return 'not-a-member'
      if (owner.role === 'reader') return 'reader'
    }
    if (notice.untilMs !== null && clock.nowMs() >= notice.untilMs) return 'ended'
    return null
  }

  async function admit(
    local: Did,
    row: LetterRow,
    wire: Uint8Array,
    letter: Letter,
    epoch: EpochRef | null,
  ): Promise<void> {
    const notice = parseNotice(wire)
    const why = await fault(local, row, notice, letter, epoch)
    if (why !== null) {
      log('inbox.notice-refused', { why, from: row.sender })
      return
    }
    // It may have been taken back since its letter was read; from here to the row nothing waits.
    if (row.manifest && endings.isBuried(local, notice.content, parseManifest(row.manifest).shareKey)) {
      log('inbox.notice-refused', { why: 'taken-back', from: row.sender })
      return
    }
    const contact = contacts.get(local, row.sender)
    const via = notice.owner === row.sender ? null : row.sender
    const own = didFromKey(keys.keys(local).device.publicKey)
    const atMs = clock.nowMs()
    const admitted = users.write(local, db => {
      // A replay revives nothing, also after the share was forgotten.
      if (!db.received.see(notice.id, notice.expMs)) return null
      const known = db.received.get(notice.owner, notice.share)
      // What came from the owner stays; it takes the place of what somebody else passed on, and lives.
      // So does what was sealed to devices that were lost, once its owner gave it again.
      const isBetter =
        known !== null && via === null && isHere(known) && (known.via !== null || !deps.canOpen(local, known))
      if (known !== null && known.version >= notice.version && !isBetter) return null
      db.received.put({
        shareId: notice.share,
        owner: notice.owner,
        version: notice.version,
        contentId: notice.content,
        notice: wire,
        noticeId: notice.id,
        circleId: epoch === null ? null : circleOf(epoch),
        title: notice.title,
        note: notice.note,
        permissions: notice.allow,
        fromMs: notice.fromMs,
        expiresMs: notice.untilMs,
        receivedAtMs: row.arrivedAtMs,
        state:
          contact?.state !== 'known' && contact?.state !== 'verified'
            ? 'held'
            : known !== null && isBetter && known.state === 'opened' && known.contentId === notice.content
              ? 'opened'
              : 'new',
        slip: row.slip,
        manifest: row.manifest,
        via,
        viaChain: via === null ? null : (letter.pass?.chain ?? null),
        delegation: rightFor(letter.delegations ?? [], own),
      })
      return db.received.get(notice.owner, notice.share)
    })
    if (admitted === null) return
    wantBlocks(local, admitted)
    log('inbox.received', { share: notice.share, from: row.sender })
    events.emit({ kind: 'inbox', local, share: notice.share, event: 'received', from: row.sender, atMs })
  }

  /** Its envelope goes, its receipt stays. Content that came with it and that no notice named has no reader: it goes too. */
  async function finish(local: Did, row: LetterRow): Promise<void> {
    tried.delete(row.hash)
    users.write(local, db => db.letters.finish(row.hash))
    if (row.contentId !== null) await endings.dropBlocks(row.contentId)
  }

  const knownOf = (local: Did): number =>
    users.read(local, db => db.epochs.count() + db.circles.list().length)

  /** A letter that an epoch or a circle keeps waiting is tried again once there are more of them: many of them must not make each arrival slow. */
  const isHopeless = (local: Did, row: LetterRow): boolean =>
    tried.get(row.hash) === knownOf(local) && clock.nowMs() - row.arrivedAtMs <= WAIT_MAX_MS

  async function openAll(local: Did): Promise<void> {
    let before: number
    do {
      before = knownOf(local)
      await openEach(local)
      // A letter may have brought the key for one that came before it.
    } while (keys.unlocked(local) && knownOf(local) > before)
  }

  async function openEach(local: Did): Promise<void> {
    for (const row of users.read(local, db => db.letters.list('waiting'))) {
      if (!keys.unlocked(local)) return
      if (isHopeless(local, row)) continue
      try {
        if (await open(local, row)) await finish(local, row)
        else {
          remember(tried, row.hash, knownOf(local), MAX_TRIED)
          wantSync(local, row.sender)
        }
      } catch (error) {
        const code = codeOf(error)
        if (code === 'keystore/locked') return
        // It was acknowledged: a disk or database that fails now must not lose it.
        if (!isVerdict(error) && code !== 'program/defect') throw error
        log('inbox.unreadable', {
          envelope: row.hash.slice(0, 16),
          code,
          from: row.sender,
          ...(code === 'program/defect' && describeDefect(error)),
        })
        // Sealed to another device, or not of a form we read: the receipt stays, so that it is not sent for ever. What a defect
        // keeps from being read waits for a new epoch, a new start, a new version.
        if (isVerdict(error)) await finish(local, row)
        else remember(tried, row.hash, knownOf(local), MAX_TRIED)
      }
    }
  }

  const circleOf = (epoch: EpochRef): CircleId => CircleId.parse(toBase32(epoch.circle))

  /** Open what waits for a user, one letter after the other; a second call joins the next turn. */
  function wake(local: Did): void {
    const before = turns.get(local) ?? Promise.resolve()
    const turn = before
      .then(() => (keys.unlocked(local) ? openAll(local) : undefined))
      .catch(error => {
        log('inbox.open-failed', { code: codeOf(error), ...describeDefect(error) })
        again(local)
      })
      .finally(() => {
        if (turns.get(local) === turn) turns.delete(local)
      })
    turns.set(local, turn)
  }

  function again(local: Did): void {
    if (stopped) return
    clearTimeout(timers.get(local))
    timers.set(
      local,
      setTimeout(() => wake(local), FAILED_AGAIN_MS),
    )
  }

  return {
    wake,

    /** Until nothing is being opened. */
    async idle(): Promise<void> {
      await Promise.all(turns.values())
    },

    async stop(): Promise<void> {
      stopped = true
      for (const timer of timers.values()) clearTimeout(timer)
      await Promise.all(turns.values())
    },
  }
}

export type Letters = ReturnType<typeof makeLetters>
