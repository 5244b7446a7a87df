/** Asking what of the usual places is to be imported. */
import { VivimError } from '../../core/kernel/errors.ts'
import { askLine, isYes } from '../input/confirm.ts'
import { count, size } from '../text/amounts.ts'
import { table } from '../text/table.ts'
import { type Found, placeNames } from './places.ts'

const inWords = ({ title, sources, bytes }: Found): string =>
  `${title} (${count(sources.length, 'file')}, ${size(bytes)})`

/** The error for somebody who cannot be asked: what was found, and how to say it. */
export function choiceNeeded(found: readonly Found[]): VivimError {
  const there = found.filter(place => place.sources.length > 0)
  const what =
    there.length === 0
      ? 'nothing was found in the usual places of this machine: give a path, or --from'
      : `found ${there.map(inWords).join(', ')}: give --from ${there.map(place => place.name).join(',')} or a path`
  return new VivimError('usage/input-needed', what, { flag: '--from' })
}

/** Shows what was found and asks which of it to take. @throws `import/not-found` where nothing was found, `rpc/cancelled` when
 *  the answer is no */
export async function choose(found: readonly Found[]): Promise<Found[]> {
  const there = found.filter(place => place.sources.length > 0)
  if (there.length === 0)
    throw new VivimError(
      'import/not-found',
      `nothing was found in the usual places of this machine; looked for ${found.map(place => place.title).join(', ')}`,
    )
  const rows = there.map(place => [place.name, place.title, place.sources.length, size(place.bytes)])
  process.stderr.write(`${table(['name', 'of', 'files', 'size'], rows)}\n`)
  const answer = await askLine('Import all of this? (y, n, or names with commas) ')
  if (isYes(answer)) return there
  if (answer === '' || /^no?$/i.test(answer)) throw new VivimError('rpc/cancelled', 'nothing was imported')
  const names = placeNames(answer)
  return there.filter(place => names.includes(place.name))
}
