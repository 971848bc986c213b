import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { PlannedTask } from '../../../../src/domain/roadmap/plan.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { forecast } from '../../../../src/domain/run/forecast.js'
import { replay } from '../../../../src/domain/run/run-state.js'
import { commitId, taskId } from '../../../support/brands.js'
import { runScripts } from '../../../support/games/run-script.js'
import { runStarted, stateAfter } from '../../../support/rigs/records.js'

const exit = { type: 'code', code: 0 } as const

function tasksWith(...estimates: readonly (number | undefined)[]): readonly PlannedTask[] {
  return estimates.map((estimateMs, index) => {
    const task = { id: taskId(`T${index + 1}`), title: '', state: 'pending' } as const
    return estimateMs === undefined ? task : { ...task, estimateMs }
  })
}

function started(id: string, slot: string): RunEvent {
  const agent = { provider: 'claude' }
  return { type: 'attempt_started', taskId: taskId(id), attempt: 1, slot, agent, workspace: '/w' }
}

/** A task whose agent works from one moment to the other, and that lands at once. */
function done(id: string, from: number, to: number, slot = 's1'): readonly (readonly [number, RunEvent])[] {
  const of = { taskId: taskId(id), attempt: 1 }
  return [
    [from, started(id, slot)],
    [to, { type: 'agent_exited', ...of, slot, exit, durationMs: to - from }],
    [to, { type: 'task_integrated', ...of, commit: commitId('c'), previous: commitId('b') }],
  ]
}

describe('the forecast', () => {
  it('counts tasks as long as none has been done, and predicts nothing then', () => {
    const tasks = tasksWith(60_000, undefined)
    const state = stateAfter(runStarted({ tasks }), [[0, started('T1', 's1')]])
    expect(forecast(state, 30_000)).toEqual({ share: 0, by: 'count' })
  })

  it('takes what tasks have taken so far for what the others will take', () => {
    const tasks = tasksWith(undefined, undefined, undefined, undefined)
    const state = stateAfter(runStarted({ tasks }), [...done('T1', 0, 10_000), [10_000, started('T2', 's1')]])
    expect(forecast(state, 10_000)).toEqual({ share: 0.25, by: 'history', remainingMs: 30_000 })
    expect(forecast(state, 15_000)).toEqual({ share: 0.375, by: 'history', remainingMs: 25_000 })
    // A task that takes longer than others is not done for that.
    expect(forecast(state, 100_000).share).toBeCloseTo((10 + 9.5) / 40)
  })

  it('weighs tasks by their estimates, scaled by how long such tasks take here', () => {
    const hour = 3_600_000
    const tasks = tasksWith(hour, 3 * hour, undefined)
    const state = stateAfter(runStarted({ tasks }), done('T1', 0, 60_000))
    // Three minutes for the second, and as long as usual for the one without an estimate.
    expect(forecast(state, 60_000)).toMatchObject({ share: 1 / 5, by: 'estimates', remainingMs: 240_000 })
  })

  it('reckons with the slots that work at once, but not with more than there are tasks', () => {
    const tasks = tasksWith(undefined, undefined, undefined, undefined)
    const both = stateAfter(runStarted({ tasks }), [
      [0, started('T2', 's2')],
      ...done('T1', 0, 10_000),
      [10_000, started('T3', 's1')],
    ])
    expect(forecast(both, 10_000).remainingMs).toBeCloseTo((500 + 10_000 + 10_000) / 2)
    const last = stateAfter(runStarted({ tasks: tasksWith(undefined, undefined) }), [
      ...done('T1', 0, 10_000),
      [10_000, started('T2', 's1')],
    ])
    expect(forecast(last, 10_000).remainingMs).toBe(10_000)
  })

  it('is over when nothing is left, or nothing was to be done', () => {
    expect(forecast(stateAfter(runStarted({ tasks: [] }), []), 0)).toEqual({ share: 1, by: 'count' })
    const state = stateAfter(runStarted({ tasks: tasksWith(undefined) }), done('T1', 0, 10_000))
    expect(forecast(state, 20_000)).toEqual({ share: 1, by: 'history' })
  })

  it('is a share between nothing and all, and a time that is not over, whatever happens', () => {
    fc.assert(
      fc.property(runScripts, fc.nat(100), fc.nat(10_000), ({ records }, cut, later) => {
        const part = records.slice(0, 1 + cut)
        const { share, remainingMs = 0 } = forecast(replay(part)!, (part.at(-1)?.ms ?? 0) + later)
        expect(share).toBeGreaterThanOrEqual(0)
        expect(share).toBeLessThanOrEqual(1)
        expect(remainingMs).toBeGreaterThanOrEqual(0)
        expect(remainingMs).toBeLessThan(Infinity)
      }),
    )
  })
})
