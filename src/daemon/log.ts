/** The daemon's log: JSON lines on stderr, written at once. No content, no secret, no name of a conversation goes in. */
import { type DestinationStream, destination, pino, stdTimeFunctions } from 'pino'

/** Facts of one line: printable and not secret. */
export type LogFacts = Readonly<
  Record<string, string | number | boolean | null | readonly string[] | undefined>
>

export interface Log {
  debug(facts: LogFacts, message: string): void
  info(facts: LogFacts, message: string): void
  warn(facts: LogFacts, message: string): void
  error(facts: LogFacts, message: string): void
  /** The same log, with facts that stand on every line. */
  child(facts: LogFacts): Log
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent'

/** Open the log. @param to - where lines go; stderr, unbuffered, when left out */
export function makeLog(level: LogLevel, to: DestinationStream = destination({ fd: 2, sync: true })): Log {
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: label => ({ level: label }) },
    },
    to,
  )
}
