import type { TaskId } from '../brand.js'
import { append } from '../grouped.js'
import { statusSatisfies, type Dependency, type Group, type Task } from './task.js'

/** A dependency that names neither a task nor a group. */
export interface Unresolved {
  readonly task: Task
  readonly dependency: Dependency
}

/** One step of a cycle: `task` depends on `next`, through `dependency`. */
export interface CycleStep {
  readonly task: Task
  readonly dependency: Dependency
  readonly next: Task
}

/** The tasks of a roadmap with their dependencies resolved. Tasks are addressed by id. */
export interface TaskGraph {
  readonly tasks: ReadonlyMap<TaskId, Task>
  /** Ids of the tasks that must be done first, groups expanded; in file order, no repeats. */
  readonly dependencies: ReadonlyMap<TaskId, readonly TaskId[]>
  readonly dependents: ReadonlyMap<TaskId, readonly TaskId[]>
  readonly unresolved: readonly Unresolved[]
  /** Position in the file, counted from 0. */
  readonly order: ReadonlyMap<TaskId, number>
  /** Number of tasks on the longest chain of open dependents, without the task itself. */
  readonly chain: ReadonlyMap<TaskId, number>
  /** Cycles among open tasks, at most {@link maxCycles}; none means that the graph has none. */
  readonly cycles: readonly (readonly CycleStep[])[]
}

/**
 * Resolves dependencies on tasks and on groups (all tasks in one, except the task itself, so that a task inside an
 * epic may depend on the rest of it). If an id names both, the task wins. Linear in tasks and edges.
 */
export function buildGraph(tasks: readonly Task[], groups: readonly Group[]): TaskGraph {
  const byId = new Map<TaskId, Task>()
  const order = new Map<TaskId, number>()
  for (const [index, task] of tasks.entries()) {
    if (byId.has(task.id)) continue
    byId.set(task.id, task)
    order.set(task.id, index)
  }
  const members = groupMembers(tasks, groups)
  const edges = new Map<TaskId, Map<TaskId, Dependency>>()
  const dependents = new Map<TaskId, TaskId[]>()
  const unresolved: Unresolved[] = []
  for (const task of byId.values()) {
    const targets = new Map<TaskId, Dependency>()
    for (const dependency of task.dependencies) {
      const ids = isTask(byId, dependency.ref) ? [dependency.ref] : members.get(dependency.ref)
      if (!ids) unresolved.push({ task, dependency })
      for (const id of ids ?? []) {
        const self = id === task.id && dependency.ref !== task.id
        if (!self && !targets.has(id)) targets.set(id, dependency)
      }
    }
    edges.set(task.id, targets)
    for (const id of targets.keys()) append(dependents, id, task.id)
  }
  return {
    tasks: byId,
    dependencies: new Map([...edges].map(([id, targets]) => [id, [...targets.keys()]])),
    dependents,
    unresolved,
    order,
    chain: longestChains(byId, dependents),
    cycles: findCycles(byId, edges),
  }
}

/** Whether a word names a task, and not only a group: a word of the command line, or what a dependency names. */
export function isTask(tasks: TaskGraph['tasks'], word: string): word is TaskId {
  return tasks.has(word as TaskId)
}

/** For each group, the ids of all tasks in it, at any depth. A declared group without tasks has an empty list. */
function groupMembers(tasks: readonly Task[], groups: readonly Group[]): ReadonlyMap<string, TaskId[]> {
  const members = new Map<string, TaskId[]>(groups.map((group) => [group.id, []]))
  for (const task of tasks) {
    for (const group of new Set(task.groups)) append(members, group, task.id)
  }
  return members
}

function isOpen(task: Task): boolean {
  return !statusSatisfies(task.status)
}

/** Kahn's algorithm from the tasks without dependents; members of cycles keep 0. */
function longestChains(
  tasks: ReadonlyMap<TaskId, Task>,
  dependents: ReadonlyMap<TaskId, readonly TaskId[]>,
): ReadonlyMap<TaskId, number> {
  const chain = new Map<TaskId, number>()
  const waiting = new Map<TaskId, number>()
  const dependenciesOf = new Map<TaskId, TaskId[]>()
  const leaves: TaskId[] = []
  for (const id of tasks.keys()) {
    const open = (dependents.get(id) ?? []).filter((other) => isOpenId(tasks, other))
    chain.set(id, 0)
    waiting.set(id, open.length)
    for (const other of open) append(dependenciesOf, other, id)
    if (open.length === 0) leaves.push(id)
  }
  for (let id = leaves.pop(); id !== undefined; id = leaves.pop()) {
    for (const dependency of dependenciesOf.get(id) ?? []) {
      chain.set(dependency, Math.max(chain.get(dependency) ?? 0, (chain.get(id) ?? 0) + 1))
      const left = (waiting.get(dependency) ?? 0) - 1
      waiting.set(dependency, left)
      if (left === 0) leaves.push(dependency)
    }
  }
  return chain
}

function isOpenId(tasks: ReadonlyMap<TaskId, Task>, id: TaskId): boolean {
  const task = tasks.get(id)
  return task !== undefined && isOpen(task)
}

/** A file can have as many cycles as edges, each as long as the file; nobody reads more than these. */
const maxCycles = 20

/**
 * Depth-first search with an explicit stack, so that a chain of 20,000 tasks doesn't overflow the call stack. Each
 * back edge gives its whole cycle.
 */
function findCycles(
  tasks: ReadonlyMap<TaskId, Task>,
  edges: ReadonlyMap<TaskId, ReadonlyMap<TaskId, Dependency>>,
): (readonly CycleStep[])[] {
  const cycles: CycleStep[][] = []
  const finished = new Set<TaskId>()
  const path: { task: Task; rest: Iterator<[TaskId, Dependency]>; via?: Dependency }[] = []
  const depth = new Map<TaskId, number>()
  const enter = (task: Task) => {
    depth.set(task.id, path.length)
    path.push({ task, rest: (edges.get(task.id) ?? new Map<TaskId, Dependency>()).entries() })
  }
  for (const root of tasks.values()) {
    if (finished.has(root.id) || !isOpen(root)) continue
    enter(root)
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const step = top.rest.next()
      if (step.done) {
        finished.add(top.task.id)
        depth.delete(top.task.id)
        path.pop()
        continue
      }
      const [id, dependency] = step.value
      const next = tasks.get(id)
      if (!next || !isOpen(next) || finished.has(id)) continue
      top.via = dependency
      const start = depth.get(id)
      if (start === undefined) enter(next)
      else if (cycles.length < maxCycles) cycles.push(closeCycle(path.slice(start)))
    }
  }
  return cycles
}

function closeCycle(steps: readonly { task: Task; via?: Dependency }[]): CycleStep[] {
  return steps.flatMap((step, index) => {
    const next = steps[(index + 1) % steps.length]
    return step.via && next ? [{ task: step.task, dependency: step.via, next: next.task }] : []
  })
}
