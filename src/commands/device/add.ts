/** `vivim device add`. */
import { setTimeout as sleep } from 'node:timers/promises'
import { Args, Flags } from '@oclif/core'
import type { Params, Result } from '../../core/contract/methods.ts'
import { hasCode, VivimError } from '../../core/kernel/errors.ts'
import { type CommonFlags, durationFlag, VivimCommand } from '../base.ts'
import { askNewSecret, secretFrom } from '../input/secret.ts'
import { stdinBytes } from '../input/stdin.ts'
import { fromNow } from '../text/amounts.ts'
import { style } from '../text/style.ts'

const MAX_CARD_BYTES = 64 * 1024
/** How often the daemon is asked whether the old device approved. */
const LOOK_EVERY_MS = 500

export default class DeviceAdd extends VivimCommand {
  static override summary = 'Make this new, unused home a device of yours.'
  static override description =
    `The card is your own, from \`vivim contact card\` on a device that you have. This one then shows a code of eight digits; type it there
with \`vivim device approve CODE\`. The identity that \`vivim init\` made here was never used and is removed.`
  static override examples = [
    '<%= config.bin %> <%= command.id %> vivim1… --name laptop',
    '<%= config.bin %> <%= command.id %> - --name laptop --json < my.card',
  ]
  static override args = {
    card: Args.string({
      required: true,
      description: 'your own card, from `vivim contact card` on a device that you have, or - for stdin',
    }),
  }
  static override flags = {
    name: Flags.string({ description: 'what you call this device; only your own devices see it' }),
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      description: 'the passphrase of the keys here, from a file, or from stdin with -',
    }),
    wait: durationFlag({ description: 'wait so long for approval; exit 75 when it did not come' }),
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(DeviceAdd)
    const source = flags['passphrase-file']
    if (args.card === '-' && source === '-')
      throw new VivimError('usage/invalid', 'only one of card and passphrase can come from stdin')
    const card = args.card === '-' ? (await stdinBytes(MAX_CARD_BYTES)).toString('utf8') : args.card
    const params = {
      card: card.trim(),
      ...(flags.name === undefined ? {} : { name: flags.name }),
      ...(source === undefined ? {} : { passphrase: await secretFrom(source) }),
    }
    const asked = await this.#add(flags, params)
    const waits = flags.wait !== undefined || (!flags.json && process.stdout.isTTY === true)
    if (asked.state !== 'waiting' || !waits) return this.show(flags, asked, addText)
    if (!flags.json) process.stdout.write(`${addText(asked)}\n`)
    this.show(flags, await this.#approved(flags, asked, flags.wait), approvedText)
  }

  async #add(flags: CommonFlags, params: Params<'device.add'>): Promise<Result<'device.add'>> {
    try {
      return await this.ask(flags, 'device.add', params)
    } catch (error) {
      if (!hasCode(error, 'usage/input-needed')) throw error
      if (!this.canAsk(flags))
        throw this.inputNeeded('a passphrase for the new keys', '--passphrase-file FILE')
      const passphrase = await askNewSecret('Passphrase for the keys on this disk')
      return await this.ask(flags, 'device.add', { ...params, passphrase })
    }
  }

  /** Ask until it was decided. @throws `device/waiting`, `device/refused`, `device/expired`. */
  async #approved(
    flags: CommonFlags,
    asked: Result<'device.add'>,
    waitMs: number | undefined,
  ): Promise<Result<'device.add'>> {
    const untilMs = performance.now() + (waitMs ?? Number.POSITIVE_INFINITY)
    for (;;) {
      // A new connection each time: the one that asked belongs to the identity that is replaced.
      const now = await this.ask(flags, 'device.joining', {})
      if (now.state === 'approved') return { ...asked, code: null, state: 'approved', expiresAt: null }
      if (now.state === 'refused')
        throw new VivimError('device/refused', 'the old device ended the request, or gave what does not fit')
      if (now.state === 'expired') throw new VivimError('device/expired', 'nobody approved it in time')
      if (performance.now() > untilMs)
        throw new VivimError('device/waiting', 'not approved yet', { code: asked.code ?? '' })
      await sleep(LOOK_EVERY_MS)
    }
  }
}

const addText = (one: Result<'device.add'>): string =>
  one.state === 'approved'
    ? `This is a device of ${one.did} already; nothing changed.`
    : [
        `Code: ${style.bold(`${one.code?.slice(0, 4)} ${one.code?.slice(4)}`)}`,
        `Type it on your other device: ${style.bold('vivim device approve CODE')}. It must be ${one.did}; the code ends ${fromNow(one.expiresAt)}.`,
      ].join('\n')

const approvedText = (one: Result<'device.add'>): string => `This is a device of ${one.did} now.`
