/** Images that a record names by an address or carries in a `data:` URL. */
import type { Part } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'

/** Longer beginnings of a `data:` URL are none. */
const HEAD_CHARS = 1024
const DATA_URL = /^data:([^;,]{0,200})(?:;[^;,]{0,200}){0,4};base64,/i
const MIME = /^[\w.+-]{1,60}\/[\w.+-]{1,60}$/
/** Addresses are kept, paths on somebody's disk are not. */
const ADDRESS = /^https?:\/\//i
const LONGEST_ADDRESS = 4096

/** The media type, or null where the URL names none, and the bytes as base64; null for any other URL. */
export function dataUrl(url: string): { mime: string | null; base64: string } | null {
  const data = DATA_URL.exec(url.slice(0, HEAD_CHARS))
  if (data === null) return null
  const [head, mime = ''] = data
  return { mime: MIME.test(mime) ? mime : null, base64: url.slice(head.length) }
}

/** An image part for a URL: its bytes where the URL holds them, else missing, with a web address as `alt`. */
export function imageFromUrl(url: string, assets: AssetCollector, alt: string | null = null): Part {
  const data = dataUrl(url)
  const isAddress = ADDRESS.test(url) && url.length <= LONGEST_ADDRESS
  const part: Part = {
    type: 'image',
    asset: null,
    mime: data?.mime ?? null,
    width: null,
    height: null,
    alt: alt ?? (isAddress ? url.toWellFormed() : null),
    missing: true,
  }
  if (data !== null) assets.wantInline(part, data.base64)
  return part
}
