/** Tolerant reading of parsed JSON: a wrong type is an absent value, and every string comes out well-formed. */

export type JsonObject = { readonly [key: string]: unknown }

export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The object, or an empty one. */
export const objectOf = (value: unknown): JsonObject => (isObject(value) ? value : {})

/** The array, or an empty one. */
export const arrayOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : [])

/** The string without lone surrogates (two peers would hash those differently), or null. */
export const textOf = (value: unknown): string | null =>
  typeof value === 'string' ? value.toWellFormed() : null

/** Like `textOf`, and null for the empty string. */
export const nameOf = (value: unknown): string | null => textOf(value) || null

/** A string or a number as an id, or null. */
export function idOf(value: unknown): string | null {
  if (typeof value === 'number' && Number.isFinite(value)) return String(value)
  return nameOf(value)
}

/** A non-negative safe integer (fractions are cut off), or null. */
export function countOf(value: unknown): number | null {
  if (typeof value !== 'number' || !(value >= 0) || value > Number.MAX_SAFE_INTEGER) return null
  return Math.trunc(value)
}

/** The first second of the year 10000: what is later is no time. */
const LATEST_MS = 253_402_300_800_000
/** As seconds this is the year 5138, as milliseconds it is 1973: such numbers are milliseconds. */
const MS_FROM = 100_000_000_000
const ISO = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d/
const ZONE = /(?:[zZ]|[+-]\d\d:?\d\d)$/

/** Milliseconds since the epoch of a number (seconds, or milliseconds when large) or an ISO 8601 text (UTC when it
 *  names no zone). Null for anything else, for zero and for what is before 1970: an importer never invents a time. */
export function timeOf(value: unknown): number | null {
  let ms = Number.NaN
  if (typeof value === 'number') ms = value >= MS_FROM ? value : value * 1000
  else if (typeof value === 'string' && value.length <= 40) {
    if (ISO.test(value)) ms = Date.parse(ZONE.test(value) ? value : `${value.replace(' ', 'T')}Z`)
    else if (/^\d{1,16}(\.\d{1,12})?$/.test(value)) return timeOf(Number(value))
  }
  return ms > 0 && ms < LATEST_MS ? Math.round(ms) : null
}

const ESCAPES = /\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|[\s\S])/g
const LONE = /^\\u[dD][89a-fA-F][0-9a-fA-F]{2}$/

const withoutLoneEscapes = (json: string): string =>
  /\\u[dD]/.test(json) ? json.replace(ESCAPES, mark => (LONE.test(mark) ? '\\ufffd' : mark)) : json

/** A value as one JSON document without lone surrogates, also in its escapes. */
export const jsonText = (value: unknown): string => withoutLoneEscapes(JSON.stringify(value) ?? 'null')

/** What a text says where tools write JSON into one; undefined where it is not JSON. */
export function parsedJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** A text as one JSON document: itself where it is one, else as a JSON string. */
export const jsonDocument = (text: string): string =>
  parsedJson(text) === undefined ? jsonText(text) : withoutLoneEscapes(text.trim().toWellFormed())
