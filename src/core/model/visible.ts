/** Text from outside made safe to print: control and bidirectional characters are shown instead of obeyed. */

/** Bidirectional controls, zero-width and other invisible formatting characters, line and paragraph separators, tags. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

const CONTROL_PICTURES = 0x2400
const DELETE = 0x7f

/** A joiner inside an emoji changes its picture only; between the letters of a script that is written joined, as in Persian and
 *  Hindi, one of the two belongs to the spelling. */
const EMOJI = '\\p{Extended_Pictographic}\\ufe0f?\\p{Emoji_Modifier}?\\u200d(?=\\p{Extended_Pictographic})'
const JOINED_LETTER = `[${[
  'Arab',
  'Syrc',
  'Beng',
  'Deva',
  'Gujr',
  'Guru',
  'Knda',
  'Mlym',
  'Orya',
  'Sinh',
  'Taml',
  'Telu',
  'Khmr',
  'Mymr',
]
  .map(script => `\\p{Script=${script}}`)
  .join('')}]`
const JOINED = new RegExp(
  `${EMOJI}|(?<=${JOINED_LETTER}\\p{M}{0,4})[\\u200c\\u200d](?=${JOINED_LETTER})`,
  'gu',
)
const JOINERS_KEPT: Readonly<Record<string, string>> = { '\u200c': '\ue000', '\u200d': '\ue001' }
const JOINER = /[\u200c\u200d]/g
const KEPT = /[\ue000\ue001]/g

const shown = (character: string): string => {
  const code = character.codePointAt(0) ?? 0
  if (code < 0x20) return String.fromCodePoint(CONTROL_PICTURES + code)
  if (code === DELETE) return '\u2421'
  return `<U+${code.toString(16).toUpperCase().padStart(4, '0')}>`
}

/** For text that may span lines: newlines stay, tabs become spaces, everything else that is not a glyph is shown. */
export const visibleText = (text: string): string =>
  text
    .replace(/\r\n/g, '\n')
    .replaceAll('\t', '    ')
    .replace(KEPT, shown)
    .replace(JOINED, joined => joined.replace(JOINER, joiner => JOINERS_KEPT[joiner] ?? joiner))
    .replace(INVISIBLE, shown)
    .replace(KEPT, kept => (kept === JOINERS_KEPT['\u200c'] ? '\u200c' : '\u200d'))

/** For names, titles and table cells: one line, with newlines shown too. */
export const visibleLine = (text: string): string => visibleText(text).replaceAll('\n', '\u2424')
