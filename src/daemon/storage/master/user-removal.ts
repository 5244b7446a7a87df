/** Takes every row of a user out of the master database, when they leave this node for good. */
import type { Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'

/** One transaction. What others here know of the person as of anybody stays: their identity document, their place in circles. */
export const removeUser = ({ write }: Pick<MasterAccess, 'write'>, did: Did): Promise<void> =>
  write(async db => {
    await db.deleteFrom('session').where('did', '=', did).execute()
    await db.deleteFrom('audit_anchor').where('did', '=', did).execute()
    await db.deleteFrom('job').where('owner', '=', did).execute()
    await db.deleteFrom('event').where('owner', '=', did).execute()
    await db.deleteFrom('circle_member').where('did', '=', did).execute()
    await db.deleteFrom('circle').where('did', '=', did).execute()
    const own = db.selectFrom('share').select('share_id').where('owner', '=', did)
    for (const table of ['record', 'envelope', 'share_recipient', 'intent'] as const)
      await db.deleteFrom(table).where('share_id', 'in', own).execute()
    await db.deleteFrom('share').where('owner', '=', did).execute()
    await db.updateTable('identity').set({ local: 0 }).where('did', '=', did).execute()
  })
