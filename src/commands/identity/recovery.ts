/** The recovery key from outside of the node, for commands that sign with it. */
import { readFileSync, statSync } from 'node:fs'
import { Flags } from '@oclif/core'
import type { Params } from '../../core/contract/methods.ts'
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

/** @param canAsk - whether the export's passphrase may be asked for. @returns what the daemon is given, or undefined: it has the seed. */
export async function recoveryFrom(
  source: string | undefined,
  passphraseFile: string | undefined,
  needed: () => Error,
): Promise<Params<'identity.renew'>['recovery']> {
  if (source === undefined) return undefined
  if (source === '-' || statSync(source).size <= MAX_WORDS_BYTES)
    return { words: await secretTextFrom(source) }
  const fileB64 = readFileSync(source).toString('base64')
  if (passphraseFile !== undefined) return { fileB64, passphrase: await secretFrom(passphraseFile) }
  if (process.stdin.isTTY !== true) throw needed()
  return { fileB64, passphrase: await askSecret('Passphrase of the export: ') }
}
