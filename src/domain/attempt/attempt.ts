import type { TaskId } from '../brand.js'
import type { ProviderModel } from '../agent/provider-model.js'
import type { Task } from '../roadmap/task.js'

/** Which attempt: the n-th try of a task, counted from 1. */
export interface AttemptId {
  readonly taskId: TaskId
  readonly attempt: number
}

/** An attempt, with its task and who works on it. */
export interface Attempt {
  readonly id: AttemptId
  readonly task: Task
  readonly agent: ProviderModel
  /** The digest of what its agent is told; absent where that is not known. */
  readonly text?: string
}

export function isSameAttempt(a: AttemptId, b: AttemptId | undefined): boolean {
  return a.taskId === b?.taskId && a.attempt === b.attempt
}
