/** The shapes that nouns share; those of one noun stand in its own file, as `docs/operating.md` and the command line's `--json` name them. */
import { z } from 'zod'
import { spelling } from '../model/spelling.ts'

/** Text a user or another person chose: printed only with control and bidirectional characters made visible. */
export const FreeText = z.string()
/** An id, a unique prefix of one, or where it says so an alias, in the one spelling that names are kept in. */
export const Selector = z.string().overwrite(spelling).min(1, 'is empty').max(256, 'has over 256 characters')
/** A duration or an instant as the user wrote it (`30d`, `2027-01-01T00:00:00Z`, `never`); kept as given. */
export const TimeText = z.string().min(1).max(64)
export const Count = z.number().int().nonnegative()

export const Warning = z
  .looseObject({
    code: z.string(),
    severity: z.enum(['info', 'warning', 'error']),
    message: z.string(),
    hint: z.string(),
  })
  .meta({ id: 'Warning' })

export const changed = { changed: z.boolean() }

/** Ranges of visible message numbers, such as `3-9,12`. */
export const MessageRanges = z
  .string()
  .max(4096)
  .regex(/^\d+(-\d+)?(,\d+(-\d+)?)*$/)
