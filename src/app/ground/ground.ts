import { isAbsolute, join, relative, resolve, sep } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import type { TemplateMasks } from '../../domain/secrets/env-template.js'
import type { TargetFacts } from '../../domain/run/event.js'
import type { LandedCommit } from '../../domain/roadmap/landed.js'
import type { Mask } from '../../domain/secrets/mask.js'
import { maybeLinked, offLimits } from '../../domain/roadmap/off-limits.js'
import { cleanLine } from '../../domain/text.js'
import { ok, type Result } from '../../domain/result.js'
import { taskTrailerValue } from '../../orchestration/place/commit-message.js'
import { listRuns, runDirOf } from '../../journal/runs.js'
import { sweepBrokenOff } from '../../orchestration/run/broken-off.js'
import type { BaseToWatch, BaseWatch } from '../../orchestration/landing/base-watch.js'
import { createGating } from '../../orchestration/landing/gating.js'
import { inPlace } from '../../orchestration/place/in-place.js'
import type { Isolation } from '../../orchestration/place/isolation.js'
import { judgeTip as judgeTipOf } from '../../orchestration/landing/judge-tip.js'
import { noteFlaky, recordJudgement } from '../../orchestration/landing/record-judgement.js'
import type { Recorder } from '../../orchestration/recorder.js'
import { runSetup } from '../../orchestration/place/run-setup.js'
import type { RoomWatch } from '../../orchestration/place/room-watch.js'
import type { StopEarly } from '../../orchestration/stop-early.js'
import { workspaced } from '../../orchestration/place/workspaced.js'
import { realClock } from '../../platform/clock.js'
import type { OnSpawned } from '../../platform/processes/running-process.js'
import type { StartProcess } from '../../platform/processes/door.js'
import { ensureLine } from '../../platform/files/ensure-line.js'
import { realPathOr } from '../../platform/files/real-path.js'
import { awaitWatchdogsOf } from '../../platform/processes/old-watchdog.js'
import type { Watchdog } from '../../platform/processes/watchdog.js'
import type { AgentPool } from '../../pool/contract.js'
import { environmentOfChecks, environmentOfSetup, type EnvironmentOf } from '../../providers/environment.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import { keeperOffThread, type Keeper } from '../../workspace/kept/keeper.js'
import type { RunSetup } from '../../workspace/prepare/furniture.js'
import { gatesOf, mergeGates } from '../../domain/landing/gate.js'
import type { Keep } from '../../domain/setup.js'
import { limit } from '../../orchestration/limit.js'
import { openBerths } from '../../workspace/lease/berths.js'
import type { Refusal, Repository, Target } from '../../workspace/contract.js'
import { changedFiles } from '../../workspace/repository/changed-files.js'
import { discover } from '../../workspace/repository/discover.js'
import { holdOffGc } from '../../workspace/repository/hold-off-gc.js'
import { homeFault } from '../../workspace/home.js'
import { identityWarnings } from '../../workspace/git/identity.js'
import { refuseLinksBack } from '../../workspace/prepare/link-back.js'
import { refuseGit } from '../../workspace/git/refusal.js'
import { afterUnsealed } from '../../workspace/repository/trusted.js'
import { watchUser } from '../../workspace/repository/user-watch.js'
import { createWorkspaces } from '../../workspace/lease/workspaces.js'
import type { Config } from '../../config/config.js'
import { configName, configNames } from '../../config/config-name.js'
import { anewLine, chooseTarget, landedBefore, openWhole, takenUpLine, targetFacts } from './run-target.js'
import { driverWarnings, gitWarnings } from './git-warnings.js'
import { historyNotices, type HistoryParts, type HistoryPlace } from './history.js'
import { emptySubmodules } from './empty-submodules.js'
import { dirtyWarnings, lookUpBrought } from './files-warnings.js'
import type { RunSettings } from '../../config/settings.js'
import { tracesBefore, tracesOf } from './traces.js'
import { reportUserChanges } from './user-changes.js'
import { homesOfRun, homeWarnings, workspacesHome } from './workspaces-home.js'

/** Where the run works. */
export interface Location {
  /** Absolute: the root of the repository, or the plain directory without isolation. */
  readonly root: string
  /** Where the run's lock lies: a run has its repository, or its directory, to itself. */
  readonly lock: string
  /** The git directory that all work trees of the repository share; absent without isolation. */
  readonly commonDir?: string
  /** Where the user stands; absent without isolation. */
  readonly head?: Repository['head']
}

/** A repository as the place of runs. */
export interface RepositoryLocation extends Location {
  readonly commonDir: string
  /** Where the user stands. */
  readonly head: Repository['head']
}

/** A directory as the place of runs without isolation, where there is no repository around it. */
export function plainLocation(root: string): Location {
  return { root, lock: join(root, '.autopilot', 'lock') }
}

/** Finds the repository around a directory. Changes nothing. */
export async function locate(directory: string, env: Environment): Promise<Result<RepositoryLocation, Refusal>> {
  const found = await discover(resolve(directory), env)
  if (!found.ok) return found
  const { root, commonDir, head } = found.value
  return ok({ root, commonDir, head, lock: join(commonDir, 'autopilot', 'lock') })
}

/** The ground that a run stands on: made ready, nothing started. */
export interface Ground {
  readonly root: string
  /** `.autopilot/runs/<id>`, absolute. */
  readonly runDir: string
  readonly target?: TargetFacts
  /** Commits whose histories tell what has landed there. */
  readonly tips: readonly string[]
  /** The roadmap's path below the root, which agents must leave alone. */
  readonly leaveOut: readonly string[]
  /** What else agents must leave alone, in words for them; without isolation nobody checks it. */
  readonly offLimits: readonly string[]
  /** The commits on the target that a run before this one has brought under a task's id, the last first. */
  readonly landed: (taskId: string) => readonly LandedCommit[]
  readonly warnings: readonly string[]
  /** Where the roadmap and what git knows of its tasks differ. */
  readonly history: (parts: HistoryParts) => Promise<readonly string[]>
  /** Absent without isolation. */
  readonly repository?: Repository
  /** Lets go of what it holds of the repository. */
  readonly close: () => Promise<void>
  isolate(parts: IsolateParts): Isolation
}

export interface IsolateParts {
  readonly pool: Pick<AgentPool, 'prepared' | 'setPrepared' | 'shut'>
  readonly recorder: Recorder
  readonly base: BaseWatch
  readonly room: RoomWatch
  readonly stopEarly: StopEarly
  readonly start: StartProcess
  /** Ends what works in the run's workspaces, should autopilot die. */
  readonly watchdog: Pick<Watchdog, 'own' | 'disown'>
  readonly slots: number
  readonly signal: AbortSignal
  /** Of a run that is resumed: the highest number that one of its workspaces has; else 0. */
  readonly numberedTo: number
}

export interface GroundOptions {
  readonly settings: RunSettings
  readonly config: Config
  readonly mask: Mask
  readonly maskAt: TemplateMasks['at']
  readonly location: Location
  readonly loaded: LoadedRoadmap
  readonly runId: string
  /** The run began earlier. */
  readonly isResumed: boolean
  readonly env: Environment
  readonly environmentOf: EnvironmentOf
}

/**
 * Opens the repository and the target branch, or takes the directory as it is; to be called with the lock held. A refusal
 * means exit code 4.
 */
export async function openGround(options: GroundOptions): Promise<Result<Ground, Refusal>> {
  const { settings, location, loaded, runId, isResumed } = options
  const runDir = runDirOf(location.root, runId)
  // It would take what the run starts now for what it had started then.
  if (isResumed) await awaitWatchdogsOf(tracesOf(location, runId))
  const places = { workspacesDir: options.config.file.workspacesDir, env: options.env }
  // Before anything is read or made: what still runs there might change it.
  const swept = await sweepBrokenOff(await listRuns([location.root]), (of) => tracesBefore(location, places, of))
  const roadmapPath = await pathBelow(location.root, loaded.path)
  const leaveOut = roadmapPath === undefined ? [] : [roadmapPath]
  if (settings.isolation === 'none') {
    const ungated =
      options.config.file.gates.length + options.config.file.reviews.length > 0
        ? ['gates are not run with --isolation none: there is no clean tree to judge']
        : []
    const warnings = [...swept, ...ungated]
    const none = () => []
    const isolate = () => inPlace(location.root)
    const close = () => Promise.resolve()
    const history = () => Promise.resolve([])
    return ok({
      root: location.root,
      runDir,
      tips: [],
      leaveOut,
      offLimits: [],
      landed: none,
      warnings,
      history,
      isolate,
      close,
    })
  }
  const repository = await openWhole(location.root, options.env)
  if (!repository.ok) return repository
  const { file } = options.config
  const { warnings, ...brought } = await lookUpBrought(location.root, file)
  const { trusted, head, commonDir } = repository.value
  const linked = await refuseLinksBack(location.root, brought.link, { place: trusted, commit: head.commit })
  if (!linked.ok) return linked
  await ensureLine(join(commonDir, 'info', 'exclude'), '/.autopilot/')
  const target = await chooseTarget(repository.value, settings.target, { runId, isResumed, leaveOut })
  if (!target.ok) return target
  const landed = await landedBefore(repository.value, target.value, roadmapPath)
  if (!landed.ok) return landed
  const watch = await watchUser(repository.value, target.value)
  if (!watch.ok) return refuseGit(watch.error)
  const before = await changedFiles(repository.value, repository.value.head.commit)
  const barred = offLimits(await readAsConfiguration(location.root, file.prompt), file)
  const letGc = await holdOffGc(repository.value.commonDir)
  const config = { ...options.config, file: { ...file, ...brought } }
  const reachable: Reachable = { ...options, config, repository: repository.value, runDir }
  return ok({
    root: location.root,
    runDir,
    repository: repository.value,
    close: letGc,
    target: targetFacts(target.value),
    tips: tipsOf(target.value),
    leaveOut,
    offLimits: barred.names,
    history: (parts) => historyNotices(placeOf(repository.value, target.value), parts),
    landed: (taskId) => landed.value.get(taskTrailerValue(taskId)) ?? [],
    warnings: [
      ...swept,
      ...identityWarnings(repository.value.identity),
      ...(await homeWarnings(workspacesHome(file.workspacesDir, location.root, options.env))),
      ...takenUpLine(target.value),
      ...anewLine(target.value, head.branch ?? head.commit.slice(0, 8)),
      ...(await gitWarnings(repository.value, options.env)),
      ...(await driverWarnings({ place: trusted, root: location.root, env: options.env }, target.value.base)),
      ...(await dirtyWarnings(repository.value, leaveOut)),
      ...warnings,
      ...emptySubmodules(repository.value.submodules, file.setup !== undefined),
    ],
    isolate: ({ pool, recorder, base, room, stopEarly, start, watchdog, slots, signal, numberedTo }) => {
      repository.value.onUnsealed = (why) => stopEarly({ reason: 'tampered', why, next: afterUnsealed })
      const of = { repository: repository.value, target: target.value, leaveOut }
      const changes = reportUserChanges({ ...of, watch: watch.value, recorder, before })
      const setups = limit(settings.setupJobs)
      const keeper = keeperOffThread(join(import.meta.dirname, 'kept-worker.js'))
      const running = { ...reachable, recorder, start, watchdog, setups, keeper }
      return workspaced({
        ...of,
        offLimits: barred,
        runId,
        mask: options.mask,
        slots,
        dependenciesOf: (taskId) => loaded.graph.dependencies.get(taskId) ?? [],
        watched: configNames,
        workspaces: workspacesFor({ ...running, signal }, runId, { numberedTo }),
        setupJobs: file.setup ? settings.setupJobs : 0,
        gatePlaces: file.setup ? gatePlacesOf(options) : 0,
        clock: realClock,
        gates: file.gates,
        base,
        room,
        directory: workspacesHome(file.workspacesDir, location.root, options.env),
        // Attempts have ended then; what still runs is a gate that judges the base.
        ...gatingFor({ ...running, signal: AbortSignal.any([signal, base.closing]) }, () => target.value.tip),
        onJudged: (of, judgement, together) => recordJudgement(recorder, of, judgement, together),
        // Counted up, not set: one that was granted a moment ago may still stand in the supply.
        onPrepared: (change) => pool.setPrepared(pool.prepared + change),
        spare: () => pool.prepared,
        onExhausted: (failure) => {
          void recorder.record({ type: 'notice', level: 'warning', text: failure.message })
          pool.shut(`no workspace can be prepared: ${failure.message}`)
        },
        onKept: ({ root, reason }) => void recorder.record({ type: 'workspace_kept', path: root, why: reason }),
        onAgentEnded: ({ task }) => changes.afterAgent(task.id),
        onClosing: changes.atEnd,
      })
    },
  })
}

function placeOf({ trusted, head, root }: Repository, target: Target): HistoryPlace {
  return { place: trusted, head: head.commit, tips: tipsOf(target), branch: target.branch, root }
}

function tipsOf({ base, before = [] }: Target): readonly string[] {
  return [base, ...before]
}

interface Reachable extends GroundOptions {
  readonly repository: Repository
  readonly runDir: string
}

interface Running extends Reachable {
  readonly recorder: Recorder
  readonly start: StartProcess
  readonly watchdog: IsolateParts['watchdog']
  readonly signal: AbortSignal
  /** Agents and gates share it. */
  readonly setups: ReturnType<typeof limit>
  readonly keeper: Keeper
}

/** Runs not too many setups at once. */
function inTurn(setups: Running['setups'], run: RunSetup): RunSetup {
  return (setup, cwd) => setups(() => run(setup, cwd))
}

/** How many gates of one tree run at once, and so how many places they need. */
function gatePlacesOf({ settings, config, loaded }: GroundOptions): number {
  const counts = loaded.roadmap.tasks.map((task) => mergeGates(config.file.gates, gatesOf(task)).length)
  const most = counts.reduce((found, count) => Math.max(found, count), 0)
  return Math.min(settings.gateJobs, most)
}

function noteCommand(recorder: Recorder, what: 'gate' | 'setup'): OnSpawned {
  return (process) => recorder.record({ type: 'command_spawned', what, ...process })
}

/** Said once in a run: it costs time with every attempt, and a line of configuration saves that. */
function hintAtKeep(recorder: Recorder, keep: Keep): (paths: readonly string[]) => void {
  let isSaid = false
  return (paths) => {
    if (isSaid) return
    isSaid = true
    const shown = paths.slice(0, 3).join(', ') + (paths.length > 3 ? ', …' : '')
    const why = keep === 'auto' ? 'cannot stay' : 'goes with each'
    const what = keep === 'auto' ? 'what setup leaves there should be ignored by git' : 'what keep: names stays'
    const text = `setup runs before every attempt, as ${shown} ${why}; ${what} (docs/workspaces.md)`
    void recorder.record({ type: 'notice', level: 'info', text })
  }
}

/** Gates have workspaces of their own, prepared like those of agents. */
function gatingFor(running: Running, tip: () => string) {
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

function workspacesFor(
  { config, env, environmentOf, mask, repository, runDir, recorder, start, watchdog, signal, setups, keeper }: Running,
  runId: string,
  { exact = false, numberedTo = 0 } = {},
) {
  const { setup, copy, keep, link } = config.file
  const { root, commonDir } = repository
  const of = exact ? 'gates' : 'agents'
  const where = { workspacesDir: config.file.workspacesDir, root, commonDir, env }
  return createWorkspaces({
    repository,
    runId: exact ? `${runId}-gates` : runId,
    berths: openBerths({
      ...homesOfRun(where, runId, of),
      ...{ of, runId, root, commonDir },
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
      setups,
      runSetup({
        mask,
        logDir: join(runDir, 'setup', exact ? 'gates' : 'agents'),
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

/** Why no workspace could be made where they are to lie, in words; undefined when nothing is known to be in the way. */
export async function checkWorkspaces(
  config: Config,
  root: string,
  env: Environment,
): Promise<{ readonly text: string; readonly help: string } | undefined> {
  const home = workspacesHome(config.file.workspacesDir, root, env)
  const fault = await homeFault(home, root)
  if (fault === undefined) return undefined
  const shown = cleanLine(home, 300)
  const elsewhere = `name a directory outside the repository: workspaces: { dir: … } in ${configName}`
  return fault === 'inside'
    ? { text: `workspaces must not lie in the repository that they are made from: ${shown}`, help: elsewhere }
    : { text: `workspaces cannot be made, ${shown} is not writable`, help: `make it writable, or ${elsewhere}` }
}

/** Paths below the root that are read as configuration under another name: a prompt template, and what links lead to. */
async function readAsConfiguration(root: string, prompt: string | undefined): Promise<string[]> {
  const links = maybeLinked.map((name) => join(root, name))
  const paths = prompt === undefined ? links : [...links, resolve(root, prompt)]
  const below = await Promise.all(paths.map((path) => pathBelow(root, path)))
  const plain = new Set<string | undefined>([undefined, ...maybeLinked])
  return [...new Set(below)].filter((path) => path !== undefined && !plain.has(path)) as string[]
}

async function pathBelow(root: string, path: string): Promise<string | undefined> {
  const below = relative(await realPathOr(root), await realPathOr(path))
  return below === '' || below.startsWith(`..${sep}`) || below === '..' || isAbsolute(below) ? undefined : below
}
