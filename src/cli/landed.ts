import { buildGraph } from '../domain/graph.js'
import { countLanded } from '../domain/landed.js'
import { planRun, type RunPlan } from '../domain/plan.js'
import type { LoadedRoadmap } from '../roadmap/load.js'
import type { RunSettings } from './settings.js'

/** The roadmap and the plan of a run, with what earlier runs have brought to the target. */
export interface Landed {
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
  /** Tasks that count as done though the file does not say so; their status is yet to be written. */
  readonly landed: readonly string[]
}

/** Plans anew with what has landed counted as done, so that a status that was never written makes nothing run twice. */
export function planLanded(
  { loaded, plan, settings }: Omit<Landed, 'landed'> & { readonly settings: RunSettings },
  hasLanded: (taskId: string) => boolean,
): Landed {
  const { roadmap } = loaded
  const tasks = countLanded(roadmap.tasks, hasLanded)
  const landed = tasks.flatMap(({ id }, index) => (tasks[index] === roadmap.tasks[index] ? [] : [id]))
  if (landed.length === 0) return { loaded, plan, landed }
  const graph = buildGraph(tasks, roadmap.groups)
  return {
    loaded: { ...loaded, roadmap: { ...roadmap, tasks }, graph },
    plan: planRun(graph, roadmap.groups, settings),
    landed,
  }
}
