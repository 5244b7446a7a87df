/** One spelling of what is written alike. No schema library here: every command loads this file. */

/** Letters with marks as one character each (Unicode NFC): of a name that is kept, and of one that is looked for. */
export const spelling = (text: string): string => text.normalize('NFC')
