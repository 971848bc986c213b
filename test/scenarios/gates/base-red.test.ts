// Gates that fail without any work on top.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { commitId } from '../../support/brands.js'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { nextTurn, withClaude, type ClaudeTurn } from '../../support/fakes/claude-turn.js'
import { commitOn } from '../../support/scenes/commit-on.js'
import type { FakeAgent } from '../../support/fakes/fake-agent.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene, gateLogs, judgements, type GatedSceneOptions } from '../../support/scenes/gated-scene.js'
import type { Running } from '../../support/rigs/program.js'
import { rig, riggedRoadmap } from '../../support/scenes/rigged-scene.js'
import type { Scene } from '../../support/scenes/scene.js'

const roadmap = (...tasks: string[]) => `tasks:\n${tasks.map((id) => `  - id: ${id}\n`).join('')}`
/** Red where there is no `ok`. */
const gate = { run: 'test -e ok || { echo "Cannot find module foo"; exit 1; }', name: 'npm test' }
const judging = { base_gates: 'judge' }

function scene({ gates = [gate], config = {}, ...rest }: GatedSceneOptions): Scene {
  return gatedScene({ gates, config: { ...judging, ...config }, ...rest })
}

/** Tasks whose agents are claudes that act on the test's word; `turn` returns the next that begins. */
async function conversations(tasks: readonly string[], options: GatedSceneOptions = {}) {
  const agents = await rig()
  const stage = withClaude(scene({ roadmap: roadmap(...tasks), ...options }), agents)
  return { agents, stage, turn: () => nextTurn(agents) }
}

function all<Type extends RunRecord['type']>(records: readonly RunRecord[], type: Type) {
  return records.filter((record): record is Extract<RunRecord, { type: Type }> => record.type === type)
}

/** The first turns of a run, by task: which begins first is chance. */
async function turnsOf<Names extends readonly string[]>(turn: () => Promise<ClaudeTurn>, ...tasks: Names) {
  const begun = new Map<string, ClaudeTurn>()
  for (let left = tasks.length; left > 0; left--) {
    const one = await turn()
    begun.set(one.task, one)
  }
  return tasks.map((task) => begun.get(task)!) as { readonly [Index in keyof Names]: ClaudeTurn }
}

async function write({ agent, task, end }: ClaudeTurn, path = `${task}.txt`): Promise<void> {
  await agent.write(path, `${task}\n`)
  await end()
}

const waits = (run: Running, task: string) => run.saw('base_awaited', ({ taskId }) => taskId === task)

/** Mends the base by hand, on the user's branch, which is then merged into the target. */
function mend({ repo }: Scene): void {
  repo.git('checkout', '-q', 'main')
  repo.write('ok', '')
  repo.git('add', 'ok')
  repo.git('commit', '-qm', 'mend it')
}

test('nothing new starts: running agents end, the first in order is repaired, the others wait, and no attempt is spent', async () => {
  const { agents, stage, turn } = await conversations(['a', 'b', 'c', 'd'])
  const run = stage.start(['run', '-a', '2', '--output', 'json'])
  const [a, b] = await turnsOf(turn, 'a', 'b')
  expect(await run.saw('base_judged')).toMatchObject({
    verdict: 'failed',
    gates: [{ gate: 'npm test', message: 'exit code 1', tail: 'Cannot find module foo' }],
  })
  await write(b)
  expect(await waits(run, 'b')).toMatchObject({ gates: ['npm test'] })
  await write(a)
  for (const round of [1, 2]) {
    const again = await turn()
    expect([again.task, again.agent.args]).toEqual(['a', expect.arrayContaining(['--resume', 'session-of-a'])])
    expect(again.prompt).toContain(`repair round ${round} of 2`)
    expect(again.prompt).toContain(
      'The gate npm test failed: exit code 1. It fails on the base, too: nothing lands until it passes.',
    )
    await write(again, `again-${round}.txt`)
  }
  const ended = await run.ended
  expect(ended.code).toBe(4)
  expect(agents.started).toHaveLength(4)
  const records = ended.records()
  expect(all(records, 'base_judged')).toHaveLength(1)
  expect(all(records, 'repair_started').map(({ reason }) => reason.kind)).toEqual(['base_red', 'base_red'])
  expect(all(records, 'attempt_failed').map(({ taskId, failure, counted }) => [taskId, failure.kind, counted])).toEqual(
    expect.arrayContaining([
      ['a', 'base_red', false],
      ['b', 'base_red', false],
    ]),
  )
  expect(all(records, 'task_failed')).toEqual([])
  expect(all(records, 'run_stopping')).toMatchObject([{ reason: 'base_red', why: 'npm test fails on the base, too' }])
  for (const { ref, commit } of all(records, 'commit_kept')) expect(stage.repo.git('rev-parse', ref)).toBe(commit)
  expect(all(records, 'commit_kept')).toHaveLength(2)
})

test('the end says what fails, what it printed last, where all of it is, and what to do; resume judges waiting work without an agent', async () => {
  const stage = scene({ roadmap: roadmap('a') })
  const calls = fakeCli(stage, 'claude', ({ write: put, attempt, succeed }) => {
    put(`file-${attempt}`, '')
    succeed()
  })
  const first = await stage.run(['run', '-i', '1'])
  expect([first.code, calls().length]).toEqual([4, 3])
  const toldAtEnd = (text: string) => {
    expect(text).toContain('npm test fails on the base, too')
    expect(text).toContain('| Cannot find module foo')
    const [, log = ''] = /all of it: (.+)$/m.exec(text) ?? []
    expect(readFileSync(join(stage.repo.dir, log), 'utf8')).toBe('Cannot find module foo\n')
  }
  toldAtEnd(first.stdout)
  expect(first.stdout).toMatch(/^Waiting +a: finished, and judged first when you resume the run$/m)
  expect(first.stdout).not.toMatch(/^Not run/m)
  expect(first.stdout).toMatch(/^Next .*setup:.*copy:.*base_gates: skip.*resume/m)
  toldAtEnd((await stage.run(['status'])).stdout)
  // It stays red: no agent starts.
  const again = await stage.run(['resume'])
  expect([again.code, calls().length]).toEqual([4, 3])
  expect(again.stdout.match(/^Kept/gm)).toHaveLength(1)
  mend(stage)
  const last = await stage.run(['resume'])
  expect([last.code, calls().length]).toEqual([0, 3])
  expect(last.stdout).not.toMatch(/^(Kept|Base|Waiting)/m)
  expect(stage.subjects()).toEqual(['a'])
})

test('run continues waiting work, too, and base_gates: skip lands or refuses it as usual', async () => {
  const stage = scene({ roadmap: roadmap('a') })
  const calls = fakeCli(stage, 'claude', ({ write: put, attempt, succeed }) => {
    put(`file-${attempt}`, '')
    succeed()
  })
  expect((await stage.run(['run', '-i', '1', '--repair-rounds', '0'])).code).toBe(4)
  const skipped = await stage.run(['run', '-i', '1', '--repair-rounds', '0', '--base-gates', 'skip'])
  expect([skipped.code, calls().length]).toEqual([1, 1])
  expect(skipped.stdout).toMatch(/^Failed +a: The gate npm test failed/m)
})

test('a roadmap whose first task fixes the base works: the others land without another turn, and the rest start on the fixed base', async () => {
  const { agents, stage, turn } = await conversations(['fix', 'a', 'b', 'c', 'd', 'e'])
  const run = stage.start(['run', '-a', '3', '-i', '1', '--output', 'json'])
  const [fix, ...others] = await turnsOf(turn, 'fix', 'a', 'b')
  await run.saw('base_judged')
  for (const one of others) {
    await write(one)
    await waits(run, one.task)
  }
  await write(fix, 'ok')
  // Workspaces were ready for all of these when the base was red.
  const later = await turnsOf(turn, 'c', 'd', 'e')
  for (const one of later) expect(await one.agent.read('ok')).toBe('fix\n')
  await Promise.all(later.map((one) => write(one)))
  const ended = await run.ended
  expect(ended.code).toBe(0)
  expect(stage.subjects()[0]).toBe('fix')
  expect([...stage.subjects()].sort()).toEqual(['a', 'b', 'c', 'd', 'e', 'fix'])
  expect(agents.started).toHaveLength(6)
  expect(all(ended.records(), 'base_judged')).toHaveLength(1)
  expect(all(ended.records(), 'commit_kept')).toEqual([])
})

test('an empty project works: the first in order keeps its repair rounds', async () => {
  const stage = scene({ roadmap: roadmap('scaffold', 'more'), gates: ['test -e package.json'] })
  const calls = fakeCli(stage, 'claude', ({ task, attempt, write: put, succeed }) => {
    put(`${task}-${attempt}`, '')
    if (task === 'scaffold' && attempt === 2) put('package.json', '{}')
    succeed()
  })
  const { code } = await stage.run(['run', '-a', '1', '-i', '1'])
  expect(code).toBe(0)
  expect(calls()).toHaveLength(3)
  expect(stage.subjects()).toEqual(['scaffold', 'more'])
})

test('work that also fails at another gate is repaired for that; only then it waits', async () => {
  const { stage, turn } = await conversations([], {
    // It has the name of the gate that is red on the base: names decide nothing.
    roadmap: 'tasks:\n  - id: a\n  - { id: b, verify: [{ run: test -e own, name: npm test }] }\n',
  })
  const run = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  const [a, b] = await turnsOf(turn, 'a', 'b')
  await run.saw('base_judged')
  await write(b)
  const again = await turn()
  expect([again.task, again.prompt]).toEqual(['b', expect.not.stringContaining('on the base')])
  await write(again, 'own')
  await waits(run, 'b')
  await write(a, 'ok')
  const { code, records } = await run.ended
  expect(code).toBe(0)
  expect(all(records(), 'repair_started')).toMatchObject([{ taskId: 'b', reason: { kind: 'gate_failed' } }])
  expect(stage.subjects()).toEqual(['a', 'b'])
})

test('work waits when it is judged before a review, too; once the base is mended it is judged on top of it, and reviewed', async () => {
  const reviews = { review: 'codex', criteria: 'It is good.' }
  const { stage, turn } = await conversations(['fix', 'a'], { gates: [gate, reviews] })
  const asked = fakeCli(stage, 'codex', ({ answer }) => answer({ verdict: 'approve', reasons: [] }))
  const run = stage.start(['run', '-a', '2', '-i', '1', '-p', 'claude', '-p', 'codex=1', '--output', 'json'])
  const [fix, a] = await turnsOf(turn, 'fix', 'a')
  await run.saw('base_judged')
  await write(a)
  await waits(run, 'a')
  expect(asked()).toEqual([])
  await write(fix, 'ok')
  const { code, records } = await run.ended
  expect(code).toBe(0)
  expect(asked()).toHaveLength(2)
  expect(all(records(), 'repair_started')).toEqual([])
  expect(stage.subjects()).toEqual(['fix', 'a'])
})

test('if somebody else has moved the base, and it is red there, too, nobody is blamed', async () => {
  const { stage, turn } = await conversations(['fix', 'a'])
  const run = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  const [fix, a] = await turnsOf(turn, 'fix', 'a')
  await run.saw('base_judged')
  await write(a)
  await waits(run, 'a')
  const before = stage.repo.git('rev-parse', 'autopilot/main')
  stage.repo.git(
    'update-ref',
    'refs/heads/autopilot/main',
    commitOn(stage.repo, commitId(before), { theirs: '' }),
    before,
  )
  await write(fix, 'ok')
  const { code, records } = await run.ended
  expect(code).toBe(0)
  expect(all(records(), 'repair_started')).toEqual([])
  expect([...stage.subjects()].slice(1)).toEqual(['fix', 'a'])
})

/** A gate runs once more before it refuses anything. */
async function failTwice(nextGate: () => Promise<FakeAgent>): Promise<void> {
  await (await nextGate()).exit(1)
  await (await nextGate()).exit(1)
}

describe('while the verdict on the base is not known', () => {
  /** Every gate run waits for the test's word; that of the base begins first. */
  async function open(...tasks: string[]) {
    const agents = await rig()
    const gates = [{ run: agents.command('gate'), name: 'npm test' }]
    const stage = withClaude(scene({ roadmap: roadmap(...tasks), gates, config: { gate_jobs: 4 } }), agents)
    const run = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
    const turns = await turnsOf(() => nextTurn(agents), ...tasks)
    const ofBase = await agents.next('gate')
    return { agents, stage, run, turns, ofBase, nextGate: () => agents.next('gate') }
  }

  test('nobody waits for it once some work has passed', async () => {
    const { agents, run, turns, ofBase, nextGate } = await open('a', 'b')
    const [a, b] = turns as readonly [ClaudeTurn, ClaudeTurn]
    await write(a)
    await (await nextGate()).exit(0)
    await run.saw('task_integrated')
    await write(b)
    await failTwice(nextGate)
    // b is to blame, and its agent is told while the base is still being judged.
    const again = await nextTurn(agents)
    expect(again.task).toBe('b')
    await write(again, 'better')
    await (await nextGate()).exit(0)
    // It fails, and is not run a second time.
    await ofBase.exit(1)
    const { code, records } = await run.ended
    expect(code).toBe(0)
    expect(all(records(), 'repair_started')).toMatchObject([{ reason: { kind: 'gate_failed' } }])
    expect(all(records(), 'base_judged')).toEqual([])
  })

  test.each([
    { base: 'red', exits: [1, 1], kind: 'base_red', verdict: 'failed' },
    { base: 'red by chance, which is no red', exits: [1, 0], kind: 'gate_failed', verdict: 'passed' },
    { base: 'not red', exits: [0], kind: 'gate_failed', verdict: 'passed' },
  ])('work that fails waits for it: the base is $base', async ({ exits, kind, verdict }) => {
    const { agents, run, turns, ofBase, nextGate } = await open('a')
    await write(turns[0]!)
    await failTwice(nextGate)
    await run.saw('gate_judged', ({ again }) => again === true)
    const [first = 0, second] = exits
    await ofBase.exit(first)
    if (second !== undefined) await (await nextGate()).exit(second)
    const again = await nextTurn(agents)
    await write(again, 'better')
    await (await nextGate()).exit(0)
    const { code, records } = await run.ended
    expect(code).toBe(0)
    expect(all(records(), 'base_judged')).toMatchObject([{ verdict }])
    expect(all(records(), 'repair_started')).toMatchObject([{ reason: { kind } }])
    const flaky = all(records(), 'gate_wavered')
    expect(flaky).toHaveLength(exits.length === 2 && second === 0 ? 1 : 0)
  })
})

test.each([
  ['needs no change', 'expects: no_change', ''],
  ['lands', '', 'work'],
] as const)(
  'when all work is done, and it %s, nobody waits for the verdict on the base: its gate is ended',
  async (_, more, path) => {
    const agents = await rig()
    // The gate of the base waits for the test's word, which never comes.
    const gates = [{ run: `test -e work || ${agents.command('gate')}`, name: 'npm test' }]
    const stage = scene({ roadmap: riggedRoadmap(agents, { a: more }), gates, config: { gate_jobs: 2 } })
    const run = stage.start(['run', '--output', 'json'])
    const a = await agents.next('a')
    const ofBase = await agents.next('gate')
    if (path !== '') await a.write(path, '')
    await a.exit(0)
    const { code, records } = await run.ended
    await ofBase.gone
    expect([code, all(records(), 'base_judged')]).toEqual([0, []])
    expect([...agents.started].sort()).toEqual(['a', 'gate'])
  },
)

test('a base that could not be judged is not red', async () => {
  // In the gates' directories, and only there, setup fails until a exists.
  const setup = 'test -e a || case $PWD in *-gates*) echo no network; exit 1;; esac'
  const passing = { run: 'true', name: 'npm test' }
  const { stage, turn } = await conversations(['a', 'b'], { gates: [passing], config: { setup } })
  const run = stage.start(['run', '-a', '1', '--output', 'json'])
  const a = await turn()
  await run.saw('base_judged')
  await write(a, 'a')
  await write(await turn(), 'b')
  const { code, records } = await run.ended
  expect(code).toBe(0)
  expect(all(records(), 'base_judged')).toMatchObject([
    { verdict: 'errored', gates: [{ gate: 'npm test', message: expect.stringContaining('setup failed') as string }] },
  ])
})

test.each(['SIGINT', 'SIGKILL'] as const)(
  'a run that is ended by %s while work waits continues with it, and no agent runs again for that',
  async (signal) => {
    const { agents, stage, turn } = await conversations(['a', 'b'])
    const run = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
    const [, b] = await turnsOf(turn, 'a', 'b')
    await run.saw('base_judged')
    await write(b)
    await waits(run, 'b')
    run.kill(signal)
    const ended = await run.ended
    expect([ended.code, ended.signal]).toEqual(signal === 'SIGINT' ? [130, null] : [null, signal])
    expect(all(ended.records(), 'run_stopping').filter(({ reason }) => reason === 'base_red')).toEqual([])
    mend(stage)
    const again = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
    await again.saw('task_integrated', ({ taskId }) => taskId === 'b')
    const a = await turn()
    expect(a.task).toBe('a')
    await write(a)
    expect((await again.ended).code).toBe(0)
    expect(agents.started).toHaveLength(3)
    expect(stage.subjects()).toEqual(['b', 'a'])
  },
)

test('a conversation that was interrupted while the base is red continues once waiting work has been judged, and may mend it', async () => {
  const { agents, stage, turn } = await conversations(['a', 'b', 'c'])
  const run = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  const [a, b] = await turnsOf(turn, 'a', 'b')
  await a.agent.say(JSON.stringify({ type: 'system', subtype: 'init', session_id: 'session-of-a' }))
  await run.saw('agent_reported', ({ taskId }) => taskId === 'a')
  await run.saw('base_judged')
  await write(b)
  await waits(run, 'b')
  run.kill('SIGKILL')
  await run.ended
  const again = stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  const takenUp = await turn()
  expect([takenUp.task, takenUp.agent.args]).toEqual(['a', expect.arrayContaining(['--resume', 'session-of-a'])])
  await waits(again, 'b')
  await write(takenUp, 'ok')
  const c = await turn()
  expect(c.task).toBe('c')
  await write(c)
  const { code, records } = await again.ended
  expect(code).toBe(0)
  const seqOf = (type: RunRecord['type'], task: string) =>
    records().find((one) => one.type === type && 'taskId' in one && one.taskId === task)!.seq
  expect(seqOf('base_awaited', 'b')).toBeLessThan(seqOf('agent_spawned', 'a'))
  expect(agents.started).toHaveLength(4)
})

test('when the run is resumed, waiting work is judged before anything starts', async () => {
  const { agents, stage, turn } = await conversations(['a', 'b', 'c'])
  const run = stage.start(['run', '-a', '1', '-i', '1', '--repair-rounds', '0', '--output', 'json'])
  const a = await turn()
  await run.saw('base_judged')
  await write(a)
  expect((await run.ended).code).toBe(4)
  expect(agents.started).toEqual(['claude'])
  const still = await stage.run(['resume', '--repair-rounds', '0', '--output', 'json'])
  expect([still.code, agents.started.length]).toEqual([4, 1])
  mend(stage)
  const last = stage.start(['resume', '--repair-rounds', '0', '--output', 'json'])
  await last.saw('task_integrated', ({ taskId }) => taskId === 'a')
  for (const next of [await turn(), await turn()]) await write(next)
  expect((await last.ended).code).toBe(0)
  expect(agents.started).toHaveLength(3)
})

test('a command that a red base keeps out waits, too, and the run ends if no agent can mend the base', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b }\n' })
  const { code, records } = await stage.run(['run', '-a', '1', '--output', 'json'])
  expect(code).toBe(4)
  expect(all(records(), 'attempt_failed')).not.toEqual([])
  for (const { failure, counted } of all(records(), 'attempt_failed')) {
    expect([failure.kind, counted]).toEqual(['base_red', false])
  }
})

test('work that fails by itself is not excused by a red base, and no further attempt begins', async () => {
  const agents = await rig()
  const run = scene({ roadmap: riggedRoadmap(agents, ['a']) }).start(['run', '--output', 'json'])
  const a = await agents.next('a')
  await run.saw('base_judged')
  await a.exit(3)
  const { code, records } = await run.ended
  expect(code).toBe(4)
  expect(all(records(), 'attempt_started')).toHaveLength(1)
  expect(all(records(), 'attempt_failed')).toMatchObject([{ failure: { kind: 'crash' }, willRetry: true }])
  expect(all(records(), 'attempt_failed')[0]).not.toHaveProperty('counted')
})

test.each([
  ['the configuration', { base_gates: 'skip' }, {}, []],
  ['the environment', {}, { AUTOPILOT_BASE_GATES: 'skip' }, []],
  ['a flag', {}, {}, ['--base-gates', 'skip']],
] as const)('skip by %s: the base is not judged, and work pays for it', async (_, config, env, flags) => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: a, run: echo > a }\n', config })
  const { code, records } = await stage.run(['run', '-i', '1', ...flags, '--output', 'json'], { env })
  expect(code).toBe(1)
  expect(all(records(), 'base_judged')).toEqual([])
  expect(all(records(), 'task_failed')).toMatchObject([{ failure: { kind: 'gate_failed' } }])
})

test('another word for base_gates is refused with the words that exist', async () => {
  const { code, stderr } = await scene({ roadmap: roadmap('a'), config: { base_gates: 'no' } }).run(['run'])
  expect([code, stderr]).toEqual([2, expect.stringMatching(/base_gates.*judge.*skip/s)])
})

test('only the common gates judge the base, not verify or reviews; if there are none, nothing is judged', async () => {
  const verified = "tasks:\n  - { id: a, run: echo > a, verify: ['test -e a'] }\n"
  const own = await scene({ roadmap: verified, gates: [] }).run(['run', '--output', 'json'])
  expect([own.code, all(own.records(), 'base_judged')]).toEqual([0, []])
  const stage = scene({ roadmap: verified, gates: ['true'] })
  const both = await stage.run(['run', '--output', 'json'])
  expect([both.code, all(both.records(), 'base_judged')]).toMatchObject([0, [{ verdict: 'passed', gates: [] }]])
  expect(judgements(both.records())).toHaveLength(2)
  expect(gateLogs(stage)).toHaveLength(3)
})

test.each([
  ['what setup makes', { setup: 'mkdir -p modules && echo > modules/foo', keep: ['modules'] }],
  ['what copy brings', { copy: ['modules/foo'] }],
])('the base is judged with %s, so that it is not red for the lack of it', async (_, config) => {
  const stage = scene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a }\n',
    files: { 'README.md': '', '.gitignore': 'modules/\n' },
    gates: ['test -e modules/foo'],
    config,
  })
  stage.repo.write('modules/foo', '')
  const { code, records } = await stage.run(['run', '--output', 'json'])
  expect(code).toBe(0)
  expect(all(records(), 'base_judged').filter(({ verdict }) => verdict !== 'passed')).toEqual([])
})

test('a gate that takes too long on the base, twice, is red there', async () => {
  const { stage, turn } = await conversations(['fix'], {
    gates: [{ run: 'test -e ok || exec sleep 600', name: 'slow', timeout: '1s' }],
  })
  const run = stage.start(['run', '-i', '1', '--output', 'json'])
  const fix = await turn()
  expect(await run.saw('base_judged')).toMatchObject({ gates: [{ gate: 'slow', message: 'no end within 1 s' }] })
  await write(fix, 'ok')
  expect((await run.ended).code).toBe(0)
})

test('a dry run does not judge it', async () => {
  const stage = scene({ roadmap: roadmap('a') })
  fakeCli(stage, 'claude', ({ succeed }) => succeed())
  const { code, stdout, stderr } = await stage.run(['run', '--dry-run'])
  expect(code).toBe(0)
  expect(`${stdout}${stderr}`).not.toMatch(/base/)
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
})
