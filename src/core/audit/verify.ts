/** Checks an audit log from its first row to its last: the chain, the heads that were noted elsewhere, and the signed checkpoints. */
import { sameBytes, toHex } from '../kernel/bytes.ts'
import { codeOf } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { type Checkpoint, parseCheckpoint } from './checkpoint.ts'
import { type ChainedRow, chainStart, rowHash } from './row.ts'

export type ProblemKind =
  /** Its hash does not follow from what it says and the row before. */
  | 'row-changed'
  /** Its number is missing. */
  | 'row-missing'
  /** Its number is none that a row has: below 1, or beyond what is counted exactly. */
  | 'row-added'
  /** The log ends before a row that was noted elsewhere. */
  | 'tail-cut'
  /** It is not the row that was noted elsewhere or signed: the log was written anew. */
  | 'row-replaced'
  /** A checkpoint whose signature does not hold, or is by no device of the user. */
  | 'checkpoint-unsound'
  /** Keys were here, and no device signed the log. */
  | 'checkpoint-missing'

export interface AuditProblem {
  readonly kind: ProblemKind
  /** The row it is about. */
  readonly row: number
}

/** A place in the log that was noted outside it. */
export interface AuditHead {
  readonly seq: number
  /** 32 bytes. */
  readonly hash: Uint8Array
}

/** More are counted in vain: one is enough to believe nothing that follows it. */
const MAX_PROBLEMS = 32
/** An action of the node: from here on a device can sign. */
export const UNLOCKED = 'keystore.unlocked'

export interface ChainVerifier {
  /** Rows in order, as many at a time as one likes. */
  take(rows: readonly ChainedRow[]): void
  /** @param anchors - what was noted elsewhere. */
  finish(): { head: AuditHead; signed: Checkpoint | null; problems: AuditProblem[] }
}

export interface VerifyOptions {
  readonly did: Did
  readonly anchors: readonly AuditHead[]
  /** In wire form, each with the number of the row that it is kept under. */
  readonly checkpoints: readonly { readonly seq: number; readonly wire: Uint8Array }[]
  /** Whether a signing key, 32 bytes, is or was a device of the user. */
  isDevice(ed: Uint8Array): boolean
}

export function makeChainVerifier(options: VerifyOptions): ChainVerifier {
  const { did, anchors, checkpoints, isDevice } = options
  const problems: AuditProblem[] = []
  const tell = (kind: ProblemKind, row: number): void => void problems.push({ kind, row })
  /** By row, what has to stand there. */
  const wanted = new Map<number, Uint8Array[]>()
  const want = ({ seq, hash }: AuditHead): void => void wanted.set(seq, [...(wanted.get(seq) ?? []), hash])
  for (const anchor of anchors) want(anchor)
  let signed: Checkpoint | null = null
  for (const { seq: row, wire } of checkpoints) {
    const checkpoint = orNull(() => parseCheckpoint(wire))
    if (checkpoint?.seq !== row || checkpoint.did !== did || !isDevice(checkpoint.by)) {
      tell('checkpoint-unsound', row)
      continue
    }
    want({ seq: checkpoint.seq, hash: checkpoint.head })
    if (signed === null || checkpoint.seq > signed.seq) signed = checkpoint
  }

  let seq = 0
  /** The hash of the row before; null behind a hole, where nothing can be said of the next. */
  let previous: Uint8Array | null = chainStart(did)
  let last = chainStart(did)
  const unlocks: number[] = []

  return {
    take(rows) {
      for (const row of rows) {
        if (row.seq < 1 || !Number.isSafeInteger(row.seq)) {
          tell('row-added', row.seq)
          continue
        }
        if (row.seq !== seq + 1) {
          tell('row-missing', seq + 1)
          previous = null
        }
        if (previous !== null && !follows(row, previous)) tell('row-changed', row.seq)
        if ((wanted.get(row.seq) ?? []).some(hash => !sameBytes(hash, row.hash)))
          tell('row-replaced', row.seq)
        if (row.action === UNLOCKED) unlocks.push(row.seq)
        seq = row.seq
        previous = row.hash
        last = row.hash
      }
    },

    finish() {
      const cut = [...wanted.keys()].filter(wantedSeq => wantedSeq > seq)
      if (cut.length > 0) tell('tail-cut', seq + 1)
      // A process that ended right behind an unlock may have signed nothing; behind the one before it, it has.
      const before = unlocks.at(-2)
      if (before !== undefined && (signed === null || signed.seq < before)) tell('checkpoint-missing', before)
      problems.sort((a, b) => a.row - b.row)
      return { head: { seq, hash: last }, signed, problems: problems.slice(0, MAX_PROBLEMS) }
    },
  }
}

function follows(row: ChainedRow, previous: Uint8Array): boolean {
  const hash = orNull(() => rowHash(previous, row))
  return hash !== null && sameBytes(hash, row.hash)
}

/** @returns what was read, or null where an edited database holds what nothing can be made of. */
function orNull<T>(read: () => T): T | null {
  try {
    return read()
  } catch (error) {
    if (codeOf(error) === 'program/defect') throw error
    return null
  }
}

/** A head as people note it: number and hash. */
export const headText = ({ seq, hash }: AuditHead): string => `${seq}:${toHex(hash)}`
