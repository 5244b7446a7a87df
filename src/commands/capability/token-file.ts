/** Token files: read, written for their owner alone, and used to sign calls. */
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs'
import { resolve } from 'node:path'
import { signCall } from '../../core/capability/call.ts'
import { chainText } from '../../core/capability/chain.ts'
import { parseToken, TOKEN_MAX_BYTES, type Token } from '../../core/capability/token.ts'
import type { CapabilityHolder } from '../../core/client/client.ts'
import { systemChance, systemClock } from '../../core/kernel/env.ts'
import { VivimError } from '../../core/kernel/errors.ts'

/** @throws `file/not-found` and its like; `file/unusable` for one that others can read; `capability/invalid`. */
export function readToken(path: string): Token {
  const { size, mode } = statSync(path)
  if ((mode & 0o077) !== 0)
    throw new VivimError('file/unusable', `${path} can be used by others: chmod 600 it`, { path })
  if (size > TOKEN_MAX_BYTES) throw new VivimError('capability/invalid', 'a token file is not this large')
  return parseToken(readFileSync(path, 'utf8'))
}

export const holderOf = (token: Token): CapabilityHolder => ({
  chain: chainText(token.chain),
  sign: (method, params) => signCall(method, params, token, systemClock.nowMs(), systemChance),
})

/** Where a new token goes. @throws `usage/input-needed` for a name that makes no file name. */
export function tokenFileOf(name: string, out: string | undefined): string {
  if (out !== undefined) return out
  if (!/^[\p{L}\p{N}_][\p{L}\p{N}_.-]*$/u.test(name))
    throw new VivimError('usage/input-needed', 'a file for the token is needed: give --out FILE', {
      flag: '--out',
    })
  return `${name}.token`
}

/** Write a new token file for its owner alone; on disk when it returns, and gone again when `make` fails.
 *  @param make - its text and what is to be returned. @throws `file/exists`. */
export async function writeToken<T>(
  path: string,
  make: () => Promise<{ text: string; result: T }>,
): Promise<T> {
  const whole = resolve(path)
  if (existsSync(whole)) throw new VivimError('file/exists', `${path} is there already`, { path })
  // Opened first: a right that cannot be written down is not given.
  const file = openSync(whole, 'wx', 0o600)
  try {
    const { text, result } = await make()
    writeSync(file, text)
    fsyncSync(file)
    return result
  } catch (error) {
    rmSync(whole, { force: true })
    throw error
  } finally {
    closeSync(file)
  }
}
