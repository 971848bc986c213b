import { describe, expect, it } from 'vitest'
import { commitId, taskId } from '../../../support/brands.js'
import { failure } from '../../../../src/domain/agent/failure.js'
import type { Order } from '../../../../src/domain/run/control.js'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { apply, initialState } from '../../../../src/domain/run/run-state.js'
import type { Reporter } from '../../../../src/ui/reporters/contract.js'
import { jsonReporter } from '../../../../src/ui/reporters/json-reporter.js'
import { painter } from '../../../../src/ui/paint.js'
import { plainReporter } from '../../../../src/ui/reporters/plain-reporter.js'
import { terminalReporter } from '../../../../src/ui/reporters/terminal-reporter.js'
import { formatTime } from '../../../../src/ui/format.js'
import { fakeTerminal } from '../../../support/fakes/fake-terminal.js'
import { virtualClock } from '../../../support/fakes/virtual-clock.js'
import { runStarted, stamp } from '../../../support/rigs/records.js'

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
function showing(reporter: Reporter, clock = virtualClock()): (...events: readonly RunEvent[]) => void {
  const state = initialState(start)
  let seq = 0
  return (...events) => {
    for (const event of events) {
      const record = stamp(event, clock.monotonic(), ++seq)
      apply(state, record)
      reporter.record(record, state)
    }
  }
}

const time = (ms = 0) => formatTime(stamp(start, ms).at)

describe('plain lines', () => {
  function plain() {
    const lines: string[] = []
    const clock = virtualClock()
    const reporter = plainReporter(({ text }) => void lines.push(text), clock)
    return { lines, clock, reporter, show: showing(reporter, clock) }
  }

  it('tell each thing on a line of its own, with its time; the counts, which scripts know, stand alone', () => {
    const { lines, show } = plain()
    show(
      start,
      counts(1, 1, 1),
      started('T1', 's1'),
      { type: 'roadmap_written', taskId: taskId('T1') },
      integrated,
      counts(0, 0, 2),
    )
    expect(lines.slice(1)).toEqual([
      'Queue: 1 waiting | 1 busy | 1 idle',
      `${time()} T1 “Say hello” started on s1 (claude)`,
      `${time()} T1 “Say hello” integrated as abcdef0123`,
      'Queue: 0 waiting | 0 busy | 2 idle',
    ])
  })

  it('have what a program printed below the line of its failure, without a time of its own', () => {
    const { lines, show } = plain()
    const crash = failure('crash', 'It fell over.', { detail: 'one\ntwo' })
    show(start, { type: 'task_failed', taskId: taskId('T1'), attempts: 1, failure: crash })
    expect(lines.slice(1)).toEqual([
      `${time()} T1 failed after 1 attempt (crash): It fell over.`,
      expect.stringMatching(/^ {4}\| one$/),
      expect.stringMatching(/^ {4}\| two$/),
    ])
  })

  it('have the counts at each change in the first minute, then once in five seconds, the last ones always', () => {
    const { lines, clock, reporter, show } = plain()
    const shown = () => lines.splice(0).map((line) => /: (\d+)/.exec(line)?.[1])
    show(counts(1, 0, 2), counts(2, 0, 2))
    expect(shown()).toEqual(['1', '2'])
    clock.advance(60_000)
    show(counts(3, 0, 2), counts(4, 0, 2), counts(5, 0, 2))
    expect(shown()).toEqual(['3'])
    clock.advance(4_999)
    expect(shown()).toEqual([])
    clock.advance(1)
    expect(shown()).toEqual(['5'])
    show(counts(6, 0, 2), counts(5, 0, 2))
    clock.advance(5_000)
    expect(shown()).toEqual([])
    show(counts(7, 0, 2), counts(8, 0, 2))
    reporter.close()
    expect(shown()).toEqual(['8'])
    expect(clock.timers).toBe(0)
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
  const tones = ['plain', 'good', 'bad', 'warning', 'faint'] as const

  it('is left out if it is not wanted', () => {
    expect(painter({ isRich: false, hasColour: false })(line)).toBe('T1 done')
  })

  it('marks lines by their tone, and keeps their text in one column', () => {
    const paint = painter({ isRich: true, hasColour: true })
    expect(paint(line)).toBe('\u001b[32m✔\u001b[39m T1 done')
    const bare = tones.map((tone) => paint({ tone, text: 'text' }).replace(/\u001b\[\d+m/g, ''))
    expect(bare).toEqual(['  text', '✔ text', '✖ text', '! text', '  text'])
  })

  it('has marks without colours, or colours without marks, where a reader wants that', () => {
    const marks = painter({ isRich: true, hasColour: false })
    expect(tones.map((tone) => marks({ tone, text: 'text' }))).toEqual([
      ...['  text', '✔ text', '✖ text', '! text', '  text'],
    ])
    const colours = painter({ isRich: false, hasColour: true })
    expect(colours({ tone: 'plain', text: 'Queue: 1' })).toBe('Queue: 1')
    expect(colours({ tone: 'bad', text: 'text' })).toBe('\u001b[31mtext\u001b[39m')
  })
})

describe('a terminal', () => {
  function live(columns = 140, rows = 24) {
    const terminal = fakeTerminal(columns, rows)
    const clock = virtualClock()
    const form = { isRich: true, hasColour: false }
    const job = { isInForeground: true }
    const isInForeground = () => job.isInForeground
    const reporter = terminalReporter({ stream: terminal.stream, form, clock, isInForeground })
    return { terminal, clock, reporter, job, show: showing(reporter, clock) }
  }

  it('shows the run as a screen, with settled tasks above', () => {
    const { terminal, clock, reporter, show } = live()
    show(start, counts(1, 1, 1), started('T1', 's1'))
    clock.advance(1000)
    expect(terminal.lines()).toEqual([
      `  ${time()} autopilot 1.2.3: roadmap.yaml → autopilot/main; 2 tasks to run, 0 held, 0 done before; 2 slots, permissions edit`,
      'Run r1 → autopilot/main · 1 s',
      '░'.repeat(30) + '   0 %, by the number of tasks',
      'Queue: 1 waiting | 1 busy | 1 idle',
      'Tasks: 0 done | 0 failed | 0 held | 2 in all',
      's1  claude  T1 Say hello  attempt 1     1 s',
    ])
    expect(terminal.cursorVisible).toBe(false)

    show(integrated, counts(0, 0, 2))
    clock.advance(1000)
    expect(terminal.lines()[1]).toBe(`✔ ${time(1000)} T1 “Say hello” integrated as abcdef0123`)
    expect(terminal.lines()).toContain('Queue: 0 waiting | 0 busy | 2 idle')
    reporter.close()
  })

  it('keeps counting the time while nothing happens', () => {
    const { terminal, clock, reporter, show } = live()
    show(start, started('T1', 's1'))
    clock.advance(65_000)
    expect(terminal.lines().at(-1)).toMatch(/1m0[45]s$/)
    reporter.close()
  })

  it('draws at most ten times a second, however much happens, and once a second if nothing does', () => {
    const { terminal, clock, reporter, show } = live()
    show(start)
    clock.advance(0)
    terminal.written.length = 0
    for (let ms = 0; ms < 1000; ms += 5) {
      show(counts(ms, 0, 2))
      clock.advance(5)
    }
    expect(terminal.written.length).toBeLessThanOrEqual(10)
    clock.advance(1000)
    terminal.written.length = 0
    clock.advance(5000)
    expect(terminal.written.length).toBe(5)
    reporter.close()
  })

  it('writes only what has changed', () => {
    const { terminal, clock, reporter, show } = live()
    show(start, counts(1, 0, 2))
    clock.advance(100)
    terminal.written.length = 0
    show(counts(2, 0, 2))
    clock.advance(100)
    expect(terminal.written.join('')).toContain('Queue: 2 waiting | 0 busy | 2 idle')
    expect(terminal.written.join('')).not.toContain('Tasks:')
    reporter.close()
  })

  it('draws everything again in a window of another size', () => {
    const { terminal, clock, reporter, show } = live()
    show(start, counts(1, 0, 2))
    clock.advance(100)
    terminal.resize(50, 24)
    clock.advance(100)
    expect(terminal.lines().filter((line) => line.includes('Queue:'))).toHaveLength(1)
    for (const line of terminal.lines().slice(1)) expect(line.length).toBeLessThanOrEqual(50)
    reporter.close()
  })

  it('is left as it was: no screen, a visible cursor, nothing that still draws or waits', () => {
    const { terminal, clock, reporter, show } = live()
    show(start, started('T1', 's1'), integrated, { type: 'run_finished', exitCode: 0, why: 'done' })
    clock.advance(500)
    reporter.close()
    const left = terminal.lines()
    expect(left.filter((line) => line !== '')).toEqual([
      expect.stringContaining('autopilot 1.2.3'),
      expect.stringContaining('integrated'),
    ])
    expect(terminal.cursorVisible).toBe(true)
    expect(clock.timers).toBe(0)
    expect(terminal.stream.listenerCount('resize')).toBe(0)
    show({ type: 'notice', level: 'info', text: 'late' })
    clock.advance(5000)
    expect(terminal.lines().filter((line) => line !== '')).toHaveLength(3)
  })

  it('that takes nothing is not drawn on, and then gets what has scrolled, within bounds', () => {
    const { terminal, clock, reporter, show } = live()
    show(start)
    clock.advance(1000)
    terminal.stall(true)
    terminal.written.length = 0
    for (let n = 0; n < 1500; n++) show({ type: 'notice', level: 'info', text: `n${n}` })
    clock.advance(10_000)
    expect(terminal.written).toEqual([])
    terminal.stall(false)
    clock.advance(1000)
    expect(terminal.lines()).toContain('  … 500 lines more, which the journal has')
    expect(terminal.lines().filter((line) => / n\d+$/.test(line))).toHaveLength(1000)
    reporter.close()
  })

  it('is not drawn on by a job in the background, which gives the cursor back and only tells what happens', () => {
    const { terminal, clock, reporter, job, show } = live()
    show(start, counts(1, 0, 2))
    clock.advance(1000)
    job.isInForeground = false
    terminal.written.length = 0
    show(integrated)
    clock.advance(5000)
    expect(terminal.cursorVisible).toBe(true)
    expect(terminal.written).toEqual(['\u001b[?25h', expect.stringMatching(/^✔ .* integrated as abcdef0123\r\n$/)])
    job.isInForeground = true
    clock.advance(1000)
    expect(terminal.cursorVisible).toBe(false)
    expect(terminal.lines().some((line) => line.startsWith('Queue: '))).toBe(true)
    reporter.close()
  })

  it('where somebody types: gives orders, shows why one is refused, and lets a task be followed', async () => {
    const { terminal, clock, reporter, show } = live()
    const orders: Order[] = []
    const press = reporter.listen((order) => {
      orders.push(order)
      return Promise.resolve({ type: 'ending' })
    })
    show(start, started('T1', 's1'))
    press('p')
    await Promise.resolve()
    clock.advance(1000)
    expect(orders).toEqual([{ type: 'pause' }])
    expect(terminal.lines()).toContain('the run is coming to its end')
    clock.advance(10_000)
    expect(terminal.lines()).not.toContain('the run is coming to its end')
    for (const key of ['l', 'T', '1', '\r']) press(key)
    const event = { type: 'tool', name: 'Edit', target: '/w/src/a.ts' } as const
    show({ type: 'agent_reported', taskId: taskId('T1'), attempt: 1, event })
    show({ type: 'agent_reported', taskId: taskId('T2'), attempt: 1, event })
    clock.advance(1000)
    expect(terminal.lines().filter((line) => line.includes(' | Edit'))).toEqual([
      `  ${time(11_000)} T1 | Edit src/a.ts`,
    ])
    reporter.close()
    press('p')
    expect(orders).toHaveLength(1)
  })

  it('whose drawing fails is given up at the next record', () => {
    const { terminal, clock, reporter, show } = live()
    show(start)
    terminal.stream.write = () => {
      throw new Error('broken')
    }
    clock.advance(1000)
    expect(() => show(counts(1, 0, 2))).toThrow('broken')
    terminal.stream.write = () => true
    reporter.close()
  })

  it('shows nothing hostile that an agent says', () => {
    const { terminal, clock, reporter, show } = live()
    const event = { type: 'text', text: '\u001b[2J\u001b[?25h\nowned\r\nagain' } as const
    show(start, started('T1', 's1'), { type: 'agent_reported', taskId: taskId('T1'), attempt: 1, event })
    clock.advance(500)
    expect(terminal.cursorVisible).toBe(false)
    expect(terminal.lines().at(-1)).toMatch(/ owned again$/)
    reporter.close()
  })
})
