// Landed work that somebody has reverted.
import { expect, test } from 'vitest'
import { scene } from '../../support/scenes/rigged-scene.js'

test('work that was reverted on the target runs again', async () => {
  const roadmap = 'tasks:\n  - { id: a, run: echo a > a; echo >> "$HOME/agents" }\n'
  const stage = scene({ roadmap })
  const agents = () => stage.repo.git('hash-object', `${stage.repo.home}/agents`)
  expect((await stage.run(['run'])).code).toBe(0)
  const onceRun = agents()
  // The control: a status that was lost makes nothing run twice.
  stage.repo.write('roadmap.yaml', roadmap)
  expect((await stage.run(['run'])).stderr).toContain('so these tasks count as done')
  expect(agents()).toBe(onceRun)
  stage.repo.git('stash')
  stage.repo.git('switch', '-q', 'autopilot/main')
  stage.repo.git('revert', '--no-edit', 'HEAD')
  stage.repo.git('switch', '-q', 'main')
  expect((await stage.run(['run'])).code).toBe(0)
  expect(agents()).not.toBe(onceRun)
  expect(stage.landed('a')).toBe('a')
  expect(stage.subjects()).toEqual(['a', 'Revert "a"', 'a'])
})
