/** `vivim capability attenuate`. */
import { Args, Flags } from '@oclif/core'
import { type Chain, narrowChain } from '../../core/capability/chain.ts'
import {
  commandOfWord,
  type People,
  policyOf,
  type Rights,
  rightsOf,
  widerIn,
  wordOfCommand,
} from '../../core/capability/rights.ts'
import { makeHolder, tokenText } from '../../core/capability/token.ts'
import { systemChance, systemClock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { CircleId, Did, isoTime } from '../../core/model/id.ts'
import { GivenName } from '../../core/model/name.ts'
import { parseInstant } from '../../core/model/time-text.ts'
import { VivimCommand } from '../base.ts'
import { boundFlags, canFlag, outFlag } from './flags.ts'
import { linksText, writtenText } from './text.ts'
import { readToken, tokenFileOf, writeToken } from './token-file.ts'

export default class CapabilityAttenuate extends VivimCommand {
  static override summary =
    'Pass a right on, narrower: a new token file made from another, without any daemon.'
  static override description =
    'What is not said stays as it is. The new token ends with the old one, and every use of it counts for both. Circles and contacts are named by their whole ids here, since nobody is asked.'
  static override examples = [
    '<%= config.bin %> <%= command.id %> script.token --for helper --per-day 1 --expires 1d --out helper.token',
  ]
  static override args = { file: Args.string({ required: true, description: 'the token file to narrow' }) }
  static override flags = {
    for: Flags.string({ required: true, helpValue: 'NAME', description: 'what you call whoever gets it' }),
    can: Flags.string(canFlag),
    circle: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'ID',
      description: 'only with this circle',
    }),
    to: Flags.string({
      multiple: true,
      multipleNonGreedy: true,
      helpValue: 'DID',
      description: 'only with this contact',
    }),
    ...boundFlags,
    ...outFlag,
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(CapabilityAttenuate)
    const named = GivenName.safeParse(flags.for)
    if (!named.success)
      throw new VivimError('usage/invalid', `--for ${named.error.issues[0]?.message}`, { flag: '--for' })
    const name = named.data
    const { chain, key } = readToken(args.file)
    const nowMs = systemClock.nowMs()
    if (chain.expiresAtMs !== null && nowMs >= chain.expiresAtMs)
      throw new VivimError('capability/expired', 'this right is over: nothing of it can be passed on')
    const endMs = flags.expires === undefined ? null : parseInstant(flags.expires, nowMs)
    const bounds = {
      people: peopleOf(flags.circle ?? [], flags.to ?? []),
      perDay: flags['per-day'] ?? null,
      uses: flags.uses ?? null,
    }
    const commands = flags.can?.map(commandOfWord)
    refuseWider(chain, { ...bounds, commands: commands ?? [] })
    if (flags.expires !== undefined && endMs === null && chain.expiresAtMs !== null)
      throw new VivimError('capability/denied', '--expires is wider than what was given')
    const { cmd, pol } = policyOf({ ...bounds, commands: commands ?? [chain.cmd] })
    const holder = makeHolder(systemChance)
    const out = tokenFileOf(name, flags.out)
    const result = await writeToken(out, async () => {
      const next = narrowChain(
        chain,
        {
          aud: holder.did,
          cmd,
          pol,
          ...(endMs === null ? {} : { expiresAtMs: endMs }),
          meta: { for: name },
        },
        key,
        systemChance,
      )
      const { commands, people, perDay, uses } = rightsOf(next.last)
      return {
        text: tokenText(next, name, holder),
        result: {
          capabilityId: chain.root.cid,
          link: next.last.cid,
          file: out,
          for: name,
          can: commands.map(wordOfCommand),
          circles: people?.circles ?? null,
          contacts: people?.contacts ?? null,
          perDay,
          uses,
          expiresAt: next.expiresAtMs === null ? null : isoTime(next.expiresAtMs),
          rights: linksText(name, next),
        },
      }
    })
    const { rights, ...shown } = result
    this.show(flags, shown, () => `${rights}\n${writtenText(out)}`)
  }
}

const FLAGS = { commands: '--can', people: '--circle, --to', perDay: '--per-day', uses: '--uses' } as const

/** @throws `capability/denied` for what any link of the chain does not give. */
function refuseWider({ links }: Chain, asked: Rights): void {
  for (const link of links) {
    const wider = widerIn(asked, rightsOf(link))
    if (wider !== null)
      throw new VivimError('capability/denied', `${FLAGS[wider]}: wider than what was given`, { why: wider })
  }
}

/** @throws `usage/invalid` for what is no whole id. */
function peopleOf(circles: readonly string[], contacts: readonly string[]): People | null {
  if (circles.length + contacts.length === 0) return null
  const whole = <T>(schema: { safeParse(text: string): { data?: T } }, text: string): T => {
    const { data } = schema.safeParse(text)
    if (data === undefined)
      throw new VivimError(
        'usage/invalid',
        `${JSON.stringify(text)} is not the whole id of a circle or a DID`,
      )
    return data
  }
  return {
    circles: circles.map(text => whole(CircleId, text)),
    contacts: contacts.map(text => whole(Did, text)),
  }
}
