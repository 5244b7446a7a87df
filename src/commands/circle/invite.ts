/** `vivim circle invite`. */
import { Args, Flags } from '@oclif/core'
import { VivimCommand } from '../base.ts'
import { style } from '../text/style.ts'

const ROLES = ['member', 'reader'] as const

export default class CircleInvite extends VivimCommand {
  static override summary = 'Make an invite: a secret line by which whoever has it may join a circle.'
  static override description =
    'Give it to nobody but those who are to join, by a way that you trust. Your node lets them in while it runs and is unlocked; the invite ends by its time, by its uses, or with `vivim circle uninvite`.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> team',
    '<%= config.bin %> <%= command.id %> team --uses 5 --expires 2d --role reader',
  ]
  static override args = { circle: Args.string({ required: true, description: 'name, id or its beginning' }) }
  static override flags = {
    expires: Flags.string({
      default: '7d',
      helpValue: 'TIME',
      description: 'when it ends: 7d, or a time; at most a year',
    }),
    uses: Flags.integer({ default: 1, min: 1, max: 1000, description: 'how many people may use it' }),
    role: Flags.string({
      options: [...ROLES],
      default: 'member',
      description: 'readers read, members also share',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CircleInvite)
    const { expires, uses } = flags
    const role = ROLES.find(one => one === flags.role) ?? 'member'
    const made = await this.ask(flags, 'circle.invite', { circle: args.circle, expires, uses, role })
    const people = uses === 1 ? 'one person' : `${uses} people`
    this.remark(
      flags,
      `For ${people}, as ${role}, until ${made.expiresAt}. Whoever has the line may use it: ${style.bold(made.inviteId.slice(0, 10))} takes it back.`,
    )
    this.show(flags, made, ({ invite }) => invite)
  }
}
