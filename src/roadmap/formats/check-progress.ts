import type { TaskId } from '../../domain/brand.js'
import { listFirst } from '../../domain/text.js'
import type { TaskGraph } from '../../domain/roadmap/graph.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import { statusRuns, statusSatisfies, type Group, type Task } from '../../domain/roadmap/task.js'
import { problemAt } from '../../domain/roadmap/source.js'

/**
 * Warns about work that won't happen: manual tasks (W064), tasks behind ones that don't run (W054), nothing to run at
 * all (W055); and about dependents of canceled tasks that do run (W056). One warning each, because old roadmaps have
 * dozens of such tasks.
 */
export function checkProgress(graph: TaskGraph, groups: readonly Group[]): Problem[] {
  const open = [...graph.tasks.values()].filter((task) => !statusSatisfies(task.status))
  const holds = heldTasks(open, groups)
  const waiting = waitingBehind(graph, holds)
  return [
    ...manual(open),
    ...behindCanceled(graph, open),
    ...neverStart(graph, holds, waiting),
    ...nothingRuns(graph, open, holds, waiting),
  ]
}

/** Open tasks that the file itself holds, with the word for the reason. */
function heldTasks(open: readonly Task[], groups: readonly Group[]): Map<TaskId, string> {
  const held = new Map(groups.flatMap(({ id, status }) => (holdsBelow(status) ? [[id, status] as const] : [])))
  const holds = new Map<TaskId, string>()
  for (const task of open) {
    const group = task.groups.find((id) => held.has(id))
    if (!statusRuns(task.status)) holds.set(task.id, task.status)
    else if (task.executionMode === 'manual') holds.set(task.id, 'manual')
    else if (group !== undefined) holds.set(task.id, `in ${group}, which is ${held.get(group) ?? ''}`)
  }
  return holds
}

function holdsBelow(status: Group['status']): boolean {
  return status === 'on_hold' || status === 'canceled'
}

/** For each open task behind a held one, the nearest held task (breadth first). */
function waitingBehind(graph: TaskGraph, holds: ReadonlyMap<TaskId, string>): Map<TaskId, TaskId> {
  const behind = new Map<TaskId, TaskId>()
  const queue = [...holds.keys()].map((id) => ({ id, root: id }))
  for (const { id, root } of queue) {
    for (const next of graph.dependents.get(id) ?? []) {
      const task = graph.tasks.get(next)
      if (!task || statusSatisfies(task.status) || behind.has(next) || holds.has(next)) continue
      behind.set(next, root)
      queue.push({ id: next, root })
    }
  }
  return behind
}

function manual(open: readonly Task[]): Problem[] {
  const tasks = open.filter((task) => task.executionMode === 'manual' && statusRuns(task.status))
  const [first] = tasks
  if (!first) return []
  const text = `${count(tasks.length)} for people (execution_mode: manual) and will not run: ${names(tasks.map(({ id }) => id))}`
  const help = 'do the work by hand and set the status to done, or set execution_mode to autonomous'
  return [problemAt('W064', first.position, text, { help, path: first.path })]
}

function behindCanceled(graph: TaskGraph, open: readonly Task[]): Problem[] {
  const pairs = open.flatMap((task) => {
    const id = (graph.dependencies.get(task.id) ?? []).find((ref) => graph.tasks.get(ref)?.status === 'canceled')
    return id === undefined ? [] : [{ task, text: `${task.id} (after ${id})` }]
  })
  const [first] = pairs
  if (!first) return []
  const text = `canceled tasks count as done for their dependents: ${names(pairs.map((pair) => pair.text))}`
  const help = 'remove the dependency, or give the canceled task another status'
  return [problemAt('W056', first.task.position, text, { help, path: first.task.path })]
}

function neverStart(
  graph: TaskGraph,
  holds: ReadonlyMap<TaskId, string>,
  waiting: ReadonlyMap<TaskId, TaskId>,
): Problem[] {
  const first = [...waiting.keys()].flatMap((id) => graph.tasks.get(id) ?? []).sort(byPlace)[0]
  if (!first) return []
  const shown = [...waiting].map(([id, root]) => `${id} (behind ${root}: ${holds.get(root) ?? ''})`)
  const verb = shown.length === 1 ? '1 task can never start' : `${shown.length} tasks can never start`
  const text = `${verb}, because ${shown.length === 1 ? 'it waits' : 'they wait'} for tasks that do not run: ${names(shown)}`
  const help = 'finish the tasks they wait for, or set their status to pending to run them'
  return [problemAt('W054', first.position, text, { help, path: first.path })]
}

function nothingRuns(
  graph: TaskGraph,
  open: readonly Task[],
  holds: ReadonlyMap<TaskId, string>,
  waiting: ReadonlyMap<TaskId, TaskId>,
): Problem[] {
  const [first] = open
  const unresolved = new Set(graph.unresolved.map(({ task }) => task.id))
  const runnable = open.some(({ id }) => !holds.has(id) && !waiting.has(id) && !unresolved.has(id))
  if (!first || runnable) return []
  const counts = new Map<string, number>()
  for (const { id } of open) {
    const why = holds.get(id) ?? (unresolved.has(id) ? 'waiting for an unknown id' : 'waiting for held tasks')
    counts.set(why, (counts.get(why) ?? 0) + 1)
  }
  const reasons = [...counts].map(([why, number]) => `${number} ${why}`).join(', ')
  const text = `nothing can run, although ${open.length} of ${graph.tasks.size} tasks are open: ${reasons}`
  return [
    problemAt('W055', first.position, text, {
      help: 'set the status of a task to pending to run it',
      path: first.path,
    }),
  ]
}

function byPlace(a: Task, b: Task): number {
  return a.position.line - b.position.line || a.position.column - b.position.column
}

function count(tasks: number): string {
  return tasks === 1 ? '1 task is' : `${tasks} tasks are`
}

/** The first few; a roadmap may have hundreds. */
function names(items: readonly string[]): string {
  return listFirst(items, 5, (item) => item)
}
