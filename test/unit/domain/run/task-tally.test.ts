import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { initialState, apply, type RunState } from '../../../../src/domain/run/run-state.js'
import { tallyOf } from '../../../../src/domain/run/task-tally.js'
import { commitId, taskId } from '../../../support/brands.js'
import { runScripts, runStart } from '../../../support/games/run-script.js'
import { runStarted, stateAfter } from '../../../support/rigs/records.js'

const of = { taskId: taskId('T1'), attempt: 1 }
const exit = { type: 'code', code: 0 } as const

/** The sums without what they lose by adding and subtracting. */
function rounded({ tally: { counts, settled, open } }: Pick<RunState, 'tally'>) {
  const round = ({ tasks, workMs, estimated }: typeof settled) => ({
    tasks,
    workMs: Math.round(workMs),
    estimated: { ...estimated, workMs: Math.round(estimated.workMs) },
  })
  return { counts, settled: round(settled), open: round(open) }
}

describe('the tally', () => {
  it('is at each moment what counting all tasks would give', () => {
    const tasks = runStart.tasks.map((task, index) => (index % 2 === 0 ? { ...task, estimateMs: 1000 * index } : task))
    fc.assert(
      fc.property(runScripts, ({ records }) => {
        const state = initialState({ ...runStart, tasks })
        for (const record of records) {
          apply(state, record)
          expect(rounded(state)).toEqual(rounded({ tally: tallyOf(state.tasks.values()) }))
          const waiting = [...state.tasks.values()].filter(({ state: task }) => {
            return task.type === 'merging' || (task.type === 'verifying' && task.slot === undefined)
          })
          expect([...state.tally.landing.keys()].sort()).toEqual(waiting.map(({ id }) => id).sort())
        }
      }),
    )
  })

  it('knows how long tasks wait between the end of their agents and their landing', () => {
    const state = stateAfter(runStarted(), [
      [1000, { type: 'attempt_started', ...of, slot: 's1', agent: { provider: 'claude' }, workspace: '/w' }],
      [5000, { type: 'agent_exited', ...of, slot: 's1', exit, durationMs: 4000 }],
      [6000, { type: 'gates_began', ...of }],
      [8000, { type: 'task_integrated', ...of, commit: commitId('c'), previous: commitId('b') }],
    ])
    expect(state.tally.landed).toEqual({ tasks: 1, ms: 3000 })
    expect(state.tally.landing.size).toBe(0)
    expect(state.tasks.get(taskId('T1'))?.workMs).toBe(4000)
  })
})
