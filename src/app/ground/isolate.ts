import { join } from 'node:path'
import type { CommitId, RunId } from '../../domain/brand.js'
import { msBetween } from '../../domain/clock.js'
import type { BaseToWatch } from '../../orchestration/landing/base-watch.js'
import { createGating } from '../../orchestration/landing/gating.js'
import type { Isolation } from '../../orchestration/place/isolation.js'
import { judgeTip as judgeTipOf } from '../../orchestration/landing/judge-tip.js'
import { noteFlaky, recordJudgement } from '../../orchestration/landing/record-judgement.js'
import type { Recorder } from '../../orchestration/recorder.js'
import { runSetup } from '../../orchestration/place/run-setup.js'
import { workspaced } from '../../orchestration/place/workspaced.js'
import { realClock } from '../../platform/clock.js'
import type { OnSpawned } from '../../platform/processes/running-process.js'
import { environmentOfChecks, environmentOfSetup } from '../../providers/environment.js'
import { keeperOffThread, type Keeper } from '../../workspace/kept/keeper.js'
import type { RunSetup } from '../../workspace/prepare/furniture.js'
import { gatesOf, mergeGates } from '../../domain/landing/gate.js'
import type { Keep } from '../../domain/setup.js'
import { limit } from '../../platform/limit.js'
import type { offLimits } from '../../domain/roadmap/off-limits.js'
import type { GroundOptions, IsolateParts } from './ground.js'
import { openBerths } from '../../workspace/lease/berths.js'
import type { Repository } from '../../workspace/contract.js'
import { afterUnsealed } from '../../workspace/repository/trusted.js'
import { Workspaces } from '../../workspace/lease/workspaces.js'
import { configNames } from '../../config/config-name.js'
import { reportUserChanges, type UserChangesParts } from './user-changes.js'
import { homesOfRun, workspacesHome } from './workspaces-home.js'

/** A prepared repository, and the run that works in it. */
interface Isolating
  extends GroundOptions, IsolateParts, Pick<UserChangesParts, 'target' | 'leaveOut' | 'watch' | 'changedBefore'> {
  readonly repository: Repository
  readonly runDir: string
  readonly barred: ReturnType<typeof offLimits>
}

interface Running extends Isolating {
  /** Agents and gates share it. */
  readonly setups: ReturnType<typeof limit>
  readonly keeper: Keeper
  /** The number of the next setup. */
  readonly numberSetup: () => number
}

/** Workspaces for agents and gates, with the merge queue behind them. */
export function isolate(parts: Isolating): Isolation {
  const { repository, target, settings, config, recorder, pool, base, signal, stopEarly } = parts
  const { file } = config
  repository.onUnsealed = (why) => stopEarly({ reason: 'tampered', why, next: afterUnsealed })
  const changes = reportUserChanges(parts)
  const setups = limit(settings.setupJobs)
  const keeper = keeperOffThread(join(import.meta.dirname, 'kept-worker.cjs'))
  let setupRuns = 0
  const running = { ...parts, setups, keeper, numberSetup: () => ++setupRuns }
  return workspaced({
    ...{ repository, target, base },
    leaveOut: parts.leaveOut,
    offLimits: parts.barred,
    runId: parts.runId,
    mask: parts.mask,
    slots: parts.slots,
    room: parts.room,
    dependenciesOf: (taskId) => parts.loaded.graph.dependencies.get(taskId) ?? [],
    watched: configNames,
    workspaces: workspacesFor(running, parts.runId, { numberedTo: parts.numberedTo }),
    setupJobs: file.setup ? settings.setupJobs : 0,
    gatePlaces: file.setup ? gatePlacesOf(parts) : 0,
    clock: realClock,
    gates: file.gates,
    directory: workspacesHome(file.workspacesDir, parts.location.root, parts.env),
    // By then attempts have ended; only a gate that judges the base may still run.
    ...gatingFor({ ...running, signal: AbortSignal.any([signal, base.closing]) }, () => target.tip),
    onGates: ({ id }) => void recorder.record({ type: 'gates_began', ...id }),
    onJudged: (attempt, judgement, together) => recordJudgement(recorder, attempt, judgement, together),
    // Added, not set: one that was granted a moment ago may still be in the supply.
    onPrepared: (change) => pool.setPrepared(pool.prepared + change),
    spare: () => pool.prepared,
    onExhausted: (failure) => {
      void recorder.record({ type: 'workspaces_exhausted', failure })
      pool.shut(`no workspace can be prepared: ${failure.message}`)
    },
    onKept: ({ root, reason }) => void recorder.record({ type: 'workspace_kept', path: root, why: reason }),
    onAgentEnded: ({ task }) => changes.afterAgent(task.id),
    onClosing: changes.atEnd,
  })
}

/** Runs not too many setups at once, and tells of each. */
function inTurn(
  { setups, numberSetup, recorder }: WorkspacesGround,
  use: 'agents' | 'gates',
  runOnce: RunSetup,
): RunSetup {
  return (setup, cwd) =>
    setups(async () => {
      const run = numberSetup()
      const began = realClock.monotonic()
      void recorder.record({ type: 'setup_started', run, use, workspace: cwd })
      const done = await runOnce(setup, cwd)
      const durationMs = msBetween(began, realClock.monotonic())
      void recorder.record({ type: 'setup_ended', run, durationMs, ...(done.ok ? {} : { failure: done.error }) })
      return done
    })
}

/** How many gates of one tree run at once, and so how many places they need. */
function gatePlacesOf({ settings, config, loaded }: GroundOptions): number {
  const counts = loaded.roadmap.tasks.map((task) => mergeGates(config.file.gates, gatesOf(task)).length)
  const most = counts.reduce((highest, count) => Math.max(highest, count), 0)
  return Math.min(settings.gateJobs, most)
}

function noteCommand(recorder: Pick<Recorder, 'record'>, what: 'gate' | 'setup'): OnSpawned {
  return (process) => recorder.record({ type: 'command_spawned', what, ...process })
}

/** Reported once per run: it costs time with every attempt, and a line of configuration saves that. */
function hintAtKeep(recorder: Pick<Recorder, 'record'>, keep: Keep): (paths: readonly string[]) => void {
  let isSaid = false
  return (paths) => {
    if (isSaid) return
    isSaid = true
    const shown = paths.slice(0, 3).join(', ') + (paths.length > 3 ? ', …' : '')
    const why = keep === 'auto' ? 'cannot stay' : 'is removed before each'
    const what = keep === 'auto' ? 'make git ignore what setup leaves there' : 'list it under keep: to keep it'
    const text = `setup runs before every attempt, because ${shown} ${why}; ${what} (docs/workspaces.md)`
    void recorder.record({ type: 'notice', level: 'info', text })
  }
}

/** What gates need of a run: `doctor` tries them without one. */
export type GatingGround = WorkspacesGround & Pick<Running, 'settings' | 'maskAt'>

/** Gates have their own workspaces, prepared like those of agents. */
export function gatingFor(running: GatingGround, tip: () => CommitId) {
  const { settings, maskAt, runDir, runId, recorder, start, signal } = running
  const gateWorkspaces = workspacesFor(running, runId, { exact: true })
  const gating = createGating({
    workspaces: gateWorkspaces,
    jobs: settings.gateJobs,
    slots: settings.agents,
    tip,
    environmentOf: environmentOfChecks(running.env, running.environmentOf),
    logDir: join(runDir, 'gates'),
    maskAt,
    clock: realClock,
    signal,
    onSpawned: noteCommand(recorder, 'gate'),
    onRun: (event) => void recorder.record(event),
    start,
  })
  const tipParts = {
    ...{ repository: running.repository, verifier: gating.verifier, gates: running.config.file.gates, signal },
    monotonic: () => realClock.monotonic(),
    onFlaky: (gate: string, fresh: boolean) => noteFlaky(recorder, gate, fresh),
  }
  const judgeTip: BaseToWatch['judge'] = (commit, isMoot) => judgeTipOf(commit, isMoot, tipParts)
  return { gateWorkspaces, ...gating, judgeTip, gateJobs: settings.gateJobs, mergeBatch: settings.mergeBatch }
}

type WorkspacesGround = Pick<
  Running,
  'config' | 'env' | 'environmentOf' | 'mask' | 'repository' | 'runDir' | 'runId' | 'start' | 'watchdog' | 'signal'
> &
  Pick<Running, 'setups' | 'keeper' | 'numberSetup'> & { readonly recorder: Pick<Recorder, 'record'> }

function workspacesFor(running: WorkspacesGround, runId: RunId, { exact = false, numberedTo = 0 } = {}) {
  const { config, env, environmentOf, mask, repository, runDir, recorder, start, watchdog, signal, keeper } = running
  const { setup, copy, keep, link } = config.file
  const { root, commonDir } = repository
  const use = exact ? 'gates' : 'agents'
  const where = { workspacesDir: config.file.workspacesDir, root, commonDir, env }
  return new Workspaces({
    repository,
    name: exact ? `${runId}-gates` : runId,
    berths: openBerths({
      ...homesOfRun(where, runId, use),
      ...{ use, runId, root, commonDir },
      onTaken: (place) => watchdog.own(place),
      onLeft: (place) => watchdog.disown(place),
    }),
    copy,
    keep,
    link,
    exact,
    numberedTo,
    keeper,
    runSetup: inTurn(
      running,
      use,
      runSetup({
        mask,
        logDir: join(runDir, 'setup', use),
        environmentOf: environmentOfSetup(environmentOfChecks(env, environmentOf), config.file.envTemplates),
        clock: realClock,
        signal,
        onSpawned: noteCommand(recorder, 'setup'),
        start,
      }),
    ),
    ...(setup === undefined ? {} : { setup }),
    ...(exact ? {} : { onNotKept: hintAtKeep(recorder, keep) }),
  })
}
