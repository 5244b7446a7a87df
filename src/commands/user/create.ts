/** `vivim user create`. */
import { Args, Flags } from '@oclif/core'
import { VivimError } from '../../core/kernel/errors.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { type CommonFlags, VivimCommand } from '../base.ts'
import { askNewSecret, secretFrom } from '../input/secret.ts'
import { facts } from '../text/table.ts'

export default class UserCreate extends VivimCommand {
  static override summary = 'Make a user of this node: identity, keystore and database. For its operator.'
  static override description =
    'The operator of a node can read an account while it is unlocked, and its database at rest at any time: ' +
    'who cannot trust the operator with that needs a node of their own.'
  static override examples = [
    { description: 'Bob types his passphrase:', command: '<%= config.bin %> <%= command.id %> bob' },
    '<%= config.bin %> <%= command.id %> bob --passphrase-file bob.passphrase',
  ]
  static override args = {
    name: Args.string({ required: true, description: 'what they are called on this node' }),
  }
  static override flags = {
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      exclusive: ['no-passphrase'],
      description: 'read the passphrase from a file, or from stdin with -',
    }),
    'no-passphrase': Flags.boolean({
      description:
        'keep the keys unencrypted: the daemon unlocks by itself, and the operator can act as them',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(UserCreate)
    const passphrase = await this.passphrase(flags)
    const result = await this.ask(flags, 'user.create', {
      name: args.name,
      ...(passphrase === null ? {} : { passphrase }),
    })
    this.show(flags, result, ({ did, name, changed }) =>
      changed
        ? [
            `Made the user ${visibleLine(name)}.`,
            facts([['did', did]]),
            'You, the operator, can read this account while it is unlocked, and its database at rest. Tell them so.',
          ].join('\n')
        : `${visibleLine(name)} lives here already; nothing changed.`,
    )
  }

  private async passphrase(
    flags: CommonFlags & { 'passphrase-file'?: string | undefined; 'no-passphrase': boolean },
  ): Promise<string | null> {
    if (flags['no-passphrase']) return null
    if (flags['passphrase-file'] !== undefined) return secretFrom(flags['passphrase-file'])
    if (this.canAsk(flags)) return askNewSecret('Passphrase for the keys of the new user')
    throw new VivimError(
      'usage/input-needed',
      'a passphrase is needed: give --passphrase-file FILE, or --no-passphrase',
      { flag: '--passphrase-file' },
    )
  }
}
