// Secrets are compared by one function: the tree has no other comparison of them, and the scan finds those that are planted.

import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { breachesUnder } from '../../scripts/import-rules.ts'
import { secretBreachesOf } from '../../scripts/secret-rules.ts'

/** The repository, seen from build/test/contract. */
const ROOT = join(import.meta.dirname, '..', '..', '..')
const FILE = 'src/daemon/rpc/a.ts'

t.test('nothing in the tree compares a secret but sameSecret', async t => {
  t.same(breachesUnder(ROOT, secretBreachesOf), [])
})

t.test('a planted comparison of a secret is found, however it is written', async t => {
  for (const planted of [
    'if (token === given) return',
    'if (given !== session.token) return',
    'return seed == other.seed',
    'sameBytes(secret, other)',
    'sameBytes(epochTag(secret, envelope.tagSalt), envelope.tag)',
    'sameBytes(hmac(key, message), given)',
    'return Buffer.compare(mac, given) === 0',
    'return macOf(read, peers).equals(given)',
    'return given.equals(commitment)',
    'return toHex(secret) === toHex(other)',
    'return toHex(a.readSecret) === given',
    'return tokenHex === given',
    'const good = passphrase.startsWith(typed)',
    'return known.includes(token)',
    'return this.#token === given',
    'return contentKey !== other.contentKey',
    'return isDeepStrictEqual(storageKey, other)',
    'return timingSafeEqual(a, b)',
    'return a.commitment === b.commitment',
    'if (\n  opened.seed ===\n  seed\n) return',
  ])
    t.equal(secretBreachesOf(FILE, planted).length, 1, planted)
})

t.test('what only looks like one is left alone', async t => {
  for (const harmless of [
    'if (token === undefined) return',
    'if (passphrase === null) return',
    "if (passphrase === '') return",
    "if (typeof token !== 'string') return",
    'if (secret.length !== 32) return',
    'if (sameSecret(token, given)) return',
    'sameBytes(document.hash, other.hash)',
    'sameBytes(parseManifest(manifest).shareKey, by)',
    'if (publicKey.length === shareKey.length) return',
    'if (key === other) return',
    '// token === given',
    "const text = 'token === given'",
    'sameBytes(sha256(secret), known)',
    'return tags.length === 1',
  ])
    t.same(secretBreachesOf(FILE, harmless), [], harmless)
})

t.test('the rule stands where the comparison is, and nowhere else', async t => {
  const door = readFileSync(join(ROOT, 'src', 'core', 'crypto', 'secret.ts'), 'utf8')
  t.same(secretBreachesOf('src/core/crypto/secret.ts', door), [])
  t.equal(secretBreachesOf('src/core/crypto/other.ts', door).length, 1, 'moved elsewhere it is one')
  t.same(secretBreachesOf('src/core/conversation/html.ts', 'if (tag === other) return'), [])
  t.equal(secretBreachesOf('src/core/pipeline/a.ts', 'if (tag === other) return').length, 1)
})
