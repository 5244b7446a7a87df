#!/usr/bin/env node
// Starts the daemon in the foreground.

import v8 from 'node:v8'
import { isReady } from './launch.js'

// A daemon lives long and next to other programs: a young generation that stays small and a heap that is swept before it
// has grown by a third halve what a large import takes, at no cost in time that could be measured.
v8.setFlagsFromString('--semi-space-growth-factor=1')
v8.setFlagsFromString('--heap-growing-percent=30')

if (isReady(import.meta.url)) await import('../dist/daemon/vivimd.mjs')
