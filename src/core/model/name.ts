/** Names that a user gives: to people, circles, devices, scripts, collections, and to users of a node. What looks alike is one name, and
 *  nothing stands in one that nobody sees. */
import { z } from 'zod'
import { spelling } from './spelling.ts'
import { visibleLine } from './visible.ts'

/** What draws nothing or looks like a blank, beside what `visibleLine` shows: fillers, selectors of variants; private characters. */
const UNSEEN = /[\p{Default_Ignorable_Code_Point}\p{Co}\u2800]/u
/** Joiners, where `visibleLine` lets them stand, and what makes a sign an emoji. */
const SEEN_BY_OTHERS = /[\u200c\u200d]|(?<=\p{Emoji})\ufe0f/gu

const isSeen = (name: string): boolean =>
  visibleLine(name) === name && !UNSEEN.test(name.replace(SEEN_BY_OTHERS, ''))

/** A name of at most so many characters. The messages go on a sentence that begins with what is named. */
export const nameOfAtMost = (chars: number) =>
  z
    .string()
    .overwrite(spelling)
    .min(1, 'is empty')
    .max(chars, `has over ${chars} characters`)
    .refine(isSeen, 'holds characters that cannot be seen')
    .regex(/^\S+( \S+)*$/, 'has blanks at an end, or more than one between words')
    .refine(name => !name.startsWith('did:'), 'begins like a DID')

/** A name that the user gives to a contact, a circle, a device and the like. */
export const GivenName = nameOfAtMost(100)
/** What the owner of a home or a user of a node is called there. */
export const DisplayName = nameOfAtMost(64)
