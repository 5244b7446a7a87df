/** The policy language of UCAN 1.0: what a delegation demands of the arguments of every later invocation. What is not known
 *  here is refused, never passed over; work and depth are bounded. */
import { CID } from 'multiformats/cid'
import type { CborValue } from '../crypto/cbor.ts'
import { sameBytes } from '../kernel/bytes.ts'
import { VivimError } from '../kernel/errors.ts'
import { isMap, parseSelector, type Step, select } from './selector.ts'

type Order = '<' | '<=' | '>' | '>='

/** A statement as it is written in a delegation. */
export type Statement =
  | readonly ['==', string, CborValue]
  | readonly ['!=', string, CborValue]
  | readonly [Order, string, number]
  | readonly ['like', string, string]
  | readonly ['and', readonly Statement[]]
  | readonly ['or', readonly Statement[]]
  | readonly ['not', Statement]
  | readonly ['all', string, Statement]
  | readonly ['any', string, Statement]

/** All of its statements must hold; an empty one demands nothing. */
export type Policy = readonly Statement[]

const MAX_DEPTH = 16
export const MAX_STATEMENTS = 256
const MAX_PATTERN_CHARS = 256
/** Statements that are looked at for one decision, with those that are repeated for each element. */
const MAX_EVALUATIONS = 20_000

const invalid = (why: string): VivimError =>
  new VivimError('capability/invalid', `a policy cannot be read: ${why}`)

const COMPARISONS: ReadonlySet<unknown> = new Set(['==', '!=', '<', '<=', '>', '>='])

/** Read a policy from outside. @throws `capability/invalid` for an operator, a selector or a shape that is not known. */
export function parsePolicy(value: CborValue | undefined): Policy {
  if (!Array.isArray(value)) throw invalid('it is not a list')
  let count = 0
  const check = (statement: CborValue | undefined, depth: number): void => {
    count += 1
    if (count > MAX_STATEMENTS) throw invalid(`it has more than ${MAX_STATEMENTS} statements`)
    if (depth > MAX_DEPTH) throw invalid(`it is nested deeper than ${MAX_DEPTH}`)
    if (!Array.isArray(statement)) throw invalid('a statement is not a list')
    const [operator, first, second] = statement
    const shape = (length: number): void => {
      if (statement.length !== length) throw invalid('a statement has too few or too many parts')
    }
    if (COMPARISONS.has(operator)) {
      shape(3)
      parseSelector(first)
      if (operator !== '==' && operator !== '!=' && typeof second !== 'number')
        throw invalid('only whole numbers have an order')
    } else if (operator === 'like') {
      shape(3)
      parseSelector(first)
      if (typeof second !== 'string' || second.length > MAX_PATTERN_CHARS)
        throw invalid(`a pattern is a text of at most ${MAX_PATTERN_CHARS} characters`)
    } else if (operator === 'and' || operator === 'or') {
      shape(2)
      // Readers do not agree about an `or` of nothing, so that it says nothing.
      if (!Array.isArray(first) || first.length === 0) throw invalid(`an empty ${operator}`)
      for (const inner of first) check(inner, depth + 1)
    } else if (operator === 'not') {
      shape(2)
      check(first, depth + 1)
    } else if (operator === 'all' || operator === 'any') {
      shape(3)
      parseSelector(first)
      check(second, depth + 1)
    } else throw invalid('it has an operator that is not known here')
  }
  for (const statement of value) check(statement, 1)
  return value as Policy
}

/** Whether two values are the same in every part. */
function isSame(a: CborValue, b: CborValue): boolean {
  if (a === b) return true
  if (a instanceof Uint8Array || b instanceof Uint8Array)
    return a instanceof Uint8Array && b instanceof Uint8Array && sameBytes(a, b)
  if (Array.isArray(a) || Array.isArray(b))
    return (
      Array.isArray(a) &&
      Array.isArray(b) &&
      a.length === b.length &&
      a.every((item, at) => isSame(item, b[at]))
    )
  const link = CID.asCID(a)
  if (link !== null) return link.equals(CID.asCID(b))
  if (!isMap(a) || !isMap(b)) return false
  const keys = Object.keys(a)
  return (
    keys.length === Object.keys(b).length &&
    keys.every(key => Object.hasOwn(b, key) && isSame(a[key] ?? null, b[key] ?? null))
  )
}

/** `*` stands for any text, `\*` for itself. By the pieces between the stars, so that no pattern takes long. */
function isLike(text: string, pattern: string): boolean {
  const pieces = [...pattern.matchAll(/(?:\\\*|[^*])+|\*/g)].map(([piece]) =>
    piece === '*' ? null : piece.replaceAll('\\*', '*'),
  )
  if (!pieces.includes(null)) return text === (pieces[0] ?? '')
  let at = 0
  let afterStar = false
  for (const [index, piece] of pieces.entries()) {
    if (piece === null) {
      afterStar = true
      continue
    }
    const isLast = index === pieces.length - 1
    const from = !afterStar ? 0 : isLast ? text.length - piece.length : text.indexOf(piece, at)
    if (from < at || !text.startsWith(piece, from)) return false
    at = from + piece.length
    afterStar = false
  }
  return afterStar || at === text.length
}

function isOrdered(operator: Order, value: number, bound: number): boolean {
  if (operator === '<') return value < bound
  if (operator === '<=') return value <= bound
  if (operator === '>') return value > bound
  return value >= bound
}

/** Whether `args` meet every statement. @param policy - as `parsePolicy` made it.
 *  @throws `capability/invalid` when it takes more looks than anybody needs. */
export function meets(args: CborValue, policy: Policy): boolean {
  let looks = 0
  const selectors = new Map<string, readonly Step[]>()
  const selected = (from: CborValue, selector: string): CborValue | undefined => {
    let steps = selectors.get(selector)
    if (steps === undefined) {
      steps = parseSelector(selector)
      selectors.set(selector, steps)
    }
    return select(from, steps)
  }
  const holds = (from: CborValue, statement: Statement): boolean => {
    looks += 1
    if (looks > MAX_EVALUATIONS) throw invalid('it takes too many looks at these arguments')
    if (statement[0] === 'and') return statement[1].every(inner => holds(from, inner))
    if (statement[0] === 'or') return statement[1].some(inner => holds(from, inner))
    if (statement[0] === 'not') return !holds(from, statement[1])
    const value = selected(from, statement[1])
    if (value === undefined) return false
    if (statement[0] === 'all' || statement[0] === 'any') {
      const items = Array.isArray(value) ? value : isMap(value) ? Object.values(value) : null
      if (items === null) return false
      return statement[0] === 'all'
        ? items.every(item => holds(item, statement[2]))
        : items.some(item => holds(item, statement[2]))
    }
    if (statement[0] === 'like') return typeof value === 'string' && isLike(value, statement[2])
    if (statement[0] === '==') return isSame(value, statement[2])
    if (statement[0] === '!=') return !isSame(value, statement[2])
    return typeof value === 'number' && isOrdered(statement[0], value, statement[2])
  }
  return policy.every(statement => holds(args, statement))
}
