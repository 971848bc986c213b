// Repair rounds over red gates.
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { hurried } from '../../support/scenes/hurried.js'
import { gatedScene, judgements } from '../../support/scenes/gated-scene.js'
import { recordsOf } from '../../support/rigs/program.js'
import type { Scene } from '../../support/scenes/scene.js'

const sayHello = 'tasks:\n  - { id: hello, title: Say hello, model: opus }\n'
/** Says why, so that the agent can be told. */
const goodGate = 'grep -q good hello.txt || { echo "hello.txt is not good"; exit 1; }'

function attemptFiles({ repo }: Scene, task: string): readonly string[] {
  const runs = join(repo.dir, '.autopilot', 'runs')
  const attempts = join(runs, readdirSync(runs)[0]!, 'attempts')
  return readdirSync(attempts)
    .filter((name) => name.startsWith(task))
    .flatMap((name) => readdirSync(join(attempts, name)))
}

test('work that a gate refuses goes back to the same conversation, with the reason, and lands as one commit', async () => {
  const stage = gatedScene({
    roadmap: sayHello,
    gates: [{ run: goodGate, name: 'good' }],
    config: { allow: ['WebFetch'] },
  })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, read, succeed }) => {
    if (attempt === 1) write('hello.txt', 'bad\n')
    else write('hello.txt', `${read('hello.txt')}good\n`)
    succeed({
      total_cost_usd: attempt / 4,
      modelUsage: { opus: { inputTokens: 100 * attempt, outputTokens: 10 * attempt } },
    })
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  const [first, second] = calls()
  expect(calls()).toHaveLength(2)
  expect(first!.args).not.toContain('--resume')
  expect(second!.args).toEqual([...first!.args.slice(0, 4), '--resume', 'session-of-hello', ...first!.args.slice(4)])
  expect(second!.args.join(' ')).toContain(
    '--model opus --permission-mode acceptEdits --disallowedTools Monitor ScheduleWakeup --allowedTools WebFetch',
  )
  expect(second!.cwd).toBe(first!.cwd)
  expect(second!.prompt).toContain('repair round 1 of 2')
  expect(second!.prompt).toContain('The gate good failed: exit code 1. (gate_failed)')
  expect(second!.prompt).toContain('    hello.txt is not good')
  expect(stage.landed('hello.txt')).toBe('bad\ngood')
  expect(stage.subjects()).toEqual(['Say hello'])
  expect(stage.repo.git('log', '-1', '--format=%P', 'autopilot/main')).toBe(stage.repo.git('rev-parse', 'main'))
  expect(recordsOf(ended, 'repair_started')).toMatchObject([
    {
      taskId: 'hello',
      attempt: 1,
      round: 1,
      agent: { provider: 'claude', model: 'opus' },
      reason: { kind: 'gate_failed' },
    },
  ])
  expect(recordsOf(ended, 'attempt_failed')).toEqual([])
  expect(recordsOf(ended, 'commit_kept')).toEqual([])
  const spent = recordsOf(ended, 'agent_finished').map(({ usage }) => usage)
  expect(spent).toEqual([
    { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, costUsd: 0.25 },
    { inputTokens: 100, cachedInputTokens: 0, outputTokens: 10, costUsd: 0.25 },
  ])
  // Neither of them said anything on stderr.
  expect([...attemptFiles(stage, 'hello')].sort()).toEqual(['prompt-2.md', 'prompt.md', 'stdout-2.log', 'stdout.log'])
})

test('the ref of an attempt only moves forward: the candidate of a round has the one before as a parent', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate] })
  fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  const [first, second] = recordsOf(ended, 'candidate_created')
  expect(second!.ref).toBe(first!.ref)
  expect(stage.repo.git('rev-parse', second!.ref)).toBe(second!.commit)
  expect(stage.repo.git('log', '-1', '--format=%P', second!.commit).split(' ')).toContain(first!.commit)
})

test('when the rounds are used up the attempt fails; the next one starts over from the target, with all reasons', async () => {
  const stage = gatedScene({
    roadmap: sayHello,
    gates: [
      { run: goodGate, name: 'good' },
      { run: '! grep -q ugly hello.txt', name: 'pretty' },
    ],
  })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('hello.txt', ['bad\n', 'good but ugly\n', 'good\n'][attempt - 1]!)
    succeed()
  })
  const ended = await stage.run(['run', '-i', '2', '--repair-rounds', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  const third = calls()[2]!
  expect(third.args).not.toContain('--resume')
  expect(third.prompt).toContain('This is attempt 2 of 2')
  expect(third.prompt).toContain('The gate pretty failed')
  expect(third.prompt).toContain('The gate good failed')
  expect(third.prompt).toContain('    hello.txt is not good')
  expect(recordsOf(ended, 'attempt_failed')).toMatchObject([
    { attempt: 1, willRetry: true, failure: { kind: 'gate_failed' } },
  ])
  const kept = recordsOf(ended, 'commit_kept')
  expect(kept).toHaveLength(1)
  expect(stage.repo.git('show', `${kept[0]!.ref}:hello.txt`)).toBe('good but ugly')
  expect(stage.landed('hello.txt')).toBe('good')
})

test.each([
  ['a flag', ['--repair-rounds', '0'], {}, {}],
  ['the environment', [], { AUTOPILOT_REPAIR_ROUNDS: '0' }, {}],
  ['the configuration', [], {}, { repair_rounds: 0 }],
])('0 rounds by %s: no repair', async (_, flags, env, config) => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate], config })
  const calls = fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('hello.txt', 'bad\n')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', ...flags, '--output', 'json'], { env })
  expect(ended.code).toBe(1)
  expect(calls()).toHaveLength(1)
})

test('a command cannot be told a reason: what a gate says of it goes to the next attempt', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, run: echo bad > hello.txt }\n', gates: [goodGate] })
  const ended = await stage.run(['run', '-i', '2', '--output', 'json'])
  expect(ended.code).toBe(1)
  expect(recordsOf(ended, 'repair_started')).toEqual([])
  expect(recordsOf(ended, 'attempt_started')).toHaveLength(2)
})

test('an agent whose conversation has no id gets a fresh prompt: the task, the reason and the work so far', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate] })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, say }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    say({ type: 'result', subtype: 'success', is_error: false, result: 'Did it.' })
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  const second = calls()[1]!
  expect(second.args).not.toContain('--resume')
  expect(second.prompt).toMatch(/^# Say hello$/m)
  expect(second.prompt).toContain('hello.txt is not good')
  expect(second.prompt).toMatch(/^ {4}\+bad$/m)
})

test('an agent that fails in a round fails the attempt, and its work is kept', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate] })
  fakeCli(stage, 'claude', ({ attempt, write, succeed, exit }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'half\n')
    if (attempt === 2) exit(3)
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(1)
  expect(recordsOf(ended, 'task_failed')).toMatchObject([{ failure: { kind: 'crash' } }])
  const kept = recordsOf(ended, 'commit_kept')
  expect(kept).toMatchObject([{ why: 'the unfinished work of a failed attempt' }])
  expect(stage.repo.git('show', `${kept[0]!.ref}:hello.txt`)).toBe('half')
})

test('a login that is refused in a round makes the provider cool down; the work is kept', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate] })
  fakeCli(stage, 'claude', ({ attempt, write, succeed, play }) => {
    if (attempt === 2) play('oauth-401')
    write('hello.txt', 'bad\n')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'], { env: hurried(stage) })
  expect(ended.code).toBe(1)
  expect(recordsOf(ended, 'provider_cooled_down')).toMatchObject([{ provider: 'claude', failure: { kind: 'auth' } }])
  const kept = recordsOf(ended, 'commit_kept')
  expect(stage.repo.git('show', `${kept[0]!.ref}:hello.txt`)).toBe('bad')
})

test('commits and stashes of every round are kept, and an ignored file that was added by force stays', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate], files: { '.gitignore': '*.log\n' } })
  stage.env.GIT_AUTHOR_NAME = 'x'
  fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    const { execFileSync } = process.getBuiltinModule('node:child_process')
    const git = (...args: string[]) => execFileSync('git', args)
    write('stashed.txt', `${attempt}\n`)
    git('add', 'stashed.txt')
    git('stash')
    write('forced.log', 'forced\n')
    if (attempt === 1) git('add', '-f', 'forced.log')
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    git('add', '-A')
    git('commit', '-qm', `turn ${attempt}`)
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(stage.landed('forced.log')).toBe('forced')
  expect(stage.subjects()).toEqual(['Say hello'])
  const kept = recordsOf(ended, 'commit_kept')
  expect(kept.map(({ ref }) => stage.repo.git('show', `${ref}:stashed.txt`))).toEqual(['1', '2'])
  const ref = recordsOf(ended, 'candidate_created')[1]!.ref
  expect(stage.repo.git('log', '--format=%s', ref).split('\n')).toEqual(expect.arrayContaining(['turn 1', 'turn 2']))
})

test('no gate judges one tree more than twice in all rounds: at first, and once more before the work is refused', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate] })
  fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('hello.txt', 'bad\n')
    succeed()
  })
  const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(ended.code).toBe(1)
  const judged = judgements(ended.records())
  expect(judged.map(({ remembered }) => remembered)).toEqual([false, false, true, true])
  expect(judged.map(({ again }) => again === true)).toEqual([false, true, false, false])
  expect(recordsOf(ended, 'repair_started').map(({ round }) => round)).toEqual([1, 2])
})

test('codex continues with its own sub-command, and its totals are not counted twice', async () => {
  const stage = gatedScene({ roadmap: 'tasks:\n  - { id: hello, provider: codex }\n', gates: [goodGate] })
  const calls = fakeCli(stage, 'codex', ({ attempt, write, succeed }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed({ usage: { input_tokens: 200 * attempt, cached_input_tokens: 50, output_tokens: 40 * attempt } })
  })
  const ended = await stage.run(['run', '-i', '1', '-p', 'codex', '--output', 'json'])
  expect(ended.code).toBe(0)
  expect(calls()[1]!.args.slice(-3)).toEqual(['resume', 'thread-of-hello', '-'])
  expect(calls()[1]!.args.slice(0, -3)).toEqual(calls()[0]!.args.slice(0, -1))
  expect(recordsOf(ended, 'agent_finished').map(({ usage }) => usage)).toEqual([
    { inputTokens: 200, cachedInputTokens: 50, outputTokens: 40 },
    { inputTokens: 200, cachedInputTokens: 0, outputTokens: 40 },
  ])
})

test('what an agent is told in a round is on disk next to its output', async () => {
  const stage = gatedScene({ roadmap: sayHello, gates: [goodGate] })
  const calls = fakeCli(stage, 'claude', ({ attempt, write, succeed }) => {
    write('hello.txt', attempt === 1 ? 'bad\n' : 'good\n')
    succeed()
  })
  await stage.run(['run', '-i', '1'])
  const runs = join(stage.repo.dir, '.autopilot', 'runs')
  const attempts = join(runs, readdirSync(runs)[0]!, 'attempts')
  const dir = join(attempts, readdirSync(attempts)[0]!)
  expect(readFileSync(join(dir, 'prompt-2.md'), 'utf8')).toBe(calls()[1]!.prompt)
  expect(readFileSync(join(dir, 'stdout-2.log'), 'utf8')).toContain('Did hello.')
})

test.each(['claude', 'codex'] as const)(
  'a conversation that %s has lost costs no attempt: a new one gets the same round, with the work so far',
  async (name) => {
    const stage = gatedScene({
      roadmap: sayHello.replace(', model: opus', ''),
      gates: [{ run: goodGate, name: 'good' }],
    })
    const calls = fakeCli(stage, name, ({ attempt, write, read, succeed, play }) => {
      if (attempt === 2) play('resume-unknown')
      write('hello.txt', attempt === 1 ? 'bad\n' : `${read('hello.txt')}good\n`)
      succeed()
    })
    const ended = await stage.run(['run', '-i', '1', '--output', 'json'])
    expect(ended.code).toBe(0)
    const [, second, third] = calls()
    expect(calls()).toHaveLength(3)
    expect(second!.args.join(' ')).toContain('resume')
    expect(third!.args.join(' ')).not.toContain('resume')
    expect(third!.cwd).toBe(second!.cwd)
    expect(third!.prompt).toContain('# Say hello')
    expect(third!.prompt).toContain('repair round 1 of 2')
    expect(third!.prompt).toContain('    +bad')
    expect(stage.landed('hello.txt')).toBe('bad\ngood')
    expect(recordsOf(ended, 'repair_started').map(({ round }) => round)).toEqual([1, 1])
    expect(recordsOf(ended, 'attempt_failed')).toEqual([])
    expect(attemptFiles(stage, 'hello')).toEqual(expect.arrayContaining(['prompt-2.md', 'prompt-2-afresh.md']))
  },
)
