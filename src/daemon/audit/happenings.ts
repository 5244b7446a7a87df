/** What reaches the audit log without a call: what the network brought, what time ended, and what keys did. Ids only. */
import { UNLOCKED } from '../../core/audit/verify.ts'
import type { Entry } from '../../core/circle/entry.ts'
import type { Ed25519Key } from '../../core/crypto/ed25519.ts'
import type { CircleId, Did } from '../../core/model/id.ts'
import type { SharingEvent } from '../sharing/events.ts'
import type { AuditLog, Note } from './log.ts'

/** What a circle's entry did, by its operation. */
const ENTRIES: Readonly<Record<Entry['op'], string>> = {
  create: 'circle.created',
  add: 'circle.added',
  remove: 'circle.removed',
  role: 'circle.role-given',
  rotate: 'circle.rotated',
  rename: 'circle.renamed',
  describe: 'circle.described',
  history: 'circle.history-set',
  leave: 'circle.left',
  transfer: 'circle.transferred',
  close: 'circle.closed',
  document: 'circle.document',
  unknown: 'circle.unknown',
}

/** Events of own shares that are worth a row, with what allowed them. */
const SHARES: Readonly<Record<string, string>> = {
  acknowledged: 'receipt',
  refused: 'policy',
  buried: 'tombstone',
  revoked: 'tombstone',
  expired: 'terms',
  exhausted: 'terms',
  'passed-on': 'capability',
  regained: 'notice',
}

/** Events of received shares, likewise; releasing and forgetting are calls. */
const RECEIVED: Readonly<Record<string, string>> = {
  received: 'notice',
  'passed-on': 'receipt',
  revoked: 'tombstone',
  expired: 'terms',
  exhausted: 'terms',
}

/** The room that everybody on the network has together. */
const NETWORK = 'network'

const node: Note['who'] = { kind: 'node', id: null, name: null }
const person = (did: Did): Note['who'] => ({ kind: 'did', id: did, name: null })

/** Whom an entry is about, beside its circle. */
function subjectOf(entry: Entry): Did | null {
  switch (entry.op) {
    case 'add':
      return entry.person.document.did
    case 'remove':
    case 'role':
    case 'transfer':
      return entry.target
    default:
      return null
  }
}

export function makeHappenings(log: Pick<AuditLog, 'note' | 'count' | 'settle' | 'sign' | 'signLast'>) {
  return {
    /** Somebody proved to be the user; what was tried before stands in their log from now on. */
    sessionOpened(local: Did, session: string, proof: 'passphrase' | 'device' | 'socket'): void {
      log.settle(local)
      void log.note(local, {
        who: { kind: 'session', id: session, name: null },
        right: proof,
        action: 'session.opened',
        targets: [`session:${session}`],
        outcome: 'ok',
      })
    },

    /** Somebody did not. Counted only: a write at once, made for those alone who live here, would show who does. */
    sessionRefused(local: Did): void {
      log.count(local, {
        who: { kind: 'guest', id: null, name: null },
        right: 'none',
        action: 'session.refused',
        targets: [],
        outcome: 'session/refused',
      })
    },

    sharing(event: SharingEvent): void {
      if (event.kind === 'inbox') {
        const { local, share, from } = event
        const right = RECEIVED[event.event]
        if (right === undefined) return
        const note: Note = {
          who: right === 'terms' ? node : person(from),
          right,
          action: `inbox.${event.event}`,
          targets: [`share:${share}`],
          outcome: 'ok',
        }
        void log.note(local, note, NETWORK)
        return
      }
      if (event.kind !== 'share') return
      const right = SHARES[event.event]
      if (right === undefined) return
      const { owner, share, target, by } = event
      const doer = by ?? (right === 'policy' ? null : target)
      const note: Note = {
        who: doer === null ? node : person(doer),
        right,
        action: `share.${event.event}`,
        targets: [`share:${share}`, ...(target === null || target === doer ? [] : [target])],
        outcome: 'ok',
      }
      // Whoever holds a right to pass on can make many words of it.
      void log.note(owner, note, by === undefined ? undefined : NETWORK)
    },

    /** An entry of a circle counts from now on, own or of others. */
    entry(local: Did, entry: Entry): void {
      const subject = subjectOf(entry)
      const note: Note = {
        who: person(entry.did),
        right: 'entry',
        action: ENTRIES[entry.op],
        targets: [`circle:${entry.circle}`, ...(subject === null ? [] : [subject])],
        outcome: 'ok',
      }
      void log.note(local, note, entry.did === local ? undefined : NETWORK)
    },

    /** The user stands in a circle that was not known here. */
    joined(local: Did, circle: CircleId, by: Did | null): void {
      const who = by === null ? node : person(by)
      const note: Note = {
        who,
        right: 'entry',
        action: 'circle.joined',
        targets: [`circle:${circle}`],
        outcome: 'ok',
      }
      void log.note(local, note, NETWORK)
    },

    /** Somebody let themselves into a circle by an invite of the user's. */
    inviteUsed(local: Did, circle: CircleId, invite: string, did: Did): void {
      const note: Note = {
        who: person(did),
        right: 'invite',
        action: 'circle.invite-used',
        targets: [`invite:${invite}`, `circle:${circle}`],
        outcome: 'ok',
      }
      void log.note(local, note, NETWORK)
    },

    /** Somebody's identity document changed: their devices may be others now. */
    document(local: Did, did: Did, how: 'changed' | 'conflict'): void {
      const note: Note = {
        who: person(did),
        right: 'document',
        action: `identity.${how}`,
        targets: [did],
        outcome: 'ok',
      }
      void log.note(local, note, did === local ? undefined : NETWORK)
    },

    unlocked(local: Did): void {
      void log.note(local, { who: node, right: 'keystore', action: UNLOCKED, targets: [], outcome: 'ok' })
      log.sign(local)
    },

    /** Before the keys are overwritten. */
    locking(local: Did, device: Ed25519Key): void {
      log.signLast(local, device)
      void log.note(local, {
        who: node,
        right: 'keystore',
        action: 'keystore.locked',
        targets: [],
        outcome: 'ok',
      })
    },
  }
}

export type Happenings = ReturnType<typeof makeHappenings>
