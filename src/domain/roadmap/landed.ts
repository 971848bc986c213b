import type { CommitId, TaskId } from '../brand.js'
import { statusRuns, type Task } from './task.js'
import { isOtherTask } from './task-text.js'

/** A commit that brought a task, and the digest of the task's words then; older versions left that out. */
export interface LandedCommit {
  readonly commit: CommitId
  readonly text?: string
}

/**
 * What the commits with a task's id say about the task: they brought it; they brought one with this id whose text is
 * unknown; they brought another one; or there are none.
 */
export type LandedAs =
  { readonly type: 'same' | 'by_id' | 'other'; readonly commit: CommitId } | { readonly type: 'none' }

/** Judges the commits under a task's id, the last first, by the digest of what the task says now. */
export function judgeLanded(commits: readonly LandedCommit[], text: string): LandedAs {
  const told = commits.filter((commit) => commit.text !== undefined)
  const same = told.find((commit) => !isOtherTask(commit.text, text))
  if (same) return { type: 'same', commit: same.commit }
  const [last] = told
  // Where it is known what landed since, what the id alone says is out of date.
  if (last) return { type: 'other', commit: last.commit }
  const [untold] = commits
  return untold ? { type: 'by_id', commit: untold.commit } : { type: 'none' }
}

/** The tasks, with those to redo as if they had never been done. What a person holds stays held. */
export function redoTasks(tasks: readonly Task[], ids: ReadonlySet<TaskId>): readonly Task[] {
  return tasks.map((task) => (task.status === 'done' && ids.has(task.id) ? { ...task, status: 'pending' } : task))
}

/**
 * The tasks with those counted as done whose work is on the target already, though the file would have them run: their
 * status was never written, or was lost with a checkout. A status that keeps a task from running is left as it is.
 */
export function countLanded(tasks: readonly Task[], hasLanded: (task: Task) => boolean): readonly Task[] {
  return tasks.map((task) => (statusRuns(task.status) && hasLanded(task) ? { ...task, status: 'done' } : task))
}
