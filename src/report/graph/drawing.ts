import type { TaskId } from '../../domain/brand.js'
import { dependencyGraph, levelsOf, type GraphNode, type GraphTask } from './dependencies.js'

/** Larger graphs are folded: nobody could read them, and their layout would take too long. */
export const maxNodes = 500
/** The layout takes a place on each level that an edge crosses, so long edges count as well. */
const maxPlaces = 4000

/** A node as it is drawn: a task, the point at which a group is done, or what is folded into one. */
export interface DrawnNode {
  readonly key: string
  readonly parents: readonly string[]
  /** Its tasks; none for a group's point. */
  readonly tasks: readonly TaskId[]
  /** Of a group's point, or of tasks folded by group: which group. */
  readonly group?: string
  /** Of folded tasks: how many others stand before them, on the longest way. */
  readonly level?: number
}

export interface Drawing {
  readonly kind: 'whole' | 'by_group' | 'by_level'
  readonly nodes: readonly DrawnNode[]
  /** Tasks that neither wait for others nor are waited for, where the graph is drawn whole. */
  readonly alone: readonly TaskId[]
}

/** What is drawn of the dependencies: all of them as long as they are few, else folded, by level and group, or by level. */
export function drawingOf(tasks: readonly GraphTask[]): Drawing {
  const graph = dependencyGraph(tasks)
  const linked = new Set(graph.flatMap(({ key, parents }) => (parents.length > 0 ? [key, ...parents] : [])))
  const alone = graph.flatMap(({ key, taskId }) => (linked.has(key) || taskId === undefined ? [] : [taskId]))
  const whole = graph.filter(({ key }) => linked.has(key))
  if (whole.length <= maxNodes) {
    const nodes = reduced(whole)
    if (fits(nodes)) return { kind: 'whole', nodes: nodes.map(drawn), alone }
  }
  const levels = levelsOf(graph)
  const byGroup = folded(graph, tasks, (level, task) => ({ level, group: task.groups?.at(-1) ?? '' }), levels)
  if (byGroup.length <= maxNodes) {
    const nodes = reduced(byGroup)
    if (fits(nodes)) return { kind: 'by_group', nodes, alone: [] }
  }
  const step = Math.ceil((Math.max(0, ...new Set(levels.values())) + 1) / maxNodes)
  const byLevel = folded(graph, tasks, (level) => ({ level: level - (level % step) }), levels)
  return { kind: 'by_level', nodes: reduced(byLevel), alone: [] }
}

function drawn({ key, parents, taskId, group }: GraphNode): DrawnNode {
  return { key, parents, tasks: taskId === undefined ? [] : [taskId], ...(group === undefined ? {} : { group }) }
}

interface Fold {
  readonly level: number
  readonly group?: string
}

/** Tasks of one fold become one node. Levels keep it free of cycles, whatever the groups are. */
function folded(
  graph: readonly GraphNode[],
  tasks: readonly GraphTask[],
  foldOf: (level: number, task: GraphTask) => Fold,
  levels: ReadonlyMap<string, number>,
): readonly DrawnNode[] {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  const folds = new Map<string, { readonly fold: Fold; readonly ids: TaskId[]; readonly parents: Set<string> }>()
  /** What stands for a node: its fold, or for a group's point the folds of its tasks. */
  const standsFor = new Map<string, readonly string[]>()
  for (const { key, taskId, parents } of graph) {
    const before = new Set(parents.flatMap((parent) => standsFor.get(parent) ?? []))
    const task = taskId === undefined ? undefined : byId.get(taskId)
    if (!task) {
      standsFor.set(key, [...before])
      continue
    }
    const fold = foldOf(levels.get(key) ?? 0, task)
    const name = JSON.stringify([fold.level, fold.group])
    const known = folds.get(name) ?? { fold, ids: [], parents: new Set<string>() }
    folds.set(name, known)
    known.ids.push(task.id)
    for (const parent of before) if (parent !== name) known.parents.add(parent)
    standsFor.set(key, [name])
  }
  return [...folds]
    .sort(([, a], [, b]) => a.fold.level - b.fold.level)
    .map(([key, { fold, ids, parents }]) => ({ key, parents: [...parents], tasks: ids, ...fold }))
}

/** Without edges that a longer way says already; each node comes after its parents. */
function reduced<Node extends Pick<DrawnNode, 'key' | 'parents'>>(nodes: readonly Node[]): readonly Node[] {
  const before = new Map<string, ReadonlySet<string>>()
  return nodes.map((node) => {
    const beyond = new Set<string>()
    for (const parent of node.parents) for (const key of before.get(parent) ?? []) beyond.add(key)
    const parents = node.parents.filter((parent) => !beyond.has(parent))
    before.set(node.key, new Set([...beyond, ...parents]))
    return { ...node, parents }
  })
}

function fits(nodes: readonly Pick<DrawnNode, 'key' | 'parents'>[]): boolean {
  const levels = levelsOf(nodes)
  const places = nodes.reduce((sum, { key, parents }) => {
    const level = levels.get(key) ?? 0
    return sum + 1 + parents.reduce((crossed, parent) => crossed + level - (levels.get(parent) ?? 0) - 1, 0)
  }, 0)
  return places <= maxPlaces
}
