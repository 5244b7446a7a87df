/** What commands that make a home ask for: where it listens, where it keeps references, and what locks its keys. */
import { Flags } from '@oclif/core'
import { VivimError } from '../../core/kernel/errors.ts'
import { askNewSecret, secretFrom } from './secret.ts'

export const keyFlags = {
  'passphrase-file': Flags.string({
    helpValue: 'FILE',
    exclusive: ['no-passphrase'],
    description: 'read the passphrase from a file, or from stdin with -',
  }),
  'no-passphrase': Flags.boolean({
    description: 'keep the keys unencrypted on disk: the daemon unlocks by itself, and so can a thief',
  }),
}

export const placeFlags = {
  listen: Flags.string({
    multiple: true,
    helpValue: 'MULTIADDR',
    description: 'where to listen [default: /ip4/0.0.0.0/tcp/4747, or a free port]',
  }),
  master: Flags.string({
    helpValue: 'URL',
    description: 'master database: postgres://… [default: embedded]',
  }),
}

/** @returns null for keys without a passphrase. @throws `usage/input-needed`. */
export async function keyPassphrase(
  flags: { 'passphrase-file'?: string | undefined; 'no-passphrase': boolean },
  canAsk: boolean,
): Promise<string | null> {
  if (flags['no-passphrase']) return null
  if (flags['passphrase-file'] !== undefined) return secretFrom(flags['passphrase-file'])
  if (canAsk) return askNewSecret('Passphrase for the keys on this disk')
  throw new VivimError(
    'usage/input-needed',
    'a passphrase is needed: give --passphrase-file FILE, or --no-passphrase',
    { flag: '--passphrase-file' },
  )
}
