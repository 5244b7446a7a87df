/** The content filter: all rules over text without secrets, beside one look at the same bytes. */

import { Ed25519Key } from '../src/core/crypto/ed25519.ts'
import { makeEngine } from '../src/core/filter/engine.ts'
import { prepareShare } from '../src/core/filter/preview.ts'
import { ownDetectors } from '../src/core/filter/rules/all.ts'
import { scanLeaves } from '../src/core/filter/scan.ts'
import { secretlintDetectors } from '../src/core/filter/secretlint.ts'
import { didFromKey } from '../src/core/identity/did.ts'
import { systemClock as clock, systemChance } from '../src/core/kernel/env.ts'
import type { Bench } from './bench.ts'
import { megabytesPerSecond, sideBySide } from './measure.ts'
import { makeProse } from './prose.ts'

const MESSAGES = 4_000
const MESSAGE_LENGTH = 2_000
const ROUNDS = 5
const BUDGET = { clock, baseMs: 60_000, perMillionMs: 60_000 }

export const scanning: Bench = {
  async *run() {
    const prose = makeProse(3)
    const texts = Array.from({ length: MESSAGES }, () => prose.text(MESSAGE_LENGTH))
    const encoded = texts.map(text => Buffer.from(text))
    const bytes = encoded.reduce((sum, { length }) => sum + length, 0)
    const decoder = new TextDecoder()
    const decode = {
      run: () => {
        for (const text of encoded) decoder.decode(text)
      },
    }
    const besideDecoding = (ms: number) => ({
      what: 'decoding the same bytes as UTF-8',
      value: megabytesPerSecond(bytes, ms),
    })

    const engine = makeEngine([...ownDetectors, ...secretlintDetectors])
    const leaves = texts.map((text, at) => ({
      messageIndex: at + 1,
      where: 'text',
      before: '',
      text,
      put: () => {},
    }))
    const scan = await sideBySide(ROUNDS, { run: () => scanLeaves(leaves, engine, BUDGET) }, decode)
    yield {
      what: `look for secrets in ${Math.round(bytes / 1e6)} MB of messages`,
      value: megabytesPerSecond(bytes, scan.ours.medianMs),
      unit: 'MB/s',
      beside: besideDecoding(scan.theirs.medianMs),
      budget: { on: 'value', atLeast: 20 },
    }

    const owner = didFromKey(new Ed25519Key(systemChance.bytes(32)).publicKey)
    const messages = texts.map((text, at) => ({
      index: at + 1,
      role: 'user' as const,
      createdAtMs: at,
      hidden: false,
      branch: 'main',
      parts: [{ type: 'text' as const, text, format: 'md' as const }],
    }))
    const input = { conversation: { title: 'A long one', messages }, owner, include: [] }
    const assets = { size: async () => null, read: async () => null }
    const preview = await sideBySide(ROUNDS, { run: () => prepareShare(input, { clock, assets }) }, decode)
    yield {
      what: 'the whole preview of these: scope, filter, encoding, digest',
      value: megabytesPerSecond(bytes, preview.ours.medianMs),
      unit: 'MB/s',
      beside: besideDecoding(preview.theirs.medianMs),
      budget: null,
    }
  },
}
