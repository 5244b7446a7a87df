/** Attached files as text, where they are text: UTF-8, UTF-16 with its mark, or one byte a character. */

/** A file's text and the way back to bytes; what was not changed comes back byte for byte. */
export interface FileText {
  text: string
  encode(text: string): Uint8Array
}

/** Formats that hold compressed or drawn text: the letters in their bytes are not what they say. */
const CONTAINERS: readonly string[] = [
  '%PDF-',
  'PK\x03\x04',
  '\x1f\x8b',
  '\x28\xb5\x2f\xfd',
  '\x89PNG',
  '\xff\xd8\xff',
  'GIF8',
  'RIFF',
  'OggS',
  'ID3',
]
/** Control characters that no text has; tabs, line ends, backspaces and escapes do stand in it. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it looks for them
const CONTROLS = /[\x00-\x07\x0e-\x1a\x1c-\x1f\x7f]/
/** So much of a file tells what it is. */
export const HEAD_BYTES = 64 * 1024

const bufferOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)

/** Whether a file that begins so may be text. */
export function mayBeText(head: Uint8Array): boolean {
  if (isUtf16(head)) return true
  const latin = bufferOf(head).toString('latin1')
  if (CONTAINERS.some(magic => latin.startsWith(magic))) return false
  try {
    // In a stream a character that is cut at the end is no error.
    new TextDecoder('utf-8', { fatal: true }).decode(head, { stream: true })
    return true
  } catch {
    return !CONTROLS.test(latin)
  }
}

const isUtf16 = ([first, second]: Uint8Array): boolean =>
  (first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)

/** @param bytes - a whole file. @returns null where it is not text. */
export function fileText(bytes: Uint8Array): FileText | null {
  if (!mayBeText(bytes.subarray(0, HEAD_BYTES))) return null
  const buffer = bufferOf(bytes)
  if (isUtf16(bytes)) return utf16(buffer)
  try {
    // The mark at the beginning stays, so that the bytes come back as they were.
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    return { text, encode: changed => Buffer.from(changed, 'utf8') }
  } catch {
    const text = buffer.toString('latin1')
    return CONTROLS.test(text) ? null : { text, encode: changed => Buffer.from(changed, 'latin1') }
  }
}

function utf16(buffer: Buffer): FileText | null {
  if (buffer.length % 2 !== 0) return null
  const isBig = buffer[0] === 0xfe
  const little = isBig ? Buffer.from(buffer).swap16() : buffer
  return {
    text: little.toString('utf16le'),
    encode: changed => {
      const bytes = Buffer.from(changed, 'utf16le')
      return isBig ? bytes.swap16() : bytes
    },
  }
}
