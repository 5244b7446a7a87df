/** Scripts that are written without spaces between words: the full-text index sees each of their letters as a word, so that a
 *  search for part of a sentence finds it as a phrase. */

/** Stands before such letters in the index only; SQLite's tokenizer takes it for a separator. */
const ZERO_WIDTH_SPACE = '\u200b'
const MAYBE = /[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff\ud840-\ud88f]/
const LETTER =
  /(?=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}])|(?<=[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}])(?=[\p{L}\p{N}])/gu

/** The text as it is indexed. */
export const spaced = (text: string): string =>
  MAYBE.test(text) ? text.replace(LETTER, ZERO_WIDTH_SPACE) : text

/** Undoes `spaced`, for snippets. */
export const unspaced = (text: string): string => text.replaceAll(ZERO_WIDTH_SPACE, '')
