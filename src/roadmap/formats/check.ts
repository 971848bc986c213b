import type { TaskId } from '../../domain/brand.js'
import { buildGraph, type CycleStep, type TaskGraph, type Unresolved } from '../../domain/roadmap/graph.js'
import { nearest } from '../../domain/nearest.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import { statusSatisfies, type Dependency, type Group, type Task } from '../../domain/roadmap/task.js'
import { checkProgress } from './check-progress.js'
import { problemAt } from '../../domain/roadmap/source.js'

/** Everything that shows only when all tasks are known: ids, dependencies, cycles, tasks that can never start. */
export function checkRoadmap(
  tasks: readonly Task[],
  groups: readonly Group[],
  numericIds: ReadonlySet<TaskId>,
): { readonly graph: TaskGraph; readonly problems: Problem[] } {
  const graph = buildGraph(tasks, groups)
  const problems = [
    ...duplicates(tasks),
    ...equalNumbers(graph, numericIds),
    ...unresolved(graph, groups),
    ...selfDependencies(graph),
    ...graph.cycles.filter((cycle) => cycle.length > 1).map(cycleProblem),
    ...checkProgress(graph, groups),
  ]
  return { graph, problems }
}

function duplicates(tasks: readonly Task[]): Problem[] {
  const places = new Map<TaskId, Task[]>()
  for (const task of tasks) {
    const same = places.get(task.id)
    if (same) same.push(task)
    else places.set(task.id, [task])
  }
  return [...places].flatMap(([id, tasks]) => {
    const second = tasks[1]
    if (!second || id === '') return []
    const lines = tasks
      .slice(0, 20)
      .map(({ position }) => position.line)
      .join(', ')
    const count = tasks.length === 2 ? 'twice' : `${tasks.length} times`
    const help = 'give each task its own id'
    return [
      problemAt('E040', second.position, `id "${id}" is used ${count}: lines ${lines}`, { help, path: second.path }),
    ]
  })
}

/** Unquoted numbers with the same value, such as 1.1 and 1.10: another tool would treat them as one id. */
function equalNumbers(graph: TaskGraph, numericIds: ReadonlySet<TaskId>): Problem[] {
  const seen = new Map<number, TaskId>()
  return [...numericIds].flatMap((id) => {
    const first = seen.get(Number(id))
    seen.set(Number(id), first ?? id)
    const task = graph.tasks.get(id)
    if (first === undefined || !task) return []
    const text = `ids ${first} and ${id} are the same number; autopilot keeps them apart`
    return [problemAt('W036', task.position, text, { help: 'put both in quotes', path: task.path })]
  })
}

/** How many suggestions are worth their time, which grows with the number of tasks. */
const maxHints = 20

function unresolved(graph: TaskGraph, groups: readonly Group[]): Problem[] {
  const ids = [...graph.tasks.keys(), ...groups.map(({ id }) => id)]
  const told = new Set<string>()
  return graph.unresolved.flatMap(({ task, dependency: { ref, position, under } }: Unresolved, index) => {
    const near = index < maxHints ? nearest(ref, ids) : undefined
    if (under !== undefined && !statusSatisfies(task.status)) {
      // All tasks of a group have the group's dependencies.
      const place = `${position.line}:${position.column}`
      if (told.has(place)) return []
      told.add(place)
      return [namesNoTask(task, { ref, position, under }, near)]
    }
    const hint = near === undefined ? 'correct the id, or remove it' : `did you mean ${near}?`
    const text = `task "${task.id}" waits for "${ref}", which is not in the roadmap: it is held`
    const missing = problemAt('W050', position, text, { help: hint, path: task.path })
    if (!/\s/.test(ref)) return [missing]
    const prose = problemAt('W051', position, `the dependency "${ref}" looks like text, not an id`, {
      help: 'is it an exit criterion?',
      path: task.path,
    })
    return [missing, prose]
  })
}

/** `deps: [react]` is a list of packages, and a task that depends on a package would never start. */
function namesNoTask(task: Task, { ref, position, under }: Required<Dependency>, near: string | undefined): Problem {
  const text = `${under} names "${ref}", which is not in the roadmap; ${under} lists tasks that must be done before "${task.id}"`
  const rename = `if it is not about tasks, rename the key to x-${under}`
  const help = near === undefined ? rename : `did you mean ${near}? ${rename}`
  return problemAt('E050', position, text, { help, path: task.path })
}

function selfDependencies(graph: TaskGraph): Problem[] {
  return graph.cycles.flatMap((cycle) => {
    const [step] = cycle
    if (!step || cycle.length > 1) return []
    const { task, dependency } = step
    const more = { help: 'remove the dependency', path: task.path }
    return [problemAt('E052', dependency.position, `task "${task.id}" waits for itself`, more)]
  })
}

/** Of a longer cycle, only the first and last members are shown. */
const maxShown = 40

function cycleProblem(cycle: readonly CycleStep[]): Problem {
  const steps = cycle.map(({ task, dependency: { ref, position }, next }) => {
    const through = ref === next.id ? '' : ` through ${ref}`
    return `${task.id} (${position.line}:${position.column}${through})`
  })
  const hidden = steps.length - maxShown
  if (hidden > 0) steps.splice(maxShown / 2, hidden, `… ${hidden} more …`)
  const [first] = cycle
  const position = first?.dependency.position ?? { file: '', line: 1, column: 1 }
  return problemAt('E053', position, `tasks wait for each other: ${[...steps, first?.task.id].join(' -> ')}`, {
    help: 'remove one of these dependencies',
    ...(first ? { path: first.task.path } : {}),
  })
}
