import { withinWorkspace } from '../../../../src/ui/format.js'
import fc from 'fast-check'
import stringWidth from 'string-width'
import { describe, expect, it } from 'vitest'
import { later } from '../../../../src/domain/clock.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import type { RunState } from '../../../../src/domain/run/run-state.js'
import { frame } from '../../../../src/ui/live/frame.js'
import { fitText, padText, widthOfText } from '../../../../src/ui/live/text-width.js'
import { commitId, epochMs, taskId, treeId } from '../../../support/brands.js'
import { runStarted, stamp, stateAfter } from '../../../support/rigs/records.js'

/** The lines of the screen at a time of the run. */
function screen(state: RunState, ms: number, columns = 80, rows = 24): readonly string[] {
  const view = { state, ms, now: later(stamp(runStarted()).at, ms) }
  return frame(view, { columns, rows }).map((line) => line.map(({ text }) => text).join(''))
}

const exit = { type: 'code', code: 0 } as const

function started(id: string, slot: string, attempt = 1): RunEvent {
  const agent = { provider: 'claude', model: 'opus' }
  return { type: 'attempt_started', taskId: taskId(id), attempt, slot, agent, workspace: '/cache/w/1' }
}

function said(id: string, event: Extract<RunEvent, { type: 'agent_reported' }>['event']): RunEvent {
  return { type: 'agent_reported', taskId: taskId(id), attempt: 1, event }
}

function counts(queueLength: number, busyAgents: number, availableAgents: number): RunEvent {
  return { type: 'queue_updated', queueLength, busyAgents, availableAgents }
}

const tasks = ['T1', 'T2', 'T3', 'T4', 'T5', 'T6'].map((id, index) => {
  return { id: taskId(id), title: `Task number ${index + 1}`, state: 'pending' } as const
})
const slots = ['slot-1', 'slot-2', 'slot-3']

describe('the screen', () => {
  const busy = stateAfter(runStarted({ slots, tasks, gates: ['npm test', 'lint by codex'] }), [
    [0, started('T1', 'slot-1')],
    [0, started('T2', 'slot-2')],
    [60_000, { type: 'agent_exited', taskId: taskId('T1'), attempt: 1, slot: 'slot-1', exit, durationMs: 60_000 }],
    [
      61_000,
      { type: 'task_integrated', taskId: taskId('T1'), attempt: 1, commit: commitId('c'), previous: commitId('b') },
    ],
    [61_000, started('T3', 'slot-1')],
    [62_000, said('T2', { type: 'tool', name: 'Edit', target: '/cache/w/1/src/main.ts' })],
    [
      63_000,
      {
        ...{ type: 'agent_used', taskId: taskId('T2'), attempt: 1, provider: 'claude' },
        usage: { inputTokens: 12_000, cachedInputTokens: 0, outputTokens: 345, costUsd: 0.42 },
      },
    ],
    [64_000, counts(3, 2, 1)],
  ])

  it('tells at 80 columns which run this is, how far it is, and what each busy slot does', () => {
    expect(screen(busy, 66_000)).toEqual([
      'Run r1 → autopilot/main · gates npm test, lint by codex · 1m06s · $0.42',
      expect.stringMatching(/^█+░+  {1,2}\d+ %, ends about \d\d:\d\d \(in \d min\)$/),
      'Queue: 3 waiting | 2 busy | 1 idle',
      'Tasks: 1 done | 0 failed | 0 held | 6 in all',
      'claude:opus  T3 Task number 3  #1     5 s',
      'claude:opus  T2 Task number 2  #1   1m06s  Edit src/main.ts    $0.42',
    ])
  })

  it('has a line for what is going on besides: setups, gates, what is to land, limits', () => {
    const state = stateAfter(runStarted({ tasks }), [
      [0, { type: 'setup_started', run: 1, use: 'agents', workspace: '/w/1' }],
      [0, { type: 'setup_started', run: 2, use: 'gates', workspace: '/w/2' }],
      [1000, started('T1', 's1')],
      [2000, { type: 'agent_exited', taskId: taskId('T1'), attempt: 1, slot: 's1', exit, durationMs: 1000 }],
      [3000, { type: 'gate_started', run: 1, gate: 'npm test', tree: treeId('t'), taskIds: [taskId('T1')] }],
      [4000, { type: 'gate_started', run: 2, gate: 'lint', tree: treeId('t'), taskIds: [] }],
      [
        5000,
        {
          type: 'provider_cooled_down',
          provider: 'codex',
          until: epochMs(1_700_000_605_000),
          failure: failure('rate_limit', 'x'),
        },
      ],
    ])
    expect(screen(state, 5000).slice(4)).toEqual([
      'Setup 1 for agents, 1 for gates (5 s)',
      'Gates npm test on T1 (2 s); lint on the base (1 s)',
      'Merge 1 task (3 s): T1',
      expect.stringMatching(/^Limit codex for 10 min \(until \d\d:\d\d\)$/),
    ])
    // Over.
    expect(screen(state, 700_000).join('\n')).not.toContain('Limit')
  })

  it('says which attempt, which round of repair, and that somebody reviews', () => {
    const agent = { provider: 'codex' }
    const of = { taskId: taskId('T1'), attempt: 2, agent }
    const reason = failure('conflict', 'Conflicts.')
    const line = (event: RunEvent, columns: number) =>
      screen(stateAfter(runStarted({ tasks, slots }), [[0, event]]), 1000, columns).at(-1)
    const repair = { type: 'repair_started', ...of, round: 1, slot: 'slot-1', reason } as const
    const review = {
      type: 'review_started',
      ...of,
      review: 1,
      gate: 'tone',
      slot: 'slot-1',
      tree: treeId('t'),
    } as const
    expect(line(started('T1', 'slot-1', 2), 120)).toBe('slot-1  claude:opus  T1 Task number 1  attempt 2     1 s')
    expect(line(repair, 120)).toBe('slot-1  codex  T1 Task number 1  round 1     1 s')
    expect(line(review, 120)).toBe('slot-1  codex  T1 Task number 1  review     1 s')
    expect(line(repair, 80)).toBe('codex  T1 Task number 1  r1     1 s')
    expect(line(review, 80)).toBe('codex  T1 Task number 1  rev     1 s')
  })

  it('shows what the run has used of its budget', () => {
    const budgets = { run: { usd: 5 }, providers: {} }
    const usage = { inputTokens: 1, cachedInputTokens: 0, outputTokens: 1, costUsd: 1.5 }
    const state = stateAfter(runStarted({ budgets }), [
      [0, { type: 'agent_finished', taskId: taskId('T1'), attempt: 1, provider: 'claude', usage, text: '' }],
    ])
    expect(screen(state, 1000)[0]).toBe('Run r1 → autopilot/main · 1 s · $1.50 of $5.00')
  })

  it('gives the gates a line of their own where they do not fit, and leaves out the id of the run before its time', () => {
    expect(screen(busy, 66_000, 60).slice(0, 2)).toEqual([
      'Run r1 → autopilot/main · 1m06s · $0.42',
      'gates npm test, lint by codex',
    ])
    expect(screen(busy, 66_000, 40)[0]).toBe('Run r1 → autopilot/main · 1m06s · $0.42')
    expect(screen(busy, 66_000, 38)[0]).toBe('→ autopilot/main · 1m06s · $0.42')
    expect(screen(busy, 66_000, 20)[0]).toBe('1m06s · $0.42')
  })

  it('counts the slots that it has no room for', () => {
    const many = Array.from({ length: 200 }, (_, n) => `slot-${n + 1}`)
    const all = many.map((_, n) => ({ id: taskId(`T${n}`), title: '', state: 'pending' }) as const)
    const state = stateAfter(
      runStarted({ slots: many, tasks: all }),
      many.map((slot, n) => [0, started(`T${n}`, slot)] as const),
    )
    const lines = screen(state, 1000)
    expect(lines).toHaveLength(23)
    expect(lines.at(-1)).toBe('… 182 more busy slots')
    // In a low window what matters least is left out first.
    expect(screen(state, 1000, 80, 5)).toEqual([
      expect.stringMatching(/^Run /),
      'Queue: 0 waiting | 0 busy | 200 idle',
      expect.stringMatching(/^Tasks: /),
      '… 200 busy slots',
    ])
    expect(screen(state, 1000, 80, 2)).toEqual(['Queue: 0 waiting | 0 busy | 200 idle'])
  })

  it('is never wider than the window nor as high, for 1 to 200 slots, whatever the agents say', () => {
    const words = fc.oneof(
      fc.string(),
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('日本語のテキスト', '👩‍👩‍👧 e\u0301'),
    )
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 300 }),
        fc.integer({ min: 1, max: 80 }),
        fc.integer({ min: 1, max: 200 }),
        fc.array(words, { minLength: 1, maxLength: 5 }),
        fc.boolean(),
        (columns, rows, slotCount, texts, isWaiting) => {
          const text = (n: number) => (texts[n % texts.length] ?? '').repeat(1 + (n % 20))
          const ids = Array.from({ length: slotCount }, (_, n) => `s${n} ${text(n)}`)
          const planned = ids.map((id, n) => ({ id: taskId(id), title: text(n + 1), state: 'pending' }) as const)
          const state = stateAfter(runStarted({ slots: ids, tasks: planned, gates: [text(0), text(1)] }), [
            ...ids.map((id) => [0, started(id, id)] as const),
            ...ids.map((id, n) => [1, said(id, { type: 'text', text: text(n + 2) })] as const),
            [
              2,
              { type: 'gate_started', run: 1, gate: text(2), tree: treeId('t'), taskIds: planned.map(({ id }) => id) },
            ],
            [2, { type: 'setup_started', run: 1, use: 'agents', workspace: '/w' }],
            [3, { type: 'run_canceling', why: text(3) }],
            ...(isWaiting
              ? [[3, { type: 'run_waiting', until: epochMs(1_700_000_900_000), providers: [text(0)] }] as const]
              : []),
          ])
          const lines = screen(state, 100_000, columns, rows)
          expect(lines.length).toBeLessThanOrEqual(Math.max(1, rows - 1))
          expect(lines.some((line) => line.startsWith('Queue: '))).toBe(true)
          for (const line of lines) {
            expect(stringWidth(line)).toBeLessThanOrEqual(columns)
            expect(line).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
          }
        },
      ),
      { numRuns: 60 },
    )
  })
})

describe('a text that must fit', () => {
  it('is cut where it would be too wide, between characters', () => {
    expect(fitText('hello', 5)).toBe('hello')
    expect(fitText('hello', 4)).toBe('hel…')
    expect(fitText('日本語', 6)).toBe('日本語')
    expect(fitText('日本語', 5)).toBe('日本…')
    expect(fitText('日本語', 4)).toBe('日…')
    expect(fitText('👩‍👩‍👧👩‍👩‍👧', 3)).toBe('👩‍👩‍👧…')
    expect(fitText('hello', 0)).toBe('')
  })

  it('is as wide as a terminal shows it, whatever is in it', () => {
    const characters = fc.constantFrom(...Array.from('ab …·→“”█░、。あンー漢字한국ｱé👩⭐🇨🇭\u0301\ufe0f\u200d\u3099'))
    const texts = fc.oneof(fc.string({ unit: characters }), fc.string({ unit: 'grapheme' }), fc.string())
    fc.assert(
      fc.property(texts, fc.nat(30), (text, columns) => {
        expect(widthOfText(text)).toBe(stringWidth(text))
        expect(stringWidth(fitText(text, columns))).toBeLessThanOrEqual(columns)
        expect(stringWidth(padText(text, columns))).toBe(columns)
      }),
    )
  })
})

describe('a path in what an agent did', () => {
  it('is shown as the task knows it, relative to the workspace', () => {
    expect(withinWorkspace('Edit /w/1/src/a.ts', '/w/1')).toBe('Edit src/a.ts')
    expect(withinWorkspace('cd /w/1 && ls "/w/1"', '/w/1')).toBe('cd . && ls "."')
    expect(withinWorkspace('ls /w/10/a /w/1.bak', '/w/1')).toBe('ls /w/10/a /w/1.bak')
    expect(withinWorkspace('ls /private/w/1/a', '/w/1')).toBe('ls /private/w/1/a')
    expect(withinWorkspace('Edit /etc/passwd', '')).toBe('Edit /etc/passwd')
  })
})
