/** Reading an export: cut into conversations, and made into messages, beside `JSON.parse` of the whole file at once. */
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { jsonElements } from '../src/core/conversation/json-elements.ts'
import { LIMITS } from '../src/core/conversation/limits.ts'
import { readExport } from '../src/core/conversation/read-export.ts'
import type { Bench } from './bench.ts'
import { makeFolder } from './folder.ts'
import { sideBySide } from './measure.ts'
import { writeExport } from './prose.ts'

const ROUNDS = 3
const READ_BYTES = 256 * 1024

export const reading: Bench = {
  async *run({ large, scope }) {
    const path = join(makeFolder(scope), 'conversations.json')
    const { messages, conversations } = await writeExport(path, large ? 300e6 : 60e6)
    const size = `${Math.round(statSync(path).size / 1e6)} MB`
    const bytes = () => createReadStream(path, { highWaterMark: READ_BYTES })
    const parse = {
      run: () => {
        if (JSON.parse(readFileSync(path, 'utf8')).length !== conversations)
          throw new Error('not what was written')
      },
    }
    const split = async () => {
      let count = 0
      for await (const { kind } of jsonElements(bytes(), LIMITS)) if (kind === 'value') count++
      if (count !== conversations) throw new Error(`${count} of ${conversations} conversations were found`)
    }
    const read = async () => {
      let count = 0
      const events = readExport({ label: path, bytes: bytes() }, { assets: { put: async () => '' } })
      for await (const event of events)
        if (event.kind === 'conversation') count += event.conversation.messages.length
      if (count !== messages) throw new Error(`${count} of ${messages} messages were read`)
    }
    const beside = (ms: number) => ({ what: 'JSON.parse of the whole file', value: ms })
    const splitting = await sideBySide(ROUNDS, { run: split }, parse)
    yield {
      what: `read and split a ChatGPT export of ${size}`,
      value: splitting.ours.medianMs,
      unit: 'ms',
      beside: beside(splitting.theirs.medianMs),
      budget: { on: 'ratio', atMost: 1 },
    }
    const mapping = await sideBySide(ROUNDS, { run: read }, parse)
    yield {
      what: `the same, made into ${messages.toLocaleString('en')} messages`,
      value: mapping.ours.medianMs,
      unit: 'ms',
      beside: beside(mapping.theirs.medianMs),
      budget: null,
    }
  },
}
