/** VS Code's log of changes to one object: 0 the whole, 1 set at a path, 2 cut a list and push, 3 remove. Paths come from
 *  a file: only own keys are followed, and what leads to a prototype is refused. */
import { arrayOf, isObject, type JsonObject } from './json-values.ts'

type Mutable = { [key: string]: unknown } | unknown[]

const REFUSED: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype'])
/** Deeper than any path of a chat. */
const LONGEST_PATH = 64

/** Why a change could not be made, or null when it was made. */
export type Refusal = string | null

export class MutationLog {
  #state: unknown

  get state(): unknown {
    return this.#state
  }

  /** Makes one change. */
  apply(entry: JsonObject): Refusal {
    if (entry.kind === 0) {
      this.#state = entry.v
      return null
    }
    const path = arrayOf(entry.k)
    if (path.length === 0 || path.length > LONGEST_PATH || !path.every(isKey)) return 'it names no place'
    if (path.some(key => REFUSED.has(key))) return 'it names a place that no chat has'
    const holder = follow(this.#state, path.slice(0, -1))
    const key = path.at(-1) as string | number
    if (holder === null) return 'it changes what is not there'
    if (entry.kind === 1) return set(holder, key, entry.v)
    if (entry.kind === 3) return remove(holder, key)
    if (entry.kind === 2) return push(holder, key, entry)
    return 'it is a change of an unknown kind'
  }
}

const isKey = (key: unknown): boolean =>
  typeof key === 'string' || (typeof key === 'number' && Number.isSafeInteger(key) && key >= 0)

const isMutable = (value: unknown): value is Mutable => typeof value === 'object' && value !== null

/** The value of an own key, or undefined. */
function own(holder: Mutable, key: string | number): unknown {
  if (Array.isArray(holder)) return typeof key === 'number' ? holder[key] : undefined
  return Object.hasOwn(holder, key) ? holder[key] : undefined
}

function follow(state: unknown, path: readonly unknown[]): Mutable | null {
  let at = state
  for (const key of path) {
    if (!isMutable(at)) return null
    at = own(at, key as string | number)
  }
  return isMutable(at) ? at : null
}

function set(holder: Mutable, key: string | number, value: unknown): Refusal {
  if (!Array.isArray(holder)) holder[key] = value
  else if (typeof key === 'number' && key <= holder.length) holder[key] = value
  else return 'it changes what is not there'
  return null
}

function remove(holder: Mutable, key: string | number): Refusal {
  if (!Array.isArray(holder)) delete holder[key]
  else if (typeof key === 'number' && key < holder.length) holder[key] = undefined
  return null
}

function push(holder: Mutable, key: string | number, entry: JsonObject): Refusal {
  const found = own(holder, key)
  const list: unknown[] = Array.isArray(found) ? found : []
  if (found !== list) {
    const refusal = found === undefined || found === null ? set(holder, key, list) : 'it is no list there'
    if (refusal !== null) return refusal
  }
  const { i } = entry
  if (typeof i === 'number' && i >= 0 && i < list.length) list.length = Math.trunc(i)
  for (const each of arrayOf(entry.v)) list.push(each)
  return null
}

/** Whether a record is an entry of such a log. */
export const isLogEntry = (value: JsonObject): boolean =>
  (value.kind === 0 && isObject(value.v)) ||
  ((value.kind === 1 || value.kind === 2 || value.kind === 3) && Array.isArray(value.k))
