/** A handler for every method that none has: what a test does not name answers `program/defect`. */
import { type Handlers, type MethodName, methods } from '../../src/core/contract/methods.ts'
import type { Caller } from '../../src/daemon/rpc/caller.ts'

export function handlersWith(given: Partial<Handlers<Caller>>): Handlers<Caller> {
  const absent = (method: string) => async () => {
    throw new Error(`no handler for ${method} in this test`)
  }
  const all = Object.fromEntries((Object.keys(methods) as MethodName[]).map(name => [name, absent(name)]))
  return { ...all, ...given } as Handlers<Caller>
}
