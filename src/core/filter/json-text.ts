/** JSON text taken apart into its strings and numbers and put together again, so that rules see decoded values and the rest stays
 *  byte for byte. A flat reader: depth costs nothing. */

/** A string or number in JSON text. `value` is decoded; `key` is the decoded key before it where it is a member's value. */
export interface JsonToken {
  start: number
  end: number
  value: string
  kind: 'key' | 'string' | 'number'
  key: string | null
}

const TOKEN = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/gsy
const BETWEEN = /[^"\d-]+/y
const COLON = /\s*:/y

/** All strings and numbers in order, or null where the text is not JSON. */
export function jsonTokens(text: string): JsonToken[] | null {
  try {
    JSON.parse(text)
  } catch {
    return null
  }
  const tokens: JsonToken[] = []
  let key: string | null = null
  for (let at = 0; at < text.length; ) {
    BETWEEN.lastIndex = at
    const between = BETWEEN.exec(text)
    if (between) {
      // A key belongs to the value right after it only: anything but a colon ends it.
      if (/[^\s:]/.test(between[0])) key = null
      at = BETWEEN.lastIndex
      continue
    }
    TOKEN.lastIndex = at
    const token = TOKEN.exec(text)
    if (!token) return null
    const end = TOKEN.lastIndex
    if (token[0][0] !== '"') {
      tokens.push({ start: at, end, value: token[0], kind: 'number', key })
      key = null
    } else {
      const value = String(JSON.parse(token[0])).toWellFormed()
      COLON.lastIndex = end
      const isKey: boolean = key === null && COLON.test(text)
      tokens.push({ start: at, end, value, kind: isKey ? 'key' : 'string', key: isKey ? null : key })
      key = isKey ? value : null
    }
    at = end
  }
  return tokens
}

/** The text with some tokens replaced by strings. @param changes - new decoded value by token. */
export function replaceTokens(text: string, changes: ReadonlyMap<JsonToken, string>): string {
  const out: string[] = []
  let done = 0
  for (const [token, value] of [...changes].sort(([a], [b]) => a.start - b.start)) {
    out.push(text.slice(done, token.start), JSON.stringify(value))
    done = token.end
  }
  out.push(text.slice(done))
  return out.join('')
}
