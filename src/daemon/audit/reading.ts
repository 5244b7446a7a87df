/** Reading and checking a user's audit log. Nothing here writes. */
import { type AuditHead, type AuditProblem, headText, makeChainVerifier } from '../../core/audit/verify.ts'
import type { ParsedParams, Result } from '../../core/contract/methods.ts'
import type { IdentityDocument } from '../../core/identity/document.ts'
import { sameBytes, toHex } from '../../core/kernel/bytes.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { type Did, isoTime } from '../../core/model/id.ts'
import { parseDuration, parseInstant } from '../../core/model/time-text.ts'
import type { AuditAnchorTable } from '../storage/master/audit-anchor-table.ts'
import type { UserDatabaseManager } from '../storage/user/manager.ts'

/** Rows checked between two looks at everything else that the daemon does. */
const ROWS_A_TURN = 500

/** The end of the year 9999: an edited row may hold a time that cannot be written. */
const LAST_TIME_MS = 253_402_300_799_999

const WORDS: Readonly<Record<AuditProblem['kind'], string>> = {
  'row-changed': 'was changed: its hash does not follow from what it says and the row before',
  'row-missing': 'is missing',
  'row-added': 'does not belong there: rows are numbered from 1, without holes',
  'tail-cut': 'is missing, and all after it: the log had more rows',
  'row-replaced': 'is not the row that stood there: the log was written anew',
  'checkpoint-unsound': 'has a checkpoint that none of your devices signed',
  'checkpoint-missing': 'should have been signed by now, and was not',
}

export interface AuditReadingDeps {
  users: UserDatabaseManager
  anchors: AuditAnchorTable
  /** The last row that this process knows of. */
  head: (did: Did) => AuditHead | null
  document: (did: Did) => IdentityDocument
  clock: Clock
}

export interface AuditReading {
  list(did: Did, params: ParsedParams<'audit.list'>): Result<'audit.list'>
  /** @throws `audit/broken`, naming the first bad row. */
  verify(did: Did, params: ParsedParams<'audit.verify'>, signal: AbortSignal): Promise<Result<'audit.verify'>>
}

export function makeAuditReading({ users, anchors, head, document, clock }: AuditReadingDeps): AuditReading {
  return {
    list(did, { since, action, limit, cursor }) {
      const query = {
        sinceMs: since === undefined ? null : sinceMs(since, clock.nowMs()),
        action: action ?? null,
      }
      const rows = users.read(did, db =>
        db.audit.list({ ...query, before: cursor === undefined ? null : Number(cursor), limit: limit + 1 }),
      )
      const shown = rows.slice(-limit)
      const entries = shown.map(row => ({
        seq: row.seq,
        at: isoTime(Math.min(row.atMs, LAST_TIME_MS)),
        who: { ...row.who },
        right: row.right,
        action: row.action,
        targets: [...row.targets],
        outcome: row.outcome,
        times: row.times,
        hash: toHex(row.hash),
      }))
      return { entries, next: rows.length > limit ? String(shown[0]?.seq) : null }
    },

    async verify(did, { head: given }, signal) {
      const noted = await anchors.list(did)
      const own = document(did)
      const known = head(did)
      const { last, checkpoints } = users.read(did, db => ({
        last: db.audit.last()?.seq ?? 0,
        checkpoints: db.audit.checkpoints(),
      }))
      const verifier = makeChainVerifier({
        did,
        anchors: [
          ...noted,
          ...(known === null ? [] : [known]),
          ...(given === undefined ? [] : [parseHead(given)]),
        ],
        checkpoints,
        isDevice: ed => [...own.devices, ...own.revoked].some(device => sameBytes(device.ed, ed)),
      })
      // Behind a number that is not exact nothing can be asked for; that one row is enough to say what was done.
      for (let after = -Infinity; Number.isSafeInteger(after) || after === -Infinity; ) {
        signal.throwIfAborted()
        const rows = users.read(did, db => db.audit.range(after, last, ROWS_A_TURN))
        verifier.take(rows)
        after = rows.at(-1)?.seq ?? Number.NaN
        await new Promise(setImmediate)
      }
      const result = verifier.finish()
      const [first] = result.problems
      if (first !== undefined) throw broken(result.problems, first)
      const { signed } = result
      return {
        ok: true as const,
        entries: result.head.seq,
        head: headText(result.head),
        signed:
          signed === null
            ? null
            : {
                seq: signed.seq,
                at: isoTime(signed.atMs),
                device: toHex(signed.by),
                head: toHex(signed.head),
              },
        problems: [],
      }
    },
  }
}

function broken(problems: readonly AuditProblem[], first: AuditProblem): VivimError {
  const more = problems.length - 1
  return new VivimError(
    'audit/broken',
    `row ${first.row} ${WORDS[first.kind]}${more > 0 ? ` (and ${more} more)` : ''}`,
    {
      row: first.row,
      problem: first.kind,
      problems: problems.map(({ kind, row }) => `${kind}:${row}`).join(' '),
    },
  )
}

/** A duration counts back from now. @throws `usage/invalid`. */
function sinceMs(text: string, nowMs: number): number | null {
  if (/^\d+(ms|s|m|h|d|w)$/.test(text.trim())) return nowMs - parseDuration(text)
  return parseInstant(text, nowMs)
}

/** `SEQ:HASH` as `verify` prints it; its shape was checked at the edge. */
function parseHead(text: string): AuditHead {
  const [seq = '', hash = ''] = text.split(':')
  return { seq: Number(seq), hash: Uint8Array.from(Buffer.from(hash, 'hex')) }
}
