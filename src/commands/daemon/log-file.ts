/** The daemon's log as the command line finds it. */
import { join } from 'node:path'

/** Where `vivim daemon start` sends the log of the daemon of `home`. */
export const logFileOf = (home: string): string => join(home, 'run', 'vivimd.log')

/** One log line for people: time, level, message, facts. A line that is not ours is shown as it is. */
export function readableLine(line: string): string {
  let parsed: unknown
  try {
    parsed = JSON.parse(line)
  } catch {
    return line
  }
  if (typeof parsed !== 'object' || parsed === null) return line
  const { time, level, msg, pid: _pid, stack, ...facts } = parsed as Record<string, unknown>
  const rest = Object.entries(facts).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  const head = [time, String(level).padEnd(5), msg, ...rest].filter(piece => piece !== undefined).join(' ')
  return typeof stack === 'string' ? `${head}\n${stack}` : head
}
