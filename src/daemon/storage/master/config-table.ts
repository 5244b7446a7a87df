/** Table `config`: small facts of the node, by key. */
import type { MasterAccess } from './master.ts'

export interface ConfigTable {
  get(key: string): Promise<string | null>
  put(key: string, value: string): Promise<void>
}

export function makeConfigTable({ read, write }: MasterAccess): ConfigTable {
  return {
    async get(key) {
      const row = await read(db =>
        db.selectFrom('config').select('value').where('key', '=', key).executeTakeFirst(),
      )
      return row?.value ?? null
    },
    put: (key, value) =>
      write(async db => {
        await db
          .insertInto('config')
          .values({ key, value })
          .onConflict(conflict => conflict.column('key').doUpdateSet({ value }))
          .execute()
      }),
  }
}
