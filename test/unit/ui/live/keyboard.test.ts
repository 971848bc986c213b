import { describe, expect, it } from 'vitest'
import type { RunEvent } from '../../../../src/domain/run/event.js'
import { keyboardLines, press, untouched, type Keyboard } from '../../../../src/ui/live/keyboard.js'
import { epochMs, taskId } from '../../../support/brands.js'
import { runStarted, stateAfter } from '../../../support/rigs/records.js'

function started(id: string, slot: string): RunEvent {
  return {
    type: 'attempt_started',
    taskId: taskId(id),
    attempt: 1,
    slot,
    agent: { provider: 'claude' },
    workspace: '/w',
  }
}

const tasks = ['build', 'build-docs', 'test', 'done'].map((id) => {
  return { id: taskId(id), title: `About ${id}`, state: id === 'done' ? 'done' : 'pending' } as const
})
const state = stateAfter(runStarted({ tasks, slots: ['slot-1', 'slot-2'] }), [
  [0, started('build', 'slot-1')],
  [0, started('test', 'slot-2')],
])

/** What these keys come to, one after the other. */
function type(keys: readonly string[], from: Keyboard = untouched, run = state) {
  const orders: unknown[] = []
  let keyboard = from
  for (const key of keys) {
    const pressed = press(keyboard, key, run)
    keyboard = pressed.keyboard
    if (pressed.order) orders.push(pressed.order)
  }
  return { keyboard, orders }
}

const shown = (keyboard: Keyboard, run = state) =>
  keyboardLines(keyboard, run).map((line) => line.map(({ text }) => text).join(''))

describe('the keys', () => {
  it('pause the run and end the pause', () => {
    expect(type(['p']).orders).toEqual([{ type: 'pause' }])
    const by = { user: 'me', pid: 1, via: 'key' } as const
    const paused = { ...state, paused: { by, at: epochMs(0) } }
    expect(type(['p'], untouched, paused).orders).toEqual([{ type: 'unpause' }])
  })

  it('give the run one slot more, or one fewer', () => {
    expect(type(['+', '=', '-']).orders).toEqual([
      { type: 'agents', count: 3 },
      { type: 'agents', count: 3 },
      { type: 'agents', count: 1 },
    ])
  })

  it('cancel a task only when that has been confirmed', () => {
    const asked = type(['x', ...Array.from('test'), '\r'])
    expect(asked.orders).toEqual([])
    expect(shown(asked.keyboard)).toEqual(['Cancel test “About test”? What it has done is kept. (y/N)'])
    expect(type(['y'], asked.keyboard)).toEqual({
      keyboard: untouched,
      orders: [{ type: 'cancel', taskId: 'test' }],
    })
    for (const key of ['n', '\r', '\u001b', 'x']) {
      expect(type([key], asked.keyboard)).toEqual({ keyboard: untouched, orders: [] })
    }
  })

  it('name a task by its id, by a slot, or by what its id alone begins with', () => {
    const chosen = (typed: string) => type(['l', ...Array.from(typed), '\r']).keyboard.follows
    expect(chosen('build')).toBe('build')
    expect(chosen('2')).toBe('test')
    expect(chosen('slot-1')).toBe('build')
    expect(chosen('te')).toBe('test')
    expect(chosen('build-')).toBe('build-docs')
    expect(chosen('bu')).toBeUndefined()
    // It has come to its end.
    expect(chosen('done')).toBeUndefined()
    expect(chosen('')).toBeUndefined()
    const wrong = type(['l', ...Array.from('nope'), '\r']).keyboard
    expect(shown(wrong)[0]).toBe('no task that is still to be done is meant by nope')
  })

  it('take back what was typed, and take a whole choice back', () => {
    const { keyboard } = type(['x', ...Array.from('tesx'), '\u007f', 't'])
    expect(shown(keyboard)).toEqual(['Cancel which task? Its id or slot (Esc: none): test_'])
    expect(type(['\u001b'], keyboard).keyboard).toEqual(untouched)
  })

  it('follow one task until they are pressed again', () => {
    const { keyboard } = type(['l', '1', '\r'])
    expect(shown(keyboard)[0]).toContain('l stop following build')
    expect(type(['l'], keyboard).keyboard).toEqual(untouched)
  })

  it('explain themselves, and do nothing else meanwhile', () => {
    const { keyboard, orders } = type(['?'])
    expect(shown(keyboard).length).toBeGreaterThan(5)
    expect(type(['p'], keyboard)).toEqual({ keyboard: untouched, orders })
    expect(type(['q', '\u001b[A', ' ', '\r'])).toEqual({ keyboard: untouched, orders: [] })
  })

  it('show what is typed without what could move a cursor', () => {
    const { keyboard } = type(['x', 'a', '\u001b[A', '\u0007', '\u009b'])
    expect(shown(keyboard).join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f]/)
  })
})
