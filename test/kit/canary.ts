/** A search for secret bytes in whatever a program says: raw, in every encoding that programs print bytes in, and in parts. */
import { inspect } from 'node:util'

/** A part of this length is found too: nobody prints so much of a secret by chance. */
const PART_BYTES = 10

/** One secret, named for who reads a failure. */
export interface Canary {
  name: string
  bytes: Uint8Array
}

/** Read without blanks, so that arrays of JSON, of `inspect` and of people are one. */
const numbersOf = (bytes: Uint8Array): string => [...bytes].join(',')

function formsOf(part: Uint8Array): string[] {
  const buffer = Buffer.from(part)
  const hex = buffer.toString('hex')
  const base64: string[] = []
  for (let shift = 0; shift < 3; shift++) {
    const text = Buffer.concat([Buffer.alloc(shift), buffer])
      .toString('base64')
      .replace(/=+$/, '')
    // The first characters depend on what stood before, the last on what comes after.
    base64.push(text.slice([0, 2, 3][shift], -1))
  }
  return [
    hex,
    hex.toUpperCase(),
    (hex.match(/../g) ?? []).join(' '),
    (hex.match(/../g) ?? []).join(':'),
    buffer.toString('latin1'),
    ...base64,
    ...base64.map(text => text.replaceAll('+', '-').replaceAll('/', '_')),
  ]
}

/** First, middle and last part of a secret. */
const partsOf = (bytes: Uint8Array): Uint8Array[] =>
  bytes.length < PART_BYTES * 2
    ? [bytes]
    : [0, (bytes.length - PART_BYTES) >> 1, bytes.length - PART_BYTES].map(at =>
        bytes.subarray(at, at + PART_BYTES),
      )

/** Names of the secrets of which a part stands in `said`, in any form. */
export function leaked(canaries: readonly Canary[], said: string | Uint8Array): string[] {
  const raw = Buffer.from(said as Uint8Array).toString('latin1')
  const bare = raw.replace(/[\s"'`]|\\n/g, '')
  // Of {"0":1,"1":2} the indexes go, so that the values stand one after the other.
  const values = bare.replace(/(?<=[{,])\d+:/g, '')
  return canaries
    .filter(({ bytes }) =>
      partsOf(bytes).some(
        part =>
          formsOf(part).some(form => raw.includes(form) || bare.includes(form)) ||
          [bare, values].some(text => text.includes(numbersOf(part))),
      ),
    )
    .map(({ name }) => name)
}

/** A value in all ways in which it may be printed by accident. */
export function printed(value: unknown): string {
  const deep = { depth: 20, showHidden: true, maxArrayLength: null, maxStringLength: null } as const
  const ways: (() => string)[] = [
    () => inspect(value, deep),
    () => inspect(value, { ...deep, customInspect: false, getters: true, showProxy: true }),
    () => inspect({ inside: [value] }, deep),
    () => String(value),
    () => `${value}`,
    () => JSON.stringify(value) ?? '',
    () => JSON.stringify({ inside: [value] }),
    () => inspect(new Error('x', { cause: value }), deep),
    () => inspect(structuredClone(value), deep),
    () => JSON.stringify(Object.getOwnPropertyDescriptors(value)),
    () => JSON.stringify({ ...(value as object) }),
  ]
  return ways
    .map(way => {
      try {
        return way()
      } catch (error) {
        return inspect(error, deep)
      }
    })
    .join('\n')
}
