import { expect, test } from 'vitest'
import { fakeCli } from '../support/fake-cli.js'
import { scene } from '../support/rigged-scene.js'

test('a failed attempt is tried again with the reason in its prompt, up to --iterations', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: stubborn\n' })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    if (attempt === 3) write('done.txt', 'at last')
    succeed()
  })
  const { code, records } = await stage.run(['run', '--iterations', '3', '--output', 'json'])
  expect(code).toBe(0)
  expect(calls()).toHaveLength(3)
  expect(calls()[0]!.prompt).not.toContain('previous attempt')
  expect(calls()[1]!.prompt).toContain('attempt 2 of 3')
  expect(calls()[1]!.prompt).toContain('changed nothing')
  expect(records().filter(({ type }) => type === 'attempt_failed')).toMatchObject([
    { attempt: 1, willRetry: true, failure: { kind: 'no_change' } },
    { attempt: 2, willRetry: true, failure: { kind: 'no_change' } },
  ])
  expect(stage.landed('done.txt')).toBe('at last')
})

test('a task that fails every time fails after --iterations attempts, or after its own fewer max_attempts', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: two, run: exit 7 }
  - { id: one, run: exit 7, max_attempts: 1 }
  - { id: more, run: exit 7, max_attempts: 9 }
`,
  })
  const { code, records } = await stage.run(['run', '--iterations', '2', '--output', 'json'])
  expect(code).toBe(1)
  const failed = records().flatMap((record) =>
    record.type === 'task_failed' ? [[record.taskId, record.attempts]] : [],
  )
  expect(Object.fromEntries(failed)).toEqual({ two: 2, one: 1, more: 2 })
})

test('a failed task holds all that waits for it, by name, while others go on', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: broken, run: exit 1 }
  - { id: next, run: echo > next, depends_on: [broken] }
  - { id: last, run: echo > last, depends_on: [next] }
  - { id: free, run: echo > free }
`,
  })
  const { code, stdout } = await stage.run(['run', '--iterations', '1'])
  expect(code).toBe(1)
  expect(stage.subjects()).toEqual(['free'])
  expect(stdout).toMatch(/Failed +broken: /)
  expect(stdout).toMatch(/Held +next: waits for broken/)
  expect(stdout).toMatch(/Held +last: waits for /)
  expect(stdout).toMatch(/Done +1 of 4 tasks/)
})
