/** Shares after a recovery, at both ends: who says that they hold an own one, and who is to be granted theirs anew. */

import { type CircleId, Did, ShareId } from '../../../core/model/id.ts'
import type { RecipientRow, ShareRow, ShareStore } from '../../../core/pipeline/ports.ts'
import { addJob } from './job-row.ts'
import type { MasterAccess } from './master.ts'
import type { MasterDb } from './schema.ts'
import { ENDED, storedRecipient } from './share-row.ts'

export function makeShareReturns({
  write,
}: Pick<MasterAccess, 'write'>): Pick<ShareStore, 'held' | 'regrant'> {
  return {
    held: (share, { did, circle }, atMs) =>
      write(async db => {
        const row = await db
          .selectFrom('share')
          .select(['owner', 'audience', 'ended_at_ms'])
          .where('share_id', '=', share)
          .executeTakeFirst()
        if (!row) return
        const isLive = row.ended_at_ms === null
        const holder: RecipientRow = {
          shareId: share,
          did,
          circle,
          state: isLive ? 'acknowledged' : 'ended',
          envelopes: [],
          receipt: null,
          acknowledgedAtMs: atMs,
        }
        await db
          .insertInto('share_recipient')
          .values(storedRecipient(holder))
          .onConflict(conflict => conflict.columns(['share_id', 'did']).doNothing())
          .execute()
        const audience: ShareRow['audience'] = JSON.parse(row.audience)
        const named: (Did | CircleId)[] = circle === null ? audience.contacts : audience.circles
        const one = circle ?? did
        if (!named.includes(one)) {
          named.push(one)
          await db
            .updateTable('share')
            .set({ audience: JSON.stringify(audience) })
            .where('share_id', '=', share)
            .execute()
        }
        const owner = Did.parse(row.owner)
        if (!isLive)
          await addJob(db, { kind: 'bury', owner, share, circle: null, target: did, notBeforeMs: atMs }, atMs)
      }),

    regrant: (owner, did, nowMs) =>
      write(async db => {
        const live = db
          .selectFrom('share')
          .select('share_id')
          .where('owner', '=', owner)
          .where('state', 'not in', ENDED)
        const rows = await db
          .updateTable('share_recipient')
          .set({ state: 'pending', envelopes: '[]', receipt: null, acknowledged_at_ms: null })
          .where('did', '=', did)
          .where('share_id', 'in', live)
          .where('state', 'in', ['queued', 'delivering', 'acknowledged'])
          .returning('share_id')
          .execute()
        for (const { share_id } of rows) {
          const share = ShareId.parse(share_id)
          await dropLooseEnvelopes(db, share)
          const job = { owner, share, circle: null, target: did, notBeforeMs: nowMs }
          await db
            .deleteFrom('job')
            .where('kind', '=', 'deliver')
            .where('share', '=', share)
            .where('target', '=', did)
            .execute()
          await addJob(db, { ...job, kind: 'grant' }, nowMs)
        }
        return rows.length
      }),
  }
}

/** Remove the envelopes of a share that no recipient of it is sent any more. */
async function dropLooseEnvelopes(db: MasterDb, share: ShareId): Promise<void> {
  const recipients = await db
    .selectFrom('share_recipient')
    .select('envelopes')
    .where('share_id', '=', share)
    .execute()
  const named = new Set(recipients.flatMap(({ envelopes }) => JSON.parse(envelopes) as string[]))
  const rows = await db.selectFrom('envelope').select('hash').where('share_id', '=', share).execute()
  for (const { hash } of rows)
    if (!named.has(hash)) await db.deleteFrom('envelope').where('hash', '=', hash).execute()
}
