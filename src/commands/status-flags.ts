/** Reads `vivim status` with the plainest flags, so that the most frequent call of scripts starts no framework. */

export interface StatusFlags {
  home?: string | undefined
  socket?: string | undefined
  as?: string | undefined
  json: boolean
  quiet: boolean
  timeout?: number | undefined
}

/** @returns null for any other command line, also for one that is wrong: oclif says why. */
export function quickStatus(argv: readonly string[]): StatusFlags | null {
  if (argv[0] !== 'status') return null
  const flags: StatusFlags = {
    home: process.env.VIVIM_HOME || undefined,
    socket: process.env.VIVIM_SOCKET || undefined,
    as: process.env.VIVIM_AS || undefined,
    json: false,
    quiet: false,
  }
  for (let at = 1; at < argv.length; at += 1) {
    const word = argv[at]
    const value = argv[at + 1]
    if (word === '--json') flags.json = true
    else if (word === '--quiet') flags.quiet = true
    else if (word === '--no-input') continue
    else if (isPlace(word) && value !== undefined && !value.startsWith('-')) {
      flags[word === '--home' ? 'home' : word === '--socket' ? 'socket' : 'as'] = value
      at += 1
    } else return null
  }
  return flags
}

const isPlace = (word: string | undefined): boolean =>
  word === '--home' || word === '--socket' || word === '--as'
