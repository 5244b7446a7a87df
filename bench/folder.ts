/** A folder of the benchmark's own, gone when it ends. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Scope } from '../src/core/kernel/scope.ts'

export const makeFolder = (scope: Scope): string =>
  scope.own(mkdtempSync(join(tmpdir(), 'vivim-bench-')), path =>
    rmSync(path, { recursive: true, force: true }),
  )
