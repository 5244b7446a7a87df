/** How far an import is, on stderr: a bar on a terminal, a line every few seconds elsewhere. */
import { visibleLine } from '../../core/model/visible.ts'
import { count, size, span } from '../text/amounts.ts'
import { errorStyle } from '../text/style.ts'
import { cut } from '../text/width.ts'
import type { ImportSource } from './sources.ts'

export interface Progress {
  begin(source: ImportSource): void
  /** @param bytes - 0 when all of the file is sent, and the daemon is still at work on it. @param messages - of the current
   *  file so far */
  sent(bytes: number, messages: number): void
  /** Take the bar away. Safe to call twice. */
  end(): void
}

/** For who tells of an import otherwise. */
export const silent: Progress = { begin() {}, sent() {}, end() {} }

const BAR_EVERY_MS = 100
const LINE_EVERY_MS = 5_000
const BAR_WIDTH = 24

export function makeProgress(sources: readonly ImportSource[], isSilent: boolean): Progress {
  const { stderr } = process
  const isBar = stderr.isTTY === true && process.env.TERM !== 'dumb'
  const total = sources.every(source => source.size !== null)
    ? sources.reduce((sum, source) => sum + (source.size ?? 0), 0)
    : null
  const began = performance.now()
  let done = 0
  let label = ''
  let before = 0
  let inFile = 0
  let shown = isBar ? 0 : began
  let isDrawn = false
  let isSent = false

  const state = (): string => {
    const seconds = Math.max(0.001, (performance.now() - began) / 1000)
    const rate = done / seconds
    const leftMs = total === null ? 0 : (Math.max(0, total - done) / rate) * 1000
    const left = total === null || done === 0 ? '' : `, ${span(leftMs)} left`
    const pace = isSent ? 'storing' : `${size(rate)}/s${left}`
    const part = total === null ? size(done) : `${size(done)} of ${size(total)}`
    return `${part}, ${count(before + inFile, 'message')}, ${pace}`
  }
  const draw = () => {
    const now = performance.now()
    if (isSilent || now - shown < (isBar ? BAR_EVERY_MS : LINE_EVERY_MS)) return
    shown = now
    if (!isBar) {
      stderr.write(`importing ${visibleLine(label)}: ${state()}\n`)
      return
    }
    const filled = total === null || total === 0 ? 0 : Math.round((done / total) * BAR_WIDTH)
    const bar = `${'█'.repeat(Math.min(filled, BAR_WIDTH))}${'░'.repeat(Math.max(0, BAR_WIDTH - filled))}`
    const room = Math.max(20, (stderr.columns ?? 80) - BAR_WIDTH - 3)
    stderr.write(`\r\u001b[2K${errorStyle.cyan(bar)} ${cut(state(), room)}`)
    isDrawn = true
  }

  return {
    begin(source) {
      label = source.label
      before += inFile
      inFile = 0
    },
    sent(bytes, messages) {
      done += bytes
      inFile = messages
      isSent = bytes === 0
      draw()
    },
    end() {
      if (isDrawn) stderr.write('\r\u001b[2K')
      isDrawn = false
    },
  }
}
