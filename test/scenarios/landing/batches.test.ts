// Candidates that are judged together.
import { expect, test } from 'vitest'
import { commitId } from '../../support/brands.js'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { commitOn } from '../../support/scenes/commit-on.js'
import type { AgentRig, FakeAgent } from '../../support/fakes/fake-agent.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene, judgements } from '../../support/scenes/gated-scene.js'
import { playMergeQueue, seeded } from '../../support/games/merge-queue-game.js'
import type { Ended, Running } from '../../support/rigs/program.js'
import { rig } from '../../support/scenes/rigged-scene.js'

const oneSlot = ['run', '-a', '1', '-i', '1', '--gate-jobs', '1', '--output', 'json']

/**
 * Tasks that one slot serves in this order, which is also that of the merge queue. Between the first and the second an
 * agent holds the slot, see `held`. A task is a command, or further lines for one without.
 */
function roadmap(
  agents: AgentRig,
  tasks: Readonly<Record<string, string | Readonly<Record<string, unknown>>>>,
): string {
  const waiting = { id: 'wait', priority: 0, run: agents.command('wait'), expects: 'no_change' }
  const [first, ...others] = Object.entries(tasks).map(([id, task], priority) => ({
    id,
    priority,
    ...(typeof task === 'string' ? { run: task } : task),
  }))
  // JSON is YAML, too.
  return JSON.stringify({ tasks: [first, waiting, ...others] })
}

function all<Type extends RunRecord['type']>({ records }: Pick<Ended, 'records'>, type: Type) {
  return records().filter((record): record is Extract<RunRecord, { type: Type }> => record.type === type)
}

/** No event reports that a candidate has come to the queue, which is a moment after it was made: on a busy machine too late. */
const asItComes = { retry: 2 }

/** The first task's gate, and once that runs, the work of all the others: so many candidates, including the first. */
async function held(agents: AgentRig, running: Running, candidates: number): Promise<FakeAgent> {
  const first = await agents.next('gate')
  await (await agents.next('wait')).exit(0)
  const seen = new Set<string>()
  await running.saw('candidate_created', ({ taskId }) => seen.add(taskId).size === candidates)
  return first
}

function gateRuns({ started }: AgentRig): number {
  return started.filter((name) => name === 'gate').length
}

async function hasFile(gate: FakeAgent, path: string): Promise<boolean> {
  return (await gate.git('ls-files', path)) === path
}

/** Answers gates until the run has ended; each passes unless told to fail. */
async function answer(agents: AgentRig, running: Running, fails: (gate: FakeAgent) => Promise<boolean>) {
  const over = running.ended.then(() => undefined)
  const next = () => Promise.race([agents.next('gate'), over])
  for (let gate = await next(); gate; gate = await next()) await gate.exit((await fails(gate)) ? 1 : 0)
}

const ids = Array.from({ length: 10 }, (_, index) => `t${index + 1}`)

/** The gate runs that the same case takes in the model, wherever the bad one stands: the 95th percentile. */
function maxRuns(judges: number): number {
  const random = seeded(1)
  const runs = Array.from({ length: 1000 }, () => {
    const bad = Math.floor(random() * ids.length)
    const contenders = ids.map((_, number) => ({ priority: 0, bad: number === bad, comesAt: number === 0 ? 0 : 1 }))
    return playMergeQueue({ contenders, judges, maxTogether: 16 }).runs
  })
  return runs.sort((a, b) => a - b)[949]!
}

test('of ten with one bad one, nine land, in no more gate runs than the model says', asItComes, async () => {
  const agents = await rig()
  const tasks = Object.fromEntries(ids.map((id) => [id, id === 't6' ? 'echo > bad' : `echo > ${id}`]))
  const stage = gatedScene({ roadmap: roadmap(agents, tasks), gates: [agents.command('gate')] })
  const running = stage.start(oneSlot)
  await (await held(agents, running, 10)).exit(0)
  await answer(agents, running, (gate) => hasFile(gate, 'bad'))
  const ended = await running.ended
  expect(ended.code).toBe(1)
  const good = ids.filter((id) => id !== 't6')
  expect(stage.subjects()).toEqual(good)
  expect(all(ended, 'task_failed').map(({ taskId, failure }) => [taskId, failure.kind])).toEqual([
    ['t6', 'gate_failed'],
  ])
  const integrated = all(ended, 'task_integrated')
  expect(integrated.map(({ taskId }) => taskId)).toEqual(good)
  integrated.slice(1).forEach(({ previous }, index) => expect(previous).toBe(integrated[index]!.commit))
  const judged = judgements(ended.records())
  expect(judged.length).toBeLessThanOrEqual(maxRuns(1))
  expect(judged.length).toBe(gateRuns(agents))
  expect(judged.at(-1)?.tree).toBe(stage.repo.git('rev-parse', 'autopilot/main^{tree}'))
  // One tree was judged twice: the one that was refused.
  const trees = judged.map(({ tree }) => tree)
  expect(trees.length - new Set(trees).size).toBe(1)
  expect(judged[1]).toMatchObject({ taskId: 't8', together: ['t2', 't3', 't4', 't5', 't6', 't7'], verdict: 'failed' })
})

test.each([
  ['one at a time with --merge-batch 1', ['--merge-batch', '1'], {}, 4],
  ['two at a time with merge_batch: 2', [], { merge_batch: 2 }, 3],
  ['all that have come by default', [], {}, 2],
])('gates judge %s', asItComes, async (_, flags, config, gates) => {
  const agents = await rig()
  const tasks = Object.fromEntries(['a', 'b', 'c', 'd'].map((id) => [id, `echo > ${id}`]))
  const stage = gatedScene({ roadmap: roadmap(agents, tasks), gates: [agents.command('gate')], config })
  const running = stage.start([...oneSlot, ...flags])
  await (await held(agents, running, 4)).exit(0)
  await answer(agents, running, () => Promise.resolve(false))
  expect((await running.ended).code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b', 'c', 'd'])
  expect(gateRuns(agents)).toBe(gates)
})

test(
  'of two that pass alone and fail together, the later is refused, goes back to its agent, and lands repaired',
  asItComes,
  async () => {
    const agents = await rig()
    const stage = gatedScene({
      roadmap: roadmap(agents, {
        first: 'echo > first',
        renames: 'echo > renamed',
        calls: {},
        other: 'echo > other',
      }),
      gates: [agents.command('gate')],
    })
    const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
      write('called', attempt === 1 ? 'old name\n' : 'new name\n')
      succeed()
    })
    const running = stage.start(oneSlot)
    await (await held(agents, running, 4)).exit(0)
    await answer(agents, running, async (gate) => {
      const both = (await hasFile(gate, 'renamed')) && (await hasFile(gate, 'called'))
      return both && (await gate.read('called')) === 'old name\n'
    })
    const ended = await running.ended
    expect(ended.code).toBe(0)
    expect(stage.subjects()).toEqual(['first', 'renames', 'other', 'calls'])
    expect(stage.landed('called')).toBe('new name')
    expect(calls()).toHaveLength(2)
    expect(all(ended, 'repair_started')).toMatchObject([{ taskId: 'calls', reason: { kind: 'gate_failed' } }])
    expect(all(ended, 'commit_kept')).toEqual([])
  },
)

test('a gate that fails and passes when run again refuses nothing: the work lands, and the gate is reported as flaky', async () => {
  const agents = await rig()
  const gates = [{ run: agents.command('gate'), name: 'unit' }]
  const stage = gatedScene({ roadmap: 'tasks: [{ id: a, run: echo > a }]\n', gates })
  const running = stage.start(['run', '-i', '1'])
  await (await agents.next('gate')).exit(1)
  await (await agents.next('gate')).exit(0)
  const { code, stdout, stderr } = await running.ended
  expect(code).toBe(0)
  expect(stage.subjects()).toEqual(['a'])
  expect(stderr).toContain('the gate unit failed and then passed on the same tree: it is flaky')
  expect(stdout).toMatch(/^Gates +1 passed, 1 failed\nFlaky +unit failed and then passed on the same tree, once$/m)
  expect(stdout).not.toMatch(/^Kept/m)
})

test(
  'if a person commits to the target while a batch is judged, the batch is rebuilt on top and judged again',
  asItComes,
  async () => {
    const agents = await rig()
    const stage = gatedScene({
      roadmap: roadmap(agents, { a: 'echo > a', b: 'echo > b', c: 'echo > c' }),
      gates: [agents.command('gate')],
    })
    const running = stage.start(oneSlot)
    await (await held(agents, running, 3)).exit(0)
    const both = await agents.next('gate')
    expect(await both.git('ls-files', 'theirs')).toBe('')
    const theirs = commitOn(stage.repo, commitId('autopilot/main'), { theirs: 'theirs\n' }, { message: 'theirs' })
    stage.repo.git('update-ref', 'refs/heads/autopilot/main', theirs)
    await both.exit(0)
    const again = await agents.next('gate')
    expect((await again.git('ls-files')).split('\n')).toEqual(expect.arrayContaining(['a', 'b', 'c', 'theirs']))
    expect(stage.repo.git('rev-parse', 'autopilot/main')).toBe(theirs)
    await again.exit(0)
    const ended = await running.ended
    expect(ended.code).toBe(0)
    expect(stage.subjects()).toEqual(['a', 'theirs', 'b', 'c'])
    expect(gateRuns(agents)).toBe(3)
  },
)

const line = { 'line.txt': 'start\n' }
const rewriters = ['one', 'two', 'three']

test(
  'of three commands in one batch that rewrite one line, one lands; two are kept and named, and no marker lands',
  asItComes,
  async () => {
    const agents = await rig()
    const tasks = Object.fromEntries(rewriters.map((id) => [id, `echo ${id} > line.txt`]))
    const stage = gatedScene({
      roadmap: roadmap(agents, { first: 'echo > first', ...tasks }),
      files: line,
      gates: [agents.command('gate')],
    })
    const running = stage.start(oneSlot)
    await (await held(agents, running, 4)).exit(0)
    await answer(agents, running, () => Promise.resolve(false))
    const ended = await running.ended
    expect(ended.code).toBe(1)
    expect(stage.subjects()).toEqual(['first', 'one'])
    expect(stage.landed('line.txt')).toBe('one')
    const failed = all(ended, 'task_failed').map(({ taskId, failure }) => [taskId, failure.kind, failure.paths])
    expect(failed.sort()).toEqual([
      ['three', 'conflict', ['line.txt']],
      ['two', 'conflict', ['line.txt']],
    ])
    const kept = all(ended, 'commit_kept').map(({ taskId, ref }) => [taskId, stage.repo.git('show', `${ref}:line.txt`)])
    expect(kept.sort()).toEqual([
      ['three', 'three'],
      ['two', 'two'],
    ])
  },
)

test('three agents in one batch that rewrite one line end with three commits when they merge', asItComes, async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: roadmap(agents, { first: 'echo > first', ...Object.fromEntries(rewriters.map((id) => [id, {}])) }),
    files: line,
    gates: [agents.command('gate')],
  })
  fakeCli(stage, 'claude', ({ task, attempt, read, write, succeed }) => {
    const solved = (text: string) => text.replace(/^[<>|=]{7}.*\n/gm, '')
    write('line.txt', attempt === 1 ? `${task}\n` : solved(read('line.txt')))
    succeed()
  })
  const running = stage.start(oneSlot)
  await (await held(agents, running, 4)).exit(0)
  await answer(agents, running, () => Promise.resolve(false))
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(stage.subjects().slice(0, 2)).toEqual(['first', 'one'])
  expect([...stage.subjects()].sort()).toEqual(['first', 'one', 'three', 'two'])
  // Of the other two, the one that came back first is first.
  expect(stage.landed('line.txt').split('\n')).toEqual(stage.subjects().slice(1))
  expect(stage.repo.git('log', '-p', 'main..autopilot/main')).not.toMatch(/^[+ ][<>|]{7}/m)
})

test('work without a gate does not wait for the gates of later work', asItComes, async () => {
  const agents = await rig()
  const verify = agents.command('gate')
  const stage = gatedScene({
    roadmap: roadmap(agents, { a: { run: 'echo > a', verify }, b: 'echo > b', c: { run: 'echo > c', verify } }),
  })
  const running = stage.start(oneSlot)
  await (await held(agents, running, 3)).exit(0)
  const behind = await agents.next('gate')
  expect(stage.subjects()).toEqual(['a', 'b'])
  await behind.exit(0)
  expect((await running.ended).code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b', 'c'])
})
