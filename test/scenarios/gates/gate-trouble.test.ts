// Gates that hang, crash, are flaky or slow, and how many run at once.
import { readdirSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { commitId } from '../../support/brands.js'
import { commitOn } from '../../support/scenes/commit-on.js'
import type { FakeAgent } from '../../support/fakes/fake-agent.js'
import { gatedScene, gateLogs, judgements } from '../../support/scenes/gated-scene.js'
import { isAlive } from '../../support/rigs/program.js'
import { rig, riggedRoadmap } from '../../support/scenes/rigged-scene.js'

async function finish(agent: FakeAgent): Promise<void> {
  await agent.write(`${agent.name}.txt`, agent.name)
  await agent.exit(0)
}

test('a gate holds no slot: the next agent starts while the gate of the one before still runs', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a', 'b']), gates: [agents.command('gate')] })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  await finish(await agents.next('a'))
  const gate = await agents.next('gate')
  await finish(await agents.next('b'))
  await running.saw('queue_updated', ({ busyAgents, queueLength }) => busyAgents === 0 && queueLength === 0)
  expect(agents.living()).toEqual(['gate'])
  await gate.exit(0)
  await (await agents.next('gate')).exit(0)
  expect((await running.ended).code).toBe(0)
  expect(stage.subjects()).toEqual(['a', 'b'])
})

test('as many gates run at once as --gate-jobs allows, and never more', async () => {
  const agents = await rig()
  const gates = ['g1', 'g2', 'g3', 'g4', 'g5']
  const others = ['b', 'c', 'd', 'e']
  const idle = others.map((id): [string, string] => [id, 'expects: no_change'])
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, { a: '', ...Object.fromEntries(idle) }),
    gates: gates.map((name) => agents.command(name)),
    config: { gate_jobs: 4 },
  })
  const running = stage.start(['run', '-a', '1', '--gate-jobs', '2', '--output', 'json'])
  await finish(await agents.next('a'))
  const busy = [await agents.next('g1'), await agents.next('g2')]
  // While so many agents come and go one after the other, a third gate would have begun.
  for (const id of others) await (await agents.next(id)).exit(0)
  await running.saw('task_done', ({ taskId }) => taskId === 'e')
  expect([...agents.living()].sort()).toEqual(['g1', 'g2'])
  for (const name of ['g3', 'g4', 'g5']) {
    await busy.shift()!.exit(0)
    busy.push(await agents.next(name))
    expect(agents.living()).toHaveLength(2)
  }
  await Promise.all(busy.map((gate) => gate.exit(0)))
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(judgements(records())).toHaveLength(5)
})

test('a gate that takes longer than its limit has failed, and is gone', async () => {
  const agents = await rig()
  const stage = gatedScene({
    roadmap: riggedRoadmap(agents, ['a']),
    gates: [{ run: agents.command('slow'), name: 'slow', timeout: '1s' }],
  })
  const running = stage.start(['run', '-i', '1'])
  await finish(await agents.next('a'))
  const slow = await agents.next('slow')
  await slow.gone
  const { code, stderr } = await running.ended
  expect(code).toBe(1)
  expect(stderr).toContain('(gate_failed): The gate slow failed: no end within 1 s.')
  expect(isAlive(slow.pid)).toBe(false)
})

test('Ctrl-C while a gate runs ends it at once; nothing lands unproven, and the work is kept', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a', 'b']), gates: [agents.command('gate')] })
  const running = stage.start(['run', '-a', '2', '--output', 'json'])
  await finish(await agents.next('a'))
  const gate = await agents.next('gate')
  await finish(await agents.next('b'))
  await running.saw('candidate_created', ({ taskId }) => taskId === 'b')
  const asked = performance.now()
  running.kill('SIGINT')
  const { code, records } = await running.ended
  expect(code).toBe(130)
  expect(performance.now() - asked).toBeLessThan(10_000)
  expect(isAlive(gate.pid)).toBe(false)
  expect(stage.subjects()).toEqual([])
  expect(stage.repo.read('roadmap.yaml')).not.toContain('done')
  expect(judgements(records())).toEqual([])
  const kept = records().flatMap((record) => (record.type === 'commit_kept' ? [record] : []))
  expect(kept.map(({ taskId, ref }) => [taskId, stage.repo.git('show', `${ref}:${taskId}.txt`)]).sort()).toEqual([
    ['a', 'a'],
    ['b', 'b'],
  ])
  const canceled = records().flatMap((record) => (record.type === 'task_canceled' ? [record.taskId] : []))
  expect(canceled.sort()).toEqual(['a', 'b'])
  expect(agents.started.filter((name) => name === 'gate')).toHaveLength(1)
})

test('when somebody moves the target while a gate runs, the new tree is judged, and the work lands on top', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a']), gates: [agents.command('gate')] })
  const running = stage.start(['run', '--output', 'json'])
  await finish(await agents.next('a'))
  const first = await agents.next('gate')
  await expect(first.read('theirs.txt')).rejects.toThrow()
  const theirs = commitOn(stage.repo, commitId('autopilot/main'), { 'theirs.txt': 'theirs\n' }, { message: 'theirs' })
  stage.repo.git('update-ref', 'refs/heads/autopilot/main', theirs)
  await first.exit(0)
  const second = await agents.next('gate')
  expect([await second.read('theirs.txt'), await second.read('a.txt')]).toEqual(['theirs\n', 'a'])
  expect(stage.repo.git('rev-parse', 'autopilot/main')).toBe(theirs)
  await second.exit(0)
  const { code, records } = await running.ended
  expect(code).toBe(0)
  expect(stage.subjects()).toEqual(['theirs', 'a'])
  const [before, after] = judgements(records())
  expect(after?.tree).toBe(stage.repo.git('rev-parse', 'autopilot/main^{tree}'))
  expect(after?.tree).not.toBe(before?.tree)
})

test('work that passed alone does not land if it fails on what somebody has put on the target meanwhile', async () => {
  const agents = await rig()
  const stage = gatedScene({ roadmap: riggedRoadmap(agents, ['a']), gates: [agents.command('gate')] })
  const running = stage.start(['run', '-i', '1', '--output', 'json'])
  await finish(await agents.next('a'))
  const first = await agents.next('gate')
  const theirs = commitOn(stage.repo, commitId('autopilot/main'), { 'theirs.txt': 'theirs\n' })
  stage.repo.git('update-ref', 'refs/heads/autopilot/main', theirs)
  await first.exit(0)
  await (await agents.next('gate')).exit(1)
  await (await agents.next('gate')).exit(1)
  const { code, records } = await running.ended
  expect(code).toBe(1)
  expect(stage.repo.git('rev-parse', 'autopilot/main')).toBe(theirs)
  expect(records().find((record) => record.type === 'commit_kept')).toMatchObject({ taskId: 'a' })
})

test('a checkout that cannot be prepared is tried three times and fails no gate, and the work is kept', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a }\n',
    gates: ['true'],
    config: { setup: 'case "$PWD" in *-gates/*) echo >> "$HOME/tries"; echo "no network" >&2; exit 7;; esac' },
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  // Once more before any gate, while the agent works, if that comes first.
  expect(readFileSync(`${stage.repo.home}/tries`, 'utf8')).toMatch(/^\n{3,4}$/)
  const { failure } = records().find((record) => record.type === 'task_failed')!
  expect(failure.kind).toBe('infrastructure')
  expect(failure.message).toMatch(/The gate true could not be run: setup failed \(exit code 7\): no network/)
  expect(judgements(records()).map(({ verdict }) => verdict)).toEqual(['errored'])
  const kept = records().find((record) => record.type === 'commit_kept')
  expect(stage.repo.git('diff', '--name-only', 'main', kept!.ref)).toBe('a')
  expect(stage.subjects()).toEqual([])
})

test('a gate that complains about a full disk has failed like any other, and passes when it runs once more', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a }\n',
    gates: ['test -e "$HOME/again" || { touch "$HOME/again"; echo "write: No space left on device"; exit 1; }'],
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(judgements(records()).map(({ verdict }) => verdict)).toEqual(['failed', 'passed'])
  expect(gateLogs(stage)).toHaveLength(2)
})

test('a gate that leaves a git repository behind does not disturb the next, and nothing stays on disk', async () => {
  const stage = gatedScene({
    roadmap: 'tasks:\n  - { id: a, run: echo > a }\n  - { id: b, run: echo > b, depends_on: [a] }\n',
    gates: ['test ! -e sub || exit 1; git init -q sub'],
  })
  const { code, stderr } = await stage.run(['run', '-i', '1'])
  expect(code).toBe(0)
  expect(stderr).not.toMatch(/workspace kept/)
  expect(stage.subjects()).toEqual(['a', 'b'])
  const places = `${stage.repo.home}/.cache/autopilot`
  expect(readdirSync(places)).toEqual(['.seed'])
})
