import type { TaskId } from '../../domain/brand.js'
import type { ReportTask } from '../form.js'

/** A task, or the point at which all tasks of a group are done: that keeps a group with many dependents small. */
export interface GraphNode {
  readonly key: string
  readonly taskId?: TaskId
  readonly group?: string
  /** The keys of those that come before. */
  readonly parents: readonly string[]
}

export type GraphTask = Pick<ReportTask, 'id' | 'groups' | 'waitsFor'>

/**
 * The dependencies of tasks as a graph without cycles, each node after its parents. What waits for a group waits for its
 * junction; a task inside it, for the others.
 */
export function dependencyGraph(tasks: readonly GraphTask[]): readonly GraphNode[] {
  const ids = new Set<string>(tasks.map(({ id }) => id))
  const members = membersOf(tasks)
  const nodes = new Map<string, GraphNode>()
  const junction = (group: string): string => {
    const key = `group ${group}`
    if (!nodes.has(key)) nodes.set(key, { key, group, parents: (members.get(group) ?? []).map(keyOf) })
    return key
  }
  for (const { id, groups = [], waitsFor = [] } of tasks) {
    const parents = waitsFor.flatMap((ref) => {
      if (ids.has(ref)) return [keyOf(ref)]
      const inGroup = members.get(ref)
      if (!inGroup) return []
      return groups.includes(ref) ? inGroup.filter((other) => other !== id).map(keyOf) : [junction(ref)]
    })
    const key = keyOf(id)
    nodes.set(key, { key, taskId: id, parents: [...new Set(parents)].filter((parent) => parent !== key) })
  }
  return inOrder(nodes)
}

function keyOf(id: string): string {
  return `task ${id}`
}

function membersOf(tasks: readonly GraphTask[]): ReadonlyMap<string, readonly TaskId[]> {
  const members = new Map<string, TaskId[]>()
  for (const { id, groups = [] } of tasks) {
    for (const group of new Set(groups)) {
      const ids = members.get(group)
      if (ids) ids.push(id)
      else members.set(group, [id])
    }
  }
  return members
}

/** Each node after its parents; what would close a cycle is left out (a roadmap may have some among done tasks). */
function inOrder(nodes: ReadonlyMap<string, GraphNode>): readonly GraphNode[] {
  const order: GraphNode[] = []
  const placed = new Map<string, 'open' | 'done'>()
  for (const root of nodes.values()) {
    const path = placed.has(root.key) ? [] : [{ node: root, next: 0, parents: [...root.parents] }]
    placed.set(root.key, placed.get(root.key) ?? 'open')
    for (let top = path.at(-1); top; top = path.at(-1)) {
      const key = top.node.parents[top.next++]
      if (key === undefined) {
        placed.set(top.node.key, 'done')
        order.push({ ...top.node, parents: top.parents })
        path.pop()
        continue
      }
      const parent = nodes.get(key)
      if (!parent || placed.get(key) === 'open') top.parents = top.parents.filter((one) => one !== key)
      else if (!placed.has(key)) {
        placed.set(key, 'open')
        path.push({ node: parent, next: 0, parents: [...parent.parents] })
      }
    }
  }
  return order
}

/** How many nodes stand before each, on the longest way. Junctions count, too. */
export function levelsOf(nodes: readonly Pick<GraphNode, 'key' | 'parents'>[]): ReadonlyMap<string, number> {
  const levels = new Map<string, number>()
  for (const { key, parents } of nodes) {
    levels.set(
      key,
      parents.reduce((most, parent) => Math.max(most, (levels.get(parent) ?? 0) + 1), 0),
    )
  }
  return levels
}
