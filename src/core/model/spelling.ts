/** One spelling of what is written alike. No schema library here: every command loads this file. */

/** Letters with marks as one character each (Unicode NFC), and half a character as the mark for it: of a name that is kept, and of one that
 *  is looked for. */
export const spelling = (text: string): string => text.toWellFormed().normalize('NFC')
