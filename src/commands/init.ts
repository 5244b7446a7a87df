/** `vivim init`. */
import { Flags } from '@oclif/core'
import { VivimError } from '../core/kernel/errors.ts'
import { visibleLine } from '../core/model/visible.ts'
import { type CommonFlags, VivimCommand } from './base.ts'
import { initHome } from './daemon/process.ts'
import { askNewSecret, secretFrom } from './input/secret.ts'
import { homeOf } from './place.ts'
import { style } from './text/style.ts'
import { facts } from './text/table.ts'

interface InitResult {
  did: string
  name: string
  home: string
  peerId: string
  listen: string[]
  changed: boolean
}

export default class Init extends VivimCommand {
  static override summary = 'Make a home: node key, identity, keystore and config. Starts nothing.'
  static override examples = [
    { description: 'Asks for a passphrase:', command: '<%= config.bin %> <%= command.id %> --name alice' },
    {
      description: 'Without one, for a trial: whoever reads the disk can act as you.',
      command: '<%= config.bin %> <%= command.id %> --name alice --no-passphrase',
    },
    {
      description: 'For a server with PostgreSQL:',
      command:
        '<%= config.bin %> <%= command.id %> --name alice --passphrase-file ./pass --master postgres://vivim@db/vivim',
    },
  ]
  static override flags = {
    name: Flags.string({
      required: true,
      helpValue: 'NAME',
      description: 'what you are called on this node',
    }),
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      exclusive: ['no-passphrase'],
      description: 'read the passphrase from a file, or from stdin with -',
    }),
    'no-passphrase': Flags.boolean({
      description: 'keep the keys unencrypted on disk: the daemon unlocks by itself, and so can a thief',
    }),
    listen: Flags.string({
      multiple: true,
      helpValue: 'MULTIADDR',
      description: 'where to listen [default: /ip4/0.0.0.0/tcp/4747, or a free port]',
    }),
    master: Flags.string({
      helpValue: 'URL',
      description: 'master database: postgres://… [default: embedded]',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Init)
    this.refuseCapability(flags)
    const request = {
      home: homeOf(flags.home),
      name: flags.name,
      passphrase: await this.passphrase(flags),
      listen: flags.listen ?? [],
      master: flags.master ?? null,
    }
    const result = (await initHome(this.config.root, request)) as InitResult
    this.show(flags, result, initText)
  }

  private async passphrase(
    flags: CommonFlags & { 'passphrase-file'?: string | undefined; 'no-passphrase': boolean },
  ): Promise<string | null> {
    if (flags['no-passphrase']) return null
    if (flags['passphrase-file'] !== undefined) return secretFrom(flags['passphrase-file'])
    if (this.canAsk(flags)) return askNewSecret('Passphrase for the keys on this disk')
    throw new VivimError(
      'usage/input-needed',
      'a passphrase is needed: give --passphrase-file FILE, or --no-passphrase',
      { flag: '--passphrase-file' },
    )
  }
}

const initText = (result: InitResult): string =>
  [
    result.changed
      ? `Made a home for ${visibleLine(result.name)}.`
      : 'This home was made before; nothing changed.',
    facts([
      ['home', result.home],
      ['did', result.did],
      ['peer', result.peerId],
      ['listens', result.listen.join('  ')],
    ]),
    `Next: ${style.bold('vivim daemon start')}`,
  ].join('\n')
