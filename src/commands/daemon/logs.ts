/** `vivim daemon logs`. */
import { closeSync, fstatSync, openSync, readSync, statSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Flags } from '@oclif/core'
import { VivimError } from '../../core/kernel/errors.ts'
import { visibleText } from '../../core/model/visible.ts'
import { VivimCommand } from '../base.ts'
import { homeOf } from '../place.ts'
import { logFileOf, readableLine } from './log-file.ts'

const POLL_MS = 200
/** Read at most this much of the end of the log to find its last lines. */
const TAIL_BYTES = 4 << 20
const PIECE_BYTES = 64 << 10

export default class DaemonLogs extends VivimCommand {
  static override summary = 'Print the log of a daemon that was started with `daemon start`.'
  static override examples = [
    '<%= config.bin %> <%= command.id %>',
    { description: 'Follow it:', command: '<%= config.bin %> <%= command.id %> --follow' },
  ]
  static override flags = {
    follow: Flags.boolean({ char: 'f', description: 'go on with what comes, until interrupted' }),
    lines: Flags.integer({
      char: 'n',
      default: 200,
      min: 0,
      max: 100_000,
      description: 'how many of the last lines',
    }),
  }

  async run(): Promise<void> {
    const { flags } = await this.parse(DaemonLogs)
    this.refuseCapability(flags)
    this.refuseSocket(flags)
    const path = logFileOf(homeOf(flags.home))
    const readable = !flags.json && process.stdout.isTTY === true
    const print = (lines: readonly string[]) => {
      if (lines.length === 0) return
      const shown = readable ? lines.map(line => visibleText(readableLine(line))) : lines
      process.stdout.write(`${shown.join('\n')}\n`)
    }
    let file = openLog(path)
    let at = Math.max(0, fstatSync(file).size - TAIL_BYTES)
    let text = ''
    const readOn = (): string[] => {
      const piece = Buffer.alloc(PIECE_BYTES)
      for (
        let got = readSync(file, piece, 0, PIECE_BYTES, at);
        got > 0;
        got = readSync(file, piece, 0, PIECE_BYTES, at)
      ) {
        text += piece.toString('latin1', 0, got)
        at += got
      }
      const lines = text.split('\n')
      text = lines.pop() ?? ''
      return lines.map(line => Buffer.from(line, 'latin1').toString('utf8'))
    }
    const old = readOn()
    print(flags.lines === 0 ? [] : old.slice(-flags.lines))
    while (flags.follow) {
      await sleep(POLL_MS)
      print(readOn())
      // The daemon puts a full log aside and begins a new one under the same name.
      if (inodeOf(path) === fstatSync(file).ino) continue
      print(readOn())
      closeSync(file)
      file = openLog(path)
      at = 0
    }
    closeSync(file)
  }
}

function openLog(path: string): number {
  try {
    return openSync(path, 'r')
  } catch (error) {
    throw new VivimError('file/not-found', `there is no log at ${path}`, { path }, { cause: error })
  }
}

const inodeOf = (path: string): number | null => statSync(path, { throwIfNoEntry: false })?.ino ?? null
