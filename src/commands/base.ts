/** What every command shares: the common flags, one way to ask the daemon, one way to print. */
import { Command, Flags } from '@oclif/core'
import { type CapabilityHolder, type Client, connect } from '../core/client/client.ts'
import type { MethodName, Params, Result } from '../core/contract/methods.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { spelling } from '../core/model/spelling.ts'
import { parseDuration } from '../core/model/time-text.ts'
import { homeOf, namedSocket, socketOf } from './place.ts'
import { doorOf } from './session-file.ts'
import { errorStyle } from './text/style.ts'

/** A flag that takes `90s`, `15m`, `12h`, `7d` or `2w`, and gives milliseconds. */
export const durationFlag = Flags.custom<number>({
  parse: async text => parseDuration(text),
  helpValue: 'DURATION',
})

const commonFlags = {
  home: Flags.string({
    helpGroup: 'GLOBAL',
    helpValue: 'DIR',
    env: 'VIVIM_HOME',
    description: 'the home to work on',
  }),
  socket: Flags.string({
    helpGroup: 'GLOBAL',
    helpValue: 'PATH',
    env: 'VIVIM_SOCKET',
    description: 'the socket of a node whose home is not yours',
  }),
  as: Flags.string({
    helpGroup: 'GLOBAL',
    helpValue: 'NAME|DID',
    env: 'VIVIM_AS',
    parse: async text => spelling(text),
    description: 'the user, where a home has several',
  }),
  capability: Flags.string({
    helpGroup: 'GLOBAL',
    helpValue: 'FILE',
    env: 'VIVIM_CAPABILITY',
    description: 'act by the right in this token file, and by no other',
  }),
  json: Flags.boolean({ helpGroup: 'GLOBAL', description: 'print one JSON document' }),
  quiet: Flags.boolean({ helpGroup: 'GLOBAL', description: 'print neither progress nor warnings' }),
  'no-input': Flags.boolean({
    helpGroup: 'GLOBAL',
    description: 'never ask; fail with what was missing',
  }),
  timeout: durationFlag({ helpGroup: 'GLOBAL', description: 'give up after so long (exit 75)' }),
}

/** For commands that let something leave, or end a person: these need a yes. */
export const yesFlag = {
  yes: Flags.boolean({ char: 'y', description: 'do not ask; needed where nobody can be asked' }),
}

/** For commands that ask on a terminal, and do elsewhere what they were told: see `sure`. */
export const sureFlag = { yes: Flags.boolean({ char: 'y', description: 'do not ask on a terminal' }) }

export interface CommonFlags {
  home?: string | undefined
  socket?: string | undefined
  as?: string | undefined
  capability?: string | undefined
  json: boolean
  quiet: boolean
  'no-input': boolean
  timeout?: number | undefined
}

export abstract class VivimCommand extends Command {
  static override baseFlags = commonFlags

  /** What lies on stdin is a secret more often than not: it is read where `-` asks for it, and never for a missing argument. */
  protected override async init(): Promise<void> {
    await super.init()
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true
  }

  /** One connection to the daemon of the home; whoever opens it closes it. @throws `daemon/not-running` */
  protected async connect(flags: CommonFlags): Promise<Client> {
    const capability = await this.#capability(flags)
    // A capability stands in place of a session, and names its user itself.
    const { socket, token } =
      capability === undefined
        ? doorOf(flags)
        : { socket: namedSocket(flags.socket) ?? socketOf(homeOf(flags.home)), token: undefined }
    return connect(socket, {
      as: flags.as,
      token,
      capability,
      clientName: `vivim ${this.id ?? ''}`.trim(),
      ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    })
  }

  /** The token is read, and what signs with it loaded, only where one is named. @throws `capability/invalid` */
  async #capability(flags: CommonFlags): Promise<CapabilityHolder | undefined> {
    if (flags.capability === undefined || flags.capability === '') return undefined
    const { holderOf, readToken } = await import('./capability/token-file.ts')
    return holderOf(readToken(flags.capability))
  }

  /** For what works on the home itself and asks no daemon whether it may. @throws `capability/denied` */
  protected refuseCapability(flags: CommonFlags): void {
    if (flags.capability !== undefined && flags.capability !== '')
      throw new VivimError('capability/denied', `no capability covers ${this.id?.replaceAll(':', ' ')}`, {
        why: 'command',
      })
  }

  /** For what a node is told by its files and not through a socket. @throws `usage/invalid` */
  protected refuseSocket(flags: CommonFlags): void {
    if (namedSocket(flags.socket) !== null)
      throw new VivimError(
        'usage/invalid',
        `${this.id?.replaceAll(':', ' ')} goes by a home: give --home, without --socket and VIVIM_SOCKET`,
        { flag: '--socket' },
      )
  }

  /** Call one method and hang up. */
  protected async ask<M extends MethodName>(
    flags: CommonFlags,
    method: M,
    params: Params<M>,
  ): Promise<Result<M>> {
    const client = await this.connect(flags)
    try {
      return await client.call(method, params, { timeoutMs: flags.timeout })
    } finally {
      client.close()
    }
  }

  /** The result on stdout: one JSON document, or text for people. */
  protected show<T>(flags: CommonFlags, result: T, text: (result: T) => string): void {
    const out = flags.json ? JSON.stringify(result) : text(result)
    if (out !== '') process.stdout.write(`${out}\n`)
  }

  /** A remark for people on stderr. */
  protected remark(flags: CommonFlags, text: string): void {
    if (!flags.quiet && !flags.json) process.stderr.write(`${errorStyle.yellow('!')} ${text}\n`)
  }

  /** Whether the user may be asked: both ends are a terminal and nobody forbade it. */
  protected canAsk(flags: CommonFlags): boolean {
    return !flags['no-input'] && process.stdin.isTTY === true && process.stderr.isTTY === true
  }

  /** Whether a command with `yesFlag` is to ask now. @throws `usage/input-needed` where nobody can be asked and nobody said yes */
  protected isToAsk(flags: CommonFlags & { yes: boolean }): boolean {
    if (flags.yes) return false
    if (flags.json || !this.canAsk(flags) || process.stdout.isTTY !== true)
      throw new VivimError('usage/input-needed', 'nobody can be asked here: give --yes', { flag: '--yes' })
    return true
  }

  /** One question, on a terminal, before what cannot be taken back; anything but y or yes is no. @throws `rpc/cancelled` */
  protected async sure(flags: CommonFlags & { yes: boolean }, question: string): Promise<void> {
    if (flags.yes || !this.canAsk(flags)) return
    const { askLine, isYes } = await import('./input/confirm.ts')
    if (!isYes(await askLine(`${question} [y/N] `)))
      throw new VivimError('rpc/cancelled', 'nothing was changed')
  }

  /** oclif would print and exit; the program's one reporter does. */
  protected override async catch(error: Error): Promise<never> {
    throw error
  }

  protected inputNeeded(what: string, flag: string): VivimError {
    return new VivimError('usage/input-needed', `${what} is needed: give ${flag}`, { flag })
  }
}
