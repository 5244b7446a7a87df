/** Commands of capabilities: paths such as `/vivim/share/propose`, each covering itself and what lies below it. */
import { z } from 'zod'

/** Longer than any command has a reason to be, in characters. */
const COMMAND_MAX_CHARS = 256

/** `/`, or segments of lower-case letters, digits, `.`, `_` and `-` that begin with a letter or digit; a part of what UCAN
 *  allows (specification, section Command). */
export const Command = z
  .string()
  .max(COMMAND_MAX_CHARS)
  .regex(/^(?:\/|(?:\/[a-z0-9][a-z0-9._-]*)+)$/, 'not a command such as /vivim/share/propose')

/** Whether a right to `command` is a right to `other`: `/vivim/share` covers `/vivim/share/create` and not `/vivim/shareadmin`. */
export const covers = (command: string, other: string): boolean =>
  command === '/' || other === command || other.startsWith(`${command}/`)
