// Repair rounds over conflicts with what has landed.
import { expect, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import type { AgentRig, FakeAgent } from '../../support/fakes/fake-agent.js'
import { nextTurn, withClaude, type ClaudeTurn } from '../../support/fakes/claude-turn.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import type { Ended, Running } from '../../support/rigs/program.js'
import { rig } from '../../support/scenes/rigged-scene.js'

const roadmap = (...tasks: string[]) => `tasks:\n${tasks.map((id) => `  - id: ${id}\n`).join('')}`
const files = { 'line.txt': 'start\n' }

function all<Type extends RunRecord['type']>(ended: Ended, type: Type) {
  return ended.records().filter((record): record is Extract<RunRecord, { type: Type }> => record.type === type)
}

/** A scene whose claude is a fake agent that acts on the test's word; `turn` returns the next turn that starts, and its task. */
async function conversations(tasks: readonly string[], config: Readonly<Record<string, unknown>> = {}) {
  const agents = await rig()
  const stage = withClaude(gatedScene({ roadmap: roadmap(...tasks), files, config }), agents)
  return { agents, stage, turn: () => nextTurn(agents) }
}

/** The text between the markers, ours and theirs, without the markers. */
function solved(text: string): string {
  return text.replace(/^(?:[<>|=]{7}).*\n/gm, '')
}

type Scene = Awaited<ReturnType<typeof conversations>>

/** All three begin at the same commit, then the first lands. Returned in order of their start, each with its task. */
async function threeOnOneLine({ stage, turn }: Scene, flags: readonly string[]) {
  const running = stage.start(['run', '-a', '3', '-i', '1', ...flags, '--output', 'json'])
  const [first, ...others] = [await turn(), await turn(), await turn()] as const
  for (const { agent, task } of [first, ...others]) await agent.write('line.txt', `${task}\n`)
  await first.end()
  await running.saw('task_integrated')
  return { running, first, others }
}

async function solve({ agent, end }: ClaudeTurn): Promise<void> {
  await agent.write('line.txt', solved(await agent.read('line.txt')))
  await end()
}

test('three tasks that rewrite one line end with three commits when the agents merge', async () => {
  const scene = await conversations(['one', 'two', 'three'])
  const { running, first, others } = await threeOnOneLine(scene, [])
  const [second, third] = others
  await second.end()
  const again = await scene.turn()
  expect(again.agent.args).toEqual(expect.arrayContaining(['--resume', `session-of-${second.task}`]))
  expect(again.agent.cwd).toBe(second.agent.cwd)
  expect(again.prompt).toMatch(/^- line\.txt$/m)
  expect(await again.agent.read('line.txt')).toMatch(
    new RegExp(`^<{7} .*\n${first.task}\n={7}\n${second.task}\n>{7} .*\n$`),
  )
  expect(await again.agent.git('show', 'HEAD^1:line.txt')).toBe(first.task)
  expect(await again.agent.git('show', 'HEAD^2:line.txt')).toBe(second.task)
  await third.end()
  const last = await scene.turn()
  await solve(again)
  await running.saw('task_integrated', ({ taskId }) => taskId === second.task)
  // It has solved the conflict with the first and now has one with the second: its second round.
  await solve(last)
  await solve(await scene.turn())
  const ended = await running.ended
  expect(ended.code).toBe(0)
  const order = [first, second, third].map(({ task }) => task)
  expect(scene.stage.subjects()).toEqual(order)
  expect(scene.stage.landed('line.txt').split('\n')).toEqual(order)
  expect(all(ended, 'repair_started').map(({ taskId, round }) => [taskId, round])).toEqual([
    [second.task, 1],
    [third.task, 1],
    [third.task, 2],
  ])
  const { repo } = scene.stage
  expect(repo.git('log', '-p', 'main..autopilot/main')).not.toMatch(/^[+ ][<>|]{7}/m)
  expect(repo.git('rev-list', '--min-parents=2', 'main..autopilot/main')).toBe('')
  expect(all(ended, 'commit_kept')).toEqual([])
})

test('if agents leave the markers, one lands and two are kept and named; no gate sees a marker, and the exit code is not 0', async () => {
  const scene = await conversations(['one', 'two', 'three'], { gates: [{ run: 'cat line.txt', name: 'look' }] })
  const { running, others } = await threeOnOneLine(scene, ['--repair-rounds', '2'])
  for (const other of others) {
    await other.end()
    const round1 = await scene.turn()
    await round1.end()
    const round2 = await scene.turn()
    expect(round2.prompt).toContain('Conflict markers are left in the files. (conflict)')
    expect(round2.prompt).toMatch(/^- line\.txt$/m)
    expect(await round2.agent.read('line.txt')).toMatch(/^<{7} /)
    await round2.end()
    await running.saw('task_failed', ({ taskId }) => taskId === other.task)
  }
  const ended = await running.ended
  expect(ended.code).toBe(1)
  expect(scene.stage.subjects()).toHaveLength(1)
  expect(scene.stage.landed('line.txt')).not.toMatch(/[<>=]{7}/)
  expect(all(ended, 'gate_judged')).toHaveLength(1)
  const kept = all(ended, 'commit_kept')
  expect(kept.map(({ taskId }) => taskId)).toEqual(others.map(({ task }) => task))
  for (const { ref, taskId } of kept) {
    // What the agent did before it met the conflict is there, too.
    expect(scene.stage.repo.git('log', '--format=', '-p', '-m', ref)).toContain(`+${taskId}`)
  }
  expect(all(ended, 'task_failed').map(({ failure }) => [failure.kind, failure.paths])).toEqual([
    ['conflict', ['line.txt']],
    ['conflict', ['line.txt']],
  ])
})

test('a file that one deleted and the other changed lands only once its agent has decided on it', async () => {
  const scene = await conversations(['one', 'two'])
  const running = scene.stage.start(['run', '-a', '2', '-i', '1', '--repair-rounds', '2', '--output', 'json'])
  const [first, second] = [await scene.turn(), await scene.turn()]
  await first.agent.git('rm', '-q', 'line.txt')
  await second.agent.write('line.txt', 'changed\n')
  await first.end()
  await running.saw('task_integrated')
  await second.end()
  const undecided = await scene.turn()
  expect(undecided.prompt).toContain('Decide every conflict that AUTOPILOT-CONFLICTS.txt lists')
  expect(await undecided.agent.read('AUTOPILOT-CONFLICTS.txt')).toMatch(
    /line\.txt deleted in HEAD\^1 and modified in HEAD\^2/,
  )
  await undecided.end()
  const decided = await scene.turn()
  expect(decided.prompt).toMatch(/Conflict markers are left[^]*AUTOPILOT-CONFLICTS\.txt/)
  await decided.agent.git('rm', '-qf', 'AUTOPILOT-CONFLICTS.txt')
  await decided.end()
  expect((await running.ended).code).toBe(0)
  expect(scene.stage.landed('line.txt')).toBe('changed')
  const { repo } = scene.stage
  expect(repo.git('log', '--format=', '--name-only', 'main..autopilot/main')).not.toContain('AUTOPILOT-CONFLICTS')
})

test('a marker that is moved to another file is found there', async () => {
  const scene = await conversations(['one', 'two'])
  const running = scene.stage.start(['run', '-a', '2', '-i', '1', '--repair-rounds', '1', '--output', 'json'])
  const [first, second] = [await scene.turn(), await scene.turn()]
  for (const { agent, task } of [first, second]) await agent.write('line.txt', `${task}\n`)
  await first.end()
  await running.saw('task_integrated')
  await second.end()
  const { agent, end } = await scene.turn()
  await agent.write('moved.txt', await agent.read('line.txt'))
  await agent.write('line.txt', 'solved\n')
  await end()
  const ended = await running.ended
  expect(ended.code).toBe(1)
  expect(all(ended, 'task_failed')).toMatchObject([{ failure: { kind: 'conflict', paths: ['moved.txt'] } }])
})

test('lines that look like markers and were there before are no markers', async () => {
  const heading = '<<<<<<< a heading\n'
  const scene = await conversations(['one', 'two'])
  scene.stage.repo.write('line.txt', `${heading}a\nb\nc\nstart\n`)
  scene.stage.repo.git('commit', '-qam', 'a file about markers')
  const running = scene.stage.start(['run', '-a', '2', '-i', '1', '--output', 'json'])
  const [first, second] = [await scene.turn(), await scene.turn()]
  for (const { agent, task } of [first, second]) await agent.write('line.txt', `${heading}a\nb\nc\n${task}\n`)
  await first.end()
  await running.saw('task_integrated')
  await second.end()
  const { agent, end } = await scene.turn()
  await agent.write('line.txt', `${heading}a\nb\nc\nboth\n`)
  await end()
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect(scene.stage.landed('line.txt')).toBe(`${heading}a\nb\nc\nboth`)
})

/** Lets every gate pass from now on, until the run has ended. */
async function passAll(agents: AgentRig, running: Running): Promise<void> {
  const over = running.ended.then(() => undefined)
  for (let gate = await gateOr(agents, over); gate; gate = await gateOr(agents, over)) await gate.exit(0)
}

function gateOr(agents: AgentRig, over: Promise<undefined>): Promise<FakeAgent | undefined> {
  return Promise.race([agents.next('gate'), over])
}

/** Its round waits for a slot. */
async function queuedAgain(running: Running, task: string): Promise<void> {
  const judged = await running.saw('gate_judged', ({ taskId, again }) => taskId === task && again === true)
  await running.saw('task_queued', ({ taskId, seq }) => taskId === task && seq > judged.seq)
}

test('no slot is held between the rounds, and a round goes before a waiting first attempt', async () => {
  const agents = await rig()
  const stage = withClaude(
    gatedScene({ roadmap: roadmap('one', 'two', 'three'), gates: [agents.command('gate')] }),
    agents,
  )
  const running = stage.start(['run', '-a', '1', '-i', '1', '--output', 'json'])
  const one = await nextTurn(agents)
  await one.agent.write('one', 'poor\n')
  await one.end()
  const gate = await agents.next('gate')
  // The only slot serves another task while the gate runs.
  const two = await nextTurn(agents)
  await gate.exit(1)
  await (await agents.next('gate')).exit(1)
  await queuedAgain(running, 'one')
  await two.agent.write('two', 'good\n')
  await two.end()
  const again = await nextTurn(agents)
  expect([two.task, again.task]).toEqual(['two', 'one'])
  await again.agent.write('one', 'good\n')
  await again.end()
  const three = await nextTurn(agents)
  await three.agent.write('three', 'good\n')
  await three.end()
  // Those that finished while the first of these gates ran are judged together.
  await passAll(agents, running)
  const ended = await running.ended
  expect(ended.code).toBe(0)
  expect([...stage.subjects()].sort()).toEqual(['one', 'three', 'two'])
  for (const { busyAgents } of all(ended, 'queue_updated')) expect(busyAgents).toBeLessThanOrEqual(1)
})

test.each(['waits for a slot', 'is at work'])(
  'Ctrl-C while a round %s cancels it, and the work is kept',
  async (when) => {
    const agents = await rig()
    agents.install('claude', { version: '2.1.332 (Claude Code)' })
    const stage = gatedScene({ roadmap: roadmap('one', 'two'), gates: ['exit 1'] })
    stage.env.PATH = `${agents.binDir}:${stage.env.PATH}`
    const running = stage.start(['run', '-a', when === 'is at work' ? '2' : '1', '--output', 'json'])
    const one = await nextTurn(agents)
    await one.agent.write(one.task, 'poor\n')
    const other = when === 'is at work' ? await nextTurn(agents) : undefined
    await one.end()
    if (other) await (await nextTurn(agents)).agent.write(one.task, 'half\n')
    else {
      await nextTurn(agents)
      await queuedAgain(running, one.task)
    }
    running.kill('SIGINT')
    const ended = await running.ended
    expect(ended.code).toBe(130)
    expect(all(ended, 'task_canceled').map(({ taskId }) => taskId)).toContain(one.task)
    const kept = all(ended, 'commit_kept').find(({ taskId }) => taskId === one.task)!
    expect(stage.repo.git('show', `${kept.ref}:${one.task}`)).toBe(other ? 'half' : 'poor')
    expect(agents.living()).toEqual([])
  },
)
