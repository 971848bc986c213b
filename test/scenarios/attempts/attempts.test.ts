// How often a task is tried, in which order, and what the next attempt is told.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'

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

test('a failed task holds all its dependents, by name, while others continue', async () => {
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

test('the dependents of a failed task are counted in its line, and not reported one by one', async () => {
  const dependents = Array.from({ length: 50 }, (_, n) => `  - { id: next-${n}, run: 'true', depends_on: [broken] }\n`)
  const stage = scene({ roadmap: `tasks:\n  - { id: broken, run: exit 1 }\n${dependents.join('')}` })
  const { code, stdout, stderr } = await stage.run(['run', '--iterations', '1'])
  expect(code).toBe(1)
  expect(stderr.match(/^.*held.*$/gm)?.slice(1)).toEqual([
    expect.stringMatching(/^\S+ broken failed after 1 attempt .*\(50 dependents are held\)$/),
  ])
  expect(stdout.match(/^Held +next-\d+: waits for broken$/gm)).toHaveLength(20)
  expect(stdout).toMatch(/^Held +and 30 more/m)
})

test('a missing login neither counts as an attempt nor reaches the agent of another provider', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n' })
  fakeCli(stage, 'claude', ({ play }) => {
    play('oauth-401')
  })
  const calls = fakeCli(stage, 'codex', ({ attempt, write, succeed }) => {
    if (attempt === 2) write('done.txt', 'done')
    succeed()
  })
  const { code, stderr } = await stage.run(['run', '-i', '2', '-p', 'claude', '-p', 'codex'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^\S+ a attempt 1 failed \(auth\), will be tried again: /m)
  const [first, second] = calls().map(({ prompt }) => prompt)
  expect(first).not.toMatch(/previous attempt|401|auth/i)
  expect(second).toContain('This is attempt 2 of 2.')
  expect(second).toContain('changed nothing')
})

test('a limit of the account is no feedback for the next agent', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n' })
  fakeCli(stage, 'claude', ({ play }) => {
    play('429')
  })
  const calls = fakeCli(stage, 'codex', ({ write, succeed }) => {
    write('done.txt', 'done')
    succeed()
  })
  const { code } = await stage.run(['run', '-p', 'claude', '-p', 'codex'])
  expect(code).toBe(0)
  expect(calls().map(({ prompt }) => /previous attempt|429|limit/i.test(prompt))).toEqual([false])
})

test('no retry is promised when the last provider is out', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n  - { id: b, depends_on: [a] }\n' })
  fakeCli(stage, 'claude', ({ play }) => {
    play('bad-flag')
  })
  const { code, stdout, stderr } = await stage.run(['run'])
  expect(code).toBe(1)
  expect(stderr).not.toContain('will be tried again')
  expect(stderr).toMatch(/^\S+ a held: .*\(after 1 attempt\) \(1 dependent is held\)$/m)
  expect(stdout).toMatch(/^Held +a: .*\(after 1 attempt\)$/m)
})

test('a command that changed nothing says how to allow that', async () => {
  const { code, stdout } = await scene({ roadmap: "tasks:\n  - { id: look, run: 'true' }\n" }).run(['run', '-i', '1'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^Failed +look: The command ended well .* set expects: no_change if that is right\./m)
})
