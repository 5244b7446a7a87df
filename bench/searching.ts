/** A user's database with a hundred thousand messages: how fast they are stored, and how fast they are found. */
import { join } from 'node:path'
import { Ed25519Key } from '../src/core/crypto/ed25519.ts'
import { didFromKey } from '../src/core/identity/did.ts'
import { systemChance } from '../src/core/kernel/env.ts'
import { openSqlite } from '../src/daemon/storage/sqlite.ts'
import { makeConversationStore } from '../src/daemon/storage/user/conversation-store.ts'
import { openUserDatabases } from '../src/daemon/storage/user/manager.ts'
import type { Bench } from './bench.ts'
import type { Figure } from './figure.ts'
import { makeFolder } from './folder.ts'
import { quantile } from './measure.ts'
import { makeConversation, makeProse, type Prose } from './prose.ts'
import { makeRaw } from './raw-sqlite.ts'

const MESSAGES = 100_000
const A_CONVERSATION = 40
const A_BATCH = 25
const QUERIES = 200
const LIMIT = 20

/** Distinct words from a range of ranks, so that no query finds the answer of the last one still warm. */
const ranked = ({ words, roll }: Prose, from: number, to: number): string =>
  words[from + roll(to - from)] ?? 'ta'

export const searching: Bench = {
  async *run({ scope }) {
    const folder = makeFolder(scope)
    const did = didFromKey(new Ed25519Key(systemChance.bytes(32)).publicKey)
    const users = scope.own(openUserDatabases(join(folder, 'users'), { maxOpen: 2 }), opened =>
      opened.close(),
    )
    users.create(did)
    const store = makeConversationStore(users)
    const db = scope.own(openSqlite(join(folder, 'raw.db'), { secureDelete: false }), opened =>
      opened.close(),
    )
    const raw = makeRaw(db)

    const prose = makeProse(2)
    let oursMs = 0
    let rawMs = 0
    for (let id = 0; id < MESSAGES / A_CONVERSATION; id += A_BATCH) {
      const batch = Array.from({ length: A_BATCH }, (_, at) =>
        makeConversation(prose, id + at, A_CONVERSATION),
      )
      const began = performance.now()
      store.importConversations(did, batch)
      const between = performance.now()
      raw(batch)
      oursMs += between - began
      rawMs += performance.now() - between
    }
    yield {
      what: `store and index ${MESSAGES.toLocaleString('en')} messages, ${A_BATCH * A_CONVERSATION} a transaction`,
      value: (MESSAGES / oursMs) * 1000,
      unit: 'messages/s',
      beside: { what: 'one table and FTS5, bare SQLite', value: (MESSAGES / rawMs) * 1000 },
      budget: { on: 'value', atLeast: 5_000 },
    }

    const nothing = db.prepare('SELECT 1 WHERE 0')
    const kinds: Record<string, () => string> = {
      'a common word': () => ranked(prose, 0, 20),
      'a rare word': () => ranked(prose, 10_000, 20_000),
      'a beginning of three letters': () => ranked(prose, 0, 20_000).padEnd(3, 'a').slice(0, 3),
      'a beginning of two letters': () => ranked(prose, 0, 20_000).padEnd(2, 'a').slice(0, 2),
      'two words': () => `${ranked(prose, 0, 200)} ${ranked(prose, 200, 5_000)}`,
      'two words, either will do': () => `${ranked(prose, 0, 20)} OR ${ranked(prose, 0, 200)}`,
      'a phrase of common words': () => `"${ranked(prose, 0, 20)} ${ranked(prose, 0, 20)}"`,
      'a common word, conversations listed': () => ranked(prose, 0, 20),
      'two words, either will do, conversations listed': () =>
        `${ranked(prose, 0, 20)} OR ${ranked(prose, 0, 200)}`,
      'a word without another': () => `${ranked(prose, 20, 200)} -${ranked(prose, 0, 20)}`,
      'a common word in questions': () => `role:user ${ranked(prose, 0, 20)}`,
      'a common word in code': () => `code:${ranked(prose, 0, 20)}`,
      'a common word of one provider, in a month': () =>
        `provider:chatgpt after:2025-10-09 before:2025-11-09 ${ranked(prose, 0, 20)}`,
    }
    for (const [kind, next] of Object.entries(kinds)) {
      const foundMs: number[] = []
      const emptyMs: number[] = []
      for (let query = 0; query < QUERIES; query++) {
        // The space says that the word is whole.
        const text = kind.startsWith('a beginning') ? next() : `${next()} `
        const began = performance.now()
        if (kind.endsWith('conversations listed')) store.list(did, { query: text, limit: LIMIT })
        else store.search(did, text, LIMIT)
        const between = performance.now()
        nothing.all()
        foundMs.push(between - began)
        emptyMs.push(performance.now() - between)
      }
      const figure = (share: number, name: string): Figure => ({
        what: `search for ${kind}, ${name}`,
        value: quantile(foundMs, share),
        unit: 'ms',
        beside: { what: 'an empty SELECT', value: quantile(emptyMs, share) },
        budget: { on: 'value', atMost: 10 },
      })
      yield { ...figure(0.5, 'median'), budget: null }
      yield figure(0.95, 'p95')
    }
  },
}
