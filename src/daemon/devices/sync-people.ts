/** Own devices tell each other of people: identity documents, contacts, and the person's devices themselves. */
import { z } from 'zod'
import { CARD_MAX_CHARS, READ_SECRET_BYTES } from '../../core/identity/card.ts'
import { DOCUMENT_MAX_BYTES, parseDocument } from '../../core/identity/document.ts'
import { parseSlot, SLOT_MAX_BYTES } from '../../core/identity/slot.ts'
import { fromB64u, toB64u } from '../../core/kernel/bytes.ts'
import { Did } from '../../core/model/id.ts'
import type { People } from '../sharing/people.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import { allRecords, DeviceRecord, joinRecords, readRecord, writeRecord } from './device-records.ts'
import { Bytes, Counter, markOf, type SyncKind, shapeOf } from './sync-kind.ts'

export interface SyncPeopleDeps {
  users: UserDatabaseManager
  people: People
  /** Everybody in a circle with the user. */
  fellows: (local: Did) => Promise<Did[]>
  /** Take the slot that another own device wrote last. @returns whether it was news. */
  takeSlot: (local: Did, wire: Uint8Array) => boolean
  /** What a person sent before they were accepted becomes new. */
  release: (local: Did, owner: Did) => void
}

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

export function makeSyncPeople({ users, people, fellows, takeSlot, release }: SyncPeopleDeps): SyncKind[] {
  const devices: SyncKind = {
    kind: 'device',
    marks: async ({ local }) =>
      users.read(local, allRecords).map(({ ed, record }) => [toB64u(ed), markOf(record)]),
    row: async ({ local }, name) => users.read(local, db => readRecord(db, fromB64u(name))),
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const ed = fromB64u(name)
        if (ed.length !== 32) continue
        const known = users.read(local, db => readRecord(db, ed))
        const both = joinRecords(known, shapeOf(DeviceRecord, value))
        if (JSON.stringify(both) === JSON.stringify(known)) continue
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

  return [devices, documents, slots, contacts]
}
