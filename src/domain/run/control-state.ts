import type { EpochMs, TaskId } from '../brand.js'
import type { Actor } from '../actor.js'
import { present } from '../present.js'
import { passOver, type Control, type RecordOf, type RunEvent } from './event.js'
import { unusedSlot, type SlotState } from './slot-state.js'
import type { TaskRecord } from './task-record.js'

/** What of a run's state people change while it is at work. */
export interface ControlState {
  /** How the run began. After a resume: with the version, the settings and the tasks of the resume. */
  start: Extract<RunEvent, { type: 'run_started' }>
  readonly tasks: Map<TaskId, TaskRecord>
  /** Also those that were taken away, for what they did; the ones that there are, are in `start`. */
  readonly slots: Map<string, SlotState>
  /** Nothing begins; who paused the run, when, and when its time limit ends it. */
  paused?: { readonly by: Actor; readonly at: EpochMs; readonly until?: EpochMs }
}

export function takeInControl(state: ControlState, record: RecordOf<Control>): void {
  switch (record.type) {
    case 'run_paused':
      state.paused = { by: record.by, at: record.at, ...present({ until: record.until }) }
      return
    case 'run_unpaused':
      delete state.paused
      return
    case 'task_canceling': {
      const task = state.tasks.get(record.taskId)
      if (task) state.tasks.set(task.id, { ...task, canceling: { by: record.by, at: record.at } })
      return
    }
    case 'slots_changed':
      state.start = { ...state.start, slots: record.slots }
      for (const id of record.slots) if (!state.slots.has(id)) state.slots.set(id, unusedSlot(id))
      return
    // What follows from it has its own events.
    case 'run_stop_asked':
    case 'run_continued':
      return
    default:
      passOver(record)
  }
}
