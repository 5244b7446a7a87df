/** Rights as people give them (what, with whom, how often), to and from the command and policy of a delegation. */
import { CircleId, Did } from '../model/id.ts'
import { covers } from './command.ts'
import type { Delegation } from './delegation.ts'
import type { Policy, Statement } from './policy.ts'

/** With whom something may be shared; an empty list is nobody of that kind. */
export interface People {
  readonly circles: readonly CircleId[]
  readonly contacts: readonly Did[]
}

export interface Rights {
  /** Commands, each with what lies below it. */
  readonly commands: readonly string[]
  /** Null: no bound on whom. */
  readonly people: People | null
  readonly perDay: number | null
  /** In all. */
  readonly uses: number | null
}

/** `share.propose` stands for `/vivim/share/propose`. */
export const commandOfWord = (word: string): string => `/vivim/${word.replaceAll('.', '/')}`
export const wordOfCommand = (command: string): string =>
  command.startsWith('/vivim/') ? command.slice('/vivim/'.length).replaceAll('/', '.') : command

/** The nearest command that covers all of them. */
function ancestorOf(commands: readonly string[]): string {
  const [first = '/', ...others] = commands
  const segments = first.split('/').slice(1)
  for (let length = segments.length; length > 0; length--) {
    const command = `/${segments.slice(0, length).join('/')}`
    if (others.every(other => covers(command, other))) return command
  }
  return '/'
}

/** Two or more statements of which one must hold need an `or`; one stands for itself. */
const oneOf = (statements: readonly Statement[]): Statement =>
  statements.length === 1 && statements[0] !== undefined ? statements[0] : ['or', statements]

const onlyAmong = (selector: string, ids: readonly string[]): Statement =>
  ids.length === 0
    ? ['==', selector, []]
    : ['all', selector, oneOf(ids.map((id): Statement => ['==', '.', id]))]

/** A delegation has one command; several become the one above them and a demand on `command`, which the door puts among the
 *  arguments with `circles`, `contacts` and `uses`. @param rights - at least one command. */
export function policyOf(rights: Rights): { cmd: string; pol: Policy } {
  const { commands, people, perDay, uses } = rights
  const pol: Statement[] = []
  if (commands.length > 1)
    pol.push([
      'or',
      commands.flatMap((command): Statement[] => [
        ['==', '.command', command],
        ['like', '.command', `${command}/*`],
      ]),
    ])
  if (people !== null) {
    pol.push(onlyAmong('.circles', people.circles))
    pol.push(onlyAmong('.contacts', people.contacts))
  }
  if (perDay !== null) pol.push(['<', '.uses.day', perDay])
  if (uses !== null) pol.push(['<', '.uses.all', uses])
  return { cmd: ancestorOf(commands), pol }
}

/** Rights read back, and how many demands are not of this form: they hold all the same, and cannot be said in words. */
export interface ReadRights extends Rights {
  readonly others: number
}

function idsOf(statement: Statement): string[] | null {
  if (statement[0] === '==') return Array.isArray(statement[2]) && statement[2].length === 0 ? [] : null
  if (statement[0] !== 'all') return null
  const inner = statement[2][0] === 'or' ? statement[2][1] : [statement[2]]
  const ids = inner.map(one => (one[0] === '==' && one[1] === '.' ? one[2] : null))
  return ids.every(id => typeof id === 'string') ? ids : null
}

function commandsOf(statement: Statement): string[] | null {
  if (statement[0] !== 'or') return null
  const commands: string[] = []
  for (const one of statement[1]) {
    if (one[0] === '==' && one[1] === '.command' && typeof one[2] === 'string') commands.push(one[2])
    else if (one[0] !== 'like' || one[1] !== '.command' || one[2] !== `${commands.at(-1)}/*`) return null
  }
  return commands
}

/** Where `asked` goes beyond what a link gives, or null. A use is judged by every link, so that no link gives more than those before it:
 *  this is for whoever would write one down that says so. @param asked - null in it: as the link has it. */
export function widerIn(asked: Rights, given: Rights): 'commands' | 'people' | 'perDay' | 'uses' | null {
  const isMore = (more: number | null, than: number | null): boolean =>
    more !== null && than !== null && more > than
  if (!asked.commands.every(command => given.commands.some(one => covers(one, command)))) return 'commands'
  if (asked.people !== null && given.people !== null) {
    const { circles, contacts } = given.people
    const isAmong =
      asked.people.circles.every(id => circles.includes(id)) &&
      asked.people.contacts.every(did => contacts.includes(did))
    if (!isAmong) return 'people'
  }
  if (isMore(asked.perDay, given.perDay)) return 'perDay'
  return isMore(asked.uses, given.uses) ? 'uses' : null
}

/** What one link gives, as far as it was written by `policyOf`. */
export function rightsOf(link: Delegation): ReadRights {
  let commands: readonly string[] = [link.cmd]
  let circles: CircleId[] | null = null
  let contacts: Did[] | null = null
  let perDay: number | null = null
  let uses: number | null = null
  let others = 0
  for (const statement of link.pol) {
    const [operator, selector, bound] = statement
    const ids = selector === '.circles' || selector === '.contacts' ? idsOf(statement) : null
    const several = commandsOf(statement)
    if (operator === '<' && selector === '.uses.day' && typeof bound === 'number') perDay = bound
    else if (operator === '<' && selector === '.uses.all' && typeof bound === 'number') uses = bound
    else if (ids !== null && selector === '.circles')
      circles = ids.flatMap(id => CircleId.safeParse(id).data ?? [])
    else if (ids !== null) contacts = ids.flatMap(id => Did.safeParse(id).data ?? [])
    else if (several !== null) commands = several
    else others += 1
  }
  const people =
    circles === null && contacts === null ? null : { circles: circles ?? [], contacts: contacts ?? [] }
  return { commands, people, perDay, uses, others }
}
