/** Errors on their way out: what went wrong on stderr, for people or as JSON, and the exit code of the table. */
import { codeOf, ERRORS, type ErrorCode, type ErrorDetails, VivimError } from '../core/kernel/errors.ts'
import { visibleLine, visibleText } from '../core/model/visible.ts'
import { COMMANDS } from './catalog.ts'
import { errorStyle } from './text/style.ts'

/** What `--json` prints on stderr. */
export interface ErrorDocument {
  error: { code: ErrorCode; message: string; details: ErrorDetails; hint: string }
}

/** oclif's own errors (unknown command, flag or value) carry `oclif.exit`; they are wrong usage. */
const isUsageError = (error: unknown): error is Error & { parse?: unknown } =>
  error instanceof Error && 'oclif' in error && !(error instanceof VivimError)

/** Any caught value as an error of the table. */
export function asVivimError(error: unknown): VivimError {
  if (error instanceof VivimError)
    // Those that the reader of a flag throws have words of oclif around theirs.
    return error.code === 'usage/invalid'
      ? new VivimError(error.code, usageMessage(error.message), error.details)
      : error
  if (isUsageError(error)) return new VivimError('usage/invalid', usageMessage(error.message))
  if (isFileError(error)) return fileError(error)
  const message = error instanceof Error ? error.message : String(error)
  return new VivimError('program/defect', message, {}, { cause: error })
}

/** They may be a passphrase that belongs elsewhere, and errors are kept: so they are not said again. */
const TOO_MANY =
  'more arguments than the command takes: put quotes around what holds blanks, and give a secret with - or as a file'

const usageMessage = (message: string): string =>
  message
    .replace(/\s*See more help with --help/g, '')
    .replace(/^Parsing (--\S+)\s+/gm, '$1: ')
    .replace(/^The following errors? occurred:\s*/, '')
    .replace(/^Unexpected arguments?: [\s\S]*/m, TOO_MANY)
    // oclif takes words behind a command for more of its name.
    .replace(/^command (\S+) not found$/, (_, id: string) =>
      Object.keys(COMMANDS).some(known => id.startsWith(`${known}:`))
        ? TOO_MANY
        : `there is no command "${id.replaceAll(':', ' ')}"`,
    )
    .trim()

const isFileError = (error: unknown): error is NodeJS.ErrnoException =>
  error instanceof Error && 'syscall' in error && 'code' in error && 'path' in error

/** A file that the user named and that cannot be used. */
function fileError(error: NodeJS.ErrnoException): VivimError {
  const path = error.path ?? ''
  if (error.code === 'ENOENT') return new VivimError('file/not-found', `there is no file ${path}`, { path })
  if (error.code === 'ENOSPC') return new VivimError('storage/full', `no room to write ${path}`, { path })
  if (error.code === 'EEXIST') return new VivimError('file/exists', `${path} exists already`, { path })
  return new VivimError('file/unusable', `cannot use ${path}: ${error.code}`, { path })
}

function errorDocument(error: VivimError): ErrorDocument {
  return {
    error: {
      code: error.code,
      message: error.message,
      details: error.details,
      hint: ERRORS[error.code].hint,
    },
  }
}

/** Say it on stderr and set the exit code. */
export function reportFailure(caught: unknown, json: boolean): void {
  const error = asVivimError(caught)
  process.exitCode = ERRORS[codeOf(error)].exit
  if (json) {
    process.stderr.write(`${JSON.stringify(errorDocument(error))}\n`)
    return
  }
  const { red, dim } = errorStyle
  process.stderr.write(`${red('Error')} ${dim(error.code)}: ${visibleText(error.message)}\n`)
  process.stderr.write(`  ${visibleLine(ERRORS[error.code].hint)}\n`)
  if (error.code === 'program/defect' && process.env.VIVIM_DEBUG)
    process.stderr.write(`${(error.cause as Error | undefined)?.stack ?? error.stack}\n`)
}
