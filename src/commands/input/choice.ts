/** One key on the terminal: a question with a few answers. */

/** Ask until one of the answers is typed; Return takes the last. Ctrl-C ends the program like anywhere else.
 *  @param answers - the letters, each once, and what it stands for. */
export function askChoice<T extends string>(
  question: string,
  answers: Readonly<Record<string, T>>,
): Promise<T> {
  const { stdin, stderr } = process
  const [letter = '', fallback] = Object.entries(answers).at(-1) ?? []
  return new Promise(resolve => {
    stdin.setRawMode(true)
    stdin.resume()
    stderr.write(question)
    const finish = (key: string, settle: () => void) => {
      stdin.off('data', onData)
      stdin.setRawMode(false)
      stdin.pause()
      stderr.write(`${key}\n`)
      settle()
    }
    const onData = (chunk: Buffer) => {
      for (const key of chunk.toString('latin1').toLowerCase()) {
        if (key === '\u0003' || key === '\u0004') return finish('', () => process.kill(process.pid, 'SIGINT'))
        const answer = key === '\r' || key === '\n' ? fallback : answers[key]
        if (answer !== undefined)
          return finish(key === '\r' || key === '\n' ? letter : key, () => resolve(answer))
      }
    }
    stdin.on('data', onData)
  })
}
