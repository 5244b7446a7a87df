/** `vivim share preview`. */
import { VivimCommand } from '../base.ts'
import { findingsFlag, given, whatArgs, whatFlags, whatParams, whoFlags, whoParams } from './terms.ts'
import { previewText } from './text.ts'

export default class SharePreview extends VivimCommand {
  static override summary = 'Show exactly what would leave, with findings and the digest of its bytes.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> k7x2 --circle team',
    '<%= config.bin %> <%= command.id %> k7x2 --messages 3-9,12 --to bob --json',
    '<%= config.bin %> <%= command.id %> --notebook "tea lore" --to bob',
  ]
  static override args = whatArgs
  static override flags = { ...whatFlags, ...whoFlags, ...findingsFlag }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(SharePreview)
    const result = await this.ask(flags, 'share.preview', {
      ...whatParams(args.conversation, flags),
      ...whoParams(flags),
      ...given('onFindings', flags['on-findings']),
    })
    this.show(flags, result, previewText)
  }
}
