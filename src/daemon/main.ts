// The daemon as a process: arguments, signals and exit.

import { parseArgs } from 'node:util'
import { VERSION } from '../core/kernel/version.ts'

const { values } = parseArgs({ options: { help: { type: 'boolean' }, version: { type: 'boolean' } } })
if (values.version)
  process.stdout.write(`vivimd/${VERSION} ${process.platform}-${process.arch} node-${process.version}\n`)
else process.stdout.write('usage: vivimd [--home DIR]\n')
