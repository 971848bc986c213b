import type { CommitId, TaskId } from '../../domain/brand.js'
import { buildGraph } from '../../domain/roadmap/graph.js'
import { countLanded, type LandedAs } from '../../domain/roadmap/landed.js'
import { planRun, type RunPlan } from '../../domain/roadmap/plan.js'
import { statusRuns, type Task } from '../../domain/roadmap/task.js'
import { textOf } from '../../domain/roadmap/task-text.js'
import { digestOf } from '../../platform/files/digest.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import type { RunSettings } from '../../config/settings.js'

/** A task of the roadmap that a commit is known for. */
export interface KnownTask {
  readonly id: TaskId
  /** Absent where the run's record alone says that it is done. */
  readonly commit?: CommitId
}

/** The roadmap and the plan of a run, with what earlier runs have brought to the target. */
export interface LandedTasks {
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
  /** Tasks that count as done though the file does not say so; their status is yet to be written. */
  readonly landed: readonly KnownTask[]
  /** Those of them of which only the id is known to be the same. */
  readonly byId: readonly KnownTask[]
  /** Tasks that run, though a commit of that id is there: it brought another text. */
  readonly reworded: readonly KnownTask[]
}

/** Why a task counts as done, or that it does not. */
export type Doneness = LandedAs | { readonly type: 'recorded' }

/** The digest of a task's own words. */
export function ownTextOf(task: Task): string {
  return textOf(task, undefined, digestOf)
}

/** Plans again with landed work counted as done, so that a status that was never written makes nothing run twice. */
export function planLanded(
  { loaded, plan, settings }: Pick<LandedTasks, 'loaded' | 'plan'> & { readonly settings: RunSettings },
  standingOf: (task: Task) => Doneness,
): LandedTasks {
  const { roadmap } = loaded
  const isWanted = new Set(plan.runnable)
  const all = roadmap.tasks.flatMap((task) => (statusRuns(task.status) ? [{ task, standing: standingOf(task) }] : []))
  const known = (...types: readonly Doneness['type'][]): readonly KnownTask[] =>
    all.flatMap(({ task: { id }, standing }) => {
      if (!types.includes(standing.type)) return []
      return [{ id, ...('commit' in standing ? { commit: standing.commit } : {}) }]
    })
  const landed = known('same', 'by_id', 'recorded')
  const told = { landed, byId: known('by_id'), reworded: known('other').filter(({ id }) => isWanted.has(id)) }
  if (landed.length === 0) return { loaded, plan, ...told }
  const done = new Set(landed.map(({ id }) => id))
  const tasks = countLanded(roadmap.tasks, ({ id }) => done.has(id))
  const graph = buildGraph(tasks, roadmap.groups)
  return {
    loaded: { ...loaded, roadmap: { ...roadmap, tasks }, graph },
    plan: planRun(graph, roadmap.groups, settings),
    ...told,
  }
}
