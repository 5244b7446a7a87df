/** Imported public keys, kept for the next use by the same person; importing costs as much as using. Public keys only. */

import { remember } from '../kernel/remember.ts'

export class KeyCache<V> {
  readonly #kept = new Map<string, V>()
  readonly #limit: number
  readonly #importKey: (raw: Uint8Array) => V

  /** @param limit - how many to keep; the least recently used leaves first. @param importKey - may throw, nothing is kept then. */
  constructor(limit: number, importKey: (raw: Uint8Array) => V) {
    this.#limit = limit
    this.#importKey = importKey
  }

  get(raw: Uint8Array): V {
    const id = Buffer.from(raw.buffer, raw.byteOffset, raw.length).toString('latin1')
    const key = this.#kept.get(id) ?? this.#importKey(raw)
    remember(this.#kept, id, key, this.#limit)
    return key
  }
}
