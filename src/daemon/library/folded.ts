/** Comparing words as people do. */

/** Without case, accents and the difference of letters that look the same (NFKD). */
export const folded = (text: string): string => text.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase()
