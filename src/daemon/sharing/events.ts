/** What happens to shares and inboxes, told inside the process to whoever waits: `share watch`, `--wait`, `inbox list --wait`. */
import type { ShareState } from '../../core/contract/share-shapes.ts'
import type { Did, ShareId } from '../../core/model/id.ts'
import type { ReceivedEnd } from '../storage/user/received-table.ts'

export type SharingEvent =
  | {
      kind: 'share'
      owner: Did
      share: ShareId
      event: string
      state: ShareState
      target: Did | null
      /** Who passed it on, where the event is that. */
      by?: Did
      atMs: number
    }
  | {
      kind: 'inbox'
      local: Did
      share: ShareId
      event: 'received' | 'released' | 'passed-on' | 'pass-refused' | ReceivedEnd
      /** Who sent it, who ended it, or who was to get it from here. */
      from: Did
      atMs: number
    }
  /** Something came that may be about a circle of the user's. */
  | { kind: 'circle'; local: Did }

export interface SharingEvents {
  emit(event: SharingEvent): void
  /** @returns how to stop listening. */
  listen(listener: (event: SharingEvent) => void): () => void
  /** Check now, and again after every event, until `check` gives a value or the signal fires.
   *  @returns the value, or null when the signal fired first. */
  until<T>(check: () => Promise<T | null>, signal: AbortSignal): Promise<T | null>
}

export function makeSharingEvents(): SharingEvents {
  const listeners = new Set<(event: SharingEvent) => void>()

  function listen(listener: (event: SharingEvent) => void): () => void {
    listeners.add(listener)
    return () => listeners.delete(listener)
  }

  return {
    emit(event) {
      for (const listener of listeners) listener(event)
    },
    listen,
    async until(check, signal) {
      let happened = false
      let notify = (): void => {}
      const stop = listen(() => {
        happened = true
        notify()
      })
      const onAbort = (): void => notify()
      signal.addEventListener('abort', onAbort, { once: true })
      try {
        for (;;) {
          happened = false
          const value = await check()
          if (value !== null) return value
          if (signal.aborted) return null
          if (!happened)
            await new Promise<void>(resolve => {
              notify = resolve
              if (happened || signal.aborted) resolve()
            })
        }
      } finally {
        stop()
        signal.removeEventListener('abort', onAbort)
      }
    },
  }
}
