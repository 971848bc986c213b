import { mkdtempSync, realpathSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'

/** A fresh directory that is removed when the test has ended. */
export function tempDir(): string {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'autopilot-test-')))
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }))
  return dir
}
