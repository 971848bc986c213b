// Slots of reviews, and stops while one is under way.
import { delimiter } from 'node:path'
import { expect, test } from 'vitest'
import type { AgentRig, FakeAgent } from '../../support/fakes/fake-agent.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { gatedScene } from '../../support/scenes/gated-scene.js'
import { rig, riggedRoadmap } from '../../support/scenes/rigged-scene.js'
import type { RecordOf } from '../../support/rigs/program.js'
import type { Scene } from '../../support/scenes/scene.js'

const gates = [{ review: 'codex', criteria: 'It is good.' }]
const approval = '{"verdict":"approve","reasons":[]}'

/** codex waits for the test's word. */
function withCodex(stage: Scene, agents: AgentRig): Scene {
  agents.install('codex', { version: 'codex-cli 0.171.0' })
  stage.env.PATH = `${agents.binDir}${delimiter}${stage.env.PATH}`
  return stage
}

async function approve(codex: FakeAgent): Promise<void> {
  await codex.say(
    JSON.stringify({ type: 'thread.started', thread_id: 't' }),
    JSON.stringify({ type: 'item.completed', item: { type: 'agent_message', text: approval } }),
    JSON.stringify({ type: 'turn.completed', usage: {} }),
  )
  await codex.exit(0)
}

async function work(agent: FakeAgent): Promise<void> {
  await agent.write(`${agent.name}.txt`, 'done\n')
  await agent.exit(0)
}

test('a review holds a slot of its own, after the author’s was given back, and goes before first attempts', async () => {
  const agents = await rig()
  const stage = withCodex(gatedScene({ roadmap: riggedRoadmap(agents, ['a', 'b', 'c']), gates }), agents)
  const run = stage.start(['run', '-a', '1', '--output', 'json'])
  await work(await agents.next('a'))
  const b = await agents.next('b')
  // The review of a and the first attempt of c wait, while b has the only slot.
  await run.saw('review_queued', ({ taskId }) => taskId === 'a')
  await work(b)
  const review = await agents.next('codex')
  await run.saw('review_queued', ({ taskId }) => taskId === 'b')
  expect(agents.started).toEqual(['a', 'b', 'codex'])
  await approve(review)
  for (const name of ['codex', 'c', 'codex']) {
    const next = await agents.next()
    expect(next.name).toBe(name)
    await (name === 'codex' ? approve(next) : work(next))
  }
  const ended = await run.ended
  expect(ended.code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b', 'c'])
  const counts = ended.records().filter((one): one is RecordOf<'queue_updated'> => one.type === 'queue_updated')
  for (const { busyAgents, availableAgents } of counts) expect(busyAgents + availableAgents).toBe(1)
  expect(counts.at(-1)).toMatchObject({ queueLength: 0, busyAgents: 0, availableAgents: 1 })
})

test('Ctrl-C ends a review; what it had not judged does not land and is kept', async () => {
  const agents = await rig()
  const stage = withCodex(gatedScene({ roadmap: riggedRoadmap(agents, ['a']), gates }), agents)
  const run = stage.start(['run', '--output', 'json'])
  await work(await agents.next('a'))
  const review = await agents.next('codex')
  await run.saw('agent_spawned', ({ review: number }) => number === 1)
  run.kill('SIGINT')
  await review.gone
  const ended = await run.ended
  expect(ended.code).toBe(130)
  expect(agents.living()).toEqual([])
  expect(stage.subjects()).toEqual([])
  const failed = ended.records().find((one) => one.type === 'attempt_failed')
  expect(failed?.failure.kind).toBe('canceled')
  const kept = ended.records().find((one) => one.type === 'commit_kept')
  expect(stage.repo.git('show', `${kept!.ref}:a.txt`)).toBe('done')
})

test('Ctrl-C ends the wait for a reviewer', async () => {
  const agents = await rig()
  const stage = withCodex(gatedScene({ roadmap: riggedRoadmap(agents, ['a', 'b']), gates }), agents)
  const run = stage.start(['run', '-a', '1', '--output', 'json'])
  await work(await agents.next('a'))
  await agents.next('b')
  await run.saw('review_queued')
  run.kill('SIGINT')
  const ended = await run.ended
  expect(ended.code).toBe(130)
  expect(agents.started).toEqual(['a', 'b'])
  expect(ended.records().some(({ type }) => type === 'commit_kept')).toBe(true)
  expect(stage.subjects()).toEqual([])
})

test('status of a running run shows what is being reviewed, and where', async () => {
  const agents = await rig()
  const stage = withCodex(gatedScene({ roadmap: riggedRoadmap(agents, ['a']), gates }), agents)
  const run = stage.start(['run', '-a', '1', '--output', 'json'])
  await work(await agents.next('a'))
  const review = await agents.next('codex')
  await run.saw('agent_spawned', ({ review: number }) => number === 1)
  const status = await stage.run(['status'])
  expect(status.stdout).toContain('a: verifying, attempt 1 on slot-1')
  await approve(review)
  expect((await run.ended).code).toBe(0)
})

test('with a review that rejects and another that is never asked: the first rejection is enough', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: hello, run: echo > hello.txt }\n',
    gates: [
      { review: 'codex', name: 'first', criteria: 'No.' },
      { review: 'codex', name: 'second', criteria: 'Yes.' },
    ],
  })
  const calls = fakeCli(stage, 'codex', ({ answer, prompt }) => {
    answer({ verdict: prompt.includes('- No.') ? 'reject' : 'approve', reasons: ['no'] })
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(1)
  expect(calls()).toHaveLength(1)
})
