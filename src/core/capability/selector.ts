/** Selectors of the policy language: which part of the arguments a statement is about (UCAN delegation, section Selectors). */
import type { CborValue } from '../crypto/cbor.ts'
import { VivimError } from '../kernel/errors.ts'

/** One step into a value: a field, an index (from the end when negative), or all values of a collection. */
export interface Step {
  readonly kind: 'field' | 'index' | 'values'
  readonly name: string
  readonly index: number
  /** With `?`: what is not there is `null` instead of a failure. */
  readonly isOptional: boolean
}

const SELECTOR_MAX_CHARS = 256
const MAX_STEPS = 16

/** `.name`, `["name"]`, `[-1]` and `[]`, each with an optional `?`. Slices are not known here. */
const STEP = /(?:\.([A-Za-z_][A-Za-z0-9_]*)|\["([^"\\\p{Cc}]{1,64})"\]|\[(-?\d{1,6})\]|(\[\]))(\?)?/uy

/** @returns the steps from the whole arguments on; none for `.`. @throws `capability/invalid` for what is not known here. */
export function parseSelector(text: unknown): readonly Step[] {
  if (typeof text !== 'string' || text.length > SELECTOR_MAX_CHARS || !text.startsWith('.'))
    throw new VivimError('capability/invalid', 'a policy has a selector that cannot be read')
  // `.[0]` and `.["name"]` are the identity with a step behind it.
  let at = text === '.' || text[1] === '[' ? 1 : 0
  const steps: Step[] = []
  while (at < text.length) {
    STEP.lastIndex = at
    const match = STEP.exec(text)
    if (match === null || steps.length === MAX_STEPS)
      throw new VivimError('capability/invalid', 'a policy has a selector that is not known here')
    const [whole, dotted, quoted, index, values, optional] = match
    const name = dotted ?? quoted ?? ''
    steps.push({
      kind: values !== undefined ? 'values' : index !== undefined ? 'index' : 'field',
      name,
      index: Number(index ?? 0),
      isOptional: optional !== undefined,
    })
    at += whole.length
  }
  return steps
}

/** Whether a value is a map, and not bytes, a link or a list. */
export const isMap = (value: CborValue | undefined): value is { readonly [key: string]: CborValue } =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype

function take(value: CborValue, step: Step): CborValue | undefined {
  if (step.kind === 'field')
    // Own fields only: nothing that an object inherits is an argument.
    return isMap(value) && Object.hasOwn(value, step.name) ? value[step.name] : undefined
  if (step.kind === 'index')
    return Array.isArray(value) ? value[step.index < 0 ? value.length + step.index : step.index] : undefined
  if (Array.isArray(value)) return value
  return isMap(value) ? Object.values(value) : undefined
}

/** @returns the selected value, or `undefined` where there is none, which makes its statement false. */
export function select(args: CborValue, steps: readonly Step[]): CborValue | undefined {
  let value: CborValue = args
  for (const step of steps) {
    const next = take(value, step)
    if (next === undefined) {
      if (!step.isOptional) return undefined
      return null
    }
    value = next
  }
  return value
}
