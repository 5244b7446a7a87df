/** Colour and emphasis, only where they are wanted: on a terminal, unless NO_COLOR or FORCE_COLOR say otherwise. */

const isWanted = (stream: NodeJS.WriteStream): boolean => {
  const { FORCE_COLOR, NO_COLOR, TERM } = process.env
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== '') return FORCE_COLOR !== '0' && FORCE_COLOR !== 'false'
  if (NO_COLOR !== undefined && NO_COLOR !== '') return false
  return stream.isTTY === true && TERM !== 'dumb'
}

const makeStyle = (stream: NodeJS.WriteStream) => {
  const paint = (open: number, close: number) => (text: string) =>
    isWanted(stream) ? `\u001b[${open}m${text}\u001b[${close}m` : text
  return {
    bold: paint(1, 22),
    dim: paint(2, 22),
    red: paint(31, 39),
    green: paint(32, 39),
    yellow: paint(33, 39),
    cyan: paint(36, 39),
  }
}

/** For what goes to stdout. */
export const style = makeStyle(process.stdout)
/** For what goes to stderr. */
export const errorStyle = makeStyle(process.stderr)

/** Width of the terminal in columns, 80 for one that does not say; generous where there is none, so that nothing is cut in a file. */
export const columns = (): number =>
  process.stdout.isTTY ? Math.max(40, process.stdout.columns || 80) : 1000
