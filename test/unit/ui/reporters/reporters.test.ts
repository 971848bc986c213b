import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { commitId, taskId, treeId } from '../../../support/brands.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { apply, initialState } from '../../../../src/domain/run/run-state.js'
import type { Reporter } from '../../../../src/ui/reporters/contract.js'
import { jsonReporter } from '../../../../src/ui/reporters/json-reporter.js'
import { painter } from '../../../../src/ui/paint.js'
import { plainReporter } from '../../../../src/ui/reporters/plain-reporter.js'
import { screen, terminalReporter } from '../../../../src/ui/reporters/terminal-reporter.js'
import { fakeTerminal } from '../../../support/fakes/fake-terminal.js'
import { runStarted, stamp, stateAfter } from '../../../support/rigs/records.js'

const start = runStarted()
const counts = (queueLength: number, busyAgents: number, availableAgents: number): RunEvent => ({
  type: 'queue_updated',
  queueLength,
  busyAgents,
  availableAgents,
})
const started = (id: string, slot: string): RunEvent => ({
  type: 'attempt_started',
  taskId: taskId(id),
  attempt: 1,
  slot,
  agent: { provider: 'claude' },
  workspace: '/w',
})
const integrated: RunEvent = {
  type: 'task_integrated',
  taskId: taskId('T1'),
  attempt: 1,
  commit: commitId('abcdef0123456789'),
  previous: commitId('0'),
}

/** Shows events as the recorder does: the state first, then the reporter. */
function showing(reporter: Reporter): (...events: readonly RunEvent[]) => void {
  const state = initialState(start)
  let seq = 0
  return (...events) => {
    for (const event of events) {
      const record = stamp(event, 0, ++seq)
      apply(state, record)
      reporter.record(record, state)
    }
  }
}

describe('plain lines', () => {
  it('tell each thing on a line of its own, with the counts at each change, without colour', () => {
    let text = ''
    const show = showing(plainReporter({ write: (more) => void (text += more) }))
    show(
      start,
      counts(1, 1, 1),
      started('T1', 's1'),
      { type: 'roadmap_written', taskId: taskId('T1') },
      integrated,
      counts(0, 0, 2),
    )
    expect(text.split('\n').slice(1)).toEqual([
      'Queue: 1 waiting | 1 busy | 1 idle',
      'T1 “Say hello” started on s1 (claude)',
      'T1 “Say hello” integrated as abcdef0123',
      'Queue: 0 waiting | 0 busy | 2 idle',
      '',
    ])
  })
})

describe('JSON', () => {
  it('has one record a line, all of them, as in the journal', () => {
    let text = ''
    const reporter = jsonReporter({ write: (more) => void (text += more) })
    const events: readonly RunEvent[] = [start, { type: 'notice', level: 'info', text: 'two\nlines' }, integrated]
    showing(reporter)(...events)
    reporter.close()
    const lines = text.split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual(
      events.map((event, index) => stamp(event, 0, index + 1)),
    )
  })
})

describe('paint', () => {
  const line = { tone: 'good', text: 'T1 done' } as const

  it('is left out if it is not wanted', () => {
    expect(painter(false)(line)).toBe('T1 done')
  })

  it('marks lines by their tone, and keeps their text in one column', () => {
    const paint = painter(true)
    expect(paint(line)).toBe('\u001b[32m✔\u001b[39m T1 done')
    const tones = ['plain', 'good', 'bad', 'warning', 'faint'] as const
    const bare = tones.map((tone) => paint({ tone, text: 'text' }).replace(/\u001b\[\d+m/g, ''))
    expect(bare).toEqual(['  text', '✔ text', '✖ text', '! text', '  text'])
  })
})

describe('the screen', () => {
  const slots = Array.from({ length: 6 }, (_, n) => `s${n + 1}`)
  const tasks = slots.map((_, n) => ({ id: taskId(`TASK-${'x'.repeat(n)}`), title: '', state: 'pending' }) as const)
  const busy = stateAfter(runStarted({ slots, tasks }), [
    ...slots.map((slot, n) => [n * 1000, started(tasks[n]!.id, slot)] as const),
    [
      6000,
      {
        type: 'agent_reported',
        taskId: taskId('TASK-'),
        attempt: 1,
        event: { type: 'tool', name: 'Bash', target: 'make test' },
      },
    ],
    [6000, counts(3, 6, 0)],
  ])

  it('has the counts, and a row for each busy slot in columns', () => {
    expect(screen(busy, 66_000, 80, 24).split('\n')).toEqual([
      'Queue: 3 waiting | 6 busy | 0 idle',
      '  s1  claude  TASK-       1m06s  Bash make test',
      '  s2  claude  TASK-x      1m05s',
      '  s3  claude  TASK-xx     1m04s',
      '  s4  claude  TASK-xxx    1m03s',
      '  s5  claude  TASK-xxxx   1m02s',
      '  s6  claude  TASK-xxxxx  1m01s',
    ])
  })

  it('distinguishes a review from work', () => {
    const review = { type: 'review_started', review: 1, gate: 'tone', slot: 's1', tree: treeId('t') } as const
    const state = stateAfter(runStarted(), [
      [0, { ...review, taskId: taskId('T1'), attempt: 1, agent: { provider: 'codex' } }],
    ])
    expect(screen(state, 1000, 80, 24).split('\n')[1]).toBe('  s1  codex  reviewing T1  1.0 s')
  })

  it('says how many busy slots it has no room for', () => {
    expect(screen(busy, 66_000, 80, 6).split('\n').slice(3)).toEqual(['  s3  claude  TASK-xx  1m04s', '  … and 3 more'])
  })

  it('fits into columns and rows, whatever the agents do', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 40, max: 200 }),
        fc.integer({ min: 4, max: 60 }),
        fc.string(),
        (columns, rows, text) => {
          const state = stateAfter(runStarted({ slots, tasks }), [
            ...slots.map((slot, n) => [0, started(tasks[n]!.id, slot)] as const),
            ...tasks.map(({ id }) => {
              const event = { type: 'text', text: text.repeat(20) } as const
              return [0, { type: 'agent_reported', taskId: id, attempt: 1, event }] as const
            }),
          ])
          const lines = screen(state, 0, columns, rows).split('\n')
          expect(lines.length).toBeLessThan(rows)
          // The spinner's frame is before the first line and takes two columns.
          expect(lines[0]!.length + 2).toBeLessThanOrEqual(columns)
          for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns)
        },
      ),
    )
  })
})

describe('a terminal', () => {
  beforeEach(() => {
    vi.useFakeTimers()
  })
  afterEach(() => {
    vi.useRealTimers()
    vi.unstubAllEnvs()
  })

  const frame = /^[⠁-⣿|/\\-] Queue: /

  it('shows the counts and the busy slots in the spinner, with settled tasks above', () => {
    const terminal = fakeTerminal(120)
    const reporter = terminalReporter(terminal.stream)
    const show = showing(reporter)
    show(start, counts(1, 1, 1), started('T1', 's1'))
    vi.advanceTimersByTime(1000)
    expect(terminal.lines()[0]).toBe(
      '  autopilot 1.2.3: roadmap.yaml → autopilot/main; 2 tasks to run, 0 held, 0 done before; 2 slots, permissions edit',
    )
    expect(terminal.lines()[1]).toMatch(frame)
    expect(terminal.lines()[1]).toContain('Queue: 1 waiting | 1 busy | 1 idle')
    expect(terminal.lines()[2]).toMatch(/^ {2}s1 {2}claude {2}T1 {2}\d\.\d s$/)
    expect(terminal.cursorVisible).toBe(false)

    show(integrated, counts(0, 0, 2))
    vi.advanceTimersByTime(1000)
    expect(terminal.lines()[1]).toBe('✔ T1 “Say hello” integrated as abcdef0123')
    expect(terminal.lines()[2]).toContain('Queue: 0 waiting | 0 busy | 2 idle')
    reporter.close()
  })

  it('keeps counting the time of a busy slot while nothing happens', () => {
    const terminal = fakeTerminal()
    const reporter = terminalReporter(terminal.stream)
    showing(reporter)(start, started('T1', 's1'))
    vi.advanceTimersByTime(65_000)
    expect(terminal.lines().at(-1)).toMatch(/1m0[45]s$/)
    reporter.close()
  })

  it('is left as it was: no spinner, a visible cursor, nothing that still draws', () => {
    const terminal = fakeTerminal(120)
    const reporter = terminalReporter(terminal.stream)
    showing(reporter)(start, started('T1', 's1'), integrated, { type: 'run_finished', exitCode: 0, why: 'done' })
    vi.advanceTimersByTime(500)
    reporter.close()
    const left = terminal.lines()
    expect(left.filter((line) => line !== '')).toHaveLength(2)
    expect(left.join('\n')).not.toContain('Queue:')
    expect(terminal.cursorVisible).toBe(true)
    vi.advanceTimersByTime(5000)
    expect(terminal.lines()).toEqual(left)
  })

  it('is trusted to be one, even if the environment says CI', () => {
    vi.stubEnv('CI', '')
    const terminal = fakeTerminal()
    const reporter = terminalReporter(terminal.stream)
    const show = showing(reporter)
    show(start, counts(1, 1, 1), counts(0, 2, 0))
    vi.advanceTimersByTime(500)
    expect(terminal.lines().filter((line) => line.includes('Queue:'))).toHaveLength(1)
    reporter.close()
  })

  it('shows nothing hostile that an agent says', () => {
    const terminal = fakeTerminal()
    const reporter = terminalReporter(terminal.stream)
    const show = showing(reporter)
    const event = { type: 'text', text: '\u001b[2J\u001b[?25h\nowned\r\nagain' } as const
    show(start, started('T1', 's1'), { type: 'agent_reported', taskId: taskId('T1'), attempt: 1, event })
    vi.advanceTimersByTime(500)
    expect(terminal.cursorVisible).toBe(false)
    expect(terminal.lines().at(-1)).toMatch(/ owned again$/)
    reporter.close()
  })
})
