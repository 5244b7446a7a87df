/** How the words of any script stand in the full-text index. What is typed into a search goes the same way. */

/** Latin, general punctuation and letterlike symbols need nothing: SQLite's tokenizer folds their case and accents. */
const NEEDS_WORK = /\u00ad|[\u0300-\u1fff\u2060\u2190-\uffff]/
/** Latin letters that Unicode takes for no accented form of another, and keyboards without them write otherwise. */
const LETTERS: Readonly<Record<string, string>> = {
  ...{ ß: 'ss', ẞ: 'ss', æ: 'ae', Æ: 'ae', œ: 'oe', Œ: 'oe', þ: 'th', Þ: 'th', ø: 'o', Ø: 'o' },
  ...{ ł: 'l', Ł: 'l', đ: 'd', Đ: 'd', ð: 'd', Ð: 'd', ħ: 'h', Ħ: 'h', ı: 'i' },
}
const LETTER = new RegExp(`[${Object.keys(LETTERS).join('')}]`, 'g')
const plainLetters = (text: string): string => text.replace(LETTER, letter => LETTERS[letter] ?? letter)
/** Where a line may be broken, or not: they stand inside of words that were copied from a page. */
const UNSEEN = /[\u00ad\u2060\ufeff]+/g
/** Written without spaces between words, or, as in Korean, with endings and compounds glued to them: each letter is a word in the
 *  index, so that part of a sentence is found as a phrase. */
const SINGLE =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u
const AROUND_SINGLE = new RegExp(`(?=${SINGLE.source})|(?<=${SINGLE.source})(?=[\\p{L}\\p{M}\\p{N}])`, 'gu')
/** Separates such letters; the tokenizer does not take it for part of a word. */
const ZERO_WIDTH_SPACE = '\u200b'
/** Hebrew points, Arabic vowel signs and the Arabic stretch: most people write without them. */
const POINTS = /[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0610-\u061a\u0640\u064b-\u065f\u0670]+/g
/** Alef with hamza, madda or wasla, which are left out as often as not; yeh, kaf and teh marbuta, which keyboards differ in. */
const ARABIC: Readonly<Record<string, string>> = {
  ...{ '\u0622': '\u0627', '\u0623': '\u0627', '\u0625': '\u0627', '\u0671': '\u0627' },
  ...{ '\u0649': '\u064a', '\u06cc': '\u064a', '\u06a9': '\u0643', '\u0629': '\u0647' },
}
const ARABIC_LETTER = new RegExp(`[${Object.keys(ARABIC).join('')}]`, 'g')
const plainArabic = (text: string): string => text.replace(ARABIC_LETTER, letter => ARABIC[letter] ?? letter)
/** Greek accents, which the tokenizer keeps, and the dots of the Cyrillic yo: capitals and hurried people leave them out. */
const GREEK = /[\u0370-\u03ff\u1f00-\u1fff]+/g
const unaccented = (greek: string): string => greek.normalize('NFD').replace(/[\u0300-\u036f]+/g, '')
const YO = /[\u0401\u0451]/g
/** Ligatures and joined Arabic letters, as pages and PDF files have them, full-width Latin, half-width Katakana, letters dressed up
 *  as mathematics. */
const SHAPES = /[\ufb00-\ufb06\ufb50-\ufdff\ufe70-\ufefc\uff01-\uffdc\u{1d400}-\u{1d7ff}]+/gu
const PICTURE = /[\p{Extended_Pictographic}\u{1f1e6}-\u{1f1ff}]/gu

/** What makes another word of the letters before it: C, C++ and C# are three languages. */
const SIGNS = /(?<=[a-z0-9])(?:\+\+|#)(?![a-z0-9+#])/gi
const signWord = (sign: string): string => (sign === '#' ? ' usharp ' : ' uplusplus ')

/** A pictograph is no letter to the tokenizer: its number, spelt as a word, is. */
const pictureWord = (picture: string): string => ` u${picture.codePointAt(0)?.toString(16)}e `

/** The text as it is indexed: the same words for the same text, whatever its normalization form. */
export function indexed(text: string): string {
  const latin = plainLetters(text).replace(SIGNS, signWord)
  if (!NEEDS_WORK.test(latin)) return latin
  const shaped = latin
    .normalize('NFC')
    .replace(SHAPES, shape => shape.normalize('NFKC'))
    .replace(UNSEEN, '')
    .replace(POINTS, '')
  return plainArabic(shaped)
    .replace(GREEK, unaccented)
    .replace(YO, '\u0435')
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

const IN_WORD = '[\\p{L}\\p{M}\\p{N}\\p{Co}]'
const PIECE = new RegExp(
  `${SINGLE.source}|${PICTURE.source}|(?:(?!${SINGLE.source})${IN_WORD}(?:${UNSEEN.source}(?=${IN_WORD}))?)+`,
  'gu',
)
const NOT_PLAIN = /[^\0-\x7f]/
/** For each character of what needs no work, 1 where it is part of a word: a look into a table is many times as fast as a pattern. */
const IN_LATIN_WORD = Uint8Array.from({ length: 0x2190 }, (_, code) =>
  /[\p{L}\p{N}]/u.test(String.fromCharCode(code)) ? 1 : 0,
)

function fold(word: string): string {
  if (!NOT_PLAIN.test(word)) return word.toLowerCase()
  const bare = word
    .normalize('NFKD')
    .replace(/[\p{Mn}\u0640]+/gu, '')
    .replace(UNSEEN, '')
  // A sign alone is itself.
  return plainLetters(plainArabic(bare)).toLowerCase() || word
}

/** The words of a text in order, cut where the index cuts them. */
export function words(text: string): Word[] {
  const lower = text.toLowerCase()
  // A capital with a dot becomes two characters.
  if (lower.length === text.length && !NEEDS_WORK.test(text)) return latinWords(lower)
  return [...text.matchAll(PIECE)].map(({ 0: word, index: start }) => ({
    start,
    end: start + word.length,
    folded: fold(word),
  }))
}

function latinWords(lower: string): Word[] {
  const found: Word[] = []
  let start = -1
  let isPlain = true
  for (let at = 0; at <= lower.length; at++) {
    const code = at < lower.length ? lower.charCodeAt(at) : 0
    if (IN_LATIN_WORD[code] === 1) {
      if (start < 0) start = at
      if (code > 0x7f) isPlain = false
    } else if (start >= 0) {
      const word = lower.slice(start, at)
      found.push({ start, end: at, folded: isPlain ? word : fold(word) })
      start = -1
      isPlain = true
    }
  }
  return found
}
