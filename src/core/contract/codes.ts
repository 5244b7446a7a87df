/** Errors as they cross the socket: code, message, details and hint; never a stack or a cause. */
import { ERRORS, type ErrorCode, type ErrorDetails, VivimError } from '../kernel/errors.ts'
import type { CallId, ErrorFrame } from './frames.ts'

/** The answer that carries an error of the table. @param id - null where the request could not be read */
export function errorFrame(id: CallId | null, error: VivimError): ErrorFrame {
  const row = ERRORS[error.code]
  return {
    jsonrpc: '2.0',
    id,
    error: {
      code: row.rpc,
      message: error.message,
      data: { code: error.code, details: error.details, hint: row.hint },
    },
  }
}

/** An error that came over the socket as the one that was thrown. A code that this side does not know is
 *  `program/defect`, with the unknown code in `details.code`. */
export function errorFromFrame(error: unknown): VivimError {
  const { message, data } = (isRecord(error) ? error : {}) as { message?: unknown; data?: unknown }
  const { code, details } = (isRecord(data) ? data : {}) as { code?: unknown; details?: unknown }
  const text = typeof message === 'string' ? message : 'the daemon answered with an error of unknown shape'
  if (typeof code === 'string' && Object.hasOwn(ERRORS, code))
    return new VivimError(code as ErrorCode, text, printableDetails(details))
  return new VivimError('program/defect', text, { code: typeof code === 'string' ? code : 'none' })
}

function printableDetails(details: unknown): ErrorDetails {
  if (!isRecord(details)) return {}
  const isPrintable = (value: unknown) =>
    value === null || ['string', 'number', 'boolean'].includes(typeof value)
  return Object.fromEntries(Object.entries(details).filter(([, value]) => isPrintable(value))) as ErrorDetails
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null
