/** `vivim doctor`. */
import { visibleLine } from '../core/model/visible.ts'
import { VivimCommand } from './base.ts'
import { style } from './text/style.ts'

export default class Doctor extends VivimCommand {
  static override summary = 'Check the node and say what to mend.'
  static override examples = ['<%= config.bin %> <%= command.id %>']

  async run(): Promise<void> {
    const { flags } = await this.parse(Doctor)
    const result = await this.ask(flags, 'system.doctor', {})
    this.show(flags, result, ({ checks }) =>
      checks
        .map(({ ok, severity, message, hint, code }) => {
          const mark = ok ? style.green('✓') : severity === 'error' ? style.red('✗') : style.yellow('!')
          const advice = ok || hint === '' ? '' : `\n  ${visibleLine(hint)}`
          return `${mark} ${visibleLine(message)} ${style.dim(code)}${advice}`
        })
        .join('\n'),
    )
  }
}
