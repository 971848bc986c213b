// Limits of accounts: cool down, wait, use another one.
import { expect, test } from 'vitest'
import type { RunRecord } from '../../../src/domain/run/event.js'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { scene } from '../../support/scenes/rigged-scene.js'

const one = 'tasks:\n  - { id: a, expects: no_change }\n'
const three = `${one}  - { id: b, expects: no_change }\n  - { id: c, expects: no_change }\n`

function ofType<Type extends RunRecord['type']>(records: readonly RunRecord[], type: Type) {
  return records.filter((record): record is Extract<RunRecord, { type: Type }> => record.type === type)
}

test('a task that hits a limit continues with the next provider at once, and uses up no attempt', async () => {
  const stage = scene({ roadmap: one })
  fakeCli(stage, 'claude', ({ play }) => {
    play('oauth-usage')
  })
  const calls = fakeCli(stage, 'codex', ({ succeed }) => {
    succeed()
  })
  const { code, records } = await stage.run(['run', '-i', '1', '-p', 'claude', '-p', 'codex', '--output', 'json'])
  expect(code).toBe(0)
  expect(calls()).toHaveLength(1)
  expect(ofType(records(), 'attempt_failed')).toMatchObject([{ willRetry: true, counted: false }])
  expect(ofType(records(), 'provider_cooled_down')).toMatchObject([{ provider: 'claude' }])
  expect(ofType(records(), 'run_waiting')).toEqual([])
})

test('when all providers cool down, the run waits until the time that the CLI gave, says so, and continues by itself', async () => {
  const stage = scene({ roadmap: three })
  const calls = fakeCli(stage, 'claude', ({ attempt, task, play, succeed }) => {
    const soon = Math.floor(Date.now() / 1000) + 3
    if (task === 'a' && attempt === 1)
      play('oauth-usage', (line) => line.replace(/"resetsAt":\d+/g, `"resetsAt":${soon}`))
    else succeed()
  })
  const { code, records } = await stage.run(['run', '-a', '1', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  expect(calls()).toHaveLength(4)
  const [waiting] = ofType(records(), 'run_waiting')
  const [cooledDown] = ofType(records(), 'provider_cooled_down')
  expect(waiting).toMatchObject({ until: cooledDown!.until, providers: ['claude'] })
  const next = ofType(records(), 'attempt_started').find(({ seq }) => seq > waiting!.seq)!
  expect(next.at).toBeGreaterThanOrEqual(waiting!.until)
  expect(ofType(records(), 'task_done')).toHaveLength(3)
})

test('a wait is told once, however many tasks wait', async () => {
  const stage = scene({ roadmap: three })
  fakeCli(stage, 'claude', ({ attempt, play, succeed }) => {
    // The same for all three.
    const soon = Math.floor(Date.now() / 10_000) * 10 + 14
    if (attempt === 1) play('oauth-usage', (line) => line.replace(/"resetsAt":\d+/g, `"resetsAt":${soon}`))
    else succeed()
  })
  const { code, records } = await stage.run(['run', '-a', '3', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  const told = ofType(records(), 'run_waiting').map(({ until, providers }) => JSON.stringify([until, providers]))
  expect(told).toEqual([...new Set(told)])
  expect(told).not.toEqual([])
})

test('plain lines report the wait, with the current counts', async () => {
  const stage = scene({ roadmap: one })
  fakeCli(stage, 'claude', ({ attempt, play, succeed }) => {
    const soon = Math.floor(Date.now() / 1000) + 3
    if (attempt === 1) play('oauth-usage', (line) => line.replace(/"resetsAt":\d+/g, `"resetsAt":${soon}`))
    else succeed()
  })
  const { code, stderr } = await stage.run(['run', '-a', '2'])
  expect(code).toBe(0)
  expect(stderr).toMatch(/^\S+ all providers are cooling down until \S+( \S+)? \(in \d s\): claude$/m)
  expect(stderr).toMatch(/^Queue: 1 waiting \| 0 busy \| 2 idle$/m)
})

test('in CI the run does not wait for an allowance: 75, and what to do next', async () => {
  const stage = scene({ roadmap: three })
  const calls = fakeCli(stage, 'claude', ({ task, play, succeed }) => {
    if (task === 'a') succeed()
    else play('oauth-usage')
  })
  const ended = await stage.run(['run', '-a', '1'], { env: { CI: '1' } })
  expect(ended.code).toBe(75)
  expect(calls()).toHaveLength(2)
  expect(ended.stdout).toMatch(/^Done +1 of 3 tasks, .*all providers are cooling down until/m)
  expect(ended.stdout).toMatch(/^Next +run the same command again after /m)
  expect(ended.stdout).toMatch(/^Not run +2 tasks$/m)
})

test('a wait that is longer than --max-wait ends the run with 75, also in the configuration and the environment', async () => {
  const roadmap = one
  const files = { 'autopilot.yaml': 'max_wait: 10s\n' }
  for (const [options, args, env] of [
    [{ roadmap }, ['--max-wait', '10s'], {}],
    [{ roadmap }, [], { AUTOPILOT_MAX_WAIT: '10s' }],
    [{ roadmap, files }, [], {}],
  ] as const) {
    const stage = scene(options)
    fakeCli(stage, 'claude', ({ play }) => {
      const later = Math.floor(Date.now() / 1000) + 3600
      play('oauth-usage', (line) => line.replace(/"resetsAt":\d+/g, `"resetsAt":${later}`))
    })
    expect((await stage.run(['run', ...args], { env })).code).toBe(75)
  }
})

test('after a cool-down one agent goes first; the others follow when it has been answered', async () => {
  const tasks = ['a', 'b', 'c', 'd'].map((id) => `  - { id: ${id}, expects: no_change }\n`).join('')
  const stage = scene({ roadmap: `tasks:\n${tasks}` })
  fakeCli(stage, 'claude', ({ attempt, play, succeed }) => {
    const soon = Math.floor(Date.now() / 1000) + 3
    if (attempt === 1) play('oauth-usage', (line) => line.replace(/"resetsAt":\d+/g, `"resetsAt":${soon}`))
    else succeed()
  })
  const { code, records } = await stage.run(['run', '-a', '4', '-i', '1', '--output', 'json'])
  expect(code).toBe(0)
  // After a cool-down one agent goes first; no other starts before its model has answered.
  let coolingDown = false
  let probe: string | undefined
  for (const record of records()) {
    if (record.type === 'provider_cooled_down') [coolingDown, probe] = [true, undefined]
    if (record.type === 'agent_reported' && record.event.type === 'result' && !record.event.failure) coolingDown = false
    if (record.type === 'attempt_started' && coolingDown && record.attempt > 1) {
      expect(probe).toBeUndefined()
      probe = record.taskId
    }
  }
})

test('a provider whose starts keep failing in the same way is out, and the others do its work', async () => {
  const tasks = Array.from({ length: 8 }, (_, n) => `  - { id: t${n}, expects: no_change }\n`).join('')
  const stage = scene({ roadmap: `tasks:\n${tasks}` })
  const broken = fakeCli(stage, 'claude', ({ exit }) => {
    exit(3)
  })
  const calls = fakeCli(stage, 'codex', ({ succeed }) => {
    succeed()
  })
  const { code, records } = await stage.run(['run', '-a', '1', '-p', 'claude', '-p', 'codex', '--output', 'json'])
  expect(code).toBe(0)
  // The slot is free before the end of what an agent said has been read: one more may have begun by then.
  expect([5, 6]).toContain(broken().length)
  expect(calls()).toHaveLength(8)
  expect(ofType(records(), 'provider_stopped')).toMatchObject([
    {
      provider: 'claude',
      failure: { kind: 'crash', message: expect.stringMatching(/^5 starts within a minute/) as string },
    },
  ])
})

test('attempts that do not count still count towards --max-total-attempts if they cost something', async () => {
  const stage = scene({ roadmap: one })
  const calls = fakeCli(stage, 'claude', ({ say }) => {
    const usage = { input_tokens: 5, output_tokens: 1 }
    const soon = Math.floor(Date.now() / 1000) + 3
    say({ type: 'rate_limit_event', rate_limit_info: { status: 'rejected', resetsAt: soon } })
    say({
      type: 'result',
      subtype: 'success',
      is_error: true,
      api_error_status: 429,
      result: 'Too many requests',
      usage,
    })
  })
  const { code, stdout } = await stage.run(['run', '--max-total-attempts', '2'])
  expect(code).toBe(1)
  expect(calls()).toHaveLength(2)
  expect(stdout).toMatch(/^Failed +a: .*2 attempts in all.*--max-total-attempts/m)
})
