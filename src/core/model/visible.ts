/** Text from outside made safe to print: control and bidirectional characters are shown instead of obeyed. */

/** Bidirectional controls, zero-width and other invisible formatting characters, line and paragraph separators, tags. */
const INVISIBLE =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what it looks for.
  /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb]|[\u{e0000}-\u{e007f}]|\p{Cs}/gu

const CONTROL_PICTURES = 0x2400
const DELETE = 0x7f

/** A joiner inside an emoji changes its picture only. */
const JOINED_EMOJI =
  /(\p{Extended_Pictographic}\ufe0f?\p{Emoji_Modifier}?)\u200d(?=\p{Extended_Pictographic})/gu
const JOINER_KEPT = '\ue000'

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
    .replaceAll(JOINER_KEPT, '<U+E000>')
    .replace(JOINED_EMOJI, `$1${JOINER_KEPT}`)
    .replace(INVISIBLE, shown)
    .replaceAll(JOINER_KEPT, '\u200d')

/** For names, titles and table cells: one line, with newlines shown too. */
export const visibleLine = (text: string): string => visibleText(text).replaceAll('\n', '\u2424')
