import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commitId, taskId, treeId } from '../../support/brands.js'
import { noUsage } from '../../../src/domain/agent/agent-event.js'
import type { RunEvent } from '../../../src/domain/run/event.js'
import { failure, type FailureKind } from '../../../src/domain/agent/failure.js'
import { apply, type RunState } from '../../../src/domain/run/run-state.js'
import { summarize, type SummaryView } from '../../../src/ui/summary.js'
import { runStarted, stamp, stateAfter } from '../../support/rigs/records.js'

const journal = '.autopilot/runs/r1/journal.jsonl'
const texts = (state: RunState, view: Partial<SummaryView> = {}) =>
  summarize(state, { journal, verbose: false, ...view }).map(({ text }) => text)

const started = (id: string, slot: string): RunEvent => ({
  type: 'attempt_started',
  taskId: taskId(id),
  attempt: 1,
  slot,
  agent: { provider: 'command' },
  workspace: '/w',
})
const exited = (id: string, slot: string): RunEvent => ({
  type: 'agent_exited',
  taskId: taskId(id),
  attempt: 1,
  slot,
  exit: { type: 'code', code: 0 },
  durationMs: 1,
})
const integrated = (id: string): RunEvent => ({
  type: 'task_integrated',
  taskId: taskId(id),
  attempt: 1,
  commit: commitId('abc'),
  previous: commitId('def'),
})
const finished = (exitCode: 0 | 1, why: string): RunEvent => ({ type: 'run_finished', exitCode, why })

describe('the summary of a run in which all went well', () => {
  it('says what was done, where the work is, how busy the slots were', () => {
    const state = stateAfter(runStarted(), [
      [0, started('T1', 's1')],
      [0, started('T2', 's2')],
      [1000, exited('T1', 's1')],
      [1100, integrated('T1')],
      [2000, exited('T2', 's2')],
      [2000, integrated('T2')],
      [2000, finished(0, 'every selected task is done')],
    ])
    expect(summarize(state, { journal, verbose: false })).toContainEqual({
      tone: 'good',
      text: 'Done        2 of 2 tasks, in 2.0 s',
    })
    const end = [
      'Done        2 of 2 tasks, in 2.0 s',
      'Work        2 commits on autopilot/main; git merge autopilot/main takes it over',
      'Next        git merge autopilot/main',
    ]
    expect(texts(state)).toEqual([
      'Journal     .autopilot/runs/r1/journal.jsonl',
      'Permissions edit: agents may change files',
      'Slots       2 slots 75 % busy: 2 attempts',
      ...end,
    ])
    expect(texts(state, { verbose: true }).slice(2)).toEqual([
      'Slots       2 slots 75 % busy: 2 attempts',
      '            s1: 50 %, 1 attempt in 1.0 s',
      '            s2: 100 %, 1 attempt in 2.0 s',
      ...end,
    ])
  })

  it('names the branch in full where git would take a tag of that name', () => {
    const target = { branch: 'autopilot/main', base: commitId('b'), isAmbiguous: true }
    const state = stateAfter(runStarted({ target }), [[1, integrated('T1')]])
    expect(texts(state).join('\n')).toContain('git merge refs/heads/autopilot/main takes it over')
  })

  it('adds up tokens and cost, and names the permissions as the CLIs do', () => {
    const usage = (id: string, costUsd: number): RunEvent => ({
      type: 'agent_finished',
      taskId: taskId(id),
      attempt: 1,
      text: '',
      usage: { inputTokens: 1500, cachedInputTokens: 500, outputTokens: 20, costUsd },
    })
    const state = stateAfter(runStarted({ permissions: 'full' }), [
      [0, { type: 'provider_detected', provider: 'claude', usable: true, permissions: 'bypassPermissions' }],
      [0, { type: 'provider_detected', provider: 'codex', usable: false, permissions: 'danger-full-access' }],
      [10, usage('T1', 0.25)],
      [10, usage('T2', 0.5)],
    ])
    expect(texts(state)).toContain('Tokens      3,000 in (1,000 cached), 40 out, $0.75')
    expect(texts(state)).toContain('Permissions full: agents may run anything (claude bypassPermissions)')
  })
})

describe('the summary of a run in which much went wrong', () => {
  const tasks = [
    { id: taskId('OLD'), title: 'OLD', state: 'done' },
    ...['T1', 'T2', 'T3', 'T4'].map((id) => ({ id: taskId(id), title: id, state: 'pending' }) as const),
    { id: taskId('HOLD'), title: 'HOLD', state: 'held', hold: { type: 'status', status: 'blocked' } },
    { id: taskId('LOST'), title: 'LOST', state: 'held', hold: { type: 'unresolved', refs: ['X'] } },
  ] as const
  const state = stateAfter(runStarted({ tasks, slots: ['s1'] }), [
    [0, started('T1', 's1')],
    [500, exited('T1', 's1')],
    [
      500,
      {
        type: 'commit_kept',
        taskId: taskId('T1'),
        attempt: 1,
        commit: commitId('c1'),
        ref: 'refs/autopilot/r1/T1/1',
        why: 'a conflict',
      },
    ],
    [
      500,
      {
        type: 'task_failed',
        taskId: taskId('T1'),
        attempts: 1,
        failure: failure('conflict', 'git could not merge it.'),
      },
    ],
    [
      500,
      {
        type: 'task_held',
        taskId: taskId('T2'),
        reason: { type: 'dependency', taskIds: [taskId('T1')], byPerson: false },
      },
    ],
    [600, { type: 'task_canceled', taskId: taskId('T3') }],
    [700, { type: 'workspace_kept', path: '/cache/w1', why: 'a nested repository' }],
    [1000, finished(1, '1 task failed')],
  ])

  it('names what failed, what is held and why, what was canceled or not run, and what was kept', () => {
    expect(texts(state)).toEqual([
      'Journal     .autopilot/runs/r1/journal.jsonl',
      'Permissions edit: agents may change files',
      'Slots       1 slot 50 % busy: 1 attempt',
      'Kept        T1 attempt 1: a conflict',
      '            git diff 0123456789 refs/autopilot/r1/T1/1',
      'Workspace   /cache/w1 (a nested repository)',
      'Canceled    T3',
      'Not run     1 task',
      'Failed      T1: git could not merge it. (conflict)',
      'Held        T2: waits for T1',
      'Held        HOLD: blocked in the roadmap; set its status to pending to run it',
      'Held        LOST: depends on X, which is not in the roadmap',
      'Done        1 of 6 tasks, 1 of them before this run, in 1.0 s (1 task failed)',
      'Next        autopilot resume --retry-failed tries it once more',
    ])
  })

  it('marks what a person must look at, and not what a person decided', () => {
    const tones = new Map(
      summarize(state, { journal, verbose: false }).map(({ text, tone }) => [text.split(/: | +of/)[0], tone]),
    )
    expect(tones.get('Done        1')).toBe('bad')
    expect(tones.get('Failed      T1')).toBe('bad')
    expect(tones.get('Held        HOLD')).toBe('plain')
    expect(tones.get('Held        LOST')).toBe('warning')
    expect(tones.get('Canceled    T3')).toBe('warning')
  })

  it('counts holds beyond a screenful', () => {
    const many = Array.from(
      { length: 25 },
      (_, n) => ({ id: taskId(`H${n}`), title: '', state: 'held', hold: { type: 'manual' } }) as const,
    )
    const lines = texts(stateAfter(runStarted({ tasks: many }), []))
    expect(lines.filter((line) => line.startsWith('Held'))).toHaveLength(21)
    expect(lines).toContain('Held        and 5 more; autopilot validate lists all')
  })

  it('counts beyond a screenful what was canceled, and what had not started', () => {
    const many = Array.from({ length: 5000 }, (_, n) => ({ id: taskId(`T${n}`), title: '', state: 'pending' }) as const)
    const lines = texts(
      stateAfter(runStarted({ tasks: many }), [
        ...many.slice(0, 22).map(({ id }) => [1, { type: 'task_canceled', taskId: id }] as const),
        ...many.slice(22, 30).map(({ id }) => [1, { type: 'task_queued', taskId: id, attempt: 1 }] as const),
      ]),
    )
    expect(lines.filter((line) => line.startsWith('Canceled'))).toEqual([
      `Canceled    ${many
        .slice(0, 20)
        .map(({ id }) => id)
        .join(', ')} and 2 more`,
    ])
    expect(lines).toContain('Not run     4978 tasks')
  })

  it('is clean, whatever stands in ids, messages and names', () => {
    const bad = '\u001b[2Jx\r\ny\u009b1m'
    const hostile = stateAfter(
      runStarted({
        tasks: [{ id: taskId(bad), title: bad, state: 'pending' }],
        target: { branch: bad, base: commitId('b') },
        slots: [bad],
      }),
      [
        [0, { type: 'provider_detected', provider: bad, usable: true, permissions: bad }],
        [0, started(bad, bad)],
        [5, exited(bad, bad)],
        [
          5,
          { type: 'commit_kept', taskId: taskId(bad), attempt: 1, commit: commitId(bad), ref: `refs/${bad}`, why: bad },
        ],
        [5, { type: 'workspace_kept', path: bad, why: bad }],
        [5, integrated(bad)],
        [5, finished(1, bad)],
      ],
    )
    const failed = stateAfter(runStarted({ tasks: [{ id: taskId(bad), title: bad, state: 'pending' }] }), [
      [0, { type: 'task_failed', taskId: taskId(bad), attempts: 1, failure: failure('crash', bad) }],
    ])
    for (const state of [hostile, failed]) {
      for (const { text } of summarize(state, { journal: bad, verbose: true }))
        expect(text).not.toMatch(/[\u0000-\u001f\u007f-\u009f]/)
    }
  })
})

describe('the one command that follows', () => {
  const next = (state: RunState) => texts(state).filter((text) => text.startsWith('Next '))
  const endedWith = (exitCode: 0 | 1 | 130, ...events: readonly RunEvent[]) =>
    stateAfter(
      runStarted(),
      [...events, { type: 'run_finished', exitCode, why: '' } as const].map((event) => [1, event]),
    )
  const failed = (id: string, kind: FailureKind): RunEvent => ({
    ...{ type: 'task_failed', taskId: taskId(id), attempts: 1 },
    failure: failure(kind, 'no'),
  })

  it('merges what landed, when all is done', () => {
    expect(next(endedWith(0, integrated('T1')))).toEqual(['Next        git merge autopilot/main'])
  })

  it('continues a run that was interrupted, whatever had failed', () => {
    expect(next(endedWith(130, failed('T1', 'crash')))).toEqual(['Next        autopilot resume continues the run'])
  })

  it('logs in where a login was missing, and else tries what failed once more', () => {
    const stopped: RunEvent = { type: 'provider_stopped', provider: 'claude', failure: failure('auth', 'no login') }
    const detected: RunEvent = { type: 'provider_detected', provider: 'claude', usable: true }
    expect(next(endedWith(1, detected, stopped, failed('T1', 'auth')))).toEqual([
      'Next        log in to claude, then autopilot resume --retry-failed',
    ])
    expect(next(endedWith(1, failed('T1', 'crash'), failed('T2', 'crash')))).toEqual([
      'Next        autopilot resume --retry-failed tries them once more',
    ])
  })

  it('is nothing where nothing landed and nothing failed', () => {
    expect(next(endedWith(0))).toEqual([])
  })
})

describe('the end of a summary on a terminal', () => {
  const lines = (count: number) => Array.from({ length: count }, (_, n) => `line ${n}`).join('\n')
  const stateOf = (count: number, output: number, message: string) =>
    stateAfter(
      runStarted({
        tasks: Array.from({ length: 2 * count + 1 }, (_, n) => ({ id: taskId(`T${n}`), title: '', state: 'pending' })),
      }),
      [
        [1, integrated('T0')],
        ...Array.from({ length: count }, (_, n): [number, RunEvent] => [
          2,
          {
            ...{ type: 'task_failed', taskId: taskId(`T${n + 1}`), attempts: 1 },
            failure: failure('gate_failed', `${message} ${n}.`, { detail: lines(output), log: `/r/gates/${n}.log` }),
          },
        ]),
        ...Array.from({ length: count }, (_, n): [number, RunEvent] => [
          3,
          {
            ...{ type: 'task_held', taskId: taskId(`T${count + n + 1}`) },
            reason: { type: 'dependency', taskIds: [taskId(`T${n + 1}`)], byPerson: false },
          },
        ]),
        [4, finished(1, 'some failed')],
      ],
    )
  const rowsOf = (shown: readonly string[], columns: number) =>
    shown.reduce((sum, text) => sum + Math.ceil((text.length + 2) / columns), 0)

  it('fits into the window, from the first failure to the next command', () => {
    fc.assert(
      fc.property(
        fc.record({
          count: fc.integer({ min: 1, max: 60 }),
          output: fc.integer({ min: 0, max: 40 }),
          width: fc.integer({ min: 1, max: 200 }),
          columns: fc.integer({ min: 60, max: 300 }),
          rows: fc.integer({ min: 24, max: 80 }),
        }),
        ({ count, output, width, columns, rows }) => {
          const shown = texts(stateOf(count, output, 'x'.repeat(width)), { window: { columns, rows } })
          const end = shown.slice(shown.findIndex((text) => text.startsWith('Failed')))
          expect(rowsOf(end, columns)).toBeLessThan(rows)
          expect(end.at(-1)).toMatch(/^Next/)
          expect(end.some((text) => text.startsWith('Held'))).toBe(true)
        },
      ),
    )
  })

  it('shows as much of what failed as there is room for', () => {
    const shown = (rows: number) => {
      const told = texts(stateOf(1, 20, 'The gate failed'), { window: { columns: 80, rows } })
      return told.filter((text) => text.trim().startsWith('|')).length
    }
    expect([24, 14, 9, 8].map(shown)).toEqual([12, 6, 2, 0])
  })
})

describe('what is done but not in the roadmap', () => {
  it('is named together by its reason, and counted beyond a screenful', () => {
    const why = 'cannot write the roadmap'
    const many = Array.from({ length: 25 }, (_, index): [number, RunEvent] => [
      0,
      { type: 'roadmap_not_written', taskId: taskId(`t${index}`), why, help: 'make it writable' },
    ])
    const other: RunEvent = { type: 'roadmap_not_written', taskId: taskId('x'), why: 'it is gone' }
    const lines = texts(stateAfter(runStarted(), [...many, [0, other]]))
    const at = lines.findIndex((line) => line.startsWith('Unwritten'))
    expect(lines[at]).toMatch(/^Unwritten +t0, t1, .*t19 and 5 more are done, .*: cannot write the roadmap$/)
    expect(lines.slice(at + 1, at + 3)).toEqual([
      '            make it writable',
      "Unwritten   x is done, but the roadmap doesn't say so: it is gone",
    ])
  })
})

describe('the summary of a run that a red base ended', () => {
  const tail = Array.from({ length: 40 }, (_, index) => `line ${index + 1}\u001b[2J`).join('\n')
  const ended = () =>
    stateAfter(runStarted(), [
      [0, started('T1', 's1')],
      [
        100,
        {
          ...{ type: 'base_judged', commit: commitId('c'), tree: treeId('t'), verdict: 'failed', durationMs: 1 },
          gates: [
            { gate: 'npm test', message: 'exit code 1', tail, log: '/r/gates/1.log' },
            { gate: 'lint', message: 'no end within 5 s' },
          ],
        },
      ],
      [1000, exited('T1', 's1')],
      [1000, { type: 'agent_finished', taskId: taskId('T1'), attempt: 1, usage: noUsage, text: 'done' }],
      [
        1000,
        {
          type: 'candidate_created',
          taskId: taskId('T1'),
          attempt: 1,
          commit: commitId('k'),
          ref: 'refs/r',
          leftOut: [],
        },
      ],
      [
        1000,
        { type: 'run_stopping', reason: 'base_red', why: 'npm test, lint fail on the base, too', next: 'use setup:' },
      ],
      [
        1000,
        {
          ...{ type: 'attempt_failed', taskId: taskId('T1'), attempt: 1, failure: failure('base_red', 'No.') },
          ...{ willRetry: false, counted: false },
        },
      ],
      [1000, { type: 'run_finished', exitCode: 4, why: 'npm test, lint fail on the base, too' }],
    ])

  it('says which gates fail, the end of what they printed and where all of it is, who waits, and what to do', () => {
    const shown = texts(ended())
    expect(shown.filter((text) => /^(Base|Waiting|Not run|Next|Failed)/.test(text))).toEqual([
      'Base        npm test fails on the base, too: exit code 1',
      'Base        lint fails on the base, too: no end within 5 s',
      'Waiting     T1: finished, and judged first when you resume the run',
      'Not run     1 task',
      'Next        use setup:',
    ])
    const printed = shown.filter((text) => text.includes('| line'))
    expect([printed.length, printed.at(-1)]).toEqual([25, '            | line 40'])
    expect(shown).toContain('            all of it: /r/gates/1.log')
  })

  it('says nothing of it once the run has gone on and work has landed', () => {
    const state = ended()
    apply(
      state,
      stamp({
        type: 'task_integrated',
        taskId: taskId('T1'),
        attempt: 1,
        commit: commitId('k'),
        previous: commitId('c'),
      }),
    )
    expect(texts(state).filter((text) => text.startsWith('Base'))).toEqual([])
  })
})

it('names tasks that failed alike on one line, with the end of what was printed and where all of it is', () => {
  const why = failure('infrastructure', 'setup failed (exit code 1): no such package', {
    ...{ detail: 'fetching\nno such package\n', log: '/r/setup/1.log' },
  })
  const failed = (id: string): RunEvent => ({ type: 'task_failed', taskId: taskId(id), attempts: 1, failure: why })
  const state = stateAfter(runStarted(), [
    [0, failed('T1')],
    [0, failed('T2')],
  ])
  const from = texts(state).findIndex((text) => text.startsWith('Failed'))
  expect(texts(state).slice(from, from + 4)).toEqual([
    'Failed      T1, T2: setup failed (exit code 1): no such package (infrastructure)',
    '            | fetching',
    '            | no such package',
    '            all of it: /r/setup/1.log',
  ])
})
