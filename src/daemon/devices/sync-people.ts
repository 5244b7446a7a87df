/** Own devices tell each other of people: identity documents, contacts, and the person's devices themselves. */
import { z } from 'zod'
import { ed25519PublicKey } from '../../core/crypto/ed25519.ts'
import type { SecretBytes } from '../../core/crypto/secret.ts'
import { APPROVAL_MAX_BYTES, countsAsApproval, parseApproval } from '../../core/identity/approval.ts'
import { CARD_MAX_CHARS, READ_SECRET_BYTES } from '../../core/identity/card.ts'
import { DOCUMENT_MAX_BYTES, deviceOf, parseDocument } from '../../core/identity/document.ts'
import { CLOCK_SKEW_MS } from '../../core/identity/field.ts'
import { taken as takenSecret } from '../../core/identity/secret-file.ts'
import { parseSlot, SLOT_MAX_BYTES } from '../../core/identity/slot.ts'
import { fromB64u, sameBytes, toB64u } from '../../core/kernel/bytes.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { Did } from '../../core/model/id.ts'
import type { KeyRing } from '../sharing/keys.ts'
import type { CardKeys } from '../sharing/own-card.ts'
import type { People } from '../sharing/people.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import {
  allRecords,
  DeviceName,
  type DeviceRecord,
  joinRecords,
  readRecord,
  writeRecord,
} from './device-records.ts'
import { Bytes, Counter, checkVersion, markOf, type SyncKind, shapeOf } from './sync-kind.ts'

export interface SyncPeopleDeps {
  users: UserDatabaseManager
  people: People
  keys: KeyRing
  /** Everybody in a circle with the user. */
  fellows: (local: Did) => Promise<Did[]>
  /** When the own card's keys were drawn. */
  cardDrawn: (local: Did) => number
  /** Lend the seed of the directory key. @throws `keystore/locked`. */
  directorySeed: (local: Did) => SecretBytes
  /** Take the card's keys that another own device drew. They may be kept. @returns whether they are news. */
  takeCard: (local: Did, card: CardKeys) => Promise<boolean>
  /** Take the slot that another own device wrote last. @returns whether it was news. */
  takeSlot: (local: Did, wire: Uint8Array) => boolean
  /** What a person sent before they were accepted becomes new. */
  release: (local: Did, owner: Did) => void
  nowMs: () => number
}

const DeviceValue = z.object({
  name: DeviceName,
  nameSeq: Counter,
  approval: Bytes(APPROVAL_MAX_BYTES).nullable(),
})
const deviceValue = ({ name, nameSeq, approval }: DeviceRecord) => ({
  name,
  nameSeq,
  approval: approval?.wire ?? null,
})

const CardValue = z.object({ drawn: Counter, directory: Bytes(32), read: Bytes(READ_SECRET_BYTES) })

const ContactValue = z.object({
  version: Counter,
  writer: z.string().max(64),
  row: z
    .object({
      alias: z.string().max(100).nullable(),
      state: z.enum(['known', 'stranger', 'verified', 'blocked']),
      card: z.string().max(CARD_MAX_CHARS).nullable(),
      dir: Bytes(32).nullable(),
      read: Bytes(READ_SECRET_BYTES).nullable(),
      peers: z
        .array(z.object({ peer: z.string().max(64), addrs: z.array(z.string().max(256)).max(16) }))
        .max(32),
      addedAt: Counter,
      lastSeen: Counter.nullable(),
      cardAt: Counter.default(0),
      movedTo: Did.nullable().default(null),
      movedCard: z.string().max(CARD_MAX_CHARS).nullable().default(null),
      byInvite: z.boolean().default(false),
    })
    .nullable(),
})

export function makeSyncPeople(deps: SyncPeopleDeps): SyncKind[] {
  const { users, people, keys, fellows, cardDrawn, directorySeed, takeCard, takeSlot, release, nowMs } = deps
  const devices: SyncKind = {
    kind: 'device',
    marks: async ({ local }) =>
      users.read(local, allRecords).map(({ ed, record }) => [toB64u(ed), markOf(deviceValue(record))]),
    row: async ({ local }, name) => deviceValue(users.read(local, db => readRecord(db, fromB64u(name)))),
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const ed = fromB64u(name)
        const theirs = shapeOf(DeviceValue, value)
        checkVersion(theirs.nameSeq, nowMs())
        const known = users.read(local, db => readRecord(db, ed))
        const { recovery, document } = keys.keys(local)
        // Of itself a device says its name only; on what terms it was taken in, who took it in.
        const approval = theirs.approval && parseApproval(theirs.approval)
        if (approval !== null && !countsAsApproval(approval, ed, document, recovery.ed))
          throw new VivimError('crypto/bad-signature', 'an approval by nobody who may give it')
        const both = joinRecords(known, { ...theirs, approval }, recovery.ed)
        if (sameBytes(markOf(deviceValue(both)), markOf(deviceValue(known)))) continue
        writeRecord(users, local, ed, both)
        taken++
      }
      return taken
    },
  }

  /** Whose documents the other device needs: its own person's, contacts', fellow members', and of who shared something. */
  async function concerned(local: Did): Promise<Set<Did>> {
    const all = new Set<Did>([local, ...(await fellows(local))])
    for (const { did } of users.read(local, db => db.contacts.list())) all.add(did)
    for (const { owner } of users.read(local, db => db.received.list())) all.add(owner)
    return all
  }

  const documents: SyncKind = {
    kind: 'document',
    async marks({ local }) {
      const marks: [string, Uint8Array][] = []
      for (const did of await concerned(local)) {
        const document = await people.document(did)
        if (document !== null) marks.push([did, markOf(document.hash)])
      }
      return marks
    },
    row: async (_pair, name) => (await people.document(Did.parse(name)))?.wire ?? null,
    async take(_pair, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const document = parseDocument(shapeOf(Bytes(DOCUMENT_MAX_BYTES), value))
        if (document.did === name && (await people.learn(document))) taken++
      }
      return taken
    },
  }

  /** Any own device can make cards, and a renewed one is every device's. */
  const cards: SyncKind = {
    kind: 'card',
    marks: async ({ local }) => [
      ['own', markOf([cardDrawn(local), ed25519PublicKey(keys.keys(local).directoryKey)])],
    ],
    async row({ local, device }) {
      const { document, read } = keys.keys(local)
      // It may have been taken out since this sync began: it must not get what was drawn because of it.
      if (deviceOf(document, device) === null) return null
      return {
        drawn: cardDrawn(local),
        directory: directorySeed(local).reveal(),
        read: read.reveal(),
      }
    },
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const { drawn, directory, read } = shapeOf(CardValue, value)
        if (name !== 'own' || directory.length !== 32 || read.length !== READ_SECRET_BYTES)
          throw new VivimError('crypto/bad-encoding', 'not the keys of a card')
        if (drawn > nowMs() + CLOCK_SKEW_MS)
          throw new VivimError('crypto/bad-encoding', 'a card that was drawn ahead of the time')
        const card = { drawn, directory: takenSecret(directory), read: takenSecret(read) }
        if (await takeCard(local, card)) taken++
      }
      return taken
    },
  }

  const contacts: SyncKind = {
    kind: 'contact',
    marks: async ({ local }) =>
      users
        .read(local, db => db.contacts.allWritten())
        .map(({ did, version, writer, row }) => [
          did,
          markOf([version, writer, row && [row.alias, row.state, row.card]]),
        ]),
    async row({ local }, name) {
      const found = users.read(local, db => db.contacts.written(Did.parse(name)))
      if (found === null) return null
      const { version, writer, row } = found
      return {
        version,
        writer,
        row: row && {
          alias: row.alias,
          state: row.state,
          card: row.card,
          dir: row.dir,
          read: row.readSecret,
          peers: row.peers,
          addedAt: row.addedAtMs,
          lastSeen: row.lastSeenMs,
          cardAt: row.cardAtMs,
          movedTo: row.movedTo,
          movedCard: row.movedCard,
          byInvite: row.byInvite,
        },
      }
    },
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const did = Did.parse(name)
        if (did === local) continue
        const { version, writer, row } = shapeOf(ContactValue, value)
        checkVersion(version, nowMs())
        const next =
          row === null
            ? null
            : {
                did,
                alias: row.alias,
                state: row.state,
                card: row.card,
                dir: row.dir,
                readSecret: row.read,
                peers: row.peers,
                addedAtMs: row.addedAt,
                lastSeenMs: row.lastSeen,
                cardAtMs: row.cardAt,
                movedTo: row.movedTo,
                movedCard: row.movedCard,
                byInvite: row.byInvite,
              }
        if (!users.write(local, db => db.contacts.merge({ did, version, writer, row: next }))) continue
        taken++
        if (next?.state === 'known' || next?.state === 'verified') release(local, did)
      }
      return taken
    },
  }

  /** One slot tells of all nodes: each writes it, from the newest. */
  const slots: SyncKind = {
    kind: 'slot',
    async marks({ local }) {
      const wire = users.read(local, db => db.profile.bytes('slot'))
      return wire === null ? [] : [['own', markOf(parseSlot(wire).seq)]]
    },
    row: async ({ local }) => users.read(local, db => db.profile.bytes('slot')),
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows)
        if (name === 'own' && takeSlot(local, shapeOf(Bytes(SLOT_MAX_BYTES), value))) taken++
      return taken
    },
  }

  return [documents, devices, cards, slots, contacts]
}
