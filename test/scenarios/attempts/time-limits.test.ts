// The time limits of an attempt and of a run.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import type { RecordOf } from '../../support/rigs/program.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

test.each([
  ['is silent and does nothing', 'idle_timeout', ['--idle-timeout', '2s']],
  ['takes too long', 'timeout', ['--timeout', '2s']],
])('an agent that %s is ended, its work is kept, and the next attempt is told why', async (_, kind, limit) => {
  const stage = scene({ roadmap: 'tasks:\n  - id: T1\n    title: Greet\n' })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write(`attempt-${attempt}.txt`, 'work')
    if (attempt === 1) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
    succeed()
  })
  const { code, records } = await stage.run(['run', '-p', 'claude', '-i', '2', '--output', 'json', ...limit])
  expect(code).toBe(0)
  const failed = records().find((record) => record.type === 'attempt_failed')
  expect(failed).toMatchObject({ attempt: 1, willRetry: true, failure: { kind } })
  const kept = records().find((record) => record.type === 'commit_kept')
  expect(stage.repo.git('show', `${kept!.ref}:attempt-1.txt`)).toBe('work')
  expect(calls()[0]!.prompt).not.toContain(kind)
  expect(calls()[1]!.prompt).toContain(failed!.failure.message)
  expect(stage.landed('attempt-2.txt')).toBe('work')
})

test.each([
  ['0', 0, undefined],
  ['500ms', 1, 'idle_timeout'],
])('with an idle timeout of %s a command that only waits ends with %i', async (limit, expected, kind) => {
  const stage = scene({ roadmap: "tasks:\n  - { id: a, run: 'sleep 2; echo 1 > f' }\n" })
  const { code, records } = await stage.run(['run', '--idle-timeout', limit, '-i', '1', '--output', 'json'])
  expect(code).toBe(expected)
  expect(records().find((record) => record.type === 'task_failed')?.failure.kind).toBe(kind)
})

test('a run whose time is up starts nothing more, lets running agents finish within the drain, and ends with 75', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['first', 'second', 'never']) })
  const running = stage.start(['run', '-a', '2', '--time-limit', '2s', '--drain', '10m', '--output', 'json'])
  const [first, second] = [await agents.next('first'), await agents.next('second')]
  const stopping = await running.saw('run_stopping')
  expect(stopping).toMatchObject({ reason: 'time_limit', why: 'the time limit of 2 s was reached' })
  for (const agent of [first, second]) {
    await agent.write(`${agent.name}.txt`, 'whole')
    await agent.exit()
  }
  const { code, records } = await running.ended
  expect(code).toBe(75)
  expect(records().at(-1)).toMatchObject({ exitCode: 75, why: 'the time limit of 2 s was reached' })
  expect(records().some((record) => record.type === 'run_canceling')).toBe(false)
  expect([...stage.subjects()].sort()).toEqual(['first', 'second'])
  expect(agents.started).not.toContain('never')
})

test('a run whose time is up cancels running agents if there is no drain, and keeps their work', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
  const running = stage.start(['run', '--time-limit', '2s'])
  const slow = await agents.next('slow')
  await slow.write('slow.txt', 'half')
  await slow.gone
  const { code, stdout } = await running.ended
  expect(code).toBe(75)
  expect(stdout).toMatch(/^Next +run the same command again; what is done stays done$/m)
  expect(stdout).toMatch(/^Canceled +slow$/m)
  expect(stdout).toMatch(/^Kept +slow attempt 1: /m)
})

test('a time limit that is not reached changes nothing', async () => {
  const stage = scene({ roadmap: "tasks:\n  - { id: a, run: 'echo 1 > f' }\n" })
  const { code } = await stage.run(['run', '--time-limit', '100d', '--drain', '100d'])
  expect(code).toBe(0)
})

test('the first signal lets running agents finish within the drain', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, { slow: '', behind: 'depends_on: [slow]', other: '' }) })
  const running = stage.start(['run', '-a', '1', '--drain', '10m', '--output', 'json'])
  const slow = await agents.next('slow')
  running.kill('SIGTERM')
  expect((await running.saw('run_stopping')).why).toBe('SIGTERM')
  await slow.write('slow.txt', 'whole')
  await slow.exit()
  const { code, records } = await running.ended
  expect(code).toBe(143)
  expect(stage.subjects()).toEqual(['slow'])
  expect(agents.started).toEqual(['slow'])
  expect(records().some((record) => record.type === 'task_canceled')).toBe(false)
})

test('a second signal cancels at once what a drain would let finish', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
  const running = stage.start(['run', '--drain', '10m', '--output', 'json'])
  const slow = await agents.next('slow')
  running.kill('SIGINT')
  await running.saw('run_stopping')
  running.kill('SIGTERM')
  await slow.gone
  const { code, records } = await running.ended
  expect(code).toBe(130)
  const canceling = records().find((record): record is RecordOf<'run_canceling'> => record.type === 'run_canceling')
  expect(canceling?.why).toBe('SIGINT')
})

test('the end of the drain cancels', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
  const running = stage.start(['run', '--drain', '1s', '--output', 'json'])
  const slow = await agents.next('slow')
  running.kill('SIGTERM')
  await slow.gone
  const { code, records } = await running.ended
  expect(code).toBe(143)
  expect(records().flatMap(({ type }) => (type.startsWith('run_') ? [type] : []))).toEqual([
    ...['run_started', 'run_stopping', 'run_canceling', 'run_finished'],
  ])
})
