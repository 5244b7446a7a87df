// The table of error codes in docs/operating.md, made from the one in src/core/kernel/errors.ts.

import { ERRORS } from '../src/core/kernel/errors.ts'

const BEGIN = '<!-- error codes: written by scripts/schemas.ts, do not edit -->'
const END = '<!-- end of error codes -->'

const cell = (text: string): string => text.replaceAll('|', '\\|')

/** One row a code, as Markdown. */
const errorTable = (): string =>
  [
    '| code | number | exit | again | what to do |',
    '|---|---|---|---|---|',
    ...Object.entries(ERRORS).map(
      ([code, { rpc, exit, retry, hint }]) =>
        `| \`${code}\` | ${rpc} | ${exit} | ${retry ? 'yes' : 'no'} | ${cell(hint)} |`,
    ),
  ].join('\n')

/** The document with the table between its two marks. @throws when the marks are not there */
export function withErrorTable(document: string): string {
  const begin = document.indexOf(BEGIN)
  const end = document.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('the marks around the table of error codes are gone')
  return `${document.slice(0, begin + BEGIN.length)}\n${errorTable()}\n${document.slice(end)}`
}
