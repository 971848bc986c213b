import { expect, test } from 'vitest'
import { taskId } from '../../../support/brands.js'
import type { RunRecord } from '../../../../src/domain/run/event.js'
import { noMask } from '../../../../src/domain/secrets/mask.js'
import { createRecorder } from '../../../../src/orchestration/recorder.js'
import { behindWall } from '../../../../src/ui/reporters/wall.js'
import { runStarted } from '../../../support/rigs/records.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'

const start = runStarted()

test('a reporter that throws is dropped, and the run, its journal and the other reporters learn why', async () => {
  const [kept, shown]: [RunRecord[], RunRecord[]] = [[], []]
  let calls = 0
  let isClosed = false
  const throwing = {
    record: (record: RunRecord) => {
      calls++
      if (record.type === 'task_queued') throw new Error('a column is missing')
    },
    close: () => (isClosed = true),
  }
  const recorder = createRecorder(start, {
    clock: virtualClock(),
    mask: noMask,
    journal: { append: (record) => Promise.resolve(void kept.push(record)), close: () => Promise.resolve() },
    reporters: [throwing, { record: (record) => void shown.push(record), close: () => undefined }],
    onBroken: () => expect.unreachable(),
  })
  for (const id of ['T1', 'T2']) await recorder.record({ type: 'task_queued', taskId: taskId(id), attempt: 1 })
  await recorder.record({ type: 'run_finished', exitCode: 0, why: 'done' })
  const types = ['run_started', 'task_queued', 'reporter_failed', 'task_queued', 'run_finished']
  expect(kept.map(({ type }) => type)).toEqual(types)
  expect(shown.map(({ type }) => type)).toEqual(types)
  expect(shown[2]).toMatchObject({ why: expect.stringContaining('a column is missing') as string })
  expect({ calls, isClosed }).toEqual({ calls: 2, isClosed: true })
})

test('a reporter that cannot even be closed is reported once', () => {
  const told: string[] = []
  const broken = () => {
    throw new Error('broken')
  }
  const reporter = behindWall({ record: broken, close: broken }, (why) => told.push(why))
  reporter.close()
  reporter.close()
  expect(told).toEqual(['broken'])
})
