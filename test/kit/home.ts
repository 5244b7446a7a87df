/** Homes for tests: short folders that go away with the test. */
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'

/** An empty folder of the test's own; sockets fit below it. */
export function tempFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'vivim-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}
