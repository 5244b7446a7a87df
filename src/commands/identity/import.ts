/** `vivim identity import`. */
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { Args, Flags } from '@oclif/core'
import { VivimError } from '../../core/kernel/errors.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { initHome } from '../daemon/process.ts'
import { keyFlags, keyPassphrase, placeFlags } from '../input/new-home.ts'
import { askSecret, secretFrom, secretTextFrom } from '../input/secret.ts'
import { homeOf } from '../place.ts'
import { count } from '../text/amounts.ts'
import { style } from '../text/style.ts'
import { facts } from '../text/table.ts'
import { MAX_EXPORT_BYTES } from './recovery.ts'

interface ImportResult {
  did: string
  name: string
  home: string
  peerId: string
  listen: string[]
  kept: { devices: { key: string; addedAt: string }[]; asOf: string } | null
  restored: Record<'contacts' | 'circles' | 'epochs' | 'shares' | 'conversations', number>
  missing: { what: string; id: string | null; why: string }[]
  changed: boolean
}

export default class IdentityImport extends VivimCommand {
  static override summary = 'Take your identity back into a fresh home, from the export or the 24 words.'
  static override description =
    'Makes a new device and revokes the old ones. With --from, an old home or a backup of it, conversations, contacts, circles and live shares come along, also where its passphrase is lost. Starts nothing.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> /media/stick/alice.vivim',
    {
      description: 'With what a backup of the home still has:',
      command: '<%= config.bin %> <%= command.id %> alice.vivim --from /backup/vivim',
    },
    {
      description: 'From the words, typed on stdin, and an old home:',
      command: '<%= config.bin %> <%= command.id %> --words - --from /backup/vivim',
    },
  ]
  static override args = { file: Args.string({ description: 'the export file' }) }
  static override flags = {
    'export-passphrase-file': Flags.string({
      helpValue: 'FILE',
      description: "read the export's passphrase from a file, or from stdin with -",
    }),
    words: Flags.string({ helpValue: 'FILE', description: 'a file with the 24 words, or - for stdin' }),
    from: Flags.string({ helpValue: 'DIR', description: 'an old home, or a backup of it; it is only read' }),
    document: Flags.string({
      helpValue: 'FILE',
      description:
        'an identity document: what `vivim identity show --json` of a device that you kept prints, or `vivim contact show YOU --json` of a contact',
    }),
    name: Flags.string({ helpValue: 'NAME', description: 'what you are called here [default: as before]' }),
    'keep-others': Flags.boolean({
      description:
        'do not revoke the other devices of the --document, which is to be the newest: they are not lost',
    }),
    ...keyFlags,
    ...placeFlags,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(IdentityImport)
    if (args.file === undefined && flags.words === undefined)
      throw this.inputNeeded('what brings the identity back', 'the export FILE, or --words FILE')
    const file = args.file === undefined ? null : readExport(args.file)
    const recover = {
      fileB64: file?.toString('base64') ?? null,
      filePassphrase: file === null ? null : await this.exportPassphrase(flags),
      words: flags.words === undefined ? null : await secretTextFrom(flags.words),
      documentB64: flags.document === undefined ? null : readDocument(flags.document).toString('base64'),
      from: flags.from === undefined ? null : resolve(flags.from),
      keepOthers: Boolean(flags['keep-others']),
    }
    const request = {
      home: homeOf(flags.home),
      name: flags.name ?? null,
      passphrase: await keyPassphrase(flags, this.canAsk(flags)),
      listen: flags.listen ?? [],
      master: flags.master ?? null,
      recover,
    }
    this.show(flags, (await initHome(this.config.root, request)) as ImportResult, importText)
  }

  private async exportPassphrase(flags: {
    'export-passphrase-file'?: string | undefined
    'no-input': boolean
    json: boolean
    quiet: boolean
  }): Promise<string> {
    const source = flags['export-passphrase-file']
    if (source !== undefined) return secretFrom(source)
    if (this.canAsk(flags)) return askSecret('Passphrase of the export: ')
    throw this.inputNeeded("the export's passphrase", '--export-passphrase-file FILE')
  }
}

function readExport(path: string): Buffer {
  const bytes = readFileSync(path)
  if (bytes.length > MAX_EXPORT_BYTES)
    throw new VivimError('keystore/corrupt', `${path} is too long for an export`)
  return bytes
}

/** The bytes as they lie in a home, or what `contact show --json` prints. */
function readDocument(path: string): Buffer {
  const bytes = readFileSync(path)
  const text = bytes.toString('utf8').trim()
  if (!text.startsWith('{')) return bytes
  try {
    const { document } = JSON.parse(text) as { document: { wireB64: string } }
    return Buffer.from(document.wireB64, 'base64')
  } catch {
    throw new VivimError('identity/invalid', `${path} holds no identity document`)
  }
}

function importText(result: ImportResult): string {
  if (!result.changed) return `Nothing changed: ${visibleLine(result.name)} lives in ${result.home} already.`
  const { contacts, circles, shares, conversations } = result.restored
  return [
    `Took ${visibleLine(result.name)} back, with a new device.`,
    facts([
      ['home', result.home],
      ['did', result.did],
      ['peer', result.peerId],
      [
        'restored',
        `${count(conversations, 'conversation')}, ${count(contacts, 'contact')}, ${count(circles, 'circle')}, ${count(shares, 'live share')}`,
      ],
    ]),
    ...keptText(result.kept),
    ...(result.missing.length > 0 ? ['Not restored:'] : []),
    ...result.missing.map(
      ({ what, id, why }) => `  ${what}${id === null ? '' : ` ${id.slice(0, 12)}`}: ${why}`,
    ),
    `Next: ${style.bold('vivim daemon start')}`,
  ].join('\n')
}

function keptText(kept: ImportResult['kept']): string[] {
  if (kept === null) return []
  return [
    style.yellow(
      `These devices go on counting, as your document of ${kept.asOf} says. A device that you revoked`,
    ),
    style.yellow('after that counts again: if one is among them, start over with a newer document.'),
    ...kept.devices.map(({ key, addedAt }) => `  ${key}  added ${addedAt}`),
  ]
}
