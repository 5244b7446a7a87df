/** Blocks that are coming in: until a letter names them nothing does, so what a push that broke off has left is removed here. A sender
 *  who tries again soon goes on where they were. */
import type { Manifest } from '../../core/crypto/manifest.ts'
import type { Clock } from '../../core/kernel/env.ts'
import { codeOf } from '../../core/kernel/errors.ts'
import type { Cid, Did } from '../../core/model/id.ts'
import type { BlockStore } from '../../core/pipeline/ports.ts'

/** With no block for so long a push has broken off: a frame may take half of it. */
export const BROKEN_OFF_MS = 60_000
/** Of one sender, twice what one push may hold, and of all together. */
const MAX_BYTES_OF_ONE = 128 * 1024 * 1024
const MAX_BYTES = 512 * 1024 * 1024
const MAX_PUSHES_OF_ONE = 64

export interface Push {
  readonly from: Did
  readonly content: Cid
  readonly chunks: readonly Cid[]
  readonly bytes: number
  movedMs: number
}

export interface PushesDeps {
  blocks: BlockStore
  /** Whether a content id is somebody's: of a letter, of what was received, of an own share. */
  isWanted: (content: Cid) => Promise<boolean>
  /** Whether content other than this names the block. */
  isNamedBeside: (block: Cid, content: Cid) => Promise<boolean>
  clock: Clock
  log: (event: string, fields: Record<string, string | number | boolean | null>) => void
}

export function makePushes({ blocks, isWanted, isNamedBeside, clock, log }: PushesDeps) {
  const open = new Map<Cid, Push>()
  let timer: NodeJS.Timeout | null = null

  function hasRoom(from: Did, bytes: number): boolean {
    const all = [...open.values()]
    const own = all.filter(push => push.from === from)
    const sum = (pushes: readonly Push[]): number => pushes.reduce((total, push) => total + push.bytes, bytes)
    return own.length < MAX_PUSHES_OF_ONE && sum(own) <= MAX_BYTES_OF_ONE && sum(all) <= MAX_BYTES
  }

  async function drop({ content, chunks }: Push): Promise<void> {
    if (await isWanted(content)) return
    const coming = new Set([...open.values()].flatMap(push => push.chunks))
    for (const cid of chunks)
      if (!coming.has(cid) && !(await isNamedBeside(cid, content))) await blocks.delete(cid)
    log('inbox.push-dropped', { content })
  }

  async function sweep(): Promise<void> {
    for (const push of [...open.values()]) {
      if (clock.nowMs() - push.movedMs < BROKEN_OFF_MS) continue
      open.delete(push.content)
      await drop(push)
    }
  }

  function later(): void {
    if (timer !== null || open.size === 0) return
    timer = setTimeout(() => {
      timer = null
      sweep()
        .catch(error => log('inbox.push-not-dropped', { code: codeOf(error) }))
        .finally(later)
    }, BROKEN_OFF_MS)
    timer.unref()
  }

  return {
    /** @returns null when more is coming in than there is room for. */
    async begin(from: Did, { contentId, chunks, size }: Manifest): Promise<Push | null> {
      const known = open.get(contentId)
      if (known !== undefined) {
        known.movedMs = clock.nowMs()
        return known
      }
      if (!hasRoom(from, size)) await sweep()
      if (!hasRoom(from, size)) return null
      const push = { from, content: contentId, chunks, bytes: size, movedMs: clock.nowMs() }
      open.set(contentId, push)
      later()
      return push
    },

    /** A block of it came. */
    moved(push: Push): void {
      push.movedMs = clock.nowMs()
    },

    /** A letter names its blocks now. */
    end(push: Push): void {
      open.delete(push.content)
    },

    /** Remove what broke off. */
    sweep,

    stop(): void {
      if (timer !== null) clearTimeout(timer)
      open.clear()
    },
  }
}

export type Pushes = ReturnType<typeof makePushes>
