/** `vivim profile set`. */
import { Args } from '@oclif/core'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'

export default class ProfileSet extends VivimCommand {
  static override summary = 'Set one value of your profile.'
  static override examples = ['<%= config.bin %> <%= command.id %> language "English and Mandarin"']
  static override args = {
    key: Args.string({ required: true, description: 'letters, digits, dot, hyphen and underscore' }),
    value: Args.string({ required: true, description: 'up to 10,000 characters' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProfileSet)
    this.show(
      flags,
      await this.ask(flags, 'profile.set', { key: args.key, value: args.value }),
      ({ key, value, changed }) => `${key} ${changed ? 'is now' : 'was already'} ${visibleLine(value)}.`,
    )
  }
}
