/** Imported public keys, kept for the next use by the same person; importing costs as much as using. Public keys only. */

import { remember } from '../kernel/remember.ts'

export class KeyCache<V> {
  readonly #kept = new Map<string, { readonly id: string; readonly key: V }>()
  readonly #limit: number
  readonly #importKey: (raw: Uint8Array) => V

  /** @param limit - how many to keep; the least recently used leaves first. @param importKey - may throw, nothing is kept then. */
  constructor(limit: number, importKey: (raw: Uint8Array) => V) {
    this.#limit = limit
    this.#importKey = importKey
  }

  get(raw: Uint8Array): V {
    const id = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1')
    const kept = this.#kept.get(id) ?? { id, key: this.#importKey(raw) }
    // Under the text that was there before: with the new one every use would leave an old one to the collector.
    remember(this.#kept, kept.id, kept, this.#limit)
    return kept.key
  }
}
