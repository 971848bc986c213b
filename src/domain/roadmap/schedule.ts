import type { TaskId } from '../brand.js'
import type { TaskGraph } from './graph.js'
import type { Task } from './task.js'

/** What decides the order among attempts that wait for a slot. Smaller values go first, except for `chain`. */
export interface Rank {
  /** The task's priority; lower first. */
  readonly priority: number
  /** Attempt number from 1: first attempts go before later ones of equal priority; see also {@link reviewRank}. */
  readonly attempt: number
  /** Length of the longest chain of dependents; longer first, since the run cannot end before that chain does. */
  readonly chain: number
  /** Place in the file. */
  readonly order: number
}

/** In place of an attempt's number: of equal priority, a review goes first, since finished work waits for it. */
export const reviewRank = 0

export function rankOf(task: Task, attempt: number, graph: TaskGraph): Rank {
  return {
    priority: task.priority,
    attempt,
    chain: graph.chain.get(task.id) ?? 0,
    order: graph.order.get(task.id) ?? 0,
  }
}

/** Total order: priority, then reviews before first attempts and those before later ones, then the longest chain, then file order. */
export function compareRanks(a: Rank, b: Rank): number {
  return (
    a.priority - b.priority ||
    Math.min(a.attempt, 2) - Math.min(b.attempt, 2) ||
    b.chain - a.chain ||
    a.order - b.order ||
    a.attempt - b.attempt
  )
}

/** The part of a task's state that scheduling looks at. */
export type Settledness = 'waiting' | 'done' | 'other'

/** Of `candidates`, those that wait and whose dependencies are all done. */
export function readyTasks(
  graph: TaskGraph,
  settledness: (taskId: TaskId) => Settledness,
  candidates: Iterable<TaskId>,
): readonly TaskId[] {
  const ready: TaskId[] = []
  for (const id of candidates) {
    if (settledness(id) !== 'waiting') continue
    if ((graph.dependencies.get(id) ?? []).every((other) => settledness(other) === 'done')) ready.push(id)
  }
  return ready
}

/** Everything that waits, through any number of steps, for `taskId`, nearest first. */
export function waitingFor(
  graph: TaskGraph,
  settledness: (taskId: TaskId) => Settledness,
  taskId: TaskId,
): readonly TaskId[] {
  const found = new Set<TaskId>()
  const queue = [taskId]
  for (const id of queue) {
    for (const dependent of graph.dependents.get(id) ?? []) {
      if (found.has(dependent) || settledness(dependent) !== 'waiting') continue
      found.add(dependent)
      queue.push(dependent)
    }
  }
  return [...found]
}
