import { describe, expect, it } from 'vitest'
import { commitId, epochMs, runId, taskId } from '../../support/brands.js'
import type { RunEvent } from '../../../src/domain/run/event.js'
import type { RunState } from '../../../src/domain/run/run-state.js'
import { statusLines, statusObject, type RunStanding, type RunStatus } from '../../../src/ui/status.js'
import { cleanedLine, cleanLines } from '../../../src/ui/clean.js'
import { runStarted, stateAfter } from '../../support/rigs/records.js'

const started: RunEvent = {
  ...{
    type: 'attempt_started',
    taskId: taskId('T1'),
    attempt: 2,
    slot: 's1',
    agent: { provider: 'command' },
    workspace: '/w',
  },
}
const running: RunStanding = { type: 'running', pid: 42, host: 'here' }
const status = (state: RunState, standing: RunStanding, change: Partial<RunStatus> = {}): RunStatus => ({
  ...{
    state,
    standing,
    startedAt: epochMs(0),
    lastAt: epochMs(1500),
    kept: [],
    keptWorkspaces: [],
    journal: 'j',
    ...change,
  },
})
const texts = (...args: Parameters<typeof status>) => statusLines(status(...args)).map(({ text }) => text)

describe('the status of a run', () => {
  const state = stateAfter(runStarted(), [
    [0, { type: 'queue_updated', queueLength: 0, busyAgents: 1, availableAgents: 1 }],
    [1500, started],
  ])

  it('of a run at work shows its process, the queue and what each task does, without judging it', () => {
    expect(texts(state, running)).toEqual([
      'Run         r1 is running: process 42 on here',
      'Started     1970-01-01T00:00:00.000Z',
      'Roadmap     roadmap.yaml',
      'Target      autopilot/main',
      'Queue: 0 waiting | 1 busy | 1 idle',
      'Done        0 of 2 tasks, in 1.5 s',
      'Tasks       T1: running, attempt 2 on s1',
      '            T2: pending',
      'Journal     j',
    ])
    expect(statusLines(status(state, running)).map(({ tone }) => tone)).not.toContain('bad')
  })

  it('of a run that was broken off shows when that was, and what its tasks were doing', () => {
    const lines = texts(state, { type: 'broken_off' })
    expect(lines[0]).toBe('Run         r1 was broken off; its last sign of life was at 1970-01-01T00:00:01.500Z')
    expect(lines).toEqual(
      expect.arrayContaining(['Tasks       T1: was running, attempt 2 on s1', '            T2: not done']),
    )
  })

  it('counts the tasks beyond what a person reads, and has all of them as an object', () => {
    const tasks = Array.from({ length: 203 }, (_, n) => ({ id: taskId(`N${n}`), title: '', state: 'pending' }) as const)
    const many = stateAfter(runStarted({ tasks }), [])
    expect(texts(many, running)).toContain('            and 3 more; --output json has all')
    expect(statusObject(status(many, running)).tasks).toHaveLength(203)
  })

  it('is clean, whatever stands in the journal and in the names of refs', () => {
    const bad = '\u001b[2Jx\r\ny\u009b1m'
    const hostile = stateAfter(
      runStarted({
        runId: runId(bad),
        roadmap: bad,
        slots: [bad],
        target: { branch: bad, base: commitId(bad) },
        tasks: [],
      }),
      [[0, { type: 'run_canceling', why: bad }]],
    )
    const kept = [{ taskId: taskId(bad), attempt: 1, ref: `refs/${bad}` as const, commit: commitId(bad), why: bad }]
    const refs = [
      {
        ref: `refs/${bad}` as const,
        commit: commitId(bad),
        runId: runId(bad),
        isBase: false,
        standing: { type: 'only_here' } as const,
      },
    ]
    const leftovers = [{ path: bad, runId: runId(bad), kind: 'workspace' as const, holds: bad }]
    const shown = [
      ...statusLines(status(hostile, { ...running, host: bad }, { kept, journal: bad })),
      ...cleanLines({ refs, leftovers, kept: { refs, leftovers } }),
    ]
    for (const { text } of shown) expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
  })
})

describe('what cleaning says', () => {
  const ref = {
    ref: 'refs/autopilot/r/base',
    commit: commitId('c'),
    runId: runId('r'),
    isBase: true,
    standing: { type: 'on_branch' },
  } as const

  it('counts what was deleted, what would be, and what only --lost deletes', () => {
    const none = { refs: [], leftovers: [], kept: { refs: [], leftovers: [] } }
    const one = { path: '/w', runId: runId('r'), kind: 'gate' } as const
    expect(cleanedLine(none, false).text).toBe('Nothing to delete')
    expect(cleanedLine({ ...none, kept: { refs: [ref], leftovers: [one] } }, false).text).toBe(
      'Nothing to delete; 2 kept; --lost deletes them, too',
    )
    expect(cleanedLine({ ...none, refs: [ref, ref], leftovers: [one] }, true).text).toBe(
      'Would delete 2 refs, 1 directory',
    )
  })
})
