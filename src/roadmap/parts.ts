import { setImmediate as nextTurn } from 'node:timers/promises'
import { deserialize, serialize } from 'node:v8'
import type { TaskId } from '../domain/brand.js'
import type { TaskGraph, Unresolved } from '../domain/roadmap/graph.js'
import type { Group, Task } from '../domain/roadmap/task.js'
import type { ParsedRoadmap } from './formats/contract.js'

/**
 * A parsed roadmap in parts, each of which is read in a few ms: as one message, 20,000 tasks or 190,000 dependencies keep the
 * thread that gets them from everything else for up to a second.
 */
export type Parts = readonly Uint8Array[]

/** What a part of each kind lists. */
interface Items {
  readonly tasks: Task
  readonly groups: Group
  readonly problems: ParsedRoadmap['problems'][number]
  readonly values: PairOf<ParsedRoadmap['values']>
  readonly dependencies: PairOf<TaskGraph['dependencies']>
  readonly dependents: PairOf<TaskGraph['dependents']>
  readonly chain: PairOf<TaskGraph['chain']>
  readonly unresolved: { readonly taskId: TaskId; readonly dependency: Unresolved['dependency'] }
}
type PairOf<Of> = Of extends ReadonlyMap<infer Key, infer Value> ? readonly [Key, Value] : never
type Kind = keyof Items
type Lists = { readonly [K in Kind]: Items[K][] }

interface Head {
  /** Of the roadmap, where there is one. */
  readonly file?: string
  readonly hasGraph: boolean
  readonly encoding: ParsedRoadmap['encoding']
}

/** Takes a parsed roadmap apart. With an error among the problems nobody needs its graph, and it is left out. */
export function toParts({ roadmap, graph, problems, values, encoding }: ParsedRoadmap): Parts {
  const usable = problems.some(({ severity }) => severity === 'error') ? undefined : graph
  const unresolved = usable?.unresolved.map(({ task, dependency }) => ({ taskId: task.id, dependency }))
  const head: Head = { ...(roadmap ? { file: roadmap.file } : {}), hasGraph: usable !== undefined, encoding }
  return [
    serialize(head),
    ...listed('tasks', roadmap?.tasks, ({ dependencies }) => dependencies.length),
    ...listed('groups', roadmap?.groups),
    ...listed('problems', problems),
    ...listed('values', values),
    ...listed('dependencies', usable?.dependencies, ([, ids]) => ids.length),
    ...listed('dependents', usable?.dependents, ([, ids]) => ids.length),
    ...listed('chain', usable?.chain),
    ...listed('unresolved', unresolved),
  ]
}

/** Objects, about, that one part holds. */
const partSize = 4000

function listed<K extends Kind>(
  kind: K,
  items: Iterable<Items[K]> = [],
  sizeOf: (item: Items[K]) => number = () => 0,
): Uint8Array[] {
  const parts: Uint8Array[] = []
  let [part, size]: [Items[K][], number] = [[], 0]
  for (const item of items) {
    part.push(item)
    size += 1 + sizeOf(item)
    if (size < partSize) continue
    parts.push(serialize([kind, part]))
    ;[part, size] = [[], 0]
  }
  return part.length === 0 ? parts : [...parts, serialize([kind, part])]
}

/** Puts a parsed roadmap together again; the event loop has its turns in between. */
export async function fromParts([first, ...rest]: Parts): Promise<ParsedRoadmap> {
  const { file, hasGraph, encoding } = read(first) as Head
  const lists: Lists = {
    ...{ tasks: [], groups: [], problems: [], values: [] },
    ...{ dependencies: [], dependents: [], chain: [], unresolved: [] },
  }
  for (const part of rest) {
    const [kind, items] = read(part) as [Kind, never[]]
    for (const item of items) lists[kind].push(item)
    await nextTurn()
  }
  const { tasks, groups, problems, values } = lists
  const roadmap = file === undefined ? {} : { roadmap: { file, tasks, groups } }
  return { ...roadmap, ...(hasGraph ? { graph: graphOf(lists) } : {}), problems, values: new Map(values), encoding }
}

function read(part: Uint8Array | undefined): unknown {
  if (!part) throw new Error('a parsed roadmap without a beginning')
  return deserialize(part)
}

/** Of a roadmap without errors: each id is that of one task, and there are no cycles. */
function graphOf({ tasks, dependencies, dependents, chain, unresolved }: Lists): TaskGraph {
  const byId = new Map(tasks.map((task) => [task.id, task]))
  return {
    tasks: byId,
    dependencies: new Map(dependencies),
    dependents: new Map(dependents),
    unresolved: unresolved.flatMap(({ taskId, dependency }) => {
      const task = byId.get(taskId)
      return task ? [{ task, dependency }] : []
    }),
    order: new Map(tasks.map(({ id }, index) => [id, index])),
    chain: new Map(chain),
    cycles: [],
  }
}
