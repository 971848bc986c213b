import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { runId } from '../../../support/brands.js'
import { newestStopped } from '../../../../src/app/start/past-run.js'
import { journalOf, listRuns, numberRun } from '../../../../src/journal/runs.js'
import { tempDir } from '../../../support/rigs/temp-dir.js'

it('the newest of the stopped runs is taken, however many have finished since', async () => {
  const root = tempDir()
  const make = async (id: string, exitCode: number) => {
    mkdirSync(join(root, '.autopilot', 'runs', id), { recursive: true })
    writeFileSync(journalOf(root, runId(id)), `{"type":"run_finished","exitCode":${exitCode}}\n`)
    await numberRun(root, runId(id))
  }
  const found = async () => (await newestStopped(await listRuns([root])))?.id
  await make('20260101-000003-aaaa', 0)
  expect(await found()).toBeUndefined()
  await make('20260101-000002-bbbb', 75)
  await make('20260101-000001-cccc', 130)
  await make('20260101-000000-dddd', 0)
  await make('20260101-000000-eeee', 1)
  expect(await found()).toBe('20260101-000001-cccc')
})
