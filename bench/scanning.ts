/** The content filter: all rules over text without secrets and over code, beside one look at the same bytes, in time that the
 *  process computed; and how many of a labelled corpus it finds. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ed25519Key } from '../src/core/crypto/ed25519.ts'
import { makeEngine } from '../src/core/filter/engine.ts'
import { prepareShare } from '../src/core/filter/preview.ts'
import { ownDetectors } from '../src/core/filter/rules/all.ts'
import { scanLeaves } from '../src/core/filter/scan.ts'
import { secretlintDetectors } from '../src/core/filter/secretlint.ts'
import { didFromKey } from '../src/core/identity/did.ts'
import { systemClock as clock, systemChance } from '../src/core/kernel/env.ts'
import { scoreOf } from '../test/kit/filter/corpus.ts'
import { fourthHarmless, fourthSecrets } from '../test/kit/filter/fourth.ts'
import { harmlessCases } from '../test/kit/filter/harmless.ts'
import { holdoutHarmless, holdoutSecrets } from '../test/kit/filter/holdout.ts'
import { personalCases } from '../test/kit/filter/personal.ts'
import { secretCases } from '../test/kit/filter/secrets.ts'
import { thirdHarmless, thirdSecrets } from '../test/kit/filter/third.ts'
import type { Bench } from './bench.ts'
import type { Figure } from './figure.ts'
import { cpuWatch, megabytesPerSecond, sideBySide } from './measure.ts'
import { makeProse } from './prose.ts'

const MESSAGES = 4_000
const MESSAGE_LENGTH = 2_000
const ROUNDS = 5
const BUDGET = { clock, baseMs: 60_000, perMillionMs: 60_000 }
const WHOLE = 100

/** Sources and documents of this repository, as tools print them. */
function ownFiles(): string[] {
  const root = join(import.meta.dirname, '../..')
  return ['src', 'docs', 'schemas'].flatMap(folder =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter(file => /\.(?:ts|tsx|md|json)$/.test(file))
      .map(file => readFileSync(join(root, folder, file), 'utf8')),
  )
}

async function* speed(what: string, texts: readonly string[]): AsyncGenerator<Figure> {
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
  const scan = await sideBySide(ROUNDS, { run: () => scanLeaves(leaves, engine, BUDGET) }, decode, cpuWatch)
  yield {
    what: `look for secrets in ${shortMegabytes(bytes)} MB of ${what}`,
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
  const run = () => prepareShare(input, { clock, assets })
  const preview = await sideBySide(ROUNDS, { run }, decode, cpuWatch)
  yield {
    what: 'the whole preview of these: scope, filter, encoding, digest',
    value: megabytesPerSecond(bytes, preview.ours.medianMs),
    unit: 'MB/s',
    beside: besideDecoding(preview.theirs.medianMs),
    budget: { on: 'value', atLeast: 20 },
  }
}

const shortMegabytes = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 5e6 ? 1 : 0)

export const scanning: Bench = {
  async *run() {
    const secrets = secretCases()
    const harmless = harmlessCases()
    const first = await scoreOf(secrets, harmless)
    yield {
      what: `recall over ${secrets.length} secrets of the corpus`,
      value: first.recall * WHOLE,
      unit: '%',
      beside: null,
      budget: { on: 'value', atLeast: 97 },
    }
    yield {
      what: `precision beside ${harmless.length} look-alikes`,
      value: first.precision * WHOLE,
      unit: '%',
      beside: null,
      budget: { on: 'value', atLeast: 99 },
    }
    const others = [...holdoutSecrets(), ...thirdSecrets(), ...fourthSecrets()]
    const lookAlikes = [...holdoutHarmless(), ...thirdHarmless(), ...fourthHarmless()]
    const second = await scoreOf(others, lookAlikes)
    yield {
      what: `the later batches: recall over ${others.length} secrets`,
      value: second.recall * WHOLE,
      unit: '%',
      beside: null,
      budget: { on: 'value', atLeast: 97 },
    }
    yield {
      what: `the later batches: precision beside ${lookAlikes.length} look-alikes`,
      value: second.precision * WHOLE,
      unit: '%',
      beside: null,
      budget: { on: 'value', atLeast: 99 },
    }
    const personal = personalCases()
    yield {
      what: `recall over ${personal.length} pieces of personal data`,
      value: (await scoreOf(personal, [])).recall * WHOLE,
      unit: '%',
      beside: null,
      budget: null,
    }
    const prose = makeProse(3)
    const texts = Array.from({ length: MESSAGES }, () => prose.text(MESSAGE_LENGTH))
    yield* speed('messages', texts)
    yield* speed('sources and documents', ownFiles())
  },
}
