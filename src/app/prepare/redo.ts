import type { TaskId } from '../../domain/brand.js'
import { buildGraph } from '../../domain/roadmap/graph.js'
import { redoTasks, type LandedCommit } from '../../domain/roadmap/landed.js'
import { planRun, type RunPlan } from '../../domain/roadmap/plan.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import type { RunSettings } from '../../config/settings.js'

/** A roadmap and the plan of a run. */
interface Planned {
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
}

/** A run that may do tasks again. */
interface Redoing extends Planned {
  readonly settings: RunSettings
  readonly redo?: readonly TaskId[]
}

/** Plans a run in which some tasks are done again, whatever the file says of them. */
export function planWithRedo(loaded: LoadedRoadmap, settings: RunSettings, redo: readonly TaskId[] = []): Planned {
  if (redo.length === 0) return { loaded, plan: planRun(loaded.graph, loaded.roadmap.groups, settings) }
  const { groups } = loaded.roadmap
  const tasks = redoTasks(loaded.roadmap.tasks, new Set(redo))
  const graph = buildGraph(tasks, groups)
  return {
    loaded: { ...loaded, roadmap: { ...loaded.roadmap, tasks }, graph },
    plan: planRun(graph, groups, settings),
  }
}

/** The preparation, for the tasks that a resumed run was told to redo. */
export function redoAsBefore<Of extends Redoing>(prepared: Of, redo: readonly TaskId[] | undefined): Of {
  if (redo === undefined) return prepared
  return { ...prepared, redo, ...planWithRedo(prepared.loaded, prepared.settings, redo) }
}

/** What other runs have brought of a task that is done again does not count; what this one has brought does. */
export function landedOfOthers(
  { redo = [] }: Pick<Redoing, 'redo'>,
  landed: (taskId: TaskId) => readonly LandedCommit[],
): (taskId: TaskId) => readonly LandedCommit[] {
  const again = new Set(redo)
  return (taskId) => (again.has(taskId) ? [] : landed(taskId))
}

/** Whether a run that was stopped does the same tasks again as the one that is wanted, which may leave it to that. */
export function sameRedo(earlier: readonly TaskId[] | undefined, wanted: readonly TaskId[] | undefined): boolean {
  if (wanted === undefined) return true
  const ids = (list: readonly TaskId[] = []) => JSON.stringify([...new Set(list)].sort())
  return ids(earlier) === ids(wanted)
}
