import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitId, taskId } from '../../../support/brands.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import {
  addRefusal,
  allowEntries,
  countRefused,
  nameRefusals,
  openRefusals,
  type Refusal,
} from '../../../../src/domain/agent/refusal.js'
import { runStarted, stateAfter } from '../../../support/rigs/records.js'

const denied = (tool: string, target?: string, allow?: string) => ({
  ...{ type: 'denied' as const, tool, message: 'no' },
  ...(target === undefined ? {} : { target }),
  ...(allow === undefined ? {} : { allow }),
})

describe('refusals', () => {
  it('are distinguished by tool and target, and counted', () => {
    const three = [denied('Bash', 'npm test', 'Bash(npm test)'), denied('Write', '/x'), denied('Bash', 'npm test')]
    const refusals = three.reduce(addRefusal, [])
    expect(refusals).toEqual([
      { tool: 'Bash', target: 'npm test', allow: 'Bash(npm test)', times: 2 },
      { tool: 'Write', target: '/x', times: 1 },
    ])
    expect(nameRefusals(refusals)).toBe('Bash `npm test` (2 times), Write `/x`')
    expect(nameRefusals(refusals, 1)).toBe('Bash `npm test` (2 times) and 1 more')
    expect(allowEntries([...refusals, ...refusals])).toEqual(['Bash(npm test)'])
  })

  it('are all counted, and take no more memory than a few hundred do', () => {
    const any = fc.record({ tool: fc.nat(400), target: fc.option(fc.nat(400), { nil: undefined }) })
    fc.assert(
      fc.property(fc.array(any, { maxLength: 2000, size: 'max' }), (calls) => {
        const events = calls.map(({ tool, target }) =>
          denied(`t${tool}`, target === undefined ? undefined : `${target}`),
        )
        const refusals = events.reduce<readonly Refusal[]>(addRefusal, [])
        expect(countRefused(refusals)).toBe(calls.length)
        expect(refusals.length).toBeLessThanOrEqual(200)
      }),
      { numRuns: 50 },
    )
  })
})

describe('the refusals of a task', () => {
  const of = { taskId: taskId('T1'), attempt: 1 }
  const agent = { provider: 'claude' }
  const started = (attempt: number): RunEvent => {
    return { type: 'attempt_started', taskId: taskId('T1'), attempt, slot: 's1', agent, workspace: '/w' }
  }
  const refused = (review?: number): RunEvent => {
    return { type: 'agent_reported', ...of, ...(review ? { review } : {}), event: denied('Bash', 'npm test') }
  }
  const repair = (kind: 'refused' | 'gate_failed'): RunEvent => {
    return {
      type: 'repair_started',
      ...of,
      round: 1,
      slot: 's1',
      agent,
      reason: failure(kind, 'no'),
      base: commitId('b'),
    }
  }
  const after = (...events: RunEvent[]) => {
    const state = stateAfter(
      runStarted(),
      [started(1), ...events].map((event) => [0, event]),
    )
    const task = state.tasks.get(taskId('T1'))
    return {
      shown: openRefusals(task?.refusals),
      all: task?.refusals,
      judged: state.progress.get(taskId('T1'))?.course?.refusals,
    }
  }

  it('are those of its agent, never of a reviewer', () => {
    expect(after(refused(), refused(1)).shown).toEqual([{ tool: 'Bash', target: 'npm test', times: 1 }])
    expect(after(refused(1)).judged).toEqual([])
  })

  it('are judged by the last turn, and reported until a round was about them', () => {
    expect(after(refused(), repair('gate_failed'))).toMatchObject({ judged: [], shown: [{ times: 1 }] })
    expect(after(refused(), repair('refused'))).toMatchObject({ judged: [], shown: [], all: [{ isRepaired: true }] })
    expect(after(refused(), repair('refused'), refused())).toMatchObject({
      judged: [{ times: 1 }],
      shown: [{ times: 1 }],
    })
  })

  it('survive an interruption of the turn, and start from none with each attempt', () => {
    const resumed: RunEvent = { type: 'attempt_resumed', ...of, slot: 's1', agent, workspace: '/w2' }
    expect(after(refused(), resumed).judged).toHaveLength(1)
    expect(after(refused(), started(2))).toEqual({ judged: [], shown: [], all: undefined })
  })
})
