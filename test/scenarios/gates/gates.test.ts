// What a gate sees, and what follows from its verdict.
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene, gateLogs, judgements } from '../../support/scenes/gated-scene.js'
import { rig, riggedRoadmap } from '../../support/scenes/rigged-scene.js'
import { toldTexts } from '../../support/rigs/records.js'

test('a gate sees a clean checkout of exactly the tree that lands, furnished by setup, and none of what is ignored', async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, ['one', 'two']),
    gates: [agents.command('gate')],
    config: { setup: 'mkdir .cache && echo ready > .cache/state' },
    files: { '.gitignore': '.cache/\n.env\nbuild/\n' },
  })
  stage.repo.write('.env', 'SECRET=1\n')
  stage.repo.write('draft.txt', 'not committed')
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  const [one, two] = [await agents.next('one'), await agents.next('two')]
  await Promise.all([one.write('one.txt', 'one'), two.write('two.txt', 'two'), one.write('build/one.o', '')])
  await one.exit(0)
  const first = await agents.next('gate')
  expect((await first.git('ls-files', '--others')).split('\n')).toEqual(['.cache/state'])
  expect(await first.read('one.txt')).toBe('one')
  expect(stage.subjects()).toEqual([])
  // What it leaves is not there for the next.
  await Promise.all([first.write('left.txt', ''), first.write('one.txt', 'spoilt'), first.write('build/left.o', '')])
  await two.exit(0)
  await first.exit(0)
  const second = await agents.next('gate')
  expect((await second.git('ls-files', '--others')).split('\n')).toEqual(['.cache/state'])
  expect(await second.git('status', '--porcelain')).toBe('')
  expect([await second.read('one.txt'), await second.read('two.txt')]).toEqual(['one', 'two'])
  expect([one.cwd, two.cwd]).not.toContain(second.cwd)
  const judged = await second.git('rev-parse', 'HEAD')
  await second.exit(0)
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(stage.repo.git('rev-parse', 'autopilot/main')).toBe(judged)
  expect(judgements(records())[1]?.tree).toBe(stage.repo.git('rev-parse', 'autopilot/main^{tree}'))
  expect(stage.repo.git('ls-tree', '-r', '--name-only', judged).split('\n')).not.toContain('left.txt')
})

test('a file of the tree that setup changes is as it will land, for the first gate and for later ones', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b, depends_on: [a] }\n',
    gates: ['test "$(cat README.md)" = hello && test "$(cat .env)" = KEY=1 && test -e .cache'],
    config: { setup: 'mkdir .cache; echo changed >> README.md; rm .env', copy: ['.env'] },
    files: { '.gitignore': '.cache\n.env\n' },
  })
  stage.repo.write('.env', 'KEY=1')
  const { code } = await stage.run(['run', '-i', '1', '--gate-jobs', '1'])
  expect([code, stage.subjects()]).toEqual([0, ['a', 'b']])
})

test('the environment of a gate is the allowlist and what env: adds', async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, ['a']),
    gates: [agents.command('gate')],
    config: { env: { NODE_ENV: 'test', PASSED_ON: null } },
  })
  const running = stage.start(['run'], { env: { SECRET: 'x', ANTHROPIC_API_KEY: 'k', PASSED_ON: 'yes' } })
  const agent = await agents.next('a')
  await agent.write('a', '')
  await agent.exit(0)
  const gate = await agents.next('gate')
  expect(gate.env).toMatchObject({ NODE_ENV: 'test', PASSED_ON: 'yes', HOME: stage.repo.home })
  expect(Object.keys(gate.env)).not.toContain('SECRET')
  expect(Object.keys(gate.env)).not.toContain('ANTHROPIC_API_KEY')
  await gate.exit(0)
  expect((await running.ended).code).toBe(0)
})

test('verify judges only its own task, after gates:, in its directory', async () => {
  const stage = gatedScene({
    roadmap: `tasks:
  - { id: plain, run: echo > plain }
  - { id: own, depends_on: [plain], run: mkdir sub && echo > sub/own, verify: [{ run: test -e own, name: own file, cwd: sub }, make sure] }
`,
    gates: [{ run: 'test -e README.md', name: 'readme' }],
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  const seen = (taskId: string) =>
    judgements(records())
      .filter((one) => one.taskId === taskId)
      .map(({ gate, verdict }) => `${gate} ${verdict}`)
      .sort()
  expect(seen('plain')).toEqual(['readme passed'])
  // Its failing gate, and that alone, ran once more before the work was refused.
  expect(seen('own')).toEqual(['make sure failed', 'make sure failed', 'own file passed', 'readme passed'])
  expect(stage.subjects()).toEqual(['plain'])
})

test('the end of what a failing gate printed is in the prompt of the next attempt, which may land', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - id: a\n    verify: ["echo checking; cat a; grep -q good a"]\n',
    gates: [{ run: 'true', name: 'quick' }],
  })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('a', attempt === 1 ? 'poor work\n' : 'good work\n')
    succeed()
  })
  const { code, records } = await stage.run(['run', '--repair-rounds', '0', '--output', 'json'])
  expect(code).toBe(0)
  const [first, second] = calls()
  expect(first!.prompt).toContain('echo checking; cat a; grep -q good a')
  expect(second!.prompt).toMatch(/The gate echo checking; .* failed: exit code 1/)
  expect(second!.prompt).toMatch(/^ *checking\n *poor work$/m)
  expect(stage.landed('a')).toBe('good work')
  expect(records().find((record) => record.type === 'attempt_failed')).toMatchObject({
    willRetry: true,
    failure: { kind: 'gate_failed' },
  })
})

test('of two that pass alone and fail together, one lands; the other is kept and named, and the run ends with 1', async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, ['renames', 'calls']),
    gates: [{ run: '! { test -e renamed && test -e called; }', name: 'build' }],
  })
  const running = stage.start(['run', '-i', '1', '-a', '2'])
  const [renames, calls] = [await agents.next('renames'), await agents.next('calls')]
  await Promise.all([renames.write('renamed', ''), calls.write('called', '')])
  await Promise.all([renames.exit(0), calls.exit(0)])
  const { code, stdout, stderr } = await running.ended
  expect(code).toBe(1)
  const [landed = ''] = stage.subjects()
  expect(stage.subjects()).toHaveLength(1)
  const [lost, file] = landed === 'renames' ? ['calls', 'called'] : ['renames', 'renamed']
  expect(stderr).toMatch(
    new RegExp(`${lost} failed after 1 attempt in .* \\(gate_failed\\): The gate build failed: exit code 1\\.`),
  )
  const ref = /Kept +(\S+) attempt 1.*\n +git diff [0-9a-f]{10}[. ]+(refs\/autopilot\/\S+)/.exec(stdout)
  expect(ref?.[1]).toBe(lost)
  expect(stage.repo.git('diff', '--name-only', 'main', ref![2]!)).toBe(file)
  expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(1)
  expect(stdout).toMatch(/^Gates +1 passed, 2 failed$/m)
})

test('work that a gate refused twice may land by a later attempt', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a']), gates: [agents.command('gate')] })
  const running = stage.start(['run', '--output', 'json'])
  for (const [content, ...ends] of [
    ['first', 1, 1],
    ['second', 0],
  ] as const) {
    const agent = await agents.next('a')
    await agent.write('a', content)
    await agent.exit(0)
    for (const status of ends) await (await agents.next('gate')).exit(status)
  }
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(stage.landed('a')).toBe('second')
  const judged = judgements(records())
  expect(judged.map(({ verdict }) => verdict)).toEqual(['failed', 'failed', 'passed'])
  expect(judged.map(({ again }) => again)).toEqual([undefined, true, undefined])
  expect(judged.filter(({ flaky }) => flaky)).toEqual([])
})

test('two tasks that come to the same tree need one run of the gate', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo same > x }\n  - { id: b, run: echo same > x }\n',
    gates: [{ run: 'test -e x', name: 'unit' }],
  })
  const { code, records } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  const [first, second] = judgements(records())
  expect([first?.tree, first?.remembered]).toEqual([second?.tree, false])
  expect(second).toMatchObject({ verdict: 'passed', remembered: true, durationMs: 0 })
  expect(gateLogs(stage)).toHaveLength(1)
  expect([...stage.subjects()].sort()).toEqual(['a', 'b'])
})

test('an attempt that brings the same work again is refused without another run, and the summary says so', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', gates: ['false'] })
  const { code, stdout, stderr } = await stage.run(['run', '-i', '3'])
  expect(code).toBe(1)
  expect(stdout).toMatch(/^Gates +0 passed, 4 failed; 2 of them were already known$/m)
  expect(stderr.match(/^\S+ a: gate false failed(?: \([^)]*\)|, as before)$/gm)).toHaveLength(3)
  expect(stderr.match(/^\S+ a: gate false failed again \(.*\)$/gm)).toHaveLength(1)
  expect(gateLogs(stage)).toHaveLength(2)
})

test('a task that need not change anything, and does not, is not judged by a gate', async () => {
  const roadmap = "tasks:\n  - { id: a, run: 'true', expects: no_change }\n"
  const { code, records } = await gatedScene({ roadmap, gates: ['false'] }).run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(judgements(records())).toEqual([])
})

test('what an agent writes into autopilot.yaml or the verify of the roadmap does not apply to this run, and is reported', async () => {
  const stage = gatedScene({
    roadmap: `tasks:
  - id: a
    run: |
      echo > a
      echo '{"gates": ["true"]}' > autopilot.yaml
      sed -i 's/test -e proof/true/' roadmap.yaml
    verify: [test -e proof]
`,
    gates: [{ run: 'test -e README.md', name: 'readme' }],
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  const all = records()
  expect(judgements(all).map(({ gate, verdict }) => `${gate} ${verdict}`)).toEqual(
    expect.arrayContaining(['readme passed', 'test -e proof failed']),
  )
  const told = toldTexts(all)
  expect(told.filter((text) => text.startsWith('a: its changes to autopilot.yaml were left out'))).toHaveLength(1)
  expect(all.find((record) => record.type === 'candidate_created')?.leftOut).toEqual(['roadmap.yaml'])
})

test('without isolation no gate runs, and a warning says so', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', gates: ['false'] })
  const { code, stdout, stderr } = await stage.run(['run', '--isolation', 'none'])
  expect(code).toBe(0)
  expect(stderr).toContain('gates do not run with --isolation none')
  expect(stdout).not.toMatch(/^Gates/m)
})

test('a failed gate is shown with the end of what it printed and its log, which is named after the task, in each view', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: one, run: echo > one }\n',
    gates: [{ run: 'echo "expected 1"; echo "got 2" >&2; exit 1', name: 'unit tests' }],
  })
  const { code, stderr, stdout } = await stage.run(['run', '-i', '1'])
  expect(code).toBe(1)
  const logs = [...gateLogs(stage)].sort()
  expect(logs).toEqual(['one-1-1-unit-tests.log', 'one-1-2-unit-tests.log'])
  const reason = ['| expected 1', '| got 2', `all of it: `, `/gates/${logs[1]!}`]
  const status = await stage.run(['status'])
  for (const text of [stderr, stdout, status.stdout]) expect(inOrder(text, ['one', ...reason])).toBe(true)
  const { tasks } = JSON.parse((await stage.run(['status', '--output', 'json'])).stdout) as {
    tasks: readonly [{ state: { failure: { detail: string; log: string } } }]
  }
  expect(tasks[0].state.failure.detail).toBe('expected 1\ngot 2')
  expect(readFileSync(tasks[0].state.failure.log, 'utf8')).toBe('expected 1\ngot 2\n')
})

test('a resumed run writes no log over one that the run wrote before', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: one, run: echo > one }\n',
    gates: [{ run: 'false', name: 'unit tests' }],
  })
  await stage.run(['run', '-i', '1'])
  const before = gateLogs(stage)
  await stage.run(['resume', '--retry-failed', '-i', '1'])
  expect(gateLogs(stage)).toEqual(expect.arrayContaining([...before, 'one-2-3-unit-tests.log']))
})

/** The text has all of these, each after the one before. */
function inOrder(text: string, parts: readonly string[]): boolean {
  let from = 0
  return parts.every((part) => {
    const at = text.indexOf(part, from)
    from = at + part.length
    return at >= 0
  })
}

test('each run of a gate and of setup tells when it begins and when it ends, on what', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a }\n',
    gates: ['true'],
    config: { setup: 'true', base_gates: 'judge' },
  })
  const { code, records } = await stage.run(['run', '-a', '1', '--output', 'json'])
  expect(code).toBe(0)
  for (const [start, end] of [
    ['gate_started', 'gate_ended'],
    ['setup_started', 'setup_ended'],
  ]) {
    const runs = (type: string) =>
      records().flatMap((record) => (record.type === type && 'run' in record ? [record.run] : []))
    expect(new Set(runs(start!)).size).toBe(runs(start!).length)
    expect(runs(end!).toSorted()).toEqual(runs(start!).toSorted())
    expect(runs(start!).length).toBeGreaterThan(1)
  }
  const judged = records().flatMap((record) => (record.type === 'gate_started' ? [[record.gate, record.taskIds]] : []))
  expect(judged).toEqual(
    expect.arrayContaining([
      ['true', ['a']],
      ['true', []],
    ]),
  )
})
