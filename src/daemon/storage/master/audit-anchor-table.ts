/** Table `audit_anchor`: how many rows a user's audit log had and what the last one's hash was. One that no longer fits its log is
 *  never removed. */
import type { AuditHead } from '../../../core/audit/verify.ts'
import { toHex } from '../../../core/kernel/bytes.ts'
import type { Did } from '../../../core/model/id.ts'
import type { MasterAccess } from './master.ts'

export interface AuditAnchorTable {
  list(did: Did): Promise<AuditHead[]>
  /** Note a head. @param instead - the one that it stands for from now on. */
  put(did: Did, head: AuditHead, instead: AuditHead | null, atMs: number): Promise<void>
}

export function makeAuditAnchorTable({
  read,
  write,
}: Pick<MasterAccess, 'read' | 'write'>): AuditAnchorTable {
  return {
    async list(did) {
      const rows = await read(db =>
        db.selectFrom('audit_anchor').selectAll().where('did', '=', did).orderBy('seq').execute(),
      )
      return rows.map(({ seq, hash }) => ({
        seq: Number(seq),
        hash: Uint8Array.from(Buffer.from(hash, 'hex')),
      }))
    },
    put: (did, { seq, hash }, instead, atMs) =>
      write(async db => {
        await db
          .insertInto('audit_anchor')
          .values({ did, seq, hash: toHex(hash), at_ms: atMs })
          .onConflict(conflict => conflict.doNothing())
          .execute()
        if (instead !== null)
          await db
            .deleteFrom('audit_anchor')
            .where('did', '=', did)
            .where('seq', '=', instead.seq)
            .where('hash', '=', toHex(instead.hash))
            .execute()
      }),
  }
}
