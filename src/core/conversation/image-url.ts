/** Images that a record names by an address or carries in a `data:` URL. */
import type { Part } from '../model/conversation.ts'
import type { AssetCollector } from './asset.ts'

const DATA_URL = /^data:([\w.+-]{1,60}\/[\w.+-]{1,60})?(?:;[\w=.+-]{1,60}){0,4};base64,/
/** Addresses are kept, paths on somebody's disk are not. */
const ADDRESS = /^https?:\/\//i
const LONGEST_ADDRESS = 4096

/** An image part for a URL: its bytes where the URL holds them, else missing, with a web address as `alt`. */
export function imageFromUrl(url: string, assets: AssetCollector, alt: string | null = null): Part {
  const data = DATA_URL.exec(url.slice(0, 512))
  const isAddress = ADDRESS.test(url) && url.length <= LONGEST_ADDRESS
  const part: Part = {
    type: 'image',
    asset: null,
    mime: data?.[1] ?? null,
    width: null,
    height: null,
    alt: alt ?? (isAddress ? url.toWellFormed() : null),
    missing: true,
  }
  if (data !== null) assets.wantInline(part, url.slice(data[0].length))
  return part
}
