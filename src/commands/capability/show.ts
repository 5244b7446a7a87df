/** `vivim capability show`. */
import { existsSync } from 'node:fs'
import { Args } from '@oclif/core'
import { rightsOf, wordOfCommand } from '../../core/capability/rights.ts'
import { systemClock } from '../../core/kernel/env.ts'
import { isoTime } from '../../core/model/id.ts'
import { type CommonFlags, VivimCommand } from '../base.ts'
import { count } from '../text/amounts.ts'
import { facts } from '../text/table.ts'
import { capabilityText, linksText, type View } from './text.ts'
import { readToken } from './token-file.ts'

export default class CapabilityShow extends VivimCommand {
  static override summary =
    'Say in words who may do what by a capability, with what bounds, until when, and how often it was used.'
  static override description =
    'A token file is read here; state and uses come from the daemon where it answers and the file is yours.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> script.token',
    '<%= config.bin %> <%= command.id %> script',
    '<%= config.bin %> <%= command.id %> node',
  ]
  static override args = {
    capability: Args.string({
      required: true,
      description: 'a token file; or a name, an id or its beginning or end',
    }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CapabilityShow)
    if (existsSync(args.capability)) await this.#showFile(args.capability, flags)
    else
      this.show(
        flags,
        await this.ask(flags, 'capability.show', { capability: args.capability }),
        capabilityText,
      )
  }

  async #showFile(file: string, flags: CommonFlags): Promise<void> {
    const { chain, name } = readToken(file)
    const known: View | null = await this.ask(flags, 'capability.show', { capability: chain.root.cid }).catch(
      () => null,
    )
    const end = (ms: number | null): string | null => (ms === null ? null : isoTime(ms))
    const isOver = chain.expiresAtMs !== null && systemClock.nowMs() >= chain.expiresAtMs
    const result = {
      capabilityId: chain.root.cid,
      link: chain.last.cid,
      file,
      for: name,
      issuer: chain.root.meta.did,
      can: rightsOf(chain.last).commands.map(wordOfCommand),
      expiresAt: end(chain.expiresAtMs),
      /** Of the first link; null where nobody could be asked. */
      state: isOver ? 'expired' : (known?.state ?? null),
      used: known?.used ?? null,
      links: chain.links.map(link => {
        const { commands, people, perDay, uses, others } = rightsOf(link)
        return {
          link: link.cid,
          for: typeof link.meta.for === 'string' ? link.meta.for : null,
          can: commands.map(wordOfCommand),
          circles: people?.circles ?? null,
          contacts: people?.contacts ?? null,
          perDay,
          uses,
          otherDemands: others,
          expiresAt: end(link.expiresAtMs),
        }
      }),
    }
    this.show(flags, result, () =>
      [
        linksText(name, chain, known?.audience),
        facts([
          ['issuer', String(result.issuer)],
          ['capability', result.capabilityId],
          ['state', result.state ?? 'not known here'],
          [
            'used',
            result.used === null
              ? 'not known here'
              : `${count(result.used.today, 'time')} today, ${result.used.all} in all`,
          ],
        ]),
      ].join('\n'),
    )
  }
}
