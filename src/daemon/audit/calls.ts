/** What the dispatcher tells the audit log of calls: those that change something, allowed or refused, and all by a capability. */
import type { Actor } from '../../core/audit/row.ts'
import { type MethodName, methods } from '../../core/contract/methods.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Did } from '../../core/model/id.ts'
import type { Session } from '../rpc/caller.ts'
import type { AuditLog } from './log.ts'
import { isChanging, targetsOf } from './targets.ts'

/** A call that takes longer is written when it has, so that an end of the daemon meanwhile leaves its trace. */
const BEGUN_AFTER_MS = 1_000
/** The steps of one import, thousands of them: `import.begin` and `import.finish` stand for those that went well. */
const STEPS: readonly MethodName[] = ['import.file', 'import.chunk', 'import.endFile']

/** One call, from its first line to its answer. */
export interface CallRecord {
  /** Who it is by, once that is known: before it is decided whether they may. */
  by(caller: Session): void
  /** It gave this. @returns when that is written. */
  gave(result: unknown): Promise<void>
  /** It ended with this error. @returns when that is written. */
  failed(error: unknown): Promise<void>
}

export interface CallAudit {
  record(method: MethodName, params: unknown): CallRecord
}

/** What this file reads of how a connection was let in. */
interface Way {
  kind: Actor['kind']
  id?: string
  name?: string
  /** The command by which a capability allows the call. */
  command?: string
}

const actorOf = ({ kind, id, name }: Way): Actor => ({ kind, id: id ?? null, name: name ?? null })

/** How a connection was let in; null for one that speaks for nobody and changes nothing. */
function wayOf({ via }: Session): Way | null {
  if (via.kind === 'guest' || via.kind === 'monitor') return null
  return via.kind === 'node' ? { kind: 'socket' } : via
}

/** @param operator - in whose log stands what the owner of the node does without saying who they are. */
export function makeCallAudit(log: Pick<AuditLog, 'note'>, operator: () => Did): CallAudit {
  async function write(
    from: Session,
    method: MethodName,
    outcome: string,
    targets: readonly string[],
  ): Promise<void> {
    const way = wayOf(from)
    if (way === null) return
    const who = actorOf(way)
    const right = outcome === 'rpc/denied' ? 'none' : (way.command ?? methods[method].access)
    const isAllowedChange = isChanging(method) && (outcome === 'ok' || outcome === 'begun')
    // What was changed is always written; what was refused or only read may come in any number.
    const source = isAllowedChange ? undefined : `${who.kind}:${who.id ?? ''}`
    await log.note(from.user ?? operator(), { who, right, action: method, targets, outcome }, source)
  }

  return {
    record(method, params) {
      let from: Session | null = null
      let timer: NodeJS.Timeout | undefined
      const isWritten = (): boolean =>
        from !== null && (isChanging(method) || wayOf(from)?.kind === 'capability')
      return {
        by(caller) {
          from = caller
          if (!isWritten()) return
          timer = setTimeout(
            () => void write(caller, method, 'begun', targetsOf(method, params, undefined)),
            BEGUN_AFTER_MS,
          ).unref()
        },
        async gave(result) {
          clearTimeout(timer)
          if (from !== null && isWritten() && !STEPS.includes(method))
            await write(from, method, 'ok', targetsOf(method, params, result))
        },
        async failed(error) {
          clearTimeout(timer)
          if (from !== null && isWritten())
            await write(from, method, codeOf(error), targetsOf(method, params, undefined))
        },
      }
    },
  }
}
