/** `vivim identity export`. */
import { closeSync, fsyncSync, openSync, writeSync } from 'node:fs'
import { dirname, resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { askNewSecret, secretFrom } from '../input/secret.ts'

export default class IdentityExport extends VivimCommand {
  static override summary =
    'Write identity key and recovery seed to an encrypted file, and delete the seed here.'
  static override description =
    'Keep the file and its passphrase apart from this machine: together they are your identity.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /media/stick/alice.vivim',
    '<%= config.bin %> <%= command.id %> alice.vivim --passphrase-file ./export-pass --json',
  ]
  static override args = { file: Args.string({ required: true, description: 'a new file' }) }
  static override flags = {
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
    const path = resolve(args.file)
    const client = await this.connect(flags)
    try {
      const passphrase =
        source === undefined
          ? await askNewSecret('Passphrase for the exported file')
          : await secretFrom(source)
      const { fileB64, sha256 } = await client.call('identity.export', { passphrase })
      writeDurably(path, Buffer.from(fileB64, 'base64'))
      const { changed } = await client.call('identity.exported', { sha256 })
      this.show(
        flags,
        { path, sha256, changed },
        () => `Wrote ${visibleLine(path)}. Keep it away from this machine.`,
      )
    } finally {
      client.close()
    }
  }
}

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
