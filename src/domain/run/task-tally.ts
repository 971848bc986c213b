import type { TaskId } from '../brand.js'
import type { TaskRecord, TaskState } from './task-record.js'

/** Sums over some tasks. */
export interface Amounts {
  tasks: number
  /** How long their agents worked, in ms. */
  workMs: number
  /** Those that have an estimate: how many, its sum, and how long their agents worked. */
  readonly estimated: { tasks: number; estimateMs: number; workMs: number }
}

/**
 * Kept up to date with each change of a task, so that no view has to count 20,000 tasks ten times a second. Changed in
 * place.
 */
export interface TaskTally {
  readonly counts: Record<TaskState['type'], number>
  /** Tasks that this run has done, or that failed for good. */
  readonly settled: Amounts
  /** Tasks that it still has to do. */
  readonly open: Amounts
  /** Tasks whose agents have ended and whose work has not landed yet, in that order, and since when. */
  readonly landing: Map<TaskId, number>
  /** How many have left `landing` done, and how long they had been in it, in ms. */
  readonly landed: { tasks: number; ms: number }
}

export function tallyOf(tasks: Iterable<TaskRecord>): TaskTally {
  const tally: TaskTally = {
    counts: { pending: 0, held: 0, queued: 0, running: 0, verifying: 0, merging: 0, done: 0, failed: 0, canceled: 0 },
    settled: noAmounts(),
    open: noAmounts(),
    landing: new Map(),
    landed: { tasks: 0, ms: 0 },
  }
  for (const task of tasks) add(tally, task, 1)
  return tally
}

/** A task has changed at `ms`. */
export function recount(tally: TaskTally, before: TaskRecord, after: TaskRecord, ms: number): void {
  add(tally, before, -1)
  add(tally, after, 1)
  const { landing, landed } = tally
  const since = landing.get(after.id)
  if (isLanding(after.state)) {
    if (since === undefined) landing.set(after.id, ms)
  } else if (since !== undefined) {
    landing.delete(after.id)
    if (after.state.type !== 'done') return
    landed.tasks++
    landed.ms += ms - since
  }
}

function isLanding(state: TaskState): boolean {
  return state.type === 'merging' || (state.type === 'verifying' && state.slot === undefined)
}

function add(tally: TaskTally, task: TaskRecord, sign: 1 | -1): void {
  tally.counts[task.state.type] += sign
  const amounts = amountsFor(tally, task.state)
  if (!amounts) return
  amounts.tasks += sign
  amounts.workMs += sign * task.workMs
  if (task.estimateMs === undefined) return
  const { estimated } = amounts
  estimated.tasks += sign
  estimated.estimateMs += sign * task.estimateMs
  estimated.workMs += sign * task.workMs
}

/** What was done before is no work of this run, and neither is what cannot start. */
function amountsFor({ settled, open }: TaskTally, state: TaskState): Amounts | undefined {
  switch (state.type) {
    case 'done':
      return state.how === 'before' ? undefined : settled
    case 'failed':
      return settled
    case 'held':
    case 'canceled':
      return undefined
    case 'pending':
    case 'queued':
    case 'running':
    case 'verifying':
    case 'merging':
      return open
  }
}

function noAmounts(): Amounts {
  return { tasks: 0, workMs: 0, estimated: { tasks: 0, estimateMs: 0, workMs: 0 } }
}
