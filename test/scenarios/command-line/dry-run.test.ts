// What --dry-run shows and checks.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import type { Ended } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'
import { treeBytes } from '../../support/rigs/tree-bytes.js'

const roadmap = `tasks:
  - { id: late, title: 'Comes last', depends_on: [early], run: echo > late }
  - { id: early, priority: high, run: "echo 'x' > early" }
  - { id: clever, complexity: 9 }
  - { id: plain }
  - { id: wait, status: blocked, run: exit 0 }
  - { id: over, status: done, run: exit 0 }
`
const config = 'routes:\n  complex: [codex:big, claude:opus]\n'

function both(stage: Scene) {
  return (['claude', 'codex'] as const).map((name) => fakeCli(stage, name, ({ succeed }) => succeed()))
}

test('--dry-run shows order, routes, holds and commands, and neither starts nor changes anything', async () => {
  const stage = scene({ roadmap, files: { 'autopilot.yaml': config } })
  const calls = both(stage)
  const before = treeBytes(stage.repo.beside('.'))
  const { code, stdout } = await stage.run(['run', '--dry-run', '-a', '3'])
  expect(code).toBe(0)
  expect(treeBytes(stage.repo.beside('.'))).toEqual(before)
  expect(calls.flatMap((of) => of())).toEqual([])
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
  both(stage)
  const { stdout, code } = await stage.run(['run', '--dry-run', '--output', 'json'])
  expect(code).toBe(0)
  const lines = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(
    lines.filter(isNoWarning).map(({ type, taskId, text }) => `${String(type)} ${String(taskId ?? text)}`),
  ).toEqual(['notice gates: none', 'planned early', 'planned late', 'planned clever', 'planned plain', 'held wait'])
  expect(lines.find(({ taskId }) => taskId === 'late')).toMatchObject({
    waitsFor: ['early'],
    route: ['command'],
    command: ['/bin/sh', '-c', 'echo > late'],
  })
})

test('--dry-run lists what work must pass: common gates, those of a task, and reviews', async () => {
  const gates = `gates:
  - npm test
  - { run: make, cwd: core, name: core, timeout: 90s }
  - { review: ['codex:o9', claude], criteria: [Friendly., Short.], name: tone }
`
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a, verify: { run: make a, name: own } }\n',
    files: { 'autopilot.yaml': gates },
  })
  both(stage)
  const { stdout, code } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  expect(stdout).toContain("\n     command: /bin/sh -c 'echo > a'\n     gate own: make a (at most 10m00s)\n")
  expect(stdout).toContain('\ngate  npm test (at most 10m00s)\ngate  core: make in core (at most 1m30s)\n')
  expect(stdout).toContain(
    'gate  tone by codex:o9 or claude, or by another agent that is not the author: Friendly.; Short. (at most',
  )

  const json = await stage.run(['run', '--dry-run', '--output', 'json'])
  const lines = json.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)
  expect(lines.filter(isNoWarning)).toMatchObject([
    {
      type: 'notice',
      level: 'info',
      text: 'gates: npm test, core, tone by codex:o9 or claude; 1 task with its own verify',
    },
    { type: 'planned', taskId: 'a', gates: [{ name: 'own', run: 'make a' }] },
    { type: 'gate', name: 'npm test' },
    { type: 'gate', name: 'core', run: 'make', cwd: 'core', timeoutMs: 90_000 },
    { type: 'review', name: 'tone', reviewers: [{ provider: 'codex', model: 'o9' }, { provider: 'claude' }] },
  ])

  const inPlace = await stage.run(['run', '--dry-run', '--isolation', 'none'])
  expect(inPlace.stdout).not.toContain('gate ')
  expect(inPlace.stdout).toContain('\ngates: none\n')
})

test('--dry-run shows commands of several lines as they are written, each line indented', async () => {
  const run = "|\n      set -e\n      if true; then\n        echo 'it  is' > a\n      fi"
  const stage = scene({
    roadmap: `tasks:\n  - id: a\n    run: ${run}\n    verify:\n      run: |\n        cd sub\n        make a\n`,
    files: {
      'autopilot.yaml': 'gates:\n  - { name: two, run: "npm ci\\nnpm test" }\nsetup: { run: "one\\n  two" }\n',
    },
  })
  const { stdout, code } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  const script = "       set -e\n       if true; then\n         echo 'it  is' > a\n       fi\n"
  expect(stdout).toContain(
    `     command: /bin/sh -c\n${script}     gate (at most 10m00s)\n       cd sub\n       make a\n`,
  )
  expect(stdout).toContain('gate  two: (at most 10m00s)\n  npm ci\n  npm test\n')
  expect(stdout).toMatch(/\n {2}setup \(at most .*\)\n {4}one\n {6}two\n/)
})

test('--dry-run without a usable CLI ends with 3, in the words of the run', async () => {
  const stage = scene({ roadmap })
  const before = treeBytes(stage.repo.beside('.'))
  const dry = await stage.run(['run', '--dry-run'])
  expect([dry.code, dry.stdout]).toEqual([3, ''])
  expect(treeBytes(stage.repo.beside('.'))).toEqual(before)
  expect(dry).toMatchObject(said(await stage.run(['run'])))
  const json = await stage.run(['run', '--dry-run', '--output', 'json'])
  expect([json.code, json.records()]).toEqual([3, [expect.objectContaining({ type: 'error' })]])
})

test('--dry-run with one CLI of two shows the routes that are left, and why', async () => {
  const stage = scene({ roadmap, files: { 'autopilot.yaml': config } })
  fakeCli(stage, 'claude', ({ succeed }) => succeed())
  const { code, stdout } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/^codex is not usable: /m)
  expect(stdout).toMatch(/ {5}claude:opus: claude -p /)
  expect(stdout).not.toContain('codex:big')
})

test('--dry-run reports oddities of the roadmap and the last commit, as the run does', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a, priority: high, colour: red }\n' })
  const { code, stdout } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  expect(stdout).toMatch(/W060.*colour/)
})

test('--dry-run over a damaged record ends as the run does', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: exit 1 }\n' })
  stage.repo.write('.autopilot/runs/20261129-000000-aaaa/journal.jsonl', 'not json\n')
  const dry = await stage.run(['run', '--dry-run'])
  expect(dry.code).toBe(4)
  expect(dry).toMatchObject(said(await stage.run(['run'])))
})

test.each([
  ['a branch of autopilot’s own', ['checkout', '-q', '-b', 'autopilot/main'], []],
  ['a target that is checked out', [], ['--target', 'main']],
  ['a name that no branch can have', [], ['--target', 'a..b']],
  ['a branch that is in the way', ['branch', 'autopilot'], []],
  ['no branch at all', ['checkout', '-q', '--detach'], ['--target', 'current']],
])('--dry-run over %s ends as the run does, with 4 and its words', async (_, git, flags) => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  if (git.length > 0) stage.repo.git(...git)
  const dry = await stage.run(['run', '--dry-run', ...flags])
  expect([dry.code, dry.stdout]).toEqual([4, ''])
  expect(dry).toMatchObject(said(await stage.run(['run', ...flags])))
})

test('--dry-run with --target current is refused over uncommitted changes, and not over those of the roadmap', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n' })
  const flags = ['run', '--dry-run', '--target', 'current']
  stage.repo.write('roadmap.yaml', 'tasks:\n  - { id: b, run: echo > b }\n')
  expect((await stage.run(flags)).code).toBe(0)
  stage.repo.write('README.md', 'changed\n')
  const dry = await stage.run(flags)
  expect(dry).toMatchObject({
    code: 4,
    stderr: expect.stringContaining('uncommitted changes here: README.md') as string,
  })
})

test('without an identity, the dry run and the run name the author of commits; user.useConfigOnly forbids both', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', identity: false })
  const nobody = 'the author of landed commits is Autopilot <autopilot@localhost>'
  expect((await stage.run(['run', '--dry-run'])).stdout).toContain(nobody)
  stage.repo.git('config', 'user.useConfigOnly', 'true')
  const dry = await stage.run(['run', '--dry-run'])
  expect([dry.code, dry.stdout]).toEqual([4, ''])
  expect(dry).toMatchObject(said(await stage.run(['run'])))
  stage.repo.git('config', 'user.useConfigOnly', 'false')
  expect((await stage.run(['run'])).stderr).toContain(nobody)
})

function isNoWarning({ level }: Record<string, unknown>): boolean {
  return level !== 'warning'
}

function said({ code, stderr }: Ended) {
  return { code, stderr }
}

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
