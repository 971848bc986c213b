import type { EpochMs, RefName, RunId, TaskId } from '../brand.js'
import { isSlotCount, mostSlots } from '../agent/slot-change.js'
import { nearest } from '../nearest.js'
import { present } from '../present.js'
import { flag, moment, name, number, oneOf, optional, text, union, variant, type ValueOf } from '../shape/shape.js'
import { exitCodes, type ExitCode } from './exit-code.js'
import type { RunState } from './run-state.js'
import { isSettled } from './task-record.js'

/** What people tell a run that is at work: by a key, or through its socket. */
export const orderShape = union({
  hello: variant('Who is there?', {}),
  pause: variant('Begin nothing.', {}),
  unpause: variant('Go on beginning attempts.', {}),
  cancel: variant('Cancel this task on its own.', { taskId: text('Its id, as it was typed.') }),
  cancel_all: variant('Stop the run, as Ctrl-C does.', {}),
  agents: variant('Have so many slots.', { count: number() }),
})
export type Order = ValueOf<typeof orderShape>

/** What a run answers. */
export const answerShape = union({
  here: variant('The run that answers.', {
    run: name<RunId>('Its id.'),
    pid: number('Its process.'),
    root: name('The directory that it works on.'),
    lock: name('The path of its lock.'),
  }),
  paused: variant('The run is paused.', {
    changed: flag('`false`: it was before.'),
    until: optional(
      moment('When its time limit ends the run, epoch ms. Without one the pause lasts until it is ended.'),
    ),
  }),
  unpaused: variant('The run is not paused.', { changed: flag('`false`: it was not before, either.') }),
  canceled: variant('The task is canceled.', {
    task: name<TaskId>('Which.'),
    end: optional(
      oneOf(
        ['held', 'done', 'failed', 'canceled'],
        'What it has come to: `held`, unless it was about to come to its end. Absent while its agent is still being ended.',
      ),
    ),
    ref: optional(name<RefName>('The ref that keeps its work, if it has brought any.')),
  }),
  stopping: variant('The run stops, as after Ctrl-C.', {}),
  slots: variant('The run has so many slots.', {
    changed: flag('`false`: it had as many before.'),
    count: number('How many.'),
    why: optional(text('Why there are fewer than were asked for.')),
  }),
  unknown_task: variant('The run has no such task.', {
    task: text('The id that was named.'),
    nearest: optional(name<TaskId>('The task that may be meant.')),
  }),
  settled: variant('The task has come to its end already: too late.', {
    task: name<TaskId>('Which.'),
    state: oneOf(['done', 'failed', 'held', 'canceled'], 'Its state.'),
  }),
  out_of_range: variant('There can be no such number of slots.', { least: number(), most: number() }),
  ending: variant('The run is coming to its end.', {}),
  misunderstood: variant('The run does not understand what it was told; it may be of another version.', {
    version: text('Its version.'),
  }),
})
export type Answer = ValueOf<typeof answerShape>

/** The exit code of the command that got an answer. */
export const exitCodeOfAnswer: Readonly<Record<Answer['type'], ExitCode>> = {
  here: exitCodes.done,
  paused: exitCodes.done,
  unpaused: exitCodes.done,
  canceled: exitCodes.done,
  stopping: exitCodes.done,
  slots: exitCodes.done,
  unknown_task: exitCodes.usage,
  settled: exitCodes.usage,
  out_of_range: exitCodes.usage,
  ending: exitCodes.notSafe,
  misunderstood: exitCodes.notSafe,
}

/** What an order depends on. */
export type Circumstances = Pick<RunState, 'tasks' | 'paused' | 'canceling' | 'stopping' | 'finished'> & {
  /** Nothing of the run's tasks is under way any more. */
  readonly isOver: boolean
}

/** What follows from an order: something is to be done, or nothing but this answer. */
export type Decision =
  | { readonly type: 'pause' | 'unpause' | 'cancel_all' }
  /** `isUnderWay`: somebody has canceled it before, and it has not come to its end yet. */
  | { readonly type: 'cancel'; readonly taskId: TaskId; readonly isUnderWay: boolean }
  | { readonly type: 'agents'; readonly count: number }
  | { readonly type: 'answer'; readonly answer: Answer }

/** Decides about an order; pure. Who may give orders is not decided here: whoever can reach the run may. */
export function decideOrder(order: Exclude<Order, { type: 'hello' }>, run: Circumstances): Decision {
  const isEnding = run.isOver || run.canceling !== undefined || run.finished !== undefined
  if (order.type === 'cancel') return decideCancel(order.taskId, run, isEnding)
  if (order.type === 'cancel_all') return run.isOver ? answer({ type: 'ending' }) : { type: 'cancel_all' }
  if (order.type === 'agents' && !isSlotCount(order.count))
    return answer({ type: 'out_of_range', least: 1, most: mostSlots })
  // Nothing begins any more.
  if (isEnding || run.stopping) return answer({ type: 'ending' })
  switch (order.type) {
    case 'pause':
      return run.paused ? answer(pausedAnswer(run.paused, false)) : { type: 'pause' }
    case 'unpause':
      return run.paused ? { type: 'unpause' } : answer({ type: 'unpaused', changed: false })
    case 'agents':
      return { type: 'agents', count: order.count }
  }
}

function decideCancel(named: string, { tasks }: Circumstances, isEnding: boolean): Decision {
  const task = [...tasks.values()].find(({ id }) => id === named)
  if (!task) {
    const guess = nearest(named, tasks.keys())
    const meant = [...tasks.keys()].find((id) => id === guess)
    return answer({ type: 'unknown_task', task: named, ...(meant === undefined ? {} : { nearest: meant }) })
  }
  const { id: taskId, state } = task
  if (isSettled(state)) return answer({ type: 'settled', task: taskId, state: state.type })
  if (isEnding) return answer({ type: 'ending' })
  return { type: 'cancel', taskId, isUnderWay: task.canceling !== undefined }
}

export function pausedAnswer(paused: { readonly until?: EpochMs | undefined }, changed: boolean): Answer {
  return { type: 'paused', changed, ...present({ until: paused.until }) }
}

function answer(given: Answer): Decision {
  return { type: 'answer', answer: given }
}
