/** Owns what was opened and closes it in reverse order, each close awaited. */

export class Scope implements AsyncDisposable {
  readonly #closers: (() => unknown)[] = []

  /** Take responsibility for `resource`; `close` runs when the scope ends, after everything owned later. */
  own<T>(resource: T, close: (resource: T) => unknown): T {
    this.#closers.push(() => close(resource))
    return resource
  }

  /** Close everything, last owned first. Goes on after an error and throws the first at the end. */
  async close(): Promise<void> {
    let failed = false
    let first: unknown
    for (let closer = this.#closers.pop(); closer !== undefined; closer = this.#closers.pop()) {
      try {
        await closer()
      } catch (error) {
        if (!failed) first = error
        failed = true
      }
    }
    if (failed) throw first
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}
