// The daemon as a process: arguments, signals and exit.

import { parseArgs } from 'node:util'

const { values } = parseArgs({ options: { help: { type: 'boolean' }, version: { type: 'boolean' } } })
if (values.version) process.stdout.write(`vivimd ${process.version}\n`)
else process.stdout.write('usage: vivimd [--home DIR]\n')
