import { basename } from 'node:path'
import type { RunId, TaskId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import type { RunEvent } from '../../domain/run/event.js'
import type { Resumption } from '../../domain/run/reconcile.js'
import { present } from '../../domain/present.js'
import { plural, listFirst } from '../../domain/text.js'
import { attemptText } from '../../orchestration/attempt/turn.js'
import { showId } from '../../ui/format.js'
import { findLeftovers, removeLeftover } from '../../workspace/lease/leftovers.js'
import { budgetsOf } from './budgets.js'
import { namesInForce } from './in-force.js'
import type { Ground } from '../ground/ground.js'
import type { LandedTasks } from '../resume/landed.js'
import type { Prepared } from '../prepare/prepare-run.js'
import type { ProviderSetup } from '../agents/providers.js'
import { highestNumber, resumeRun, type Remains, type Replayed, type Resumed } from '../resume/resumed.js'
import { textNotices } from '../resume/text-notices.js'
import { maxAttemptsOf, maxTotalAttemptsOf, slotIds } from './run-limits.js'
import { homesOfRepository } from '../ground/workspaces-home.js'
import { withPlaces, type PlannedTask } from '../../domain/roadmap/plan.js'

/** A run to continue, with everything that must happen first. */
export interface ContinuedRun extends Resumed {
  readonly event: Extract<RunEvent, { type: 'run_resumed' }>
  readonly notices: readonly string[]
  /** The highest number among the run's workspaces. */
  readonly numberedTo: number
  /** It works on these alone. */
  readonly named?: ReadonlySet<TaskId>
}

interface ContinueParts extends Prepared, LandedTasks {
  readonly env: Environment
  readonly runId: RunId
  readonly setup: ProviderSetup
  readonly ground: Ground
}

/** Decides how a run continues, and removes leftovers that nobody needs. */
export async function continueRun(
  parts: ContinueParts,
  replayed: Replayed,
  remains: Remains,
  { retryFailed = false, named }: { readonly retryFailed?: boolean; readonly named?: ReadonlySet<TaskId> } = {},
): Promise<ContinuedRun> {
  const { settings, loaded, plan, setup, ground } = parts
  const resumed = resumeRun(replayed, plan.tasks, remains, {
    maxAttemptsOf: (id) => maxAttemptsOf(settings, loaded.graph.tasks.get(id)),
    maxTotalAttempts: maxTotalAttemptsOf(settings),
    text: (id) => {
      const task = loaded.graph.tasks.get(id)
      return task && attemptText(task, parts)
    },
    retryFailed,
    ...present({ named }),
    isUsable: (provider) => setup.policy.usable.includes(provider),
    findProvider: parts.findProvider,
  })
  const numberedTo = ground.repository ? await clearUp(parts, resumed) : 0
  const budgets = budgetsOf(settings, parts.config.file)
  const idsWhere = (holds: (resumption: Resumption) => boolean) =>
    [...resumed.resumptions].flatMap(([id, resumption]) => (holds(resumption) ? [id] : []))
  const failed = idsWhere(({ type }) => type === 'failed')
  return {
    ...resumed,
    ...present({ named }),
    numberedTo,
    notices: [...noticesOf(replayed, plan.tasks), ...textNotices(resumed, parts), ...failedNotice(failed)],
    event: {
      type: 'run_resumed',
      version: AUTOPILOT_VERSION,
      permissions: settings.permissions.general,
      maxAttempts: settings.iterations,
      slots: slotIds(settings.agents),
      gates: namesInForce(parts),
      tasks: withPlaces(plan.tasks, loaded.graph),
      failed,
      retried: idsWhere((resumption) => resumption.type === 'start' && resumption.retried),
      ...(ground.target ? { target: ground.target } : {}),
      ...(budgets ? { budgets } : {}),
      ...(named ? { only: [...named] } : {}),
    },
  }
}

/** Removes the run's workspaces that hold nothing; returns the highest number among them. */
async function clearUp(
  { location, config, env, runId, ground }: ContinueParts,
  { replayed, keep }: Resumed,
): Promise<number> {
  const commonDir = ground.repository?.commonDir ?? ''
  const { workspacesDir } = config.file
  const homes = homesOfRepository({ workspacesDir, root: location.root, commonDir, env })
  const places = { homes, root: location.root, commonDir }
  const leftovers = await findLeftovers(places, runId)
  for (const leftover of leftovers) {
    const isSpent = leftover.kind === 'notes' ? basename(leftover.path) !== runId : !keep.has(leftover.path)
    // What can't be removed stays until `autopilot clean`, which says why.
    if (isSpent) await removeLeftover(places, leftover)
  }
  const paths = leftovers.filter(({ kind }) => kind === 'workspace').map(({ path }) => path)
  return highestNumber(replayed.state, paths)
}

const maxNamed = 5

function noticesOf({ state, repaired }: Replayed, planned: readonly PlannedTask[]): readonly string[] {
  const now = new Set(planned.map(({ id }) => id))
  const dropped = [...state.tasks.values()].filter(({ id, state: { type } }) => type !== 'done' && !now.has(id))
  const added = planned.filter(({ id, state: plan }) => plan === 'pending' && !state.tasks.has(id))
  const name = (tasks: readonly { readonly id: TaskId }[]) => listFirst(tasks, maxNamed, ({ id }) => showId(id))
  return [
    ...(repaired === undefined
      ? []
      : [`the journal had a bad line and was cut there; the whole file is at ${repaired}`]),
    ...(dropped.length === 0 ? [] : [`${plural(dropped.length, 'task')} no longer in the roadmap: ${name(dropped)}`]),
    ...(added.length === 0 ? [] : [`${plural(added.length, 'task')} new in the roadmap: ${name(added)}`]),
  ]
}

function failedNotice(failed: readonly TaskId[]): readonly string[] {
  if (failed.length === 0) return []
  return [
    `${plural(failed.length, 'task')} failed for good and will not be tried again; resume --retry-failed tries them`,
  ]
}
