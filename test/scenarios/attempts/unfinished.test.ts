// Turns that ended before their work did.
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { recordsOf } from '../../support/rigs/program.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const roadmap = 'tasks:\n  - { id: build, title: Build it }\n'

test('work that was cut off in the background is finished in the same conversation and place, and lands as a whole', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, say, succeed }) => {
    if (attempt === 1) {
      write('first.txt', '1')
      say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
      say({
        type: 'system',
        subtype: 'task_started',
        task_id: 'b1',
        description: 'make late.txt',
        is_backgrounded: true,
      })
    } else write('late.txt', '2')
    succeed({ total_cost_usd: attempt / 4 })
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  const [first, second] = calls()
  expect(calls()).toHaveLength(2)
  expect(second!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(second!.cwd).toBe(first!.cwd)
  expect(second!.prompt).toContain('- make late.txt')
  expect(second!.prompt).toContain('in the foreground')
  expect([stage.landed('first.txt'), stage.landed('late.txt')]).toEqual(['1', '2'])
  expect(recordsOf(ended, 'finishing_started')).toMatchObject([{ turn: 1, reason: { kind: 'unfinished' } }])
  expect(recordsOf(ended, 'attempt_started')).toHaveLength(1)
  expect(recordsOf(ended, 'repair_started')).toHaveLength(0)
  expect(recordsOf(ended, 'agent_finished').map(({ usage }) => usage.costUsd)).toEqual([0.25, 0.25])
})

test('an attempt has two turns to finish its work; then it has failed, with its work on its ref', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, say, succeed }) => {
    write(`part-${attempt}.txt`, 'x')
    say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    say({ type: 'system', subtype: 'task_started', task_id: 'b1', description: 'forever', is_backgrounded: true })
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(1)
  expect(calls()).toHaveLength(3)
  expect(recordsOf(ended, 'task_failed')).toMatchObject([{ attempts: 1, failure: { kind: 'unfinished' } }])
  expect(recordsOf(ended, 'task_integrated')).toHaveLength(0)
  const [kept] = recordsOf(ended, 'commit_kept')
  expect(stage.repo.git('ls-tree', '--name-only', kept!.ref).split('\n')).toEqual(
    expect.arrayContaining(['part-1.txt', 'part-2.txt', 'part-3.txt']),
  )
})

test('a server that never ends is ended when its time is up, the conversation continues, and the line of the task says so', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, say, succeed }) => {
    write(`part-${attempt}.txt`, 'x')
    if (attempt > 1) {
      succeed()
      return
    }
    say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    say({ type: 'system', subtype: 'task_started', task_id: 'b1', description: 'dev server', is_backgrounded: true })
    say({ type: 'result', subtype: 'success', is_error: false, result: 'up', num_turns: 1, total_cost_usd: 0.1 })
    setInterval(() => undefined, 1000)
  })
  const ended = await stage.run(['run', '-i', '1', '--background', 'on', '--background-timeout', '300ms'])
  expect(ended.code).toBe(0)
  expect(calls()).toHaveLength(2)
  expect(calls()[1]!.prompt).toContain('- dev server')
  expect(ended.stderr).toMatch(
    /^.*build “Build it” integrated as \w+ in .* \(ended what its agent left running: dev server\)/m,
  )
  const status = await stage.run(['status'])
  expect(status.stdout).toContain('ended what its agent left running: dev server')
})

test('a process that a shell of the agent left behind is ended and reported; one that ends with the agent is not', async () => {
  const stage = scene({ roadmap })
  fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('x.txt', 'x')
    const { spawn, spawnSync } = process.getBuiltinModule('node:child_process')
    spawnSync('sleep', ['0'])
    spawn('sleep', ['4711'], { detached: true, stdio: 'ignore' }).unref()
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(recordsOf(ended, 'leftovers_ended')).toMatchObject([{ taskId: 'build', what: ['sleep 4711'] }])
})

test('a run that is stopped while its conversation waits to be finished continues there, and says what was cut off', async () => {
  const stage = scene({ roadmap })
  const calls = fakeCli(stage, 'claude', ({ attempt, prompt, write, say, succeed }) => {
    write(`part-${attempt}.txt`, 'x')
    if (prompt.includes('# Interrupted')) {
      succeed()
      return
    }
    say({ type: 'system', subtype: 'init', session_id: 'session-of-build', model: 'm' })
    say({ type: 'system', subtype: 'task_started', task_id: 'b1', description: 'make late.txt', is_backgrounded: true })
    say({ type: 'result', subtype: 'success', is_error: false, result: 'up', num_turns: 1, total_cost_usd: 0.1 })
    // The finishing turn stays at work until it is stopped.
    if (attempt === 2) setInterval(() => undefined, 1000)
  })
  const running = stage.start(['run', '-i', '1', '--background-timeout', '0', '--output', 'json'])
  await running.saw('finishing_started')
  running.kill('SIGKILL')
  await running.ended
  const resumed = await stage.run(['resume', '--output', 'json'])
  expect(resumed.code).toBe(0)
  expect(calls().at(-1)!.args).toEqual(expect.arrayContaining(['--resume', 'session-of-build']))
  expect(stage.landed('part-1.txt')).toBe('x')
})

test('a reviewer whose turn ends unfinished has given no verdict, and is asked again', async () => {
  const stage = scene({
    roadmap,
    files: { 'autopilot.yaml': 'gates:\n  - { review: claude, criteria: [It is good.] }\n' },
  })
  const calls = fakeCli(stage, 'claude', ({ reviews, attempt, write, say, answer, succeed }) => {
    if (!reviews) {
      write('x.txt', 'x')
      succeed()
      return
    }
    // The author was the first.
    if (attempt === 2) {
      say({ type: 'system', subtype: 'init', session_id: 'r', model: 'm' })
      say({ type: 'system', subtype: 'task_started', task_id: 'b1', description: 'look around', is_backgrounded: true })
      say({
        type: 'result',
        subtype: 'success',
        is_error: false,
        result: '',
        num_turns: 1,
        total_cost_usd: 0.1,
        structured_output: { verdict: 'approve', reasons: [] },
      })
      return
    }
    answer({ verdict: 'reject', reasons: ['It is not good.'] })
  })
  const ended = await stage.run(['run', '-i', '1', '--repair-rounds', '0', '--output', 'json'])
  expect(ended.code).toBe(1)
  const reviews = calls().filter(({ prompt }) => prompt.startsWith('# Review'))
  expect(reviews).toHaveLength(2)
  expect(recordsOf(ended, 'gate_judged')).toMatchObject([{ verdict: 'failed' }])
})
