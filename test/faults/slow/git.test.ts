import { existsSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'

test('a lock that somebody left on the target is reported with its path and never deleted, and the work is kept', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['a']) })
  const running = stage.start(['run', '-i', '1', '--output', 'json'])
  const agent = await agents.next('a')
  await agent.write('a.txt', 'a')
  const lock = join(stage.repo.dir, '.git/refs/heads/autopilot/main.lock')
  writeFileSync(lock, '')
  await agent.exit(0)
  const { code, records } = await running.ended
  expect(code).toBe(75)
  const failed = records().find((record) => record.type === 'task_failed')
  expect(failed?.failure.message).toContain('main.lock')
  const kept = records().find((record) => record.type === 'commit_kept')
  expect(stage.repo.git('show', `${kept!.ref}:a.txt`)).toBe('a')
  expect(existsSync(lock)).toBe(true)
  // Once a person has removed it, the work lands without another agent.
  rmSync(lock)
  expect((await stage.run(['run', '-i', '1'])).code).toBe(0)
  expect([stage.landed('a.txt'), agents.started]).toEqual(['a', ['a']])
})
