/** The token file: a chain and the private key of its holder, so that whoever holds the file may use it and pass it on. */
import { z } from 'zod'
import { Ed25519Key } from '../crypto/ed25519.ts'
import { SecretBytes } from '../crypto/secret.ts'
import { didFromKey } from '../identity/did.ts'
import { fromB64u, toB64u } from '../kernel/bytes.ts'
import type { Chance } from '../kernel/env.ts'
import { codeOf, VivimError } from '../kernel/errors.ts'
import type { Did } from '../model/id.ts'
import { type Chain, chainText, parseChain } from './chain.ts'

export const TOKEN_MAX_BYTES = 128 * 1024

/** The key of a holder; the seed leaves it only into a token file. */
export interface HolderKey {
  readonly seed: SecretBytes
  readonly key: Ed25519Key
  readonly did: Did
}

export interface Token {
  readonly chain: Chain
  /** Whom it is for, in the words of whoever made it. */
  readonly name: string
  readonly key: Ed25519Key
}

const shape = z.strictObject({
  type: z.literal('vivim-capability'),
  v: z.literal(1),
  for: z.string().max(100),
  chain: z.string(),
  key: z.string().length(43),
})

const holderOf = (seed: Uint8Array): HolderKey => {
  const key = new Ed25519Key(seed)
  return { seed: new SecretBytes(seed), key, did: didFromKey(key.publicKey) }
}

/** A new key, for a capability that is about to be made. */
export const makeHolder = (chance: Chance): HolderKey => holderOf(chance.bytes(32))

/** The text of a token file. */
export const tokenText = (chain: Chain, name: string, { seed }: HolderKey): string =>
  `${JSON.stringify(
    { type: 'vivim-capability', v: 1, for: name, chain: chainText(chain), key: seed.use(toB64u) },
    null,
    1,
  )}\n`

/** What the bytes of a file hold, or that it is damaged. @throws `capability/invalid`. */
function unharmed<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (!codeOf(cause).startsWith('crypto/')) throw cause
    throw new VivimError('capability/invalid', 'this token file is damaged', {}, { cause })
  }
}

/** @throws `capability/invalid` for what is no token, or holds another key than its chain is for. */
export function parseToken(text: string): Token {
  let document: unknown
  try {
    document = JSON.parse(text)
  } catch {
    throw new VivimError('capability/invalid', 'a token file is one JSON document')
  }
  const parsed = shape.safeParse(document)
  if (!parsed.success)
    throw new VivimError(
      'capability/invalid',
      `not a token file: ${parsed.error.issues[0]?.path.join('.') ?? ''} is not as it should be`,
    )
  const chain = unharmed(() => parseChain(parsed.data.chain))
  const holder = unharmed(() => holderOf(fromB64u(parsed.data.key)))
  if (holder.did !== chain.holder)
    throw new VivimError(
      'capability/invalid',
      'the key of this token file is not the one its capability is for',
    )
  return { chain, name: parsed.data.for, key: holder.key }
}
