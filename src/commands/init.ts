/** `vivim init`. */
import { Flags } from '@oclif/core'
import { visibleLine } from '../core/model/visible.ts'
import { VivimCommand } from './base.ts'
import { initHome } from './daemon/process.ts'
import { keyFlags, keyPassphrase, placeFlags } from './input/new-home.ts'
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
    ...keyFlags,
    ...placeFlags,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(Init)
    this.refuseCapability(flags)
    const request = {
      home: homeOf(flags.home),
      name: flags.name,
      passphrase: await keyPassphrase(flags, this.canAsk(flags)),
      listen: flags.listen ?? [],
      master: flags.master ?? null,
    }
    const result = (await initHome(this.config.root, request)) as InitResult
    this.show(flags, result, initText)
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
