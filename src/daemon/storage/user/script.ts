/** How the words of any script stand in the full-text index. What is typed into a search goes the same way. */

/** Latin, general punctuation and letterlike symbols need nothing: SQLite's tokenizer folds their case and accents. */
const NEEDS_WORK = /[\u0300-\u1fff\u2190-\u2bff\u2e80-\uffff]/
/** Written without spaces between words, or, as in Korean, with endings and compounds glued to them: each letter is a word in the
 *  index, so that part of a sentence is found as a phrase. */
const SINGLE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const AROUND_SINGLE = new RegExp(`(?=${SINGLE.source})|(?<=${SINGLE.source})(?=[\\p{L}\\p{M}\\p{N}])`, 'gu')
/** Separates such letters; the tokenizer does not take it for part of a word. */
const ZERO_WIDTH_SPACE = '\u200b'
/** Hebrew points, Arabic vowel signs and the Arabic stretch: most people write without them. */
const POINTS = /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]+/g
/** Alef with hamza, madda or wasla, which are left out as often as not. */
const ALEF = /[\u0622\u0623\u0625\u0671]/g
/** Greek accents, which the tokenizer keeps, and the dots of the Cyrillic yo: capitals and hurried people leave them out. */
const GREEK = /[\u0370-\u03ff\u1f00-\u1fff]+/g
const unaccented = (greek: string): string => greek.normalize('NFD').replace(/[\u0300-\u036f]+/g, '')
const YO = /[\u0401\u0451]/g
/** Full-width Latin and half-width Katakana. */
const WIDTHS = /[\uff01-\uffdc]+/g
const PICTURE = /[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}]/gu

/** A pictograph is no letter to the tokenizer: its number, spelt as a word, is. */
const pictureWord = (picture: string): string => ` u${picture.codePointAt(0)?.toString(16)}e `

/** The text as it is indexed: the same words for the same text, whatever its normalization form. */
export function indexed(text: string): string {
  if (!NEEDS_WORK.test(text)) return text
  return text
    .normalize('NFC')
    .replace(POINTS, '')
    .replace(ALEF, '\u0627')
    .replace(GREEK, unaccented)
    .replace(YO, '\u0435')
    .replace(WIDTHS, wide => wide.normalize('NFKC'))
    .replace(PICTURE, pictureWord)
    .replace(AROUND_SINGLE, ZERO_WIDTH_SPACE)
}

/** A word of a text, as `words` finds it. */
export interface Word {
  /** Where it stands, in UTF-16 units. */
  start: number
  end: number
  /** Without case, accents and points. */
  folded: string
}

const PIECE = new RegExp(
  `${SINGLE.source}|${PICTURE.source}|(?:(?!${SINGLE.source})[\\p{L}\\p{M}\\p{N}\\p{Co}])+`,
  'gu',
)
/** Letters and digits of what needs no work; ranges are several times as fast as properties. */
const LATIN_PIECE =
  /[A-Za-z0-9\u00aa\u00b2\u00b3\u00b5\u00b9\u00ba\u00bc-\u00be\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u02c1\u2070-\u209c\u2100-\u218f]+/g
const NOT_PLAIN = /[^\0-\x7f]/

function fold(word: string): string {
  if (!NOT_PLAIN.test(word)) return word.toLowerCase()
  const bare = word.normalize('NFKD').replace(/[\p{Mn}\u0640]+/gu, '')
  // A sign alone is itself.
  return bare.replace(ALEF, '\u0627').toLowerCase() || word
}

/** The words of a text in order, cut where the index cuts them. */
export function words(text: string): Word[] {
  const pattern = NEEDS_WORK.test(text) ? PIECE : LATIN_PIECE
  const lower = text.toLowerCase()
  // A capital with a dot becomes two: then each word is folded by itself.
  const cut = pattern === LATIN_PIECE && lower.length === text.length ? lower : text
  const isPlain = cut === lower && !NOT_PLAIN.test(text)
  const found: Word[] = []
  pattern.lastIndex = 0
  for (let match = pattern.exec(cut); match !== null; match = pattern.exec(cut)) {
    const [word] = match
    const start = match.index
    found.push({ start, end: start + word.length, folded: isPlain ? word : fold(word) })
  }
  return found
}
