/** The shares of the master database (`ShareStore` of the pipeline): each verb that changes something is one transaction. */

import type { ShareState } from '../../../core/contract/share-shapes.ts'
import { plain } from '../../../core/crypto/hash.ts'
import { VivimError } from '../../../core/kernel/errors.ts'
import { Cid, Did } from '../../../core/model/id.ts'
import type { EnvelopeRow, ShareStore } from '../../../core/pipeline/ports.ts'
import { insertEvent } from './event-table.ts'
import { addJob, insertJobs } from './job-row.ts'
import type { MasterAccess } from './master.ts'
import type { MasterDb } from './schema.ts'
import { makeShareReturns } from './share-returns.ts'
import { ENDED, recipientOf, shareOf, storedRecipient, storedShare } from './share-row.ts'

/** From which an acknowledgement makes a share published. */
const ON_THE_WAY = ['scheduled', 'queued', 'publishing', 'failed'] as const satisfies ShareState[]
/** Rows of one insert: PostgreSQL takes 65,535 values a statement, SQLite 32,766. */
const ROWS_AT_ONCE = 1_000

export function makeShareStore({ read, write }: Pick<MasterAccess, 'read' | 'write'>): ShareStore {
  return {
    accept: (share, recipients, envelopes, jobs) =>
      write(async db => {
        await db.insertInto('share').values(storedShare(share)).execute()
        // Of two with one key at once the second waits here for the first.
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('intent')
          .values({ share_id: share.shareId, owner: share.owner, wire: share.intent, key: share.key })
          .onConflict(conflict => conflict.columns(['owner', 'key']).doNothing())
          .executeTakeFirst()
        if (!numInsertedOrUpdatedRows)
          throw new VivimError('share/key-reused', 'that key stands for another share')
        for (let at = 0; at < recipients.length; at += ROWS_AT_ONCE)
          await db
            .insertInto('share_recipient')
            .values(recipients.slice(at, at + ROWS_AT_ONCE).map(storedRecipient))
            .execute()
        await insertEnvelopes(db, envelopes)
        await insertJobs(db, jobs, share.createdAtMs)
        await insertEvent(db, {
          atMs: share.createdAtMs,
          owner: share.owner,
          share: share.shareId,
          event: share.state,
          target: null,
        })
      }),

    adopt: (share, recipients) =>
      write(async db => {
        const { numInsertedOrUpdatedRows } = await db
          .insertInto('share')
          .values(storedShare(share))
          .onConflict(conflict => conflict.column('share_id').doNothing())
          .executeTakeFirst()
        if (!numInsertedOrUpdatedRows) return false
        const intent = { share_id: share.shareId, owner: share.owner, wire: share.intent }
        const keyed = await db
          .insertInto('intent')
          .values({ ...intent, key: share.key })
          .onConflict(conflict => conflict.columns(['owner', 'key']).doNothing())
          .executeTakeFirst()
        // Both devices used one key for different shares: here it goes on standing for the one that was first here.
        if (!keyed.numInsertedOrUpdatedRows)
          await db
            .insertInto('intent')
            .values({ ...intent, key: null })
            .execute()
        for (let at = 0; at < recipients.length; at += ROWS_AT_ONCE)
          await db
            .insertInto('share_recipient')
            .values(recipients.slice(at, at + ROWS_AT_ONCE).map(storedRecipient))
            .execute()
        return true
      }),

    granted: (share, did, envelopes, job) =>
      write(async db => {
        const live = await liveShare(db, share)
        if (!live) return
        const { numUpdatedRows } = await db
          .updateTable('share_recipient')
          .set({ envelopes: JSON.stringify(envelopes.map(envelope => envelope.hash)), state: 'queued' })
          .where('share_id', '=', share)
          .where('did', '=', did)
          .where('state', 'in', ['pending', 'queued', 'refused'])
          .executeTakeFirst()
        if (numUpdatedRows === 0n) return
        await insertEnvelopes(db, envelopes)
        await db
          .deleteFrom('job')
          .where('kind', '=', 'grant')
          .where('share', '=', share)
          .where('target', '=', did)
          .execute()
        await addJob(db, job, job.notBeforeMs)
      }),

    join: (share, people, notBeforeMs) =>
      write(async db => {
        const owner = await ownerOf(db, share)
        if (owner === null || !(await liveShare(db, share))) return
        for (const { did, circle } of people) {
          const row = { shareId: share, did, circle, state: 'pending' as const, envelopes: [] }
          const { numInsertedOrUpdatedRows } = await db
            .insertInto('share_recipient')
            .values(storedRecipient({ ...row, receipt: null, acknowledgedAtMs: null }))
            .onConflict(conflict =>
              conflict
                .columns(['share_id', 'did'])
                .doUpdateSet({ state: 'pending', circle, envelopes: '[]' })
                .where('share_recipient.state', '=', 'refused'),
            )
            .executeTakeFirst()
          if (!numInsertedOrUpdatedRows) continue
          await addJob(
            db,
            { kind: 'grant', owner, share, circle: null, target: did, notBeforeMs },
            notBeforeMs,
          )
        }
      }),

    ...makeShareReturns({ write }),

    async find(share) {
      const row = await read(db => shareRows(db).where('share.share_id', '=', share).executeTakeFirst())
      return row ? shareOf(row) : null
    },

    async list(owner, { state, prefix, live }) {
      const rows = await read(db => {
        let rows = shareRows(db).where('share.owner', '=', owner)
        if (state !== undefined) rows = rows.where('share.state', '=', state)
        if (live) rows = rows.where('share.state', 'not in', ENDED)
        if (prefix !== undefined)
          rows = rows.where(eb =>
            eb(eb.fn('substr', ['share.share_id', eb.val(1), eb.val(prefix.length)]), '=', prefix),
          )
        return rows.orderBy('share.created_at_ms', 'desc').orderBy('share.share_id').execute()
      })
      return rows.map(shareOf)
    },

    async findByKey(owner, key) {
      const row = await read(db =>
        shareRows(db).where('intent.owner', '=', owner).where('intent.key', '=', key).executeTakeFirst(),
      )
      return row ? shareOf(row) : null
    },

    async findByContent(content) {
      const row = await read(db => shareRows(db).where('share.content_id', '=', content).executeTakeFirst())
      return row ? shareOf(row) : null
    },

    async recipients(share) {
      const rows = await read(db =>
        db.selectFrom('share_recipient').selectAll().where('share_id', '=', share).orderBy('did').execute(),
      )
      return rows.map(recipientOf)
    },

    async envelope(hash) {
      const row = await read(db =>
        db.selectFrom('envelope').select('wire').where('hash', '=', hash).executeTakeFirst(),
      )
      return row ? plain(row.wire) : null
    },

    move: (share, from, to) =>
      write(async db => {
        if (from.length === 0) return false
        const { numUpdatedRows } = await db
          .updateTable('share')
          .set({ state: to })
          .where('share_id', '=', share)
          .where('state', 'in', from)
          .executeTakeFirst()
        return numUpdatedRows > 0n
      }),

    setRecipient: (share, did, state) =>
      write(async db => {
        await db
          .updateTable('share_recipient')
          .set({ state })
          .where('share_id', '=', share)
          .where('did', '=', did)
          // What was acknowledged or has ended stays so, whatever a late delivery says.
          .where('state', 'not in', ['acknowledged', 'ended'])
          .execute()
      }),

    acknowledge: (share, did, receipt, atMs) =>
      write(async db => {
        const row = await db
          .updateTable('share_recipient')
          .set(eb => ({
            receipt,
            acknowledged_at_ms: atMs,
            state: eb.case().when('state', '=', 'ended').then('ended').else('acknowledged').end(),
          }))
          .where('share_id', '=', share)
          .where('did', '=', did)
          .where('receipt', 'is', null)
          .returning('share_id')
          .executeTakeFirst()
        if (!row) return false
        await db
          .updateTable('share')
          .set({ state: 'published' })
          .where('share_id', '=', share)
          .where('state', 'in', ON_THE_WAY)
          .execute()
        const owner = await ownerOf(db, share)
        if (owner) await insertEvent(db, { atMs, owner, share, event: 'acknowledged', target: did })
        return true
      }),

    end: (share, state, atMs) =>
      write(async db => {
        const ended = await db
          .updateTable('share')
          .set({ state, ended_at_ms: atMs })
          .where('share_id', '=', share)
          .where('state', 'not in', ENDED)
          .returning('owner')
          .executeTakeFirst()
        if (!ended) return false
        const owner = Did.parse(ended.owner)
        const recipients = await db
          .selectFrom('share_recipient')
          .select('did')
          .where('share_id', '=', share)
          .orderBy('did')
          .execute()
        await db
          .updateTable('share_recipient')
          .set({ state: 'ended', envelopes: '[]' })
          .where('share_id', '=', share)
          .execute()
        await db.deleteFrom('job').where('share', '=', share).execute()
        await db.deleteFrom('envelope').where('share_id', '=', share).execute()
        await insertJobs(
          db,
          recipients.map(({ did }) => ({
            kind: 'bury',
            owner,
            share,
            circle: null,
            target: Did.parse(did),
            notBeforeMs: atMs,
          })),
          atMs,
        )
        await insertEvent(db, { atMs, owner, share, event: state, target: null })
        return true
      }),

    async due(nowMs) {
      const rows = await read(db =>
        shareRows(db)
          .where('share.expires_ms', '<=', nowMs)
          .where('share.state', 'not in', ENDED)
          .orderBy('share.expires_ms')
          .execute(),
      )
      return rows.map(shareOf)
    },

    async liveContents() {
      const rows = await read(db =>
        db.selectFrom('share').select('content_id').distinct().where('state', 'not in', ENDED).execute(),
      )
      return rows.map(row => Cid.parse(row.content_id))
    },

    event: row => write(db => insertEvent(db, row)),
  }
}

const shareRows = (db: MasterDb) =>
  db
    .selectFrom('share')
    .innerJoin('intent', 'intent.share_id', 'share.share_id')
    .selectAll('share')
    .select(['intent.wire', 'intent.key'])

const liveShare = async (db: MasterDb, share: string): Promise<boolean> =>
  (await db
    .selectFrom('share')
    .select('share_id')
    .where('share_id', '=', share)
    .where('state', 'not in', ENDED)
    .executeTakeFirst()) !== undefined

async function ownerOf(db: MasterDb, share: string): Promise<Did | null> {
  const row = await db.selectFrom('share').select('owner').where('share_id', '=', share).executeTakeFirst()
  return row ? Did.parse(row.owner) : null
}

/** One envelope serves many recipients: the same twice is one. */
async function insertEnvelopes(db: MasterDb, envelopes: readonly EnvelopeRow[]): Promise<void> {
  for (const { hash, shareId, wire } of envelopes)
    await db
      .insertInto('envelope')
      .values({ hash, share_id: shareId, wire })
      .onConflict(conflict => conflict.column('hash').doNothing())
      .execute()
}
