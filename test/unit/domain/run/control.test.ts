import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { failure } from '../../../../src/domain/agent/failure.js'
import { decideOrder, type Circumstances, type Order } from '../../../../src/domain/run/control.js'
import { isSettled, plannedRecord, type TaskState } from '../../../../src/domain/run/task-record.js'
import { epochMs, taskId } from '../../../support/brands.js'

const by = { user: 'anna', pid: 1, via: 'command' } as const
const ids = ['login', 'logout', 'report'] as const

const state = fc.constantFrom<TaskState>(
  { type: 'pending' },
  { type: 'queued', attempt: 1 },
  { type: 'running', attempt: 1, slot: 'slot-1' },
  { type: 'verifying', attempt: 1 },
  { type: 'merging', attempt: 1 },
  { type: 'done', how: 'integrated' },
  { type: 'failed', failure: failure('crash', 'It crashed.'), attempts: 1 },
  { type: 'held', reason: { type: 'manual' } },
  { type: 'canceled' },
)

const circumstances = fc
  .record({
    states: fc.tuple(state, state, state),
    canceling: fc.boolean(),
    isPaused: fc.boolean(),
    isOver: fc.boolean(),
    ends: fc.constantFrom('no', 'stopping', 'canceling', 'finished'),
  })
  .map(({ states, canceling, isPaused, isOver, ends }): Circumstances => {
    const records = ids.map((id, index) => {
      const task = plannedRecord({ id: taskId(id), title: id, state: 'pending' })
      return { ...task, state: states[index]!, ...(canceling ? { canceling: { by, at: epochMs(1) } } : {}) }
    })
    return {
      tasks: new Map(records.map((task) => [task.id, task])),
      isOver,
      ...(isPaused ? { paused: { by, at: epochMs(1) } } : {}),
      ...(ends === 'stopping' ? { stopping: { reason: 'budget', why: 'money', next: 'wait' } } : {}),
      ...(ends === 'canceling' ? { canceling: 'SIGINT' } : {}),
      ...(ends === 'finished' ? { finished: { exitCode: 0, why: 'done' } } : {}),
    }
  })

const order = fc.oneof(
  fc.constantFrom<Order>({ type: 'pause' }, { type: 'unpause' }, { type: 'cancel_all' }),
  fc.record({ type: fc.constant('cancel' as const), taskId: fc.constantFrom(...ids, 'logn', '__proto__', '') }),
  fc.record({ type: fc.constant('agents' as const), count: fc.constantFrom(-1, 0, 0.5, 1, 256, 257) }),
)

describe('what follows from an order', () => {
  it('is a deed only where something can still be done, and else an answer that says why not', () => {
    fc.assert(
      fc.property(order, circumstances, (given, run) => {
        if (given.type === 'hello') return
        const decision = decideOrder(given, run)
        const isEnding = run.isOver || run.canceling !== undefined || run.finished !== undefined
        switch (decision.type) {
          case 'cancel': {
            const task = run.tasks.get(decision.taskId)!
            expect(given).toEqual({ type: 'cancel', taskId: decision.taskId })
            expect(isSettled(task.state) || isEnding).toBe(false)
            expect(decision.isUnderWay).toBe(task.canceling !== undefined)
            break
          }
          case 'pause':
          case 'unpause':
            expect(run.paused === undefined).toBe(decision.type === 'pause')
            expect(isEnding || run.stopping !== undefined).toBe(false)
            break
          case 'agents':
            expect([1, 256]).toContain(decision.count)
            expect(isEnding || run.stopping !== undefined).toBe(false)
            break
          case 'cancel_all':
            expect(run.isOver).toBe(false)
            break
          case 'answer':
            expect(decision.answer.type).not.toBe('here')
            if (decision.answer.type === 'unknown_task')
              expect(ids as readonly string[]).not.toContain(decision.answer.task)
        }
      }),
      { numRuns: 1000 },
    )
  })

  it('is the same again where it is so already', () => {
    const run = { tasks: new Map(), isOver: false, paused: { by, at: epochMs(1), until: epochMs(9) } }
    expect(decideOrder({ type: 'pause' }, run)).toEqual({
      type: 'answer',
      answer: { type: 'paused', changed: false, until: epochMs(9) },
    })
    expect(decideOrder({ type: 'unpause' }, { tasks: new Map(), isOver: false })).toEqual({
      type: 'answer',
      answer: { type: 'unpaused', changed: false },
    })
  })
})
