/** `vivim capability create`. */
import { Flags } from '@oclif/core'
import { parseChain } from '../../core/capability/chain.ts'
import { makeHolder, tokenText } from '../../core/capability/token.ts'
import { systemChance } from '../../core/kernel/env.ts'
import { VivimCommand } from '../base.ts'
import { given } from '../share/terms.ts'
import { boundFlags, canFlag, outFlag } from './flags.ts'
import { capabilityText, writtenText } from './text.ts'
import { tokenFileOf, writeToken } from './token-file.ts'

export default class CapabilityCreate extends VivimCommand {
  static override summary =
    'Give a script or an agent a right of its own, narrower than yours, in a token file.'
  static override description =
    'The file holds a signed delegation and the private key it is for. A program that has it acts with --capability FILE or VIVIM_CAPABILITY=FILE and can do nothing else. It can pass the right on, narrower (`capability attenuate`); `capability revoke` ends it, with all that was made from it. --for node bounds what this node may do while your keystore is locked.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> --for script --can share.propose --circle team --per-day 5 --expires 30d',
    '<%= config.bin %> <%= command.id %> --for backup --can conversation.read --out backup.token',
    '<%= config.bin %> <%= command.id %> --for node --can deliver,receive,keep --expires 7d',
  ]
  static override flags = {
    for: Flags.string({ required: true, helpValue: 'NAME', description: 'what you call whoever gets it' }),
    can: Flags.string({ ...canFlag, required: true }),
    circle: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'CIRCLE',
      description: 'only with this circle: name, id or its beginning',
    }),
    to: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'CONTACT',
      description: 'only with this contact: alias, DID or its beginning',
    }),
    ...boundFlags,
    ...outFlag,
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(CapabilityCreate)
    const params = {
      for: flags.for,
      can: flags.can,
      circles: flags.circle ?? [],
      to: flags.to ?? [],
      ...given('perDay', flags['per-day']),
      ...given('uses', flags.uses),
      ...given('expires', flags.expires),
    }
    if (flags.for === 'node') {
      const { chain: _none, ...node } = await this.ask(flags, 'capability.create', params)
      this.show(flags, node, capabilityText)
      return
    }
    const out = tokenFileOf(flags.for, flags.out)
    const holder = makeHolder(systemChance)
    const result = await writeToken(out, async () => {
      const { chain, ...view } = await this.ask(flags, 'capability.create', { ...params, holder: holder.did })
      return { text: tokenText(parseChain(chain ?? ''), flags.for, holder), result: { ...view, file: out } }
    })
    this.show(flags, result, view => `${capabilityText(view)}\n${writtenText(view.file)}`)
  }
}
