/** `vivim contact verify`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { askLine } from '../input/confirm.ts'
import { contactText } from './text.ts'

export default class ContactVerify extends VivimCommand {
  static override summary = 'Compare safety numbers with a contact, and mark them as verified.'
  static override description =
    'Both of you run it and read the number to each other, in person or on a call where you know the voice. It is the same on both sides unless somebody stands between you.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> bob',
    '<%= config.bin %> <%= command.id %> bob --code "12345 67890 …"',
  ]
  static override args = {
    contact: Args.string({ required: true, description: 'alias, DID or its beginning' }),
  }
  static override flags = {
    code: Flags.string({ helpValue: 'NUMBER', description: 'the number that the other side read out' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ContactVerify)
    const { contact } = args
    if (flags.code !== undefined) {
      const verified = await this.ask(flags, 'contact.verify', { contact, code: flags.code })
      return this.show(flags, verified, contactText('is verified'))
    }
    const shown = await this.ask(flags, 'contact.verify', { contact })
    if (flags.json || !this.canAsk(flags)) return this.show(flags, shown, ({ safetyNumber }) => safetyNumber)
    process.stdout.write(`${shown.safetyNumber}\n`)
    const code = await askLine('The number that they see (Enter to leave it as it is): ')
    if (code === '') return this.show(flags, shown, contactText('is verified'))
    this.show(flags, await this.ask(flags, 'contact.verify', { contact, code }), contactText('is verified'))
  }
}
