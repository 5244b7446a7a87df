/** An estimate of how many tokens a language model makes of a text. No model's own tokenizer is asked: characters are weighed by
 *  their script, somewhat above what common tokenizers take, so that a budget holds. */

/** Tokens a character, from each code point on. Latin words take a token for three to four letters; other alphabets one for two;
 *  scripts without spaces about one a character; symbols and emoji two. */
const WEIGHTS: readonly (readonly [from: number, tokens: number])[] = [
  [0x80, 1 / 2],
  [0x0900, 1],
  [0x10a0, 1 / 2],
  [0x1100, 1],
  [0x1e00, 1 / 2],
  [0x2000, 1],
  [0x1_0000, 2],
]
/** Brackets, quotes and operators, of which code is full, often stand alone. */
const ALONE = 1 / 2

/** Tokens of a text, whole and rounded up: of two texts together never more than of both apart. */
export function estimateTokens(text: string): number {
  let sum = 0
  for (const char of text) sum += weightOf(char.codePointAt(0) ?? 0)
  return Math.ceil(sum - 1e-6)
}

function weightOf(code: number): number {
  if (code < 0x80) return isWordish(code) ? 1 / 3 : ALONE
  let tokens = 1
  for (const [from, weight] of WEIGHTS) {
    if (code < from) break
    tokens = weight
  }
  return tokens
}

const isWordish = (code: number): boolean =>
  code === 0x20 || (code >= 0x61 && code <= 0x7a) || (code >= 0x41 && code <= 0x5a)
