// The table of access in docs/operating.md: who may call each method, made from the contract.

import type { Method } from '../src/core/contract/method.ts'
import { methods } from '../src/core/contract/methods.ts'

const BEGIN = '<!-- access: written by scripts/schemas.ts, do not edit -->'
const END = '<!-- end of access -->'

/** Rows of the table, most open first: how a method is told from others, and who may call it. */
const ROWS: readonly { name: string; who: string; holds: (method: Method) => boolean }[] = [
  {
    name: 'open',
    who: 'whoever reaches a socket; on the monitoring one `system.hello` only',
    holds: ({ access }) => access === 'open',
  },
  {
    name: 'anybody',
    who: 'every user, the monitoring socket, and the operator without `--as`',
    holds: ({ access, without }) => access === 'read' && without === 'anybody',
  },
  {
    name: 'monitor',
    who: 'every user, and the monitoring socket',
    holds: ({ access, without }) => access === 'read' && without === 'monitor',
  },
  {
    name: 'read',
    who: 'a user, about what is theirs',
    holds: ({ access, without }) => access === 'read' && without === undefined,
  },
  { name: 'write', who: 'a user, changing what is theirs', holds: ({ access }) => access === 'write' },
  {
    name: 'operator',
    who: "the operator, on the owner's socket only",
    holds: ({ access }) => access === 'operator',
  },
]

/** One row an access, as Markdown. @throws when a method has none */
function accessTable(): string {
  const left = new Map<string, Method>(Object.entries(methods))
  const rows = ROWS.map(({ name, who, holds }) => {
    const names = [...left].filter(([, method]) => holds(method)).map(([method]) => method)
    for (const method of names) left.delete(method)
    return `| ${name} | ${who} | ${names.map(method => `\`${method}\``).join(', ')} |`
  })
  if (left.size > 0) throw new Error(`methods without access: ${[...left.keys()].join(', ')}`)
  return ['| access | who | methods |', '|---|---|---|', ...rows].join('\n')
}

/** The document with the table between its two marks. @throws when the marks are not there */
export function withAccessTable(document: string): string {
  const begin = document.indexOf(BEGIN)
  const end = document.indexOf(END)
  if (begin < 0 || end < begin) throw new Error('the marks around the table of access are gone')
  return `${document.slice(0, begin + BEGIN.length)}\n${accessTable()}\n${document.slice(end)}`
}
