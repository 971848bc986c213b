import { describe, expect, it } from 'vitest'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { createMask } from '../../../../src/domain/secrets/mask.js'
import { makeReport, maskReport } from '../../../../src/report/model/make-report.js'
import { maxSamples } from '../../../../src/report/model/sample-log.js'
import { commitId, epochMs, taskId, treeId } from '../../../support/brands.js'
import { runStart, stampAll } from '../../../support/games/run-script.js'
import { facts, followed, reportOf } from '../../../support/rigs/reports.js'

const [A, B] = [taskId('A'), taskId('B')]
const agent = { provider: 'claude', model: 'opus' }
const usage = { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, costUsd: 0.5 }
const ended = { slot: 'S1', exit: { type: 'code', code: 0 }, durationMs: 100 } as const
const judged = { tree: treeId('t'), remembered: false } as const
const started = (taskIdOf = A, attempt = 1, slot = 'S1'): RunEvent => ({
  ...{ type: 'attempt_started', taskId: taskIdOf, attempt, slot, agent, workspace: '/w' },
})

const { version, permissions, maxAttempts, slots, tasks: planned } = runStart
const resumed: RunEvent = {
  ...{ type: 'run_resumed', version, permissions, maxAttempts, slots, tasks: planned, failed: [], retried: [] },
}

function records(...events: readonly (RunEvent | readonly [after: number, event: RunEvent])[]) {
  const timed = events.map((event) => ('type' in event ? { after: 100, event } : { after: event[0], event: event[1] }))
  return stampAll([{ after: 0, event: runStart }, ...timed])
}

describe('the spans of a report', () => {
  it('are the attempts on their slots, the gates, the landings and the cool-downs', () => {
    const of = { taskId: A, attempt: 1 }
    const { spans } = reportOf(
      records(
        started(),
        { type: 'agent_exited', ...of, ...ended },
        { type: 'agent_finished', ...of, provider: 'claude', usage, text: 'done' },
        { type: 'gate_judged', ...of, ...judged, gate: 'npm test', durationMs: 50, verdict: 'failed' },
        { type: 'repair_started', ...of, round: 1, slot: 'S1', agent, reason: failure('gate_failed', 'It is red.') },
        {
          type: 'provider_cooled_down',
          provider: 'codex',
          until: epochMs(1_700_000_060_000),
          failure: failure('rate_limit', 'x'),
        },
        { type: 'agent_exited', ...of, ...ended },
        { type: 'task_integrated', ...of, commit: commitId('c'), previous: commitId('b') },
        { type: 'run_finished', exitCode: 1, why: 'x' },
      ),
    )
    expect(spans).toEqual([
      { kind: 'attempt', from: 100, to: 200, slot: 'S1', taskId: A, attempt: 1, agent: 'claude:opus', end: 'ok' },
      { kind: 'landing', from: 200, to: 500, taskId: A, attempt: 1, end: 'failed' },
      { kind: 'gate', from: 350, to: 400, gate: 'npm test', end: 'failed', taskId: A, attempt: 1 },
      { kind: 'repair', from: 500, to: 700, slot: 'S1', taskId: A, attempt: 1, agent: 'claude:opus', end: 'ok' },
      { kind: 'cool_down', provider: 'codex', from: 600, to: 900 },
      { kind: 'landing', from: 700, to: 800, taskId: A, attempt: 1, end: 'ok' },
    ])
  })

  it('are setups and gates from their start, with what was said of them later', () => {
    const run = (number: number, gate: string, taskIds: readonly (typeof A)[]): readonly RunEvent[] => [
      { type: 'gate_started', run: number, gate, tree: treeId('t'), taskIds },
      { type: 'gate_ended', run: number, durationMs: 100 },
    ]
    const verdict = { gate: 'test', verdict: 'passed', durationMs: 100 } as const
    const { spans } = reportOf(
      records(
        { type: 'setup_started', run: 1, use: 'gates', workspace: '/w' },
        { type: 'setup_ended', run: 1, durationMs: 100 },
        ...run(1, 'test', [A, B]),
        { type: 'gate_judged', taskId: B, attempt: 1, together: [A], ...judged, ...verdict },
        ...run(2, 'test', []),
        ...run(3, 'lint', []),
        {
          ...{ type: 'base_judged', commit: commitId('c'), tree: treeId('t'), verdict: 'failed', durationMs: 400 },
          gates: [{ gate: 'lint', message: 'It is red.' }],
        },
        { type: 'gate_started', run: 4, gate: 'slow', tree: treeId('u'), taskIds: [A] },
      ),
    )
    expect(spans.map(({ kind, from, to, gate, taskId: id, end }) => [kind, gate, id, from, to, end])).toEqual([
      ['setup', undefined, undefined, 100, 200, 'ok'],
      ['gate', 'test', B, 300, 400, 'ok'],
      ['gate', 'test', undefined, 600, 700, 'ok'],
      ['gate', 'lint', undefined, 800, 900, 'failed'],
      ['gate', 'slow', A, 1100, undefined, undefined],
    ])
  })

  it('of a run that was broken off and resumed end with it', () => {
    const { spans, parts, ms } = reportOf(
      records(started(), [500, { type: 'notice', level: 'info', text: 'x' }], [1000, resumed]),
    )
    expect(spans[0]).toMatchObject({ from: 100, to: 600, end: 'cut_off' })
    expect(parts.map((part) => part.ms)).toEqual([0, 1600])
    expect(ms).toBe(1600)
  })
})

describe('idle time', () => {
  it('is told by its cause', () => {
    const { idleMs } = reportOf(
      records(
        { type: 'task_queued', taskId: A, attempt: 1 },
        { type: 'queue_updated', queueLength: 1, busyAgents: 0, availableAgents: 3 },
        started(),
        { type: 'queue_updated', queueLength: 0, busyAgents: 1, availableAgents: 2 },
        [1000, { type: 'run_stopping', reason: 'time_limit', why: 'time', next: 'again' }],
        { type: 'run_finished', exitCode: 75, why: 'time' },
      ),
    )
    // Three slots: at first nothing is queued, then one task waits for its workspace, then the others wait for it.
    expect(idleMs).toEqual({ dependencies: 300 + 2000, preparing: 300 + 300 + 200, stopping: 200 })
  })
})

it('a pause is a cause of its own, and slots that come count from then on', () => {
  const by = { user: 'me', pid: 1, via: 'command' } as const
  const { idleMs, slots } = reportOf(
    records({ type: 'run_paused', by }, [1000, { type: 'slots_changed', by, slots: ['S1', 'S2', 'S3', 'S4'] }], {
      type: 'run_unpaused',
      by,
    }),
  )
  expect(idleMs).toEqual({ dependencies: 300, paused: 3 * 1000 + 4 * 100 })
  expect(slots).toHaveLength(4)
})

describe('a task of a report', () => {
  it('says why it failed, how that ended, and what happened before', () => {
    const reason = failure('gate_failed', 'The gate npm test failed.', {
      detail: 'one\n\u001b[31mtwo\u001b[0m\n',
      log: '/logs/1.log',
    })
    const report = reportOf(
      records(
        started(),
        { type: 'agent_reported', taskId: A, attempt: 1, event: { type: 'text', text: 'I \u001b[1mlook\u0007.' } },
        { type: 'attempt_failed', taskId: A, attempt: 1, failure: failure('crash', 'It fell over.'), willRetry: true },
        started(A, 2),
        { type: 'agent_reported', taskId: A, attempt: 2, event: { type: 'tool', name: 'Edit', target: 'a.ts' } },
        {
          type: 'agent_reported',
          taskId: A,
          attempt: 2,
          event: { type: 'denied', tool: 'Bash', target: 'rm', message: 'no' },
        },
        { type: 'attempt_failed', taskId: A, attempt: 2, failure: reason, willRetry: false },
        { type: 'task_failed', taskId: A, attempts: 2, failure: reason },
      ),
    )
    expect(report.tasks[0]).toMatchObject({
      ...{ id: A, state: 'failed', kind: 'gate_failed', reason: 'The gate npm test failed.', log: '/logs/1.log' },
      detail: 'one\ntwo',
      failures: [{ attempt: 1, kind: 'crash', reason: 'It fell over.' }],
      refusals: [{ tool: 'Bash', target: 'rm', times: 1 }],
      excerpt: [
        { what: 'called', text: 'Edit a.ts' },
        { what: 'refused', text: 'Bash rm' },
      ],
      ...{ startedMs: 100, endedMs: 800, attempts: 2, agent: 'claude:opus' },
    })
  })

  it('keeps only the end of what its agent said, however much that is', () => {
    const said = Array.from({ length: 500 }, (_, index): RunEvent => {
      return {
        type: 'agent_reported',
        taskId: A,
        attempt: 1,
        event: { type: 'text', text: `${index} ${'x'.repeat(5000)}` },
      }
    })
    const [task] = reportOf(records(started(), ...said)).tasks
    expect(task?.excerpt).toHaveLength(12)
    expect(task?.excerpt?.at(-1)?.text).toMatch(/^499 x{235}…$/)
    expect(JSON.stringify(task).length).toBeLessThan(5000)
  })

  it('of a run with secrets shows none of them, also if the run itself did not know them', () => {
    const report = reportOf(
      records(started(), {
        type: 'agent_reported',
        taskId: A,
        attempt: 1,
        event: { type: 'text', text: 'it is hunter2-secret' },
      }),
    )
    const masked = JSON.stringify(maskReport(report, createMask(['hunter2-secret'])))
    expect(masked).not.toContain('hunter2')
    expect(masked).toContain('it is ***')
  })

  it('that is judged together with others has the verdict, too', () => {
    const of = { taskId: B, attempt: 1, together: [A] }
    const verdict = { gate: 'test', verdict: 'passed', durationMs: 5 } as const
    const { tasks } = reportOf(records({ type: 'gate_judged', ...of, ...judged, ...verdict }))
    expect(tasks.map(({ verdicts = [] }) => verdicts.length)).toEqual([1, 1, 0, 0, 0, 0])
  })
})

it('the samples of a long run are bounded, and the last one is the last', () => {
  const updates = Array.from({ length: 10_000 }, (_, index): RunEvent => {
    return { type: 'queue_updated', queueLength: index, busyAgents: 1, availableAgents: 2 }
  })
  const { samples } = reportOf(records(...updates))
  expect(samples.length).toBeLessThanOrEqual(maxSamples)
  expect(samples.length).toBeGreaterThan(maxSamples / 4)
  expect(samples.at(-1)?.waiting).toBe(9999)
  expect(samples[0]?.ms).toBe(0)
})

it('a report of a run that is at work counts the time since its last record', () => {
  const { state, history } = followed(records(started()))
  const { ms } = makeReport(history, state, { ...facts, sinceLastMs: 5000 })
  expect(ms).toBe(5100)
})
