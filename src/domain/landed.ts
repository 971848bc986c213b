import { statusRuns, type Task } from './task.js'

/**
 * The tasks with those counted as done whose work is on the target already, though the file would have them run: their
 * status was never written, or was lost with a checkout. A status that keeps a task from running is left as it is.
 */
export function countLanded(tasks: readonly Task[], hasLanded: (taskId: string) => boolean): readonly Task[] {
  return tasks.map((task) => (statusRuns(task.status) && hasLanded(task.id) ? { ...task, status: 'done' } : task))
}
