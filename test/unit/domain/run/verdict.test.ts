import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { exitCodes } from '../../../../src/domain/run/exit-code.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { HoldReason } from '../../../../src/domain/roadmap/hold.js'
import { replay } from '../../../../src/domain/run/run-state.js'
import { judgeRun, type Stop } from '../../../../src/domain/run/verdict.js'
import { runStart, stampAll } from '../../../support/games/run-script.js'
import type { PlannedTask } from '../../../../src/domain/roadmap/plan.js'

/** The exit code of a run of one task A that went through these events. */
function codeAfter(events: readonly RunEvent[], stop?: Stop, tasks?: readonly PlannedTask[]): number {
  const start = { ...runStart, tasks: tasks ?? [{ id: taskId('A'), title: 'A', state: 'pending' as const }] }
  const state = replay(stampAll([start, ...events].map((event) => ({ event, after: 1 }))))!
  return judgeRun(state, stop).exitCode
}

const done: RunEvent = { type: 'task_done', taskId: taskId('A'), attempt: 1, how: 'unchanged' }
const failed: RunEvent = { type: 'task_failed', taskId: taskId('A'), attempts: 3, failure: failure('crash', 'no') }
const unservable: RunEvent = { type: 'task_held', taskId: taskId('A'), reason: { type: 'unservable', message: 'out' } }
const stopped = (kind: 'usage_limit' | 'auth'): RunEvent => ({
  ...{ type: 'provider_stopped', provider: 'claude', failure: failure(kind, 'out') },
})

function heldFor(hold: HoldReason): readonly PlannedTask[] {
  return [{ id: taskId('A'), title: 'A', state: 'held', hold }]
}

describe('the exit code', () => {
  it('is 0 when every selected task is done, or was before, or there is none', () => {
    expect(codeAfter([done])).toBe(0)
    expect(codeAfter([], undefined, [{ id: taskId('A'), title: 'A', state: 'done' }])).toBe(0)
    expect(codeAfter([], undefined, [])).toBe(0)
  })

  it.each<[string, RunEvent[]]>([
    ['failed', [failed]],
    ['was never started', []],
    ['is still queued', [{ type: 'task_queued', taskId: taskId('A'), attempt: 1 }]],
    ['was canceled', [{ type: 'task_canceled', taskId: taskId('A') }]],
    ['could not be served', [stopped('auth'), unservable]],
    ['failed after a provider had reached its limit', [stopped('usage_limit'), failed]],
  ])('is 1 when a task %s', (_, events) => {
    expect(codeAfter(events)).toBe(1)
  })

  it.each<[number, HoldReason]>([
    [0, { type: 'status', status: 'blocked' }],
    [0, { type: 'status', status: 'on_hold', group: 'epic' }],
    [0, { type: 'manual' }],
    [0, { type: 'dependency', taskIds: [taskId('X')], byPerson: true }],
    [1, { type: 'dependency', taskIds: [taskId('X')], byPerson: false }],
    [1, { type: 'unresolved', refs: ['ghost'] }],
    [1, { type: 'verify' }],
    [1, { type: 'not_selected', taskIds: [taskId('X')] }],
    [1, { type: 'unservable', message: 'out' }],
  ])('is %i for a task held by %j', (code, hold) => {
    expect(codeAfter([], undefined, heldFor(hold))).toBe(code)
  })

  it.each<[string, RunEvent[], number]>([
    ['nothing began', [], 75],
    ['one waited', [{ type: 'task_queued', taskId: taskId('A'), attempt: 1 }], 75],
    ['one was ended', [{ type: 'task_canceled', taskId: taskId('A') }], 75],
    ['all was done', [done], 0],
    ['one had failed for good', [failed], 1],
  ])('of a run that stopped early, when %s, depends on what is left', (_, events, code) => {
    const early = { reason: 'budget', why: 'used up', next: 'raise it' } as const
    expect(codeAfter([{ type: 'run_stopping', ...early }, ...events])).toBe(code)
    expect(codeAfter(events, { type: 'early', ...early })).toBe(code)
  })

  it('of a run that stopped early and was then interrupted is that of the interruption', () => {
    const early = { type: 'run_stopping', reason: 'budget', why: 'used up', next: 'raise it' } as const
    expect(codeAfter([early], { type: 'signal', signal: 'SIGINT' })).toBe(130)
  })

  it('is 75 when a usage limit left tasks without a provider', () => {
    expect(codeAfter([stopped('usage_limit'), unservable])).toBe(75)
  })

  it('is 75 when the work of a task waits in its workspace to be collected, even beside what failed for good', () => {
    const kept = failure('infrastructure', 'git was killed', { uncollected: true })
    const waiting: RunEvent = { type: 'task_failed', taskId: taskId('A'), attempts: 1, failure: kept }
    const two = ['A', 'B'].map((id) => ({ id: taskId(id), title: id, state: 'pending' as const }))
    expect(codeAfter([waiting])).toBe(75)
    expect(codeAfter([waiting, { ...failed, taskId: taskId('B') }], undefined, two)).toBe(75)
  })

  it('is 130 or 143 when a signal stopped the run, whatever was done', () => {
    for (const events of [[], [done], [stopped('usage_limit'), unservable]]) {
      expect(codeAfter(events, { type: 'signal', signal: 'SIGINT' })).toBe(130)
      expect(codeAfter(events, { type: 'signal', signal: 'SIGTERM' })).toBe(143)
      expect(codeAfter(events, { type: 'signal', signal: 'SIGHUP' })).toBe(143)
    }
  })

  it('is 4 when the journal cannot be written, although all is done', () => {
    expect(codeAfter([done], { type: 'journal', message: 'no space left' })).toBe(4)
  })

  it('has the numbers that scripts rely on', () => {
    expect(Object.values(exitCodes)).toEqual([0, 1, 2, 3, 4, 75, 130, 143])
  })
})
