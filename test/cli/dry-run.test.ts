import { expect, test } from 'vitest'
import { fakeCli } from '../support/fake-cli.js'
import { scene } from '../support/rigged-scene.js'
import { treeBytes } from '../support/tree-bytes.js'

const roadmap = `tasks:
  - { id: late, title: 'Comes last', depends_on: [early], run: echo > late }
  - { id: early, priority: high, run: "echo 'x' > early" }
  - { id: clever, complexity: 9 }
  - { id: plain }
  - { id: wait, status: blocked, run: exit 0 }
  - { id: over, status: done, run: exit 0 }
`
const config = 'routes:\n  complex: [codex:big, claude:opus]\n'

test('--dry-run shows order, routes, holds and commands, and neither starts nor changes anything', async () => {
  const stage = scene({ roadmap, files: { 'autopilot.yaml': config } })
  const calls = fakeCli(stage, 'claude', ({ succeed }) => {
    succeed()
  })
  const before = treeBytes(stage.repo.beside('.'))
  const { code, stdout } = await stage.run(['run', '--dry-run', '-a', '3'])
  expect(code).toBe(0)
  expect(treeBytes(stage.repo.beside('.'))).toEqual(before)
  expect(calls()).toEqual([])
  expect(stdout).toContain('4 tasks to run on 3 slots, 1 held, 1 done before')
  const order = [...stdout.matchAll(/^ +\d+ {2}(\S+)/gm)].map((match) => match[1])
  expect(order).toEqual(['early', 'late', 'clever', 'plain'])
  expect(stdout).toContain('late  Comes last  after early')
  expect(stdout).toContain(`command: /bin/sh -c 'echo '\\''x'\\'' > early'`)
  expect(stdout).toMatch(/codex:big or claude:opus: codex exec --json .*-m big/)
  expect(stdout).toMatch(/claude or codex: claude -p /)
  expect(stdout).toContain('held  wait: blocked in the roadmap')
})

test('--dry-run as JSON gives one object a line', async () => {
  const stage = scene({ roadmap })
  const { stdout, code } = await stage.run(['run', '--dry-run', '--output', 'json'])
  expect(code).toBe(0)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.map(({ type, taskId }) => `${String(type)} ${String(taskId)}`)).toEqual([
    'planned early',
    'planned late',
    'planned clever',
    'planned plain',
    'held wait',
  ])
  expect(lines[1]).toMatchObject({ waitsFor: ['early'], route: ['command'], command: ['/bin/sh', '-c', 'echo > late'] })
})

test('--dry-run lists what work must pass: gates of everybody, of a task, and reviews', async () => {
  const gates = `gates:
  - npm test
  - { run: make, cwd: core, name: core, timeout: 90s }
  - { review: ['codex:o9', claude], criteria: [Friendly., Short.], name: tone }
`
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a, verify: { run: make a, name: own } }\n',
    files: { 'autopilot.yaml': gates },
  })
  const { stdout, code } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  expect(stdout).toContain("\n     command: /bin/sh -c 'echo > a'\n     gate own: make a (at most 10m00s)\n")
  expect(stdout).toContain('\ngate  npm test (at most 10m00s)\ngate  core: make in core (at most 1m30s)\n')
  expect(stdout).toContain('gate  tone by codex:o9 or claude, else another than the author: Friendly.; Short. (at most')

  const json = await stage.run(['run', '--dry-run', '--output', 'json'])
  const lines = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines).toMatchObject([
    { type: 'planned', taskId: 'a', gates: [{ name: 'own', run: 'make a' }] },
    { type: 'gate', name: 'npm test' },
    { type: 'gate', name: 'core', run: 'make', cwd: 'core', timeoutMs: 90_000 },
    { type: 'review', name: 'tone', reviewers: [{ provider: 'codex', model: 'o9' }, { provider: 'claude' }] },
  ])

  const inPlace = await stage.run(['run', '--dry-run', '--isolation', 'none'])
  expect(inPlace.stdout).not.toContain('gate ')
})

test('--only and --limit choose what runs, with what it may and may not wait for', async () => {
  const stage = scene({ roadmap })
  const only = await stage.run(['run', '--only', 'early', '--only', 'late'])
  expect(only.code).toBe(0)
  expect(stage.subjects()).toEqual(['early', 'Comes last'])

  const second = scene({ roadmap })
  const limited = await second.run(['run', '--only', 'late'])
  expect(limited.code).toBe(1)
  expect(limited.stdout).toMatch(/Held +late: depends on early, not selected by --only or --limit/)

  const third = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n' })
  expect((await third.run(['run', '--limit', '1'])).code).toBe(0)
  expect(third.subjects()).toEqual(['a'])
})
