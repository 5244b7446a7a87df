/** What every command shares: the common flags, one way to ask the daemon, one way to print. */
import { Command, Flags } from '@oclif/core'
import { type Client, connect } from '../core/client/client.ts'
import type { MethodName, Params, Result } from '../core/contract/methods.ts'
import { VivimError } from '../core/kernel/errors.ts'
import { parseDuration } from '../core/model/time-text.ts'
import { doorOf } from './session-file.ts'
import { errorStyle } from './text/style.ts'

/** A flag that takes `90s`, `15m`, `12h`, `7d` or `2w`, and gives milliseconds. */
export const durationFlag = Flags.custom<number>({
  parse: async text => parseDuration(text),
  helpValue: 'DURATION',
})

export const commonFlags = {
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
    description: 'the user, where a home has several',
  }),
  json: Flags.boolean({ helpGroup: 'GLOBAL', description: 'print one JSON document' }),
  quiet: Flags.boolean({ helpGroup: 'GLOBAL', description: 'print neither progress nor warnings' }),
  'no-input': Flags.boolean({
    helpGroup: 'GLOBAL',
    description: 'never ask; fail with what was missing',
  }),
  timeout: durationFlag({ helpGroup: 'GLOBAL', description: 'give up after so long (exit 75)' }),
}

export interface CommonFlags {
  home?: string | undefined
  socket?: string | undefined
  as?: string | undefined
  json: boolean
  quiet: boolean
  'no-input': boolean
  timeout?: number | undefined
}

export abstract class VivimCommand extends Command {
  static override baseFlags = commonFlags

  /** One connection to the daemon of the home; whoever opens it closes it. @throws `daemon/not-running` */
  protected connect(flags: CommonFlags): Promise<Client> {
    const { socket, token } = doorOf(flags)
    return connect(socket, {
      as: flags.as,
      token,
      clientName: `vivim ${this.id ?? ''}`.trim(),
      ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    })
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

  /** oclif would print and exit; the program's one reporter does. */
  protected override async catch(error: Error): Promise<never> {
    throw error
  }

  protected inputNeeded(what: string, flag: string): VivimError {
    return new VivimError('usage/input-needed', `${what} is needed: give ${flag}`, { flag })
  }
}
