/** The recovery key from outside of the node, for commands that sign with it. */
import { readFileSync, statSync } from 'node:fs'
import { Flags } from '@oclif/core'
import type { Params } from '../../core/contract/methods.ts'
import { VivimError } from '../../core/kernel/errors.ts'
import { askSecret, secretFrom, secretTextFrom } from '../input/secret.ts'

/** A sheet of words is text of a few hundred bytes; an export is longer. */
const MAX_WORDS_BYTES = 1024
export const MAX_EXPORT_BYTES = 1024 * 1024

export const recoveryFlags = {
  recovery: Flags.string({
    helpValue: 'FILE',
    description: 'the export file, or a file with the 24 words, or - for the words from stdin',
  }),
  'export-passphrase-file': Flags.string({
    helpValue: 'FILE',
    description: "read the export's passphrase from a file, or from stdin with -",
  }),
}

/** @param canAsk - whether the export's passphrase may be asked for. @returns what the daemon is given, or undefined: it has the seed.
 *  @throws `usage/input-needed`, and as `secretFrom`. */
export async function recoveryFrom(
  flags: { recovery?: string | undefined; 'export-passphrase-file'?: string | undefined },
  canAsk: boolean,
): Promise<Params<'identity.renew'>['recovery']> {
  const { recovery: source, 'export-passphrase-file': passphraseFile } = flags
  if (source === undefined) return undefined
  if (source === '-' || statSync(source).size <= MAX_WORDS_BYTES)
    return { words: await secretTextFrom(source) }
  const fileB64 = readFileSync(source).toString('base64')
  if (passphraseFile !== undefined) return { fileB64, passphrase: await secretFrom(passphraseFile) }
  if (!canAsk)
    throw new VivimError(
      'usage/input-needed',
      "the export's passphrase is needed: give --export-passphrase-file FILE",
      { flag: '--export-passphrase-file' },
    )
  return { fileB64, passphrase: await askSecret('Passphrase of the export: ') }
}
