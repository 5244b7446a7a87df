/** Where the next record may begin after damage: a comma, a brace, and the key that records begin with. */

const COMMA = 0x2c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x0a || byte === 0x0d || byte === 0x09

/** First keys that records of known exports have, for damage before any good record was seen. */
const USUAL_FIRST_KEYS = [
  'title',
  'uuid',
  'id',
  'conversation_id',
  'create_time',
  'name',
  'mapping',
  'header',
  'runSettings',
  'conversation',
  'context_uuid',
  'messages',
  'conversations',
  'conversationId',
  'vivim',
  'version',
]

/** Offset after the first byte at which a record may begin, or -1. `firstKey` is that of the records before, if any. */
export function wayBack(bytes: Buffer, firstKey: string | null): number {
  let nearest = -1
  for (const key of firstKey === null ? USUAL_FIRST_KEYS : [firstKey]) {
    const quoted = Buffer.from(JSON.stringify(key))
    for (let at = bytes.indexOf(quoted, 1); at >= 0; at = bytes.indexOf(quoted, at + 1)) {
      const begin = beginOfRecord(bytes, at, at + quoted.length)
      if (begin < 0) continue
      if (nearest < 0 || begin < nearest) nearest = begin
      break
    }
  }
  return nearest
}

/** Offset of the `{` before the key at `from`, if a comma stands before it and a colon after the key; else -1. */
function beginOfRecord(bytes: Uint8Array, from: number, to: number): number {
  let after = to
  while (after < bytes.length && isBlank(bytes[after] as number)) after++
  let i = from - 1
  while (i >= 0 && isBlank(bytes[i] as number)) i--
  const begin = i
  if (bytes[after] !== COLON || bytes[begin] !== OPEN_OBJECT) return -1
  i--
  while (i >= 0 && isBlank(bytes[i] as number)) i--
  return i >= 0 && bytes[i] === COMMA ? begin : -1
}
