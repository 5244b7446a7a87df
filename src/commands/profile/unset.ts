/** `vivim profile unset`. */
import { Args } from '@oclif/core'
import { VivimCommand } from '../base.ts'

export default class ProfileUnset extends VivimCommand {
  static override summary = 'Remove one value of your profile.'
  static override examples = ['<%= config.bin %> <%= command.id %> language']
  static override args = { key: Args.string({ required: true, description: 'its key' }) }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(ProfileUnset)
    this.show(flags, await this.ask(flags, 'profile.unset', { key: args.key }), ({ key, changed }) =>
      changed ? `Removed ${key}.` : `${key} was not set.`,
    )
  }
}
