#!/usr/bin/env node
// Starts the daemon in the foreground.

import { isReady } from './launch.js'

if (isReady(import.meta.url)) await import('../dist/daemon/vivimd.mjs')
