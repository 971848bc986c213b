import { describe as group, expect, it } from 'vitest'
import { commitId, epochMs, taskId, treeId } from '../../support/brands.js'
import type { RunEvent, Told } from '../../../src/domain/run/event.js'
import { failure } from '../../../src/domain/agent/failure.js'
import { apply, initialState } from '../../../src/domain/run/run-state.js'
import { describe, type Line } from '../../../src/ui/describe.js'
import { formatMoment } from '../../../src/domain/accounts/wall-time.js'
import { localZone } from '../../../src/platform/clock.js'
import { runStarted, stamp, stateAfter } from '../../support/rigs/records.js'

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

const of = { taskId: taskId('T1'), attempt: 1 }
const commit = 'abcdef0123456789abcdef0123456789abcdef01'
const exit = { type: 'code', code: 0 } as const
const by = { user: 'anna', pid: 42, via: 'command' } as const
const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1 }

/** An example of every event whose words are not in `told.test.ts`, and how it reads; undefined for what only machines need. */
const examples: { [Type in Exclude<RunEvent['type'], Told>]: readonly [EventOf<Type>, Line | undefined] } = {
  run_started: [
    runStarted(),
    {
      tone: 'plain',
      text: 'autopilot 1.2.3: roadmap.yaml → autopilot/main; 2 tasks to run, 0 held, 0 done before; 2 slots, permissions edit',
    },
  ],
  run_resumed: [
    {
      ...{ type: 'run_resumed', version: '1.2.4', permissions: 'full', maxAttempts: 3, slots: ['s1'], retried: [] },
      ...{ target: { branch: 'autopilot/main', base: commitId(commit) }, failed: [taskId('T2')] },
      tasks: [...runStarted().tasks, { id: taskId('T3'), title: 'T3', state: 'done' }],
    },
    {
      tone: 'plain',
      text: 'autopilot 1.2.4: roadmap.yaml → autopilot/main; run r1 continues: 1 task left, 0 held, 1 done, 1 failed; 1 slot, permissions full',
    },
  ],
  run_paused: [
    { type: 'run_paused', by },
    { tone: 'warning', text: 'paused by anna (process 42): nothing begins until autopilot unpause' },
  ],
  run_unpaused: [
    { type: 'run_unpaused', by },
    { tone: 'plain', text: 'no longer paused: anna (process 42)' },
  ],
  task_canceling: [
    { type: 'task_canceling', taskId: taskId('T1'), by: { ...by, via: 'key' } },
    { tone: 'warning', text: 'T1 is being canceled: anna (by key)' },
  ],
  run_stop_asked: [
    { type: 'run_stop_asked', by },
    { tone: 'warning', text: 'canceled, as by Ctrl-C: anna (process 42)' },
  ],
  slots_changed: [
    { type: 'slots_changed', by, slots: ['slot-1', 'slot-4'] },
    { tone: 'plain', text: '2 slots from now on: anna (process 42)' },
  ],
  run_continued: [
    { type: 'run_continued', stoppedMs: 65_000 },
    { tone: 'faint', text: 'continued; it was stopped, with its agents, for 1m05s' },
  ],
  attempt_resumed: [
    { type: 'attempt_resumed', ...of, slot: 's1', agent: { provider: 'claude' }, workspace: '/w/1' },
    { tone: 'faint', text: 'T1 “Say hello” attempt 1 resumed on s1 (claude)', onScreen: true },
  ],
  finishing_started: [
    {
      ...{ type: 'finishing_started', ...of, turn: 1, slot: 's2', agent: { provider: 'claude' } },
      reason: failure('unfinished', "The agent's turn ended before its work did: dev server.", {
        detail: 'dev server',
      }),
    },
    {
      tone: 'warning',
      text: "T1 continues on s2 to finish its work (unfinished): The agent's turn ended before its work did: dev server.",
    },
  ],
  // The task's line says it.
  ignored_written: [{ type: 'ignored_written', ...of, paths: ['dist/a.js'], copies: '/r/ignored' }, undefined],
  leftovers_ended: [
    { type: 'leftovers_ended', ...of, what: ['dev server', 'node server.js'] },
    { tone: 'warning', text: 'T1: ended what its agent left running: dev server; node server.js' },
  ],
  provider_detected: [
    { type: 'provider_detected', provider: 'claude', usable: true, version: '2.1.332' },
    { tone: 'faint', text: 'claude 2.1.332' },
  ],
  provider_stopped: [
    { type: 'provider_stopped', provider: 'codex', failure: failure('auth', 'Not logged in. Run `codex login`.') },
    { tone: 'bad', text: 'codex is out for this run: Not logged in. Run `codex login`.' },
  ],
  model_stopped: [
    { type: 'model_stopped', provider: 'claude', model: 'opsu', failure: failure('model', 'No such model.') },
    { tone: 'bad', text: 'claude:opsu is out for this run: No such model.' },
  ],
  provider_cooled_down: [
    {
      type: 'provider_cooled_down',
      provider: 'claude',
      until: epochMs(1_700_000_090_000),
      failure: failure('rate_limit', 'Too many requests.'),
    },
    { tone: 'warning', text: 'claude cools down for 90 s: Too many requests.' },
  ],
  run_waiting: [
    { type: 'run_waiting', until: epochMs(1_700_000_120_000), providers: ['claude', 'codex'] },
    {
      tone: 'warning',
      text: `all providers are cooling down until ${formatMoment(epochMs(1_700_000_120_000), epochMs(1_700_000_000_000), localZone())} (in 2 min): claude, codex`,
    },
  ],
  task_queued: [{ type: 'task_queued', ...of }, undefined],
  task_held: [
    { type: 'task_held', taskId: taskId('T1'), reason: { type: 'unservable', message: 'Nobody is left.' }, holds: 2 },
    { tone: 'warning', text: 'T1 held: Nobody is left. (2 dependents are held)' },
  ],
  queue_updated: [
    { type: 'queue_updated', queueLength: 5, busyAgents: 5, availableAgents: 0 },
    { tone: 'plain', text: 'Queue: 5 waiting | 5 busy | 0 idle', onScreen: true },
  ],
  attempt_started: [
    { type: 'attempt_started', ...of, slot: 's1', agent: { provider: 'claude', model: 'opus' }, workspace: '/w/1' },
    { tone: 'faint', text: 'T1 “Say hello” started on s1 (claude:opus)', onScreen: true },
  ],
  repair_started: [
    {
      ...{ type: 'repair_started', ...of, round: 1, slot: 's2', agent: { provider: 'claude' }, base: commitId(commit) },
      reason: failure('conflict', 'git could not combine this.', { paths: ['a.ts'] }),
    },
    { tone: 'warning', text: 'T1 repair round 1 started on s2 (conflict): git could not combine this. [a.ts]' },
  ],
  gates_began: [{ type: 'gates_began', ...of }, undefined],
  gate_started: [
    { type: 'gate_started', run: 1, gate: 'npm test', tree: treeId('t'), taskIds: [taskId('T1')] },
    undefined,
  ],
  gate_ended: [{ type: 'gate_ended', run: 1, durationMs: 5 }, undefined],
  setup_started: [{ type: 'setup_started', run: 1, use: 'agents', workspace: '/w/1' }, undefined],
  setup_ended: [{ type: 'setup_ended', run: 1, durationMs: 5 }, undefined],
  review_queued: [{ type: 'review_queued', ...of, gate: 'review' }, undefined],
  review_started: [
    {
      ...{ type: 'review_started', ...of, review: 1, gate: 'review', slot: 's2', tree: treeId('t') },
      agent: { provider: 'codex' },
    },
    { tone: 'faint', text: 'T1 review started on s2 (codex)', onScreen: true },
  ],
  agent_spawned: [{ type: 'agent_spawned', ...of, pid: 42, start: '1234', boot: 'b' }, undefined],
  command_spawned: [{ type: 'command_spawned', what: 'gate', pid: 43 }, undefined],
  agent_reported: [{ type: 'agent_reported', ...of, event: { type: 'text', text: 'hello' } }, undefined],
  agent_exited: [{ type: 'agent_exited', ...of, slot: 's1', exit, durationMs: 5 }, undefined],
  agent_used: [{ type: 'agent_used', ...of, provider: 'claude', usage }, undefined],
  agent_finished: [{ type: 'agent_finished', ...of, usage, text: 'done' }, undefined],
  candidate_created: [
    { type: 'candidate_created', ...of, commit: commitId(commit), ref: 'refs/x', leftOut: [] },
    undefined,
  ],
  gate_judged: [
    {
      type: 'gate_judged',
      ...of,
      gate: 'test\u001b[31m',
      tree: treeId('t'),
      verdict: 'failed',
      durationMs: 1,
      remembered: false,
    },
    { tone: 'warning', text: 'T1: gate test failed (0.0 s)' },
  ],
  base_judged: [
    {
      ...{ type: 'base_judged', commit: commitId(commit), tree: treeId(commit), verdict: 'failed', durationMs: 5 },
      gates: [{ gate: 'npm test', message: 'exit code 1', tail: 'no module', log: '/r/.autopilot/1.log' }],
    },
    {
      tone: 'warning',
      text: 'the base fails: npm test (exit code 1); nothing more starts until some work passes',
    },
  ],
  base_awaited: [
    { type: 'base_awaited', ...of, gates: ['npm test', 'lint'] },
    { tone: 'warning', text: 'T1 waits: npm test, lint fail on the base, too' },
  ],
  commit_kept: [
    {
      type: 'commit_kept',
      ...of,
      commit: commitId(commit),
      ref: 'refs/autopilot/r1/T1/1',
      why: 'a commit that did not land',
    },
    { tone: 'warning', text: 'T1: a commit that did not land is kept on refs/autopilot/r1/T1/1' },
  ],
  attempt_failed: [
    {
      type: 'attempt_failed',
      ...of,
      failure: failure('conflict', 'Conflicts.', { paths: ['a.ts', 'b.ts'] }),
      willRetry: true,
    },
    { tone: 'warning', text: 'T1 attempt 1 failed (conflict), will be tried again: Conflicts. [a.ts, b.ts]' },
  ],
  task_integrated: [
    { type: 'task_integrated', ...of, commit: commitId(commit), previous: commitId(commit) },
    { tone: 'good', text: 'T1 “Say hello” integrated as abcdef0123' },
  ],
  task_done: [
    { type: 'task_done', ...of, how: 'unchanged' },
    { tone: 'good', text: 'T1 “Say hello” done, no change needed' },
  ],
  task_failed: [
    { type: 'task_failed', taskId: taskId('T1'), attempts: 3, failure: failure('no_change', 'Nothing changed.') },
    { tone: 'bad', text: 'T1 failed after 3 attempts (no_change): Nothing changed.' },
  ],
  task_canceled: [
    { type: 'task_canceled', taskId: taskId('T1') },
    { tone: 'warning', text: 'T1 canceled' },
  ],
  roadmap_written: [{ type: 'roadmap_written', taskId: taskId('T1') }, undefined],
  workspace_kept: [
    { type: 'workspace_kept', path: '/cache/w1', why: 'a nested repository' },
    { tone: 'warning', text: 'workspace kept: /cache/w1 (a nested repository)' },
  ],
  roadmap_not_written: [{ type: 'roadmap_not_written', taskId: taskId('T1'), why: 'It is read-only.' }, undefined],
  run_canceling: [
    { type: 'run_canceling', why: 'SIGINT' },
    { tone: 'warning', text: 'stopping: SIGINT' },
  ],
  run_stopping: [
    { type: 'run_stopping', reason: 'budget', why: 'the budget of $5.00 is used up', next: 'raise --budget' },
    { tone: 'warning', text: 'starting nothing more: the budget of $5.00 is used up; raise --budget' },
  ],
  run_finished: [{ type: 'run_finished', exitCode: 0, why: 'all done' }, undefined],
}

const variants: readonly (readonly [RunEvent, string | undefined])[] = [
  [
    { type: 'provider_detected', provider: 'codex', usable: false, message: 'not found' },
    'codex is not usable: not found',
  ],
  [{ ...examples.attempt_started[0], taskId: taskId('T2'), attempt: 2 }, 'T2 started on s1 (claude:opus, attempt 2)'],
  [{ ...examples.attempt_failed[0], willRetry: false }, undefined],
  // Reported once, with the task that they wait for: there may be thousands.
  [
    {
      type: 'task_held',
      taskId: taskId('T2'),
      reason: { type: 'dependency', taskIds: [taskId('T1')], byPerson: false },
    },
    undefined,
  ],
  [
    { type: 'task_failed', taskId: taskId('T1'), attempts: 1, failure: failure('crash', 'It crashed.'), holds: 1 },
    'T1 failed after 1 attempt (crash): It crashed. (1 dependent is held)',
  ],
  [{ ...examples.gate_judged[0], verdict: 'passed' }, 'T1: gate test passed (0.0 s)'],
  [{ ...examples.base_judged[0], verdict: 'passed', gates: [] }, 'the base passes the gates'],
  [
    { ...examples.base_judged[0], verdict: 'errored', gates: [{ gate: 'npm test', message: 'no process' }] },
    'the base could not be judged: npm test (no process)',
  ],
  [
    {
      ...examples.gate_judged[0],
      gate: 'tone',
      verdict: 'passed',
      by: { agent: { provider: 'codex' }, reasons: ['ok'] },
    },
    'T1 approved by codex (tone): ok',
  ],
  [
    {
      ...{ ...examples.gate_judged[0], gate: 'tone', remembered: true },
      by: { agent: { provider: 'claude', model: 'opus' }, reasons: ['It is rude.', 'It is long.'] },
    },
    'T1 rejected by claude:opus (tone, as before): It is rude.',
  ],
  [
    { ...examples.gate_judged[0], verdict: 'errored', by: { agent: { provider: 'codex' }, reasons: ['no answer'] } },
    'T1 not reviewed by codex (test): no answer',
  ],
  [{ type: 'task_done', ...of, how: 'integrated' }, undefined],
  [{ type: 'task_done', ...of, how: 'in_place' }, 'T1 “Say hello” done'],
  [
    { type: 'task_failed', taskId: taskId('T1'), attempts: 1, failure: failure('crash', 'It crashed.') },
    'T1 failed after 1 attempt (crash): It crashed.',
  ],
]

group('a record as a line for people', () => {
  it.each(Object.values(examples))('an event reads well: $type', (event, line) => {
    expect(describe(stamp(event), initialState(runStarted()))).toEqual(line)
  })

  it.each(variants)('an event reads well in its other forms: %j', (event, text) => {
    expect(describe(stamp(event), initialState(runStarted()))?.text).toBe(text)
  })

  it('the start of a run in place says that it has no target', () => {
    const { target, ...start } = runStarted({ isolation: 'none', slots: ['s1'] })
    expect(target).toBeDefined()
    const text = describe(stamp(start), initialState(start))?.text
    expect(text).toBe(
      'autopilot 1.2.3: roadmap.yaml, in place; 2 tasks to run, 0 held, 0 done before; 1 slot, permissions edit',
    )
  })

  it('an event is one clean line, whatever is in ids, titles, messages and names', () => {
    const tasks = [{ id: taskId(hostile('T1')), title: hostile('Title'), state: 'pending' } as const]
    const state = stateAfter(runStarted({ tasks }), [])
    const events: readonly RunEvent[] = [
      ...Object.values(examples).map(([event]) => event),
      ...variants.map(([event]) => event),
    ]
    for (const event of events) {
      const line = describe(stamp(poison(event) as RunEvent), state)
      if (line) expect({ type: event.type, text: line.text }).toEqual({ type: event.type, text: clean })
    }
  })

  it('a stop names a screenful of the tasks that nobody can serve, and says once that there are more', () => {
    const state = initialState(runStarted())
    const lines = Array.from({ length: 5000 }, (_, n) => {
      const event = {
        type: 'task_held',
        taskId: taskId(`T${n}`),
        reason: { type: 'unservable', message: 'Out.' },
      } as const
      apply(state, stamp(event))
      return describe(stamp(event), state)?.text
    }).filter((text) => text !== undefined)
    expect(lines).toHaveLength(21)
    expect(lines.slice(19)).toEqual(['T19 held: Out.', 'more tasks are held; the summary counts them'])
  })

  it('an endless text does not flood its line', () => {
    const text = describe(
      stamp({ type: 'notice', level: 'info', text: 'x'.repeat(1e6) }),
      initialState(runStarted()),
    )?.text
    expect(text).toMatch(/^x{400,600}…$/)
  })

  it('says below a failure how what was printed ended, and where all of it is', () => {
    const lines = Array.from({ length: 20 }, (_, index) => `line ${index + 1}`)
    const why = failure('gate_failed', 'The gate test failed: exit code 1.', {
      detail: `${lines.join('\n\n')}\u001b[2J`,
      log: '/r/gates/T1-1-1-test.log',
    })
    const event = { type: 'task_failed', taskId: taskId('T1'), attempts: 1, failure: why } as const
    expect(describe(stamp(event), initialState(runStarted()))).toEqual({
      tone: 'bad',
      text: 'T1 failed after 1 attempt (gate_failed): The gate test failed: exit code 1.',
      below: [...lines.slice(-12).map((line) => `| ${line}`), 'all of it: /r/gates/T1-1-1-test.log'],
    })
  })

  it('tells once why setup fails, and of further tasks that it failed so', () => {
    const why = failure('infrastructure', 'setup failed (exit code 1): npm error code E404', {
      ...{ inSetup: true, detail: 'npm error code E404\nnpm error 404 Not Found', log: '/r/setup/1.log' },
    })
    const failed = (id: string): RunEvent => ({
      ...{ type: 'attempt_failed', taskId: taskId(id), attempt: 1, failure: why, willRetry: true, counted: true },
    })
    const said = (...ids: readonly string[]) => {
      const state = stateAfter(
        runStarted(),
        ids.map((id) => [0, failed(id)]),
      )
      return describe(stamp(failed(ids.at(-1)!)), state)
    }
    expect(said('T1')).toEqual({
      tone: 'warning',
      text: 'T1 attempt 1 failed (infrastructure), will be tried again: setup failed (exit code 1): npm error code E404',
      below: ['| npm error code E404', '| npm error 404 Not Found', 'all of it: /r/setup/1.log'],
    })
    expect(said('T1', 'T2')).toEqual({
      tone: 'warning',
      text: 'T2 attempt 1 failed (infrastructure), will be tried again: setup failed as before',
    })
  })
})

/** Characters that a terminal would obey, that end the line, or that reorder it. */
const hostile = (text: string) => `\u001b[2J\u001b]0;owned\u0007${text}\r\n\u009b31mnext\u0000\u202e\u200b\ufeff`
const clean: unknown = expect.not.stringMatching(/[\u0000-\u001f\u007f-\u009f\u202a-\u202e\u200b\ufeff]/)

/** Values that only autopilot itself chooses. */
const own = new Set(['type', 'level', 'state', 'how', 'isolation', 'kind', 'runId'])

function poison(value: unknown): unknown {
  if (typeof value === 'string') return hostile(value)
  if (Array.isArray(value)) return value.map(poison)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, own.has(key) ? (one as unknown) : poison(one)]),
  )
}
