/** `vivim identity export`. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { VivimError } from '../../core/kernel/errors.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { askNewSecret, secretFrom } from '../input/secret.ts'

export default class IdentityExport extends VivimCommand {
  static override summary =
    'Write what brings your identity back to an encrypted file, and delete the recovery seed here.'
  static override description =
    'Keep the file and its passphrase apart from this machine: together they are your identity. So are the 24 words that --words shows, once, for paper.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /media/stick/alice.vivim',
    '<%= config.bin %> <%= command.id %> /media/stick/alice.vivim --words',
    '<%= config.bin %> <%= command.id %> alice.vivim --passphrase-file ./export-pass --json',
  ]
  static override args = { file: Args.string({ required: true, description: 'a new file' }) }
  static override flags = {
    words: Flags.boolean({
      description: 'also show the recovery seed as 24 words: on a terminal, or in the answer of --json',
    }),
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      description: "read the export's own passphrase from a file, or from stdin with -",
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(IdentityExport)
    const source = flags['passphrase-file']
    if (source === undefined && !this.canAsk(flags))
      throw this.inputNeeded("the export's passphrase", '--passphrase-file FILE')
    // Into a pipe or a file they would go unseen, to lie there.
    if (flags.words && !flags.json && process.stdout.isTTY !== true)
      throw new VivimError('usage/invalid', 'words are shown on a terminal, or with --json', {
        flag: '--words',
      })
    const path = resolve(args.file)
    const client = await this.connect(flags)
    try {
      const passphrase =
        source === undefined
          ? await askNewSecret('Passphrase for the exported file')
          : await secretFrom(source)
      const { fileB64, sha256, words } = await client.call('identity.export', {
        passphrase,
        words: flags.words,
      })
      writeDurably(path, Buffer.from(fileB64, 'base64'))
      const { changed } = await client.call('identity.exported', { sha256 })
      this.show(flags, { path, sha256, changed, ...(words && { words }) }, () =>
        [`Wrote ${visibleLine(path)}. Keep it away from this machine.`, ...(words ? sheet(words) : [])].join(
          '\n',
        ),
      )
    } finally {
      client.close()
    }
  }
}

/** The words in four columns, numbered, as they are written on paper. */
const sheet = (words: readonly string[]): string[] => [
  '',
  ...Array.from({ length: 6 }, (_, row) =>
    [0, 6, 12, 18]
      .map(from => `${String(from + row + 1).padStart(2)} ${(words[from + row] ?? '').padEnd(10)}`)
      .join('  ')
      .trimEnd(),
  ),
  '',
  'Write these 24 words on paper, in this order: they are the recovery key. Whoever has them can take your identity',
  'over, revoke your devices, and open a backup of your home. They are not shown again.',
]

/** Write a file that did not exist, for its owner alone; on disk when it returns. */
function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, 'wx', 0o600)
  try {
    writeSync(file, bytes)
    fsyncSync(file)
  } finally {
    closeSync(file)
  }
  const folder = openSync(dirname(path), 'r')
  try {
    fsyncSync(folder)
  } finally {
    closeSync(folder)
  }
}
