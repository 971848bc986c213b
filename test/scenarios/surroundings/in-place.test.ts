// --isolation none.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'

test('--isolation none works in a plain directory, where the files stay and no git is needed', async () => {
  const stage = scene()
  const dir = stage.repo.beside('plain')
  stage.repo.write(
    '../plain/roadmap.yaml',
    'tasks:\n  - { id: a, run: pwd > a }\n  - { id: b, run: cat a > b, depends_on: [a] }\n',
  )
  const { code, stdout } = await stage.run(['run', '--isolation', 'none'], { cwd: dir })
  expect(code).toBe(0)
  expect(readFileSync(`${dir}/b`, 'utf8')).toBe(`${dir}\n`)
  expect(readFileSync(`${dir}/roadmap.yaml`, 'utf8').match(/status: done/g)).toHaveLength(2)
  expect(readdirSync(dir).sort()).toEqual(['.autopilot', 'a', 'b', 'roadmap.yaml'])
  expect(stdout).not.toContain('git merge')
})

test('in place, done means that the agent ended well, whether or not something changed', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: exit 0 }\n  - { id: b, run: exit 1 }\n' })
  const { code, records } = await stage.run(['run', '--isolation', 'none', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  expect(records().find((record) => record.type === 'task_done')).toMatchObject({ taskId: 'a', how: 'in_place' })
  expect(records().find((record) => record.type === 'task_failed')).toMatchObject({ taskId: 'b' })
  expect(stage.repo.git('branch', '--list', 'autopilot/*')).toBe('')
})

test('below the root of a repository, the prompt template is looked for where the configuration is', async () => {
  const stage = scene({
    files: {
      'autopilot.yaml': 'prompt: mine.md\n',
      'mine.md': 'Please: {{title}}!\n',
      'sub/roadmap.yaml': 'tasks:\n  - id: a\n',
    },
  })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const { code, stderr } = await stage.run(['run', '--isolation', 'none', '-C', 'sub'])
  expect(stderr).not.toContain('mine.md')
  expect(code).toBe(0)
  expect(calls().map(({ prompt, cwd }) => [prompt, cwd])).toEqual([['Please: a!\n', `${stage.repo.dir}/sub`]])
})
