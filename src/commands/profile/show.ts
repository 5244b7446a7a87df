/** `vivim profile show`. */
import { VivimCommand } from '../base.ts'
import { facts } from '../text/table.ts'

export default class ProfileShow extends VivimCommand {
  static override summary = 'Show your profile: what you wrote down about yourself. It stays on this node.'
  static override examples = ['<%= config.bin %> <%= command.id %> --json']

  async run(): Promise<void> {
    const { flags } = await this.parse(ProfileShow)
    this.show(flags, await this.ask(flags, 'profile.show', {}), ({ did, name, profile }) =>
      [
        facts([['name', name], ['did', did], ...Object.entries(profile)]),
        ...(Object.keys(profile).length === 0 ? ['Nothing is set: `vivim profile set KEY VALUE`.'] : []),
      ].join('\n'),
    )
  }
}
