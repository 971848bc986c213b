import type { TaskId } from '../brand.js'
import { isTask, type TaskGraph } from './graph.js'
import { name, names, number, object, oneOf, optional, text, titled, type ValueOf } from '../shape/shape.js'
import { append } from '../grouped.js'
import { present } from '../present.js'
import { holdShape, isPersonsHold, ownHold, type HoldReason } from './hold.js'
import { countBefore } from '../ordered.js'
import { compareRanks, rankOf, type Rank } from './schedule.js'
import { statusSatisfies, type Group, type Task } from './task.js'

/** A task as the run knows it from the start. */
export const plannedTaskShape = titled(
  'planned task',
  object({
    id: name<TaskId>(),
    title: text(),
    state: oneOf(['pending', 'held', 'done']),
    hold: optional(holdShape, 'Why it is held.'),
    waitsFor: optional(names('The tasks and groups that it waits for, as far as there are any.')),
    groups: optional(names('The epic, milestone and set around it, outermost first.')),
    estimateMs: optional(number('How long the roadmap says that it takes, in ms.')),
  }),
)
export type PlannedTask = ValueOf<typeof plannedTaskShape>

/** Which tasks a run is about: `only` names tasks or groups; `limit` is the number of tasks that may start. */
export interface Selection {
  readonly only?: readonly string[]
  readonly limit?: number
  /** How agents are kept apart: without isolation there are no gates. */
  readonly isolation?: 'workspace' | 'none'
  /** In a run that goes on: tasks that people have canceled in it, and why they are held. */
  readonly canceled?: ReadonlyMap<TaskId, HoldReason>
}

/** What a run will do with each task, decided before it starts. */
export interface RunPlan {
  /** Its tasks, in file order, each with its state at the start. */
  readonly tasks: readonly PlannedTask[]
  readonly runnable: readonly TaskId[]
  /** Ids in `--only` that name nothing. */
  readonly unknown: readonly string[]
}

/** The same tasks with their place in the roadmap: what each waits for, groups as such, and the groups around it. */
export function withPlaces(tasks: readonly PlannedTask[], graph: TaskGraph): readonly PlannedTask[] {
  const unresolved = unresolvedRefs(graph)
  return tasks.map((planned) => {
    const task = graph.tasks.get(planned.id)
    const missing = new Set<string>(unresolved.get(planned.id))
    const refs = new Set(task?.dependencies.flatMap(({ ref }) => (missing.has(ref) ? [] : [ref])))
    return {
      ...planned,
      ...(refs.size > 0 ? { waitsFor: [...refs] } : {}),
      ...(task && task.groups.length > 0 ? { groups: task.groups } : {}),
    }
  })
}

/** Those that would not run, and why. */
export function heldTasks(tasks: readonly PlannedTask[]) {
  return tasks.flatMap(({ id, hold }) => (hold ? [{ taskId: id, reason: hold }] : []))
}

/**
 * Plans a run: what is already done, what is held and why, what may run. A task that depends on a held one is held
 * itself, through any number of steps. Linear in tasks and edges, except for `only`.
 */
export function planRun(graph: TaskGraph, groups: readonly Group[], selection: Selection = {}): RunPlan {
  const groupsById = new Map(groups.map((group) => [group.id, group]))
  const wanted = selectedIds(graph, selection.only)
  const holds = new Map<TaskId, HoldReason>()
  const unresolved = unresolvedRefs(graph)
  for (const task of graph.tasks.values()) {
    const own = ownHold(task, unresolved.get(task.id) ?? [], groupsById, selection.isolation !== 'none')
    const canceled = statusSatisfies(task.status) ? undefined : selection.canceled?.get(task.id)
    const hold = own ?? canceled
    if (hold) holds.set(task.id, hold)
    else if (wanted && !wanted.has(task.id) && !statusSatisfies(task.status)) holds.set(task.id, notSelected)
  }
  spreadHolds(graph, holds)
  if (selection.limit !== undefined) {
    for (const id of beyondLimit(graph, holds, selection.limit)) holds.set(id, notSelected)
  }
  const tasks = [...graph.tasks.values()]
    .filter((task) => holds.get(task.id) !== notSelected && (!wanted || wanted.has(task.id)))
    .map((task) => planned(task, holds.get(task.id)))
  return {
    tasks,
    runnable: tasks.filter(({ state }) => state === 'pending').map(({ id }) => id),
    unknown: (selection.only ?? []).filter((id) => !isTask(graph.tasks, id) && !groupsById.has(id)),
  }
}

const notSelected: HoldReason = { type: 'not_selected', taskIds: [] }

function planned(task: Task, hold: HoldReason | undefined): PlannedTask {
  const facts = { id: task.id, title: task.title, ...present({ estimateMs: task.estimateMs }) }
  if (statusSatisfies(task.status)) return { ...facts, state: 'done' }
  return hold ? { ...facts, state: 'held', hold } : { ...facts, state: 'pending' }
}

function unresolvedRefs(graph: TaskGraph): ReadonlyMap<TaskId, string[]> {
  const refs = new Map<TaskId, string[]>()
  for (const { task, dependency } of graph.unresolved) append(refs, task.id, dependency.ref)
  return refs
}

function selectedIds(graph: TaskGraph, only: readonly string[] | undefined): ReadonlySet<TaskId> | undefined {
  if (!only || only.length === 0) return undefined
  const names = new Set<string>(only)
  return new Set(
    [...graph.tasks.values()]
      .filter((task) => names.has(task.id) || task.groups.some((group) => names.has(group)))
      .map(({ id }) => id),
  )
}

/** Holds everything that depends on something held, and names that; dependencies come before dependents. */
function spreadHolds(graph: TaskGraph, holds: Map<TaskId, HoldReason>): void {
  for (const id of topologicalOrder(graph)) {
    const task = graph.tasks.get(id)
    if (!task || holds.has(id) || statusSatisfies(task.status)) continue
    const reasons = (graph.dependencies.get(id) ?? []).flatMap((other) => {
      const reason = holds.get(other)
      return reason && !statusSatisfies(graph.tasks.get(other)?.status ?? 'pending') ? [{ other, reason }] : []
    })
    const reason = spread(reasons)
    if (reason) holds.set(id, reason)
  }
}

function spread(waitsFor: readonly { readonly other: TaskId; readonly reason: HoldReason }[]): HoldReason | undefined {
  if (waitsFor.length === 0) return undefined
  const left = waitsFor.filter(({ reason }) => reason.type === 'not_selected').map(({ other }) => other)
  if (left.length > 0) return { type: 'not_selected', taskIds: left }
  const byPerson = waitsFor.every(({ reason }) => isPersonsHold(reason))
  return { type: 'dependency', taskIds: waitsFor.map(({ other }) => other), byPerson }
}

/** The runnable tasks beyond the first `limit` in the run's own order, in which no task depends on a later one. */
function beyondLimit(graph: TaskGraph, holds: ReadonlyMap<TaskId, HoldReason>, limit: number): readonly TaskId[] {
  const runnable = [...graph.tasks.values()].filter(({ id, status }) => !holds.has(id) && !statusSatisfies(status))
  const ids = runnable.map(({ id }) => id)
  const first = new Set(
    startOrder(graph, ids)
      .slice(0, limit)
      .map(({ id }) => id),
  )
  return ids.filter((id) => !first.has(id))
}

/** File order, but each task after its dependencies. Inside a cycle there is no such order, so any order. */
export function topologicalOrder(graph: TaskGraph): readonly TaskId[] {
  const visited = new Set<TaskId>()
  const order: TaskId[] = []
  for (const root of graph.tasks.keys()) {
    const stack: { id: TaskId; next: number }[] = visited.has(root) ? [] : [{ id: root, next: 0 }]
    visited.add(root)
    for (let top = stack.at(-1); top; top = stack.at(-1)) {
      const dependency = graph.dependencies.get(top.id)?.[top.next++]
      if (dependency === undefined) {
        order.push(top.id)
        stack.pop()
      } else if (!visited.has(dependency) && graph.tasks.has(dependency)) {
        visited.add(dependency)
        stack.push({ id: dependency, next: 0 })
      }
    }
  }
  return order
}

/**
 * The order in which `runnable` tasks would start if each were done before the next one: always the best ranked among
 * the ready ones.
 */
export function startOrder(graph: TaskGraph, runnable: readonly TaskId[]): readonly Task[] {
  const left = new Set(runnable)
  const open = new Map(runnable.map((id) => [id, openDependencies(graph, id, left)]))
  const ranked = (id: TaskId): readonly Ranked[] => {
    const task = graph.tasks.get(id)
    return task && open.get(id) === 0 ? [{ task, rank: rankOf(task, 1, graph) }] : []
  }
  const order: Task[] = []
  // Best last: taking it must not move 20,000 others.
  const ready = runnable.flatMap(ranked).sort((a, b) => compareRanks(b.rank, a.rank))
  for (let next = ready.pop(); next; next = ready.pop()) {
    order.push(next.task)
    for (const id of graph.dependents.get(next.task.id) ?? []) {
      if (!left.has(id)) continue
      open.set(id, (open.get(id) ?? 0) - 1)
      for (const freed of ranked(id)) ready.splice(placeFromEnd(ready, freed.rank), 0, freed)
    }
  }
  return order
}

interface Ranked {
  readonly task: Task
  readonly rank: Rank
}

/** Where a rank belongs in a list with the best last. */
function placeFromEnd(list: readonly Ranked[], rank: Rank): number {
  return countBefore(list, (other) => compareRanks(other.rank, rank) > 0)
}

function openDependencies(graph: TaskGraph, id: TaskId, open: ReadonlySet<TaskId>): number {
  return (graph.dependencies.get(id) ?? []).filter((other) => open.has(other)).length
}
