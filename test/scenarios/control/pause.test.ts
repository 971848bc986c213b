// autopilot pause and unpause, and what goes on meanwhile.
import { expect, test } from 'vitest'
import { recordsOf, type RecordOf } from '../../support/rigs/program.js'
import { until } from '../../support/rigs/until.js'
import { killOnce } from '../../support/scenes/killed-run.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

const isIdle = ({ queueLength, busyAgents }: RecordOf<'queue_updated'>) => queueLength === 2 && busyAgents === 0

test('a paused run begins nothing; what has begun goes on to its landing, and unpause starts what waits', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two', 'three']) })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const one = await agents.next('one')
  const paused = await stage.run(['pause', '--output', 'json'])
  expect(paused.code).toBe(0)
  expect(JSON.parse(paused.stdout)).toMatchObject({ type: 'answer', answer: { type: 'paused', changed: true } })
  const told = await running.saw('run_paused')
  expect(told.by).toMatchObject({ via: 'command' })
  expect(told.by.user).not.toBe('')
  await one.write('one.txt', '1')
  await one.exit(0)
  await running.saw('task_done', ({ taskId }) => taskId === 'one')
  await running.saw('queue_updated', isIdle)
  const status = await stage.run(['status'])
  expect(status.stdout).toMatch(/^Paused +paused by .*: nothing begins until autopilot unpause$/m)
  expect(JSON.parse((await stage.run(['status', '--output', 'json'])).stdout)).toMatchObject({
    paused: { by: { via: 'command' } },
  })
  expect(agents.started).toEqual(['one'])
  const unpaused = await stage.run(['unpause'])
  expect(unpaused).toMatchObject({ code: 0, stdout: 'No longer paused.\n' })
  for (const name of ['two', 'three']) {
    const agent = await agents.next(name)
    await agent.write(`${name}.txt`, name)
    await agent.exit(0)
  }
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'run_unpaused')).toHaveLength(1)
})

test('a second pause changes nothing, and of two at once only one does', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const running = stage.start(['run', '--output', 'json'])
  await agents.next('one')
  const both = await Promise.all([1, 2].map(() => stage.run(['pause', '--output', 'json'])))
  const changed = both.map(({ stdout }) => (JSON.parse(stdout) as { answer: { changed: boolean } }).answer.changed)
  expect(changed.sort()).toEqual([false, true])
  const third = await stage.run(['pause'])
  expect(third).toMatchObject({ code: 0 })
  expect(third.stdout).toMatch(
    /^Paused already: nothing begins; .* There is no time limit: only autopilot unpause ends the pause\.$/m,
  )
  running.kill('SIGTERM')
  expect(recordsOf(await running.ended, 'run_paused')).toHaveLength(1)
})

test('unpause of a run that is not paused says so', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one']) })
  const running = stage.start(['run', '--output', 'json'])
  const one = await agents.next('one')
  expect(await stage.run(['unpause'])).toMatchObject({ code: 0, stdout: 'The run is not paused.\n' })
  await one.write('one.txt', 'one')
  await one.exit(0)
  expect(recordsOf(await running.ended, 'run_unpaused')).toEqual([])
})

test('the time limit ends a paused run, which says when', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const running = stage.start(['run', '-a', '1', '--time-limit', '12s', '--output', 'json'])
  const one = await agents.next('one')
  const { stdout } = await stage.run(['pause'])
  expect(stdout).toMatch(/The time limit ends the run at \d{4}-\d\d-\d\d \d\d:\d\d; autopilot unpause ends the pause\./)
  await one.write('one.txt', '1')
  await one.exit(0)
  const ended = await running.ended
  expect(ended.code).toBe(75)
  const [paused] = recordsOf(ended, 'run_paused')
  const [stopping] = recordsOf(ended, 'run_stopping')
  expect(stopping).toMatchObject({ reason: 'time_limit' })
  expect(Math.abs(stopping!.at - paused!.until!)).toBeLessThan(1500)
  expect(agents.started).toEqual(['one'])
})

test('a run that was killed while it was paused is not paused when it is resumed', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const one = await agents.next('one')
  await stage.run(['pause'])
  await killOnce(stage, running, /"run_paused"/)
  await one.gone
  // What it has left of its socket answers nobody.
  const late = await stage.run(['unpause'])
  expect(late.code).toBe(4)
  expect(late.stderr).toContain('no run is at work here')
  const resumed = stage.start(['resume', '-a', '2', '--output', 'json'])
  for (const name of ['one', 'two']) {
    const agent = await agents.next(name)
    await agent.write(`${name}.txt`, name)
    await agent.exit(0)
  }
  expect((await resumed.ended).code).toBe(0)
})

test('a paused run that is stopped ends as any other', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['one', 'two']) })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const one = await agents.next('one')
  await stage.run(['pause'])
  await one.write('one.txt', '1')
  await one.exit(0)
  await running.saw('task_done')
  running.kill('SIGINT')
  expect((await running.ended).code).toBe(130)
  await until(() => agents.living().length === 0, 'no agent lives')
})
