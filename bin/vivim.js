#!/usr/bin/env node
// Starts the command line.

import { isReady } from './launch.js'

if (isReady(import.meta.url)) {
  const { execute } = await import('../dist/cli/main.mjs')
  await execute({ dir: import.meta.url })
}
