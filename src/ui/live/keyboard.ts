import type { TaskId } from '../../domain/brand.js'
import type { Order } from '../../domain/run/control.js'
import type { RunState } from '../../domain/run/run-state.js'
import { isSettled } from '../../domain/run/task-record.js'
import { cleanLine } from '../../domain/text.js'
import { showId } from '../format.js'
import { piece, type ScreenLine } from './screen-line.js'
import { busySlots } from './slot-table.js'

/** What a person is doing at the keys. */
export type Mode =
  | { readonly type: 'watching' }
  | { readonly type: 'help' }
  | { readonly type: 'choosing'; readonly what: 'cancel' | 'follow'; readonly typed: string; readonly problem?: string }
  | { readonly type: 'confirming'; readonly taskId: TaskId }

/** The person's side of the screen: nothing of it is about the run. */
export interface Keyboard {
  readonly mode: Mode
  /** The task whose agent is listened to. */
  readonly follows?: TaskId
}

export const untouched: Keyboard = { mode: { type: 'watching' } }

export interface Pressed {
  readonly keyboard: Keyboard
  readonly order?: Order
}

const enter = /^[\r\n]$/
const erase = /^[\b\x7f]$/
const escape = '\u001b'
const longestTyped = 100

/** What follows from one key. */
export function press(keyboard: Keyboard, key: string, state: RunState): Pressed {
  const { mode } = keyboard
  const to = (next: Mode): Pressed => ({ keyboard: { ...keyboard, mode: next } })
  switch (mode.type) {
    case 'watching':
      return pressWatching(keyboard, key, state)
    case 'help':
      return to({ type: 'watching' })
    case 'choosing':
      if (key === escape) return to({ type: 'watching' })
      if (enter.test(key)) return choose(keyboard, mode, state)
      if (erase.test(key)) return to({ ...mode, typed: mode.typed.slice(0, -1) })
      if (/[\x00-\x1f]/.test(key)) return { keyboard }
      return to({ type: 'choosing', what: mode.what, typed: (mode.typed + key).slice(0, longestTyped) })
    case 'confirming':
      if (!/^y$/i.test(key)) return to({ type: 'watching' })
      return { ...to({ type: 'watching' }), order: { type: 'cancel', taskId: mode.taskId } }
  }
}

function pressWatching(keyboard: Keyboard, key: string, { paused, start }: RunState): Pressed {
  switch (key) {
    case 'p':
      return { keyboard, order: { type: paused ? 'unpause' : 'pause' } }
    case '+':
    case '=':
      return { keyboard, order: { type: 'agents', count: start.slots.length + 1 } }
    case '-':
      return { keyboard, order: { type: 'agents', count: start.slots.length - 1 } }
    case 'l':
      if (keyboard.follows !== undefined) return { keyboard: { mode: keyboard.mode } }
      return { keyboard: { ...keyboard, mode: { type: 'choosing', what: 'follow', typed: '' } } }
    case 'x':
      return { keyboard: { ...keyboard, mode: { type: 'choosing', what: 'cancel', typed: '' } } }
    case '?':
      return { keyboard: { ...keyboard, mode: { type: 'help' } } }
    default:
      return { keyboard }
  }
}

function choose(keyboard: Keyboard, { what, typed }: Extract<Mode, { type: 'choosing' }>, state: RunState): Pressed {
  const taskId = meantTask(typed.trim(), state)
  if (taskId === undefined) {
    const problem =
      typed.trim() === '' ? 'name one' : `no task that is still to be done is meant by ${cleanLine(typed, 60)}`
    return { keyboard: { ...keyboard, mode: { type: 'choosing', what, typed: '', problem } } }
  }
  if (what === 'cancel') return { keyboard: { ...keyboard, mode: { type: 'confirming', taskId } } }
  return { keyboard: { mode: { type: 'watching' }, follows: taskId } }
}

/** A slot's number, a task's id, or the beginning of one id alone. Nothing is needed where only one task is at work. */
function meantTask(typed: string, state: RunState): TaskId | undefined {
  const busy = busySlots(state)
  if (typed === '') return busy.length === 1 ? busy[0]?.work.taskId : undefined
  const open = [...state.tasks.values()].filter((task) => !isSettled(task.state)).map(({ id }) => id)
  const exact = open.find((id) => id === typed)
  if (exact !== undefined) return exact
  const onSlot = busy.find(({ id }) => id === typed || id === `slot-${typed}`)
  if (onSlot) return onSlot.work.taskId
  const begins = open.filter((id) => id.startsWith(typed))
  return begins.length === 1 ? begins[0] : undefined
}

/** What the screen says of it. */
export function keyboardLines({ mode, follows }: Keyboard, state: RunState): readonly ScreenLine[] {
  switch (mode.type) {
    case 'watching': {
      const following = follows === undefined ? 'l follow a task' : `l stop following ${showId(follows)}`
      return [
        [
          piece(
            `p ${state.paused ? 'unpause' : 'pause'} · + - slots · ${following} · x cancel a task · ? help`,
            'faint',
          ),
        ],
      ]
    }
    case 'help':
      return help.map(([key, text]) => [piece(`  ${key.padEnd(7)}`, 'strong'), piece(text)])
    case 'choosing': {
      const verb = mode.what === 'cancel' ? 'Cancel' : 'Follow'
      return [
        ...(mode.problem === undefined ? [] : [[piece(mode.problem, 'warning')]]),
        [
          piece(`${verb} which task? Its id or slot (Esc: none): `, 'strong'),
          piece(`${cleanLine(mode.typed, longestTyped)}_`),
        ],
      ]
    }
    case 'confirming':
      return [[piece(`Cancel ${titled(mode.taskId, state)}? What it has done is kept. (y/N)`, 'warning')]]
  }
}

const help = [
  ['p', 'begin nothing more, or go on; what is at work goes on'],
  ['+ -', 'one slot more, one fewer; a busy one goes when its agent has ended'],
  ['l', 'follow a task: what its agent does scrolls above'],
  ['x', 'cancel a task: its work is kept on its ref, its dependents are held'],
  ['Ctrl-C', 'stop the run; autopilot resume continues it'],
  ['Ctrl-Z', 'stop autopilot and its agents; fg continues them'],
  ['?', 'this; any key leaves it'],
] as const

function titled(taskId: TaskId, { tasks }: RunState): string {
  const title = tasks.get(taskId)?.title
  return title === undefined || title === taskId ? showId(taskId) : `${showId(taskId)} “${cleanLine(title, 60)}”`
}
