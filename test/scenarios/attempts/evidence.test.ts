// When an attempt counts as succeeded, and when it does not.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { fakeCli } from '../../support/fakes/fake-cli.js'
import { everyWay } from '../../support/scenes/every-way.js'
import { scene } from '../../support/scenes/rigged-scene.js'

test('exit 0 without a change fails unless the task expects none', async () => {
  const stage = scene({
    roadmap: `tasks:
  - { id: idle, run: exit 0 }
  - { id: look, run: exit 0, expects: no_change }
`,
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  const ends = records().filter(({ type }) => type === 'task_failed' || type === 'task_done')
  expect(ends).toHaveLength(2)
  expect(ends).toEqual(
    expect.arrayContaining([
      expect.objectContaining({
        type: 'task_failed',
        taskId: 'idle',
        failure: expect.objectContaining({ kind: 'no_change' }) as unknown,
      }),
      expect.objectContaining({ type: 'task_done', taskId: 'look', how: 'unchanged' }),
    ]),
  )
  expect(stage.repo.read('roadmap.yaml')).toContain('id: look, status: done,')
})

test('a final event that reports an error fails the attempt, even if the process ends with 0 and files changed', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: lied\n' })
  fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('half.txt', 'half')
    succeed({ is_error: true, result: 'API Error: something broke' })
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  expect(records().find(({ type }) => type === 'task_integrated')).toBeUndefined()
  const kept = records().find((record) => record.type === 'commit_kept')
  expect(stage.repo.git('show', `${kept!.ref}:half.txt`)).toBe('half')
})

test('a stream without a final event is a crash, with the exit code in the message', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - id: cut\n' })
  fakeCli(stage, 'claude', ({ write, say, exit }) => {
    write('x', 'x')
    say({ type: 'system', subtype: 'init', session_id: 's', model: 'm' })
    exit(9)
  })
  const { code, records } = await stage.run(['run', '-i', '1', '--output', 'json'])
  expect(code).toBe(1)
  const failed = records().find((record) => record.type === 'task_failed')
  expect(failed?.failure.kind).toBe('crash')
  expect(failed?.failure.message).toContain('exit code 9')
})

test('work of claude that ended well is integrated, with session, tokens and cost in the journal', async () => {
  const stage = scene({ roadmap: 'tasks:\n  - { id: hello, title: Say hello }\n' })
  const calls = fakeCli(stage, 'claude', ({ write, succeed }) => {
    write('hello.txt', 'hello')
    succeed()
  })
  const { code, records } = await stage.run(['run', '-p', 'claude:opus', '--output', 'json'])
  expect(code).toBe(0)
  expect(records().find(({ type }) => type === 'agent_finished')).toMatchObject({
    sessionId: 'session-of-hello',
    usage: { inputTokens: 120, cachedInputTokens: 20, outputTokens: 30, costUsd: 0.25 },
    text: 'Did hello.',
  })
  const [call] = calls()
  expect(call!.prompt).toContain('# Say hello')
  expect(call!.args.join(' ')).not.toContain('hello')
  expect(call!.args).toEqual(expect.arrayContaining(['-p', '--model', 'opus', 'acceptEdits']))
  expect(stage.repo.git('log', '-1', '--format=%s%n%(trailers)', 'autopilot/main')).toMatch(
    /^Say hello\nAutopilot-Task: hello\nAutopilot-Text: 1-[0-9a-f]+\nAutopilot-Run: \S+\nAutopilot-Attempt: 1\nAutopilot-Agent: claude:opus$/,
  )
  const start = records().find((record) => record.type === 'run_started')!
  const journal = readFileSync(join(stage.repo.dir, '.autopilot', 'runs', start.runId, 'journal.jsonl'), 'utf8')
  expect(
    journal
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as unknown),
  ).toMatchObject(records())
  const begun = records().find((record) => record.type === 'attempt_started')!
  expect(readFileSync(join(begun.directory!, 'prompt.md'), 'utf8')).toBe(call!.prompt)
})

describe.each(everyWay)('%s', (_, flags) => {
  test('an agent sees the allowlist of variables and what env: adds, and nothing else', async () => {
    const stage = scene({
      roadmap: 'tasks:\n  - id: look\n    expects: no_change\n',
      files: { 'autopilot.yaml': 'env:\n  EXTRA: from the file\n  PASSED:\n' },
    })
    const calls = fakeCli(stage, 'claude', ({ succeed }) => {
      succeed()
    })
    const more = {
      SECRET_TOKEN: 'x',
      GIT_DIR: '',
      PASSED: 'from outside',
      ANTHROPIC_API_KEY: 'k',
      OPENAI_API_KEY: 'no',
      LANG: 'C',
    }
    const { code } = await stage.run(['run', ...flags], { env: more })
    expect(code).toBe(0)
    const { env } = calls()[0]!
    expect(env).toMatchObject({ EXTRA: 'from the file', PASSED: 'from outside', ANTHROPIC_API_KEY: 'k', LANG: 'C' })
    const known = [
      'PATH',
      'HOME',
      'LANG',
      'LC_ALL',
      'TERM',
      'EXTRA',
      'PASSED',
      'ANTHROPIC_API_KEY',
      'CLAUDE_CODE_MAX_RETRIES',
      'CLAUDE_CODE_DISABLE_BACKGROUND_TASKS',
      'CLAUDE_CODE_DISABLE_CRON',
      'BASH_DEFAULT_TIMEOUT_MS',
      'BASH_MAX_TIMEOUT_MS',
      'AUTOPILOT_ATTEMPT',
      'AUTOPILOT_RUN',
      'AUTOPILOT_SLOT',
      'AUTOPILOT_TASK',
      'AUTOPILOT_PORT',
      'AUTOPILOT_BASE',
    ]
    const others = [
      'CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC',
      'DISABLE_AUTOUPDATER',
      'PWD',
      '__CF_USER_TEXT_ENCODING',
      'AUTOPILOT_WORKER',
    ]
    expect(Object.keys(env).filter((name) => ![...known, ...others].includes(name))).toEqual([])
  })
})
