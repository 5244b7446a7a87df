/** The bytes of one record, gathered from the chunks it lies in. One buffer serves all records: a buffer for each would
 *  be garbage outside the heap, which is collected late. */

const SMALLEST_BYTES = 64 * 1024
/** A buffer that one large record needed is not kept for the small ones after it. */
const KEPT_BYTES = 4 * 1024 * 1024
/** For a record larger than that: memory that is not written to costs nothing, the halves of a buffer that doubles do. */
const LARGE_BYTES = 80 * 1024 * 1024

export class Gather {
  #buffer = Buffer.alloc(0)
  #size = 0
  /** While there is only one piece it is not copied. */
  #only: Uint8Array | null = null

  clear(): void {
    this.#size = 0
    this.#only = null
    if (this.#buffer.length > KEPT_BYTES) this.#buffer = Buffer.alloc(0)
  }

  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return
    if (this.#size === 0 && this.#only === null) {
      this.#only = bytes
      return
    }
    const only = this.#only
    this.#only = null
    if (only !== null) this.#append(only)
    this.#append(bytes)
  }

  /** All bytes so far; a view that the next `push` or `clear` may overwrite. */
  get bytes(): Buffer {
    const only = this.#only
    if (only !== null) return Buffer.from(only.buffer, only.byteOffset, only.byteLength)
    return this.#buffer.subarray(0, this.#size)
  }

  #append(bytes: Uint8Array): void {
    const needed = this.#size + bytes.length
    if (needed > this.#buffer.length) {
      const size = Math.max(SMALLEST_BYTES, needed, this.#buffer.length * 2)
      const larger = Buffer.allocUnsafeSlow(size > KEPT_BYTES ? Math.max(size, LARGE_BYTES) : size)
      larger.set(this.#buffer.subarray(0, this.#size))
      this.#buffer = larger
    }
    this.#buffer.set(bytes, this.#size)
    this.#size = needed
  }
}
