import type { TaskId } from '../../domain/brand.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'
import { planRun, type RunPlan } from '../../domain/roadmap/plan.js'
import type { RunState } from '../../domain/run/run-state.js'
import { isSettled } from '../../domain/run/task-record.js'
import type { RunSettings } from '../../config/settings.js'
import type { LandedTasks } from './landed.js'

/**
 * The plan of a run that goes on: what people have canceled in it stays held, with what depends on it. With `named`, those
 * tasks alone are worked on, canceled ones among them, too; all others stay as they are.
 */
export function planGoingOn<Of extends Pick<LandedTasks, 'loaded' | 'plan'>>(
  landed: Of,
  {
    settings,
    state,
    named,
  }: {
    readonly settings: RunSettings
    readonly state: RunState
    readonly named: ReadonlySet<TaskId> | undefined
  },
): Of {
  const canceled = canceledIn(state, named)
  if (canceled.size === 0 && !named) return landed
  const { graph, roadmap } = landed.loaded
  const all = planRun(graph, roadmap.groups, { ...settings, canceled })
  const plan = named ? withNamed(all, planRun(graph, roadmap.groups, { ...settings, canceled, only: [...named] })) : all
  return { ...landed, plan }
}

/** Those whose canceling the end of the run has overtaken count, too. */
function canceledIn({ tasks }: RunState, named: ReadonlySet<TaskId> | undefined): ReadonlyMap<TaskId, HoldReason> {
  const canceled = new Map<TaskId, HoldReason>()
  for (const { id, state, canceling } of tasks.values()) {
    if (named?.has(id)) continue
    if (state.type === 'held' && state.reason.type === 'canceled') canceled.set(id, state.reason)
    else if (canceling && !isSettled(state)) canceled.set(id, { type: 'canceled', ...canceling })
  }
  return canceled
}

/** Named tasks as they are planned without the others, and the others as they are. */
function withNamed(all: RunPlan, alone: RunPlan): RunPlan {
  const named = new Map(alone.tasks.map((task) => [task.id, task]))
  return { ...all, tasks: all.tasks.map((task) => named.get(task.id) ?? task), runnable: alone.runnable }
}
