import type { TaskId } from '../brand.js'
import type { SlotState } from './slot-state.js'
import type { TaskRecord } from './task-record.js'
import type { TaskTally } from './task-tally.js'

/** How far a run is, and how long it may still take. */
export interface Forecast {
  /** The share of the expected work that is done, from 0 to 1. */
  readonly share: number
  /**
   * What the expected work of a task is taken from: estimates, scaled by how long such tasks have taken in this run; how
   * long the tasks of this run have taken; or nothing, so that all count the same.
   */
  readonly by: 'estimates' | 'history' | 'count'
  /** In ms; absent while nothing is known, or nothing is left to do. */
  readonly remainingMs?: number
}

/** The part of a run's state that says how far it is. */
export interface Forecastable {
  readonly tasks: ReadonlyMap<TaskId, TaskRecord>
  readonly slots: ReadonlyMap<string, SlotState>
  readonly tally: TaskTally
}

/** Of what a task is expected to take, an agent at work has never done more than this share. */
const mostUnfinished = 0.95

/** `ms`: the run's time now. Its effort grows with slots and with tasks that are about to land, not with all tasks. */
export function forecast(state: Forecastable, ms: number): Forecast {
  const { settled, open, landed } = state.tally
  if (settled.tasks + open.tasks === 0) return { share: 1, by: 'count' }
  if (settled.workMs <= 0) return { share: settled.tasks / (settled.tasks + open.tasks), by: 'count' }
  const expected = expectations(state.tally)
  const begun = begunWork(state, expected.ofTask, ms)
  const done = begun.reduce((sum, { doneMs }) => sum + doneMs, 0)
  const left = Math.max(0, expected.openMs - done)
  const share = (settled.workMs + Math.min(done, expected.openMs)) / (settled.workMs + expected.openMs)
  if (open.tasks === 0) return { share, by: expected.by }
  const longest = begun.reduce((most, { leftMs }) => Math.max(most, leftMs), 0)
  const landing = landed.tasks === 0 ? 0 : landed.ms / landed.tasks
  const remainingMs = Math.max(left / parallelism(state, ms), longest) + landing
  return { share, by: expected.by, remainingMs }
}

interface Expectations {
  readonly by: Forecast['by']
  /** All tasks that are still to be done. */
  readonly openMs: number
  readonly ofTask: (task: TaskRecord) => number
}

/** How long agents will work, by what has been done so far. */
function expectations({ settled, open }: TaskTally): Expectations {
  const mean = settled.workMs / settled.tasks
  const { estimated } = settled
  // An estimate says how tasks compare, not how long an agent takes: a person's hours are an agent's minutes.
  const scale = estimated.estimateMs > 0 ? estimated.workMs / estimated.estimateMs : 0
  if (scale === 0 || open.estimated.tasks === 0) return { by: 'history', openMs: open.tasks * mean, ofTask: () => mean }
  return {
    by: 'estimates',
    openMs: open.estimated.estimateMs * scale + (open.tasks - open.estimated.tasks) * mean,
    ofTask: ({ estimateMs }) => (estimateMs === undefined ? mean : estimateMs * scale),
  }
}

interface BegunWork {
  readonly doneMs: number
  /** How long its agent will still work. */
  readonly leftMs: number
}

function begunWork(
  { slots, tasks, tally }: Forecastable,
  expectedOf: Expectations['ofTask'],
  ms: number,
): readonly BegunWork[] {
  const running = [...slots.values()].flatMap(({ work }) => {
    const task = work && tasks.get(work.taskId)
    if (!task) return []
    const expected = expectedOf(task)
    const doneMs = Math.min(task.workMs + Math.max(0, ms - work.since), expected * mostUnfinished)
    return [{ doneMs, leftMs: expected - doneMs }]
  })
  const landing = [...tally.landing.keys()].flatMap((id) => {
    const task = tasks.get(id)
    return task ? [{ doneMs: expectedOf(task) * mostUnfinished, leftMs: 0 }] : []
  })
  return [...running, ...landing]
}

/** How many agents work at once: as many as now, or as in the whole run so far. */
function parallelism({ slots, tally: { open } }: Forecastable, ms: number): number {
  const all = [...slots.values()]
  const busyNow = all.filter(({ work }) => work !== undefined).length
  const busyMs = all.reduce((sum, slot) => sum + slot.busyMs + (slot.work ? Math.max(0, ms - slot.work.since) : 0), 0)
  const sofar = ms > 0 ? busyMs / ms : 0
  return Math.max(1, Math.min(Math.max(busyNow, sofar), all.length, open.tasks))
}
