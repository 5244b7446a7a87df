/** The recovery seed as 24 English words (BIP39), to be written on paper. */
import { entropyToMnemonic, mnemonicToEntropy } from '@scure/bip39'
import { wordlist } from '@scure/bip39/wordlists/english.js'
import { borrowSecret, type Secret, SecretBytes } from '../crypto/secret.ts'
import { VivimError } from '../kernel/errors.ts'
import { RECOVERY_SEED_BYTES } from './recovery.ts'

/** 256 bits and a checksum of 8, eleven bits a word. */
const WORD_COUNT = 24

const invalid = (why: string): VivimError =>
  new VivimError('identity/words', `not the recovery words: ${why}`)

/** @param seed - 32 bytes. @returns 24 words. @throws `crypto/bad-length`. */
export const seedToWords = (seed: Secret): string[] =>
  borrowSecret(seed, RECOVERY_SEED_BYTES, bytes => entropyToMnemonic(bytes, wordlist).split(' '))

/** Read words as people write them: any case, any blanks, numbered or not.
 *  @returns the recovery seed. @throws `identity/words`, whose message quotes none of them. */
export function wordsToSeed(text: string): SecretBytes {
  const words = text
    .normalize('NFKD')
    .toLowerCase()
    .split(/[\s,.;:)]+/)
    .filter(word => word !== '' && !/^\d+$/.test(word))
  if (words.length !== WORD_COUNT) throw invalid(`${words.length} of ${WORD_COUNT} are there`)
  const foreign = words.findIndex(word => !wordlist.includes(word))
  if (foreign >= 0) throw invalid(`number ${foreign + 1} is not in the list of words`)
  let entropy: Uint8Array
  try {
    entropy = mnemonicToEntropy(words.join(' '), wordlist)
  } catch {
    // Its words would stand in the library's message.
    throw invalid('their checksum does not hold: one is wrong, or two changed places')
  }
  const seed = new SecretBytes(entropy)
  entropy.fill(0)
  return seed
}
