/** What databases and file systems say when they fail, as our codes. */
import { VivimError } from '../../core/kernel/errors.ts'

const UNAVAILABLE = new Set([
  'SQLITE_BUSY',
  'SQLITE_LOCKED',
  'SQLITE_CANTOPEN',
  'SQLITE_READONLY',
  'ECONNREFUSED',
  'ECONNRESET',
  'ENOTFOUND',
  'EAI_AGAIN',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EPIPE',
  'EACCES',
  'EROFS',
  'EMFILE',
  // PostgreSQL, appendix A: conflicts that stay, time-outs, no privilege, too many connections, shutting down, cannot connect
  // now, unknown role, password, database.
  '40001',
  '40P01',
  '25P03',
  '55P03',
  '57014',
  '42501',
  '53300',
  '57P01',
  '57P02',
  '57P03',
  '28000',
  '28P01',
  '3D000',
])
const CORRUPT = new Set(['SQLITE_CORRUPT', 'SQLITE_NOTADB', 'XX001', 'XX002'])
/** A folder, or a link that leads nowhere, in the place of a file. */
const MISPLACED = new Set(['EISDIR', 'ELOOP'])
const FULL = new Set(['SQLITE_FULL', 'ENOSPC', 'EDQUOT', '53100'])

/** `SQLITE_CORRUPT_VTAB` is a `SQLITE_CORRUPT`. */
const primary = (code: string): string => (code.startsWith('SQLITE_') ? code.split('_', 2).join('_') : code)

/** The error to throw instead of `error`: `storage/full`, `storage/corrupt` or `storage/unavailable` where it is one of
 *  those, else `error` itself. The message names the engine's code and never a value. */
export function storageError(error: unknown): unknown {
  if (error instanceof VivimError || typeof error !== 'object' || error === null) return error
  if (!('code' in error) || typeof error.code !== 'string') return connectionEnded(error)
  const code = primary(error.code)
  if (FULL.has(code)) return new VivimError('storage/full', 'the disk is full', { code }, { cause: error })
  if (CORRUPT.has(code))
    return new VivimError('storage/corrupt', 'a database file is damaged', { code }, { cause: error })
  if (MISPLACED.has(code))
    return new VivimError(
      'storage/corrupt',
      `something else stands where a file of the home is due (${code})`,
      { code },
      { cause: error },
    )
  if (UNAVAILABLE.has(code) || /^08/.test(code))
    return new VivimError(
      'storage/unavailable',
      `the database cannot be used now (${code})`,
      { code },
      { cause: error },
    )
  return error
}

/** `pg` gives these without a code. */
function connectionEnded(error: object): unknown {
  if (!(error instanceof Error)) return error
  if (
    !/^(Connection terminated|timeout exceeded when trying to connect|Client has encountered)/.test(
      error.message,
    )
  )
    return error
  return new VivimError(
    'storage/unavailable',
    'the connection to the database server ended',
    {},
    { cause: error },
  )
}
