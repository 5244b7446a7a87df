/** Own devices tell each other of circles: entries, which never leave, the names that the person gave, and the keys of epochs. */
import { z } from 'zod'
import { ENTRY_MAX_BYTES } from '../../core/circle/entry.ts'
import { epochCommitment } from '../../core/circle/epoch.ts'
import { SecretBytes, sameSecret } from '../../core/crypto/secret.ts'
import { CircleId, type Did } from '../../core/model/id.ts'
import type { Circles } from '../sharing/circles.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'
import {
  Bytes,
  Counter,
  checkVersion,
  FIXED,
  markOf,
  type SyncKind,
  type SyncPair,
  shapeOf,
} from './sync-kind.ts'

export interface SyncCirclesDeps {
  users: UserDatabaseManager
  circles: Circles
  /** A key came: letters that waited may open. */
  wakeLetters: (local: Did) => void
  nowMs: () => number
}

const CircleValue = z.object({
  version: Counter,
  writer: z.string().max(64),
  alias: z.string().max(200).nullable(),
})

/** `circle/rest`. */
function split(name: string): { circle: CircleId; rest: string } {
  const [circle = '', rest = ''] = name.split('/', 2)
  return { circle: CircleId.parse(circle), rest }
}

export function makeSyncCircles({ users, circles, wakeLetters, nowMs }: SyncCirclesDeps): SyncKind[] {
  const all = (local: Did): CircleId[] =>
    users.read(local, db => db.circles.list()).map(({ circleId }) => circleId)

  const entries: SyncKind = {
    kind: 'entry',
    marks: async ({ local }) =>
      all(local).flatMap(circle =>
        users
          .read(local, db => db.circles.entries(circle))
          .map(({ hash }): [string, Uint8Array] => [`${circle}/${hash}`, FIXED]),
      ),
    async row({ local }, name) {
      const { circle, rest } = split(name)
      return users.read(local, db => db.circles.entry(circle, rest))
    },
    async take({ local }, rows) {
      const wires = rows.map(({ value }) => shapeOf(Bytes(ENTRY_MAX_BYTES), value))
      return (await circles.takeEntries(local, wires)).touched.length
    },
  }

  const names: SyncKind = {
    kind: 'circle',
    marks: async ({ local }) =>
      users
        .read(local, db => db.circles.allWritten())
        .map(({ circleId, alias, version, writer }) => [circleId, markOf([version, writer, alias])]),
    async row({ local }, name) {
      const found = users.read(local, db => db.circles.allWritten()).find(({ circleId }) => circleId === name)
      return found ? { alias: found.alias, version: found.version, writer: found.writer } : null
    },
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const circleId = CircleId.parse(name)
        const { alias, version, writer } = shapeOf(CircleValue, value)
        checkVersion(version, nowMs())
        if (users.write(local, db => db.circles.mergeAlias({ circleId, alias, version, writer }))) taken++
      }
      return taken
    },
  }

  const mayHave = ({ history, fromEpoch }: SyncPair, circle: CircleId, number: number): boolean =>
    history || number >= fromEpoch(circle)

  const epochs: SyncKind = {
    kind: 'epoch',
    marks: async pair =>
      users
        .read(pair.local, db => db.epochs.all())
        .filter(({ circleId, number }) => mayHave(pair, circleId, number))
        .map(({ circleId, epochId }) => [`${circleId}/${epochId}`, FIXED]),
    async row(pair, name) {
      const { circle, rest } = split(name)
      const row = users.read(pair.local, db => db.epochs.get(circle, rest))
      if (row === null || !mayHave(pair, circle, row.number)) return null
      const secret = circles.secretOf(pair.local, circle, rest)
      return secret?.reveal() ?? null
    },
    async take({ local }, rows) {
      let taken = 0
      for (const { name, value } of rows) {
        const { circle, rest } = split(name)
        const bytes = shapeOf(Bytes(32), value)
        if (users.read(local, db => db.epochs.get(circle, rest)) !== null) continue
        const epoch = circles.state(local, circle).epochs.find(({ id }) => id === rest)
        if (!epoch || bytes.length !== 32 || !sameSecret(epochCommitment(bytes), epoch.commitment)) continue
        const secret = new SecretBytes(bytes)
        const row = circles.kept(local, { circle, epochId: epoch.id }, epoch.number, secret)
        if (users.write(local, db => db.epochs.put(row))) taken++
        secret.wipe()
        bytes.fill(0)
      }
      if (taken > 0) wakeLetters(local)
      return taken
    },
  }

  return [entries, names, epochs]
}
