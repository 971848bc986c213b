import { plural } from '../../../src/domain/text.js'
import { describe, expect, it } from 'vitest'
import { taskId } from '../../support/brands.js'
import { formatCounts, formatDuration, formatHold, formatUsage, showId } from '../../../src/ui/format.js'

describe('the counts line', () => {
  it('reads the same in every form of output', () => {
    expect(formatCounts({ queueLength: 5, busyAgents: 5, availableAgents: 0 })).toBe(
      'Queue: 5 waiting | 5 busy | 0 idle',
    )
    expect(formatCounts({ queueLength: 0, busyAgents: 1, availableAgents: 12 })).toBe(
      'Queue: 0 waiting | 1 busy | 12 idle',
    )
  })
})

describe('a duration', () => {
  it.each([
    [0, '0.0 s'],
    [449, '0.4 s'],
    [59_949, '59.9 s'],
    [59_950, '1m00s'],
    [725_000, '12m05s'],
    [3_599_499, '59m59s'],
    [3_599_500, '1h00m'],
    [11_040_000, '3h04m'],
    [360_000_000, '100h00m'],
  ])('of %d ms is %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })
})

describe('usage', () => {
  it.each([
    [{ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }, undefined],
    [
      { inputTokens: 12_345, cachedInputTokens: 2_000, outputTokens: 678, costUsd: 0.42 },
      '12,345 in (2,000 cached), 678 out, $0.42',
    ],
    [{ inputTokens: 10, cachedInputTokens: 0, outputTokens: 0 }, '10 in, 0 out'],
    [{ inputTokens: 0, cachedInputTokens: 0, outputTokens: 0, costUsd: 0.0012 }, '0 in, 0 out, $0.0012'],
  ])('of %j is %s', (usage, text) => {
    expect(formatUsage(usage)).toBe(text)
  })
})

describe('why a task is held', () => {
  it.each([
    [{ type: 'status', status: 'blocked' }, 'blocked in the roadmap; set its status to pending to run it'],
    [
      { type: 'status', status: 'on_hold', group: 'E1' },
      'E1 is on_hold in the roadmap; set its status to pending to run it',
    ],
    [
      { type: 'status', status: 'done', inRun: true },
      'done in the roadmap since the run began; its dependents start with the next run',
    ],
    [{ type: 'removed' }, 'no longer in the roadmap'],
    [{ type: 'manual' }, 'execution_mode is manual: a person does it'],
    [{ type: 'unresolved', refs: ['X', 'Y'] }, 'depends on X, Y, which is not in the roadmap'],
    [
      { type: 'dependency', taskIds: ['1', '2', '3', '4', '5', '6', '7'].map(taskId), byPerson: false },
      'waits for 1, 2, 3, 4, 5 and 2 more',
    ],
    [{ type: 'verify' }, 'has verify commands, which need --isolation workspace'],
    [{ type: 'unservable', message: 'no\nprovider' }, 'no provider'],
    [{ type: 'not_selected', taskIds: [taskId('T1')] }, 'depends on T1, not selected by --only or --limit'],
  ] as const)('is said for %j', (reason, text) => {
    expect(formatHold(reason)).toBe(text)
  })
})

describe('small things', () => {
  it('counts one thing without an s', () => {
    expect([plural(0, 'task'), plural(1, 'task'), plural(2, 'task')]).toEqual(['0 tasks', '1 task', '2 tasks'])
  })

  it('shows an id on one line of limited length, and invisible characters by their codes', () => {
    expect(showId('a\u001b[1m\nb')).toBe('a<U+001B>[1m<U+000A>b')
    expect(showId('log\u200bin')).toBe('log<U+200B>in')
    expect(showId('two words')).toBe('two words')
    expect(showId('x'.repeat(100))).toBe(`${'x'.repeat(59)}…`)
  })
})
