/** Where the tools of this machine usually keep their conversations, and what lies there. */
import { homedir } from 'node:os'
import { join } from 'node:path'
import { VivimError } from '../../core/kernel/errors.ts'
import { filesIn, type ImportSource } from './sources.ts'

interface Place {
  /** As `--from` names it. */
  readonly name: string
  readonly title: string
  /** Folders that are looked through, and how many levels of folders below each. */
  readonly folders: (machine: Machine) => readonly Folder[]
  /** Which of the files below them, by the path with slashes, from the folder on. */
  readonly files: RegExp
}

type Folder = readonly [path: string, levels: number]

/** Below a folder that only the tool's own sessions lie in. */
const DEEP = 8

interface Machine {
  readonly home: string
  /** Where programs with a window keep their settings. */
  readonly settings: string
  readonly variable: (name: string) => string | null
}

const PLACES: readonly Place[] = [
  {
    name: 'claude-code',
    title: 'Claude Code',
    folders: ({ home, variable }) => [
      [join(variable('CLAUDE_CONFIG_DIR') ?? join(home, '.claude'), 'projects'), DEEP],
    ],
    files: /\.jsonl$/,
  },
  {
    name: 'codex',
    title: 'Codex CLI',
    folders: ({ home, variable }) => {
      const root = variable('CODEX_HOME') ?? join(home, '.codex')
      return [
        [join(root, 'sessions'), DEEP],
        [join(root, 'archived_sessions'), DEEP],
      ]
    },
    files: /\.jsonl(\.zst)?$/,
  },
  {
    name: 'gemini-cli',
    title: 'Gemini CLI',
    folders: ({ home, variable }) => [[join(variable('GEMINI_CLI_HOME') ?? home, '.gemini', 'tmp'), DEEP]],
    files: /\/chats\/.*\.jsonl?$|\/checkpoint[^/]*\.json$/,
  },
  {
    name: 'cursor',
    title: 'Cursor',
    folders: ({ home, settings }) => [
      [join(settings, 'Cursor', 'User', 'globalStorage'), 0],
      [join(home, '.cursor', 'projects'), DEEP],
    ],
    files: /^\/state\.vscdb$|\/agent-transcripts\/.*\.jsonl$/,
  },
  {
    name: 'copilot-chat',
    title: 'Copilot Chat in VS Code',
    folders: ({ settings }) =>
      ['Code', 'Code - Insiders', 'VSCodium'].flatMap(program => [
        [join(settings, program, 'User', 'workspaceStorage'), 2],
        [join(settings, program, 'User', 'globalStorage', 'emptyWindowChatSessions'), 0],
      ]),
    files: /^\/[^/]+\/chatSessions\/[^/]+\.jsonl?$|^\/[^/]+\.jsonl?$/,
  },
  {
    name: 'copilot-cli',
    title: 'Copilot CLI',
    folders: ({ home }) => [[join(home, '.copilot', 'session-state'), 1]],
    files: /^\/[^/]+\/events\.jsonl$|^\/[^/]+\.jsonl$/,
  },
]

export const PLACE_NAMES: readonly string[] = PLACES.map(place => place.name)

/** What lies in one place. */
export interface Found {
  readonly name: string
  readonly title: string
  readonly sources: readonly ImportSource[]
  readonly bytes: number
}

/** The names in `claude-code,codex`. @throws `usage/invalid` for one that is not known, with those that are */
export function placeNames(text: string): string[] {
  const names = text
    .split(',')
    .map(name => name.trim())
    .filter(name => name !== '')
  const unknown = names.find(name => !PLACE_NAMES.includes(name))
  if (unknown !== undefined || names.length === 0)
    throw new VivimError(
      'usage/invalid',
      `${unknown === undefined ? '--from names nothing' : `--from knows no ${unknown}`}; it knows ${PLACE_NAMES.join(', ')}`,
      { known: PLACE_NAMES.join(',') },
    )
  return [...new Set(names)]
}

/** Looks through the places of these names; what is not there, or closed to us, is passed over. */
export async function survey(names: readonly string[]): Promise<Found[]> {
  const machine = thisMachine()
  const found: Found[] = []
  for (const { name, title, folders, files } of PLACES) {
    if (!names.includes(name)) continue
    const sources: ImportSource[] = []
    for (const [folder, levels] of folders(machine))
      for await (const source of filesIn(folder, levels, () => {}))
        if (files.test(source.label.slice(folder.length).replaceAll('\\', '/'))) sources.push(source)
    const bytes = sources.reduce((sum, source) => sum + (source.size ?? 0), 0)
    found.push({ name, title, sources, bytes })
  }
  return found
}

function thisMachine(): Machine {
  const variable = (name: string): string | null => process.env[name] || null
  const home = homedir()
  const settings =
    process.platform === 'darwin'
      ? join(home, 'Library', 'Application Support')
      : (variable('XDG_CONFIG_HOME') ?? join(home, '.config'))
  return { home, settings, variable }
}
