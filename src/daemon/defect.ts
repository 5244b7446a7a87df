/** Errors that are not ours, as a log may show them. */

/** What a log may say of an error that is not ours: where it came from. A parser's message quotes what it read. */
export function describeDefect(error: unknown): { name: string; reason?: string; stack?: string } {
  if (!(error instanceof Error)) return { name: typeof error }
  const frames = (error.stack ?? '').split('\n').filter(line => /^\s+at /.test(line))
  const quotes = error instanceof SyntaxError || error.name === 'ZodError'
  return {
    name: error.name,
    ...(quotes ? {} : { reason: error.message.slice(0, 500) }),
    stack: frames.slice(0, 12).join('\n'),
  }
}
