// Signals, and what an interrupted run reports.
import { existsSync, readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { rig, riggedRoadmap, scene } from '../../support/scenes/rigged-scene.js'
import { isAlive } from '../../support/rigs/program.js'
import { until } from '../../support/rigs/until.js'

for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const) {
  test(`${signal} ends all agents and their children, returns ${code}, and keeps what was integrated`, async () => {
    const agents = await rig()
    const stage = scene({ roadmap: riggedRoadmap(agents, ['quick', 'slow', 'other', 'never']) })
    const running = stage.start(['run', '-a', '2', '--output', 'json'])
    const quick = await agents.next('quick')
    await quick.write('quick.txt', 'quick')
    await quick.exit(0)
    await running.saw('task_integrated')
    const [slow, other] = [await agents.next('slow'), await agents.next('other')]
    await slow.write('slow.txt', 'half')
    const child = await other.spawnChild({ setsid: true, holdsPipes: true })
    const asked = performance.now()
    running.kill(signal)
    const ended = await running.ended
    expect(ended.code).toBe(code)
    // Agents that obey need none of the 5 s between TERM and KILL, so autopilot does not wait for them either.
    expect(performance.now() - asked).toBeLessThan(4500)
    for (const { pid } of [slow, other, child]) expect(isAlive(pid)).toBe(false)
    expect(agents.started).not.toContain('never')
    expect(stage.subjects()).toEqual(['quick'])
    expect(stage.repo.read('roadmap.yaml').match(/status: done/g)).toHaveLength(1)
    const kept = ended.records().find((record) => record.type === 'commit_kept')
    expect(kept).toMatchObject({ taskId: 'slow' })
    expect(stage.repo.git('show', `${kept!.ref}:slow.txt`)).toBe('half')
    const canceled = ended.records().flatMap((record) => (record.type === 'task_canceled' ? [record.taskId] : []))
    expect(canceled.sort()).toEqual(['other', 'slow'])
    expect(ended.records().at(-1)).toMatchObject({ type: 'run_finished', exitCode: code })
  })
}

test('the summary of an interrupted run names what was canceled and where unfinished work is', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
  const running = stage.start(['run'])
  const slow = await agents.next('slow')
  await slow.write('slow.txt', 'half')
  running.kill('SIGINT')
  const { stdout, code } = await running.ended
  expect(code).toBe(130)
  expect(stdout).toMatch(/Done +0 of 1 task, .*\(interrupted\)/)
  expect(stdout).toMatch(/Canceled +slow/)
  expect(stdout).toMatch(/Kept +slow attempt 1: /)
  expect(stdout).toMatch(/git diff [0-9a-f]{10} refs\/autopilot\//)
})

test('tasks that had not started are counted, not named one by one', async () => {
  const agents = await rig()
  const behind = Array.from({ length: 100 }, (_, n) => `  - { id: next-${n}, run: 'true', depends_on: [slow] }\n`)
  const queued = Array.from({ length: 100 }, (_, n) => `  - { id: other-${n}, run: 'true' }\n`)
  const stage = scene({ roadmap: `${riggedRoadmap(agents, ['slow'])}${[...behind, ...queued].join('')}` })
  const running = stage.start(['run', '-a', '1'])
  await agents.next('slow')
  running.kill('SIGINT')
  const { stdout, stderr, code } = await running.ended
  expect(code).toBe(130)
  expect(stdout.match(/^Canceled .*/gm)).toEqual(['Canceled    slow'])
  expect(stdout).toMatch(/^Not run +200 tasks$/m)
  expect(stderr).not.toMatch(/(next|other)-\d+ canceled/)
  expect(stage.repo.read('roadmap.yaml')).not.toContain('status: done')
})

test('a signal while CLIs are asked for their version ends them, too, and nothing is started', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n' })
  const pidFile = stage.repo.beside('pid')
  stage.program('claude', `#!/bin/sh\necho $$ > '${pidFile}.new' && mv '${pidFile}.new' '${pidFile}'\nexec sleep 60\n`)
  const running = stage.start(['run'])
  await until(() => existsSync(pidFile), 'claude was asked')
  const asked = performance.now()
  running.kill('SIGINT')
  const { code, stderr } = await running.ended
  expect(code).toBe(130)
  // Nobody waits for the 5 s that a version may take.
  expect(performance.now() - asked).toBeLessThan(4500)
  expect(stderr).toContain('stopped before anything started')
  expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false)
  expect(stage.repo.git('status', '--porcelain', '--ignored')).toBe('')
})

test('an agent that ignores TERM is killed, and so is what left its group', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['deaf']) })
  const running = stage.start(['run', '--output', 'json'])
  const deaf = await agents.next('deaf')
  const child = await deaf.spawnChild({ setsid: true, holdsPipes: true })
  await Promise.all([deaf.ignore('SIGTERM'), child.ignore('SIGTERM')])
  running.kill('SIGTERM')
  await deaf.received('SIGTERM')
  const { code, records } = await running.ended
  expect(code).toBe(143)
  expect([deaf, child].filter(({ pid }) => isAlive(pid))).toEqual([])
  const exited = records().find((record) => record.type === 'agent_exited')
  expect(exited?.exit).toEqual({ type: 'signal', signal: 'SIGKILL' })
})

test('a second signal does not wait for agents that ignore the first', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['deaf']) })
  const running = stage.start(['run', '--output', 'json'])
  const deaf = await agents.next('deaf')
  await deaf.ignore('SIGTERM')
  const asked = performance.now()
  running.kill('SIGINT')
  await deaf.received('SIGTERM')
  running.kill('SIGINT')
  const { code } = await running.ended
  expect(code).toBe(130)
  expect(isAlive(deaf.pid)).toBe(false)
  // The grace between TERM and KILL is 5 s; the second signal cuts it short.
  expect(performance.now() - asked).toBeLessThan(4500)
})

test('the time limit of an attempt ends its agent', async () => {
  const agents = await rig()
  const stage = scene({ roadmap: riggedRoadmap(agents, ['slow']) })
  const running = stage.start(['run', '--timeout', '1s', '-i', '1', '--output', 'json'])
  const slow = await agents.next('slow')
  await slow.gone
  const { code, records } = await running.ended
  expect(code).toBe(1)
  expect(records().find((record) => record.type === 'task_failed')?.failure.kind).toBe('timeout')
})

test('a signal while everything waits for a cool-down ends the run at once', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: a\n  - id: b\n' })
  fakeCli(stage, 'claude', ({ play }) => {
    play('429')
  })
  const running = stage.start(['run', '-a', '1', '--output', 'json'])
  const { until, at } = await running.saw('provider_cooled_down')
  expect(until).toBeGreaterThan(at)
  running.kill('SIGTERM')
  const { code, records } = await running.ended
  expect(code).toBe(143)
  expect(Date.now()).toBeLessThan(until)
  const idsOf = (type: 'task_canceled' | 'attempt_started') =>
    records().flatMap((record) => (record.type === type ? [record.taskId] : []))
  expect(idsOf('task_canceled')).toContain('a')
  expect(new Set(idsOf('task_canceled'))).toEqual(new Set(idsOf('attempt_started')))
})
