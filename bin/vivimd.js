#!/usr/bin/env node
// Starts the daemon in the foreground.

import v8 from 'node:v8'
import { isReady } from './launch.js'

// A daemon lives long and next to other programs: a young generation that stays small and a heap that is swept before it
// has grown by two thirds halve what a large import takes. Swept at a third, it takes little less and a sixth more time.
v8.setFlagsFromString('--semi-space-growth-factor=1')
v8.setFlagsFromString('--heap-growing-percent=60')

if (isReady(import.meta.url)) await import('../dist/daemon/vivimd.mjs')
