/** How far a scan is, on stderr: one line that is written over on a terminal, a line every few seconds elsewhere. */
import { count, span } from '../text/amounts.ts'
import { errorStyle } from '../text/style.ts'
import { cut } from '../text/width.ts'

export interface ScanProgress {
  /** @param done - conversations or shares, of `total`. */
  at(done: number, total: number, messages: number): void
  /** Take the line away, so that something else can be written. */
  clear(): void
}

const LINE_EVERY_MS = 5_000

export function makeScanProgress(what: 'conversation' | 'share', isSilent: boolean): ScanProgress {
  const { stderr } = process
  const isLine = stderr.isTTY === true && process.env.TERM !== 'dumb'
  const began = performance.now()
  let shown = began
  let isDrawn = false

  const clear = () => {
    if (isDrawn) stderr.write('\r\u001b[2K')
    isDrawn = false
  }
  return {
    clear,
    at(done, total, messages) {
      const now = performance.now()
      if (isSilent || (!isLine && now - shown < LINE_EVERY_MS)) return
      shown = now
      const left = done === 0 ? '' : `, ${span(((now - began) / done) * Math.max(0, total - done))} left`
      const state = `scanned ${done.toLocaleString('en')} of ${count(total, what)}, ${count(messages, 'message')}${left}`
      if (!isLine) {
        stderr.write(`${state}\n`)
        return
      }
      clear()
      stderr.write(errorStyle.cyan(cut(state, (stderr.columns ?? 80) - 1)))
      isDrawn = true
    },
  }
}
