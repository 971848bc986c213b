import type { TaskId } from '../../domain/brand.js'
import type { ReportTask } from '../form.js'
import { dependencyGraph } from './dependencies.js'

type Timed = Pick<ReportTask, 'id' | 'groups' | 'waitsFor' | 'startedMs' | 'endedMs'>

/**
 * The chain of tasks, each of which waits for the one before, that took longest: from the start of a task's first attempt
 * to its end, or until now. Of chains that took equally long, such as none at all, the one with most tasks.
 */
export function criticalPath(tasks: readonly Timed[], nowMs: number): readonly TaskId[] {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const best = new Map<string, Chain>()
  let longest: Chain | undefined
  for (const { key, taskId, parents } of dependencyGraph(tasks)) {
    const before = parents.map((parent) => best.get(parent)).reduce((a, b) => longer(a, b), undefined)
    const chain = taskId === undefined ? before : extended(before, taskId, lengthOf(byId.get(taskId), nowMs))
    if (chain) best.set(key, chain)
    longest = longer(longest, chain)
  }
  const path: TaskId[] = []
  for (let link = longest; link; link = link.before) path.push(link.taskId)
  // One task alone is a path only to itself.
  return path.length > 1 ? path.reverse() : []
}

interface Chain {
  readonly taskId: TaskId
  readonly before: Chain | undefined
  readonly ms: number
  readonly tasks: number
}

function extended(before: Chain | undefined, taskId: TaskId, ms: number): Chain {
  return { taskId, before, ms: (before?.ms ?? 0) + ms, tasks: (before?.tasks ?? 0) + 1 }
}

/** The first of two that are alike. */
function longer(a: Chain | undefined, b: Chain | undefined): Chain | undefined {
  if (!a || !b) return a ?? b
  return b.ms > a.ms || (b.ms === a.ms && b.tasks > a.tasks) ? b : a
}

function lengthOf(task: Timed | undefined, nowMs: number): number {
  if (task?.startedMs === undefined) return 0
  return Math.max(0, (task.endedMs ?? nowMs) - task.startedMs)
}
