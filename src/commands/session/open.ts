/** `vivim session open`. */
import { Flags } from '@oclif/core'
import { connect } from '../../core/client/client.ts'
import type { Params } from '../../core/contract/methods.ts'
import { hasCode } from '../../core/kernel/errors.ts'
import { parseDuration } from '../../core/model/time-text.ts'
import { visibleLine } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { askSecret, secretFrom } from '../input/secret.ts'
import { homeOf, namedSocket, socketOf } from '../place.ts'
import { placeOf, previousToken, sessionFileOf, writeSession } from '../session-file.ts'
import { instant } from '../text/amounts.ts'

export default class SessionOpen extends VivimCommand {
  static override summary = 'Prove to be a user and keep a session, which later commands show by themselves.'
  static override description =
    'The token goes into a file that only you can read; whoever has it is that user until the session ends. ' +
    'Opening a session unlocks no keys, unless --unlock is given; ending it locks none.'
  static override examples = [
    {
      description: 'On a server with several people:',
      command: '<%= config.bin %> <%= command.id %> --socket /run/vivim/vivim.sock --as bob',
    },
    {
      description: 'For a script, for one day:',
      command: '<%= config.bin %> <%= command.id %> --as bob --passphrase-file - --for 24h --out bob.session',
    },
  ]
  static override flags = {
    'passphrase-file': Flags.string({
      helpValue: 'FILE',
      description: 'read the passphrase from a file, or from stdin with -',
    }),
    for: Flags.string({
      helpValue: 'DURATION',
      description: 'end after so long, at most 30d [default: 12h]',
    }),
    unlock: Flags.boolean({ description: 'unlock the keystore too, for as long' }),
    out: Flags.string({ helpValue: 'FILE', description: 'keep it there; use it with VIVIM_SESSION=FILE' }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(SessionOpen)
    if (flags.for !== undefined) parseDuration(flags.for)
    // Asked first: a session that cannot be kept is not opened.
    const place = placeOf(flags.out)
    const file = flags['passphrase-file']
    const given = file === undefined ? undefined : await secretFrom(file)
    // Who somebody is comes with the proof: the connection itself speaks for nobody yet.
    const client = await connect(namedSocket(flags.socket) ?? socketOf(homeOf(flags.home)), {
      clientName: 'vivim session open',
      ...(flags.timeout === undefined ? {} : { timeoutMs: flags.timeout }),
    })
    try {
      const previous = previousToken(flags, flags.as)
      const request: Params<'session.open'> = {
        unlock: flags.unlock,
        ...(flags.as === undefined ? {} : { as: flags.as }),
        ...(flags.for === undefined ? {} : { for: flags.for }),
        ...(previous === undefined ? {} : { previous }),
      }
      const open = (passphrase?: string) =>
        client.call('session.open', { ...request, ...(passphrase === undefined ? {} : { passphrase }) })
      const { token, ...opened } = await open(given).catch(async error => {
        if (file !== undefined || !hasCode(error, 'usage/input-needed')) throw error
        if (error.details.flag === '--as') throw error
        if (!this.canAsk(flags)) throw this.inputNeeded('the passphrase', '--passphrase-file FILE')
        return open(await askSecret('Passphrase: '))
      })
      const path = place ?? sessionFileOf(flags, opened.did)
      const { sessionId, did, name, expiresAt } = opened
      writeSession(path, { token, sessionId, did, name, expiresAt })
      this.show(flags, { ...opened, file: path, changed: true }, () =>
        [
          `You are ${visibleLine(name)} to the end of the session, ${instant(expiresAt)}; the keystore is ${opened.unlocked ? 'unlocked' : 'locked'}.`,
          flags.out === undefined
            ? `Commands with --as ${visibleLine(name)} use this session by themselves.`
            : `Commands with VIVIM_SESSION=${path} use this session.`,
        ].join('\n'),
      )
    } finally {
      client.close()
    }
  }
}
