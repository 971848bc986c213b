import { withPlaces } from '../../domain/roadmap/plan.js'
import type { RunEvent, Selected } from '../../domain/run/event.js'
import type { TaskId } from '../../domain/brand.js'
import { err } from '../../domain/result.js'
import type { KnownRun } from '../../journal/runs.js'
import type { ProviderSetup } from '../agents/providers.js'
import type { MostSlots } from '../control/run-slots.js'
import type { Ground } from '../ground/ground.js'
import { landedOfOthers } from '../prepare/redo.js'
import { refuseGit } from '../refuse.js'
import { planLanded, type LandedTasks } from '../resume/landed.js'
import { planGoingOn } from '../resume/named-tasks.js'
import { lookAround, type Replayed } from '../resume/resumed.js'
import { landedAs, standingAfter } from '../resume/standing.js'
import { budgetsOf } from './budgets.js'
import { continueRun, type ContinuedRun } from './continue-run.js'
import type { Wanted } from './guard.js'
import { namesInForce } from './in-force.js'
import type { Numbered } from './numbered.js'
import { slotIds } from './run-limits.js'
import { opened } from './table.js'

/** A run that was stopped, and how to go on with it. */
export interface PastRun {
  readonly run: KnownRun
  /** Cuts a journal with a bad line back to the records before it. */
  readonly repair: boolean
  /** Tries tasks again that failed for good, as if they had never been tried. */
  readonly retryFailed: boolean
  /** Works on these tasks alone; failed and canceled ones are tried again. */
  readonly named?: ReadonlySet<TaskId>
}

export interface LaunchParts extends Wanted {
  /** What a person should know first. */
  readonly notices: readonly string[]
  /** What was asked for where it was not the whole roadmap. */
  readonly selection?: Selected
  readonly past?: PastRun
  /** Takes the lock of a run elsewhere that shows no sign of life. */
  readonly takeOver: boolean
  /** How many slots it may have at any time. */
  readonly most: MostSlots
}

/** What a run starts with: the roadmap and the plan, what has landed, and how a stopped run continues. */
export interface Beginning extends LandedTasks {
  /** What a person should know first. */
  readonly notices: readonly string[]
  readonly resumed?: ContinuedRun
}

export interface BeginParts extends LaunchParts {
  readonly clis: ProviderSetup
  readonly numbers: Numbered
  readonly replayed: Replayed | undefined
  readonly ground: Ground
}

/** Compares the roadmap with what earlier runs have brought, and decides how a run continues. */
export async function begin(parts: BeginParts) {
  const { prepared, replayed, ground, clis, env, runId, past } = parts
  const landed = landedOfOthers(prepared, ground.landed)
  const notices = [...parts.notices, ...parts.numbers.notices]
  if (!replayed) {
    const plan = planLanded(prepared, (task) => landedAs(task, landed))
    return opened<Beginning>({ ...plan, notices: [...notices, ...(await ground.history({ ...prepared, ...plan }))] })
  }
  const around = await lookAround(ground.repository?.user, replayed, ground.tips)
  if (!around.ok) return err(refuseGit(around.error, prepared.printer))
  const known = planLanded(prepared, (task) => standingAfter(task, replayed, around.value, landed))
  const plan = planGoingOn(known, { ...prepared, state: replayed.state, named: past?.named })
  const continueParts = { ...prepared, ...plan, env, runId, setup: clis, ground }
  const resumed = await continueRun(continueParts, replayed, around.value, past)
  const history = await ground.history({ ...prepared, ...plan })
  return opened<Beginning>({ ...plan, resumed, notices: [...notices, ...history, ...resumed.notices] })
}

/** The first record of a run. */
export function startEvent(parts: BeginParts & { readonly beginning: Beginning }) {
  const { prepared, beginning, runId, ground, selection } = parts
  const { settings, config, redo, providers } = prepared
  const { loaded, plan } = beginning
  const budgets = budgetsOf(settings, config.file)
  const event: Extract<RunEvent, { type: 'run_started' }> = {
    type: 'run_started',
    runId,
    version: AUTOPILOT_VERSION,
    roadmap: loaded.options.file,
    roadmapPath: loaded.path,
    repository: ground.root,
    isolation: settings.isolation,
    permissions: settings.permissions.general,
    maxAttempts: settings.iterations,
    slots: slotIds(settings.agents),
    gates: namesInForce(prepared),
    tasks: withPlaces(plan.tasks, loaded.graph),
    ...(ground.target ? { target: ground.target } : {}),
    ...(budgets ? { budgets } : {}),
    ...(providers ? { providers } : {}),
    ...(selection ? { selection } : {}),
    ...(redo ? { redo } : {}),
  }
  return event
}
