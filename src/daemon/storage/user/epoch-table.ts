/** Table `epoch`: the secrets of circles' epochs, sealed under the storage key of the keystore. */
import { plain } from '../../../core/crypto/hash.ts'
import { CircleId } from '../../../core/model/id.ts'
import type { Sql, WritingSql } from '../sqlite.ts'

export interface EpochRow {
  /** Hash of the entry that began it, hex. */
  epochId: string
  circleId: CircleId
  secretSealed: Uint8Array
  /** Wrap to one's own devices and recovery key, wire form. */
  ownWrap: Uint8Array
  /** For display, from 1. */
  number: number
}

interface Stored {
  epoch_id: string
  circle_id: string
  secret_sealed: Uint8Array
  own_wrap: Uint8Array
  number: number
}

const rowOf = (row: Stored): EpochRow => ({
  epochId: row.epoch_id,
  circleId: CircleId.parse(row.circle_id),
  secretSealed: plain(row.secret_sealed),
  ownWrap: plain(row.own_wrap),
  number: row.number,
})

export function makeEpochReader(sql: Sql) {
  return {
    get(circle: CircleId, epochId: string): EpochRow | null {
      const row = sql.get<Stored>('SELECT * FROM epoch WHERE circle_id = ? AND epoch_id = ?', circle, epochId)
      return row && rowOf(row)
    },
    /** How many are known: when it grows, letters that waited may open. */
    count: (): number => sql.get<{ n: number }>('SELECT count(*) AS n FROM epoch')?.n ?? 0,
    /** Newest number first. */
    ofCircle: (circle: CircleId): EpochRow[] =>
      sql
        .all<Stored>('SELECT * FROM epoch WHERE circle_id = ? ORDER BY number DESC, epoch_id', circle)
        .map(rowOf),
    /** The newest of every circle, at most `each` of one. */
    newest: (each: number): EpochRow[] =>
      sql
        .all<Stored>(
          `SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY circle_id ORDER BY number DESC, epoch_id) AS place FROM epoch)
           WHERE place <= ?`,
          each,
        )
        .map(rowOf),
    /** Of all circles, newest numbers first: which of them opens an envelope is found by its tag. */
    all: (): EpochRow[] => sql.all<Stored>('SELECT * FROM epoch ORDER BY number DESC, epoch_id').map(rowOf),
  }
}

export function makeEpochWriter(sql: WritingSql) {
  return {
    ...makeEpochReader(sql),
    /** @returns false when it was known; the first stays. */
    put: (row: EpochRow): boolean =>
      sql.run(
        `INSERT INTO epoch (epoch_id, circle_id, secret_sealed, own_wrap, number) VALUES (?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`,
        row.epochId,
        row.circleId,
        row.secretSealed,
        row.ownWrap,
        row.number,
      ) > 0,
    /** Another sealing of the same secret: under another storage key, for other devices. */
    reseal: ({ circleId, epochId, secretSealed, ownWrap }: EpochRow): boolean =>
      sql.run(
        'UPDATE epoch SET secret_sealed = ?, own_wrap = ? WHERE circle_id = ? AND epoch_id = ?',
        secretSealed,
        ownWrap,
        circleId,
        epochId,
      ) > 0,
    delete: (circle: CircleId, epochId: string): boolean =>
      sql.run('DELETE FROM epoch WHERE circle_id = ? AND epoch_id = ?', circle, epochId) > 0,
    deleteOfCircle: (circle: CircleId): number => sql.run('DELETE FROM epoch WHERE circle_id = ?', circle),
  }
}
