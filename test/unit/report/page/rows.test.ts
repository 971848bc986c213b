import { describe, expect, it } from 'vitest'
import { taskId } from '../../../support/brands.js'
import type { ReportTask } from '../../../../src/report/form.js'
import { barAt, idleAt, lanesOf } from '../../../../src/report/page/lanes.js'
import { filterTasks, noFilter, sortTasks } from '../../../../src/report/page/rows.js'

function task(id: string, more: Partial<ReportTask> = {}): ReportTask {
  const used = { inputTokens: 0, cachedInputTokens: 0, outputTokens: 0 }
  return { id: taskId(id), title: `Title of ${id}`, state: 'done', attempts: 1, counted: 0, workMs: 0, used, ...more }
}

const ids = (tasks: readonly ReportTask[]) => tasks.map(({ id }) => id)

describe('the tasks of a page', () => {
  const tasks = [
    task('login', { state: 'failed', reason: 'The gate NPM test failed.', workMs: 300, agent: 'claude' }),
    task('logout', { workMs: 100, agent: 'codex' }),
    task('search', { state: 'held', reason: 'waits for login' }),
    task('index', { workMs: 200, agent: 'claude' }),
  ]

  it('are filtered by words, all of which are in what a row says, in either case', () => {
    expect(ids(filterTasks(tasks, { ...noFilter, text: 'LOG' }))).toEqual(['login', 'logout', 'search'])
    expect(ids(filterTasks(tasks, { ...noFilter, text: 'gate  login' }))).toEqual(['login'])
    expect(ids(filterTasks(tasks, { ...noFilter, text: '.*' }))).toEqual([])
  })

  it('are filtered by state, and to what a folded node stands for', () => {
    expect(ids(filterTasks(tasks, { ...noFilter, states: new Set(['held', 'failed'] as const) }))).toEqual([
      'login',
      'search',
    ])
    expect(ids(filterTasks(tasks, { ...noFilter, only: new Set(['index']) }))).toEqual(['index'])
  })

  it('are sorted up and down; those without a value are last, and equals stay in file order', () => {
    expect(ids(sortTasks(tasks, { by: 'time', down: false }))).toEqual(['logout', 'index', 'login', 'search'])
    expect(ids(sortTasks(tasks, { by: 'time', down: true }))).toEqual(['login', 'index', 'logout', 'search'])
    expect(ids(sortTasks(tasks, { by: 'agent', down: false }))).toEqual(['login', 'index', 'logout', 'search'])
    expect(ids(sortTasks(tasks, { by: 'file', down: true }))).toEqual(['index', 'search', 'logout', 'login'])
  })
})

describe('the lanes of the timeline', () => {
  const slots = [
    { id: 'S1', attempts: 1, busyMs: 1 },
    { id: 'S2', attempts: 0, busyMs: 0 },
  ]

  it('are the slots, then as many for gates as ran at once, then cool-downs', () => {
    const lanes = lanesOf({
      ...{ slots, ms: 100, samples: [] },
      spans: [
        { kind: 'attempt', slot: 'S1', from: 0, to: 50 },
        { kind: 'gate', from: 0, to: 40 },
        { kind: 'gate', from: 20, to: 60 },
        { kind: 'gate', from: 40, to: 50 },
        { kind: 'cool_down', provider: 'codex', from: 10, to: 900 },
        { kind: 'repair', slot: 'S1', from: 60 },
      ],
    })
    expect(lanes.map(({ title, bars }) => [title, bars.map(({ from, to }) => [from, to])])).toEqual([
      [
        'S1',
        [
          [0, 50],
          [60, 100],
        ],
      ],
      ['S2', []],
      [
        'gates',
        [
          [0, 40],
          [40, 50],
        ],
      ],
      ['', [[20, 60]]],
      ['codex limit', [[10, 100]]],
    ])
  })

  it('of slots say where those were idle, and why', () => {
    const sample = { waiting: 0, busy: 0, idle: 1, done: 0 }
    const [first, second] = lanesOf({
      ...{ slots, ms: 100 },
      spans: [
        { kind: 'attempt', slot: 'S1', from: 10, to: 30 },
        { kind: 'repair', slot: 'S1', from: 60 },
      ],
      samples: [
        { ...sample, ms: 0, cause: 'preparing' },
        { ...sample, ms: 20, cause: 'dependencies' },
        { ...sample, ms: 40, cause: 'dependencies' },
        { ...sample, ms: 50, cause: 'nothing_left' },
      ],
    })
    expect(first?.idle).toEqual([
      { cause: 'preparing', from: 0, to: 10 },
      { cause: 'dependencies', from: 30, to: 50 },
      { cause: 'nothing_left', from: 50, to: 60 },
    ])
    expect(second?.idle?.map(({ cause, from, to }) => [cause, from, to])).toEqual([
      ['preparing', 0, 20],
      ['dependencies', 20, 50],
      ['nothing_left', 50, 100],
    ])
    expect(idleAt(first, 55)?.cause).toBe('nothing_left')
    expect(idleAt(first, 70)).toBeUndefined()
  })

  it('give the shortest bar at a moment', () => {
    const span = { kind: 'gate', from: 0 } as const
    const lane = {
      title: '',
      bars: [
        { from: 0, to: 100, span },
        { from: 40, to: 45, span },
      ],
    }
    expect(barAt(lane, 42, 0)?.from).toBe(40)
    expect(barAt(lane, 60, 0)?.from).toBe(0)
    expect(barAt(lane, 200, 0)).toBeUndefined()
  })
})
