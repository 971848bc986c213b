// The list of a repository's runs.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

test('runs are listed with the newest first: when, how long, what came of the tasks, and how they ended', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a', 'b']) })
  expect((await stage.run(['runs'])).stdout).toContain('No run yet')
  expect((await stage.run(['status', '--exit-status'])).code).toBe(0)
  const first = stage.start(['run', '-i', '1', '--only', 'a', '--output', 'json'])
  await (await agents.next('a')).exit(1)
  const { runId } = (await first.ended).records().find(({ type }) => type === 'run_started') as { runId: string }
  const second = stage.start(['run', '-i', '1', '--only', 'b', '--output', 'json'])
  const agent = await agents.next('b')
  const during = await stage.run(['runs'])
  expect(during.code).toBe(0)
  expect((await stage.run(['status', '--exit-status'])).code).toBe(4)
  expect((await stage.run(['status', runId, '--exit-status'])).code).toBe(1)
  const [running = '', ended = ''] = during.stdout.trim().split('\n')
  expect(running).toMatch(/^\S+ {2}\d{4}-\d\d-\d\d \d\d:\d\dZ {2}.* s +0 of 1 done +running, process \d+ on /)
  expect(ended.startsWith(runId)).toBe(true)
  expect(ended).toMatch(/0 of 1 done, 1 failed +exit 1: /)
  await agent.write('b.txt', 'b')
  await agent.exit(0)
  await second.ended
  writeFileSync(join(stage.repo.dir, '.autopilot', 'runs', runId, 'journal.jsonl'), 'not a record\n')
  const { stdout } = await stage.run(['runs', '--output', 'json'])
  const objects = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as unknown)
  expect(objects).toMatchObject([
    { type: 'run', standing: 'finished', exitCode: 0, tasks: { selected: 1, done: 1, failed: 0, held: 0 } },
    { type: 'run', run: runId, standing: 'unreadable', why: expect.stringContaining('line 1') as string },
  ])
})
