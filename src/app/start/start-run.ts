import { join } from 'node:path'
import { isCi, type Environment } from '../../domain/process/environment.js'
import type { TemplateMasks } from '../../domain/secrets/env-template.js'
import type { RunEvent, Selected } from '../../domain/run/event.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { WaitPolicy } from '../../domain/accounts/governor.js'
import type { RunTraces } from '../../domain/process/stray.js'
import { judgeRun, type Stop } from '../../domain/run/verdict.js'
import { openJournal } from '../../journal/journal.js'
import { numberRun } from '../../journal/runs.js'
import { watchTogether } from '../../orchestration/agent-watch.js'
import { BaseWatch } from '../../orchestration/landing/base-watch.js'
import { BudgetKeeper } from '../../orchestration/accounts/budget-keeper.js'
import { Governor } from '../../orchestration/accounts/governor.js'
import { catchUpOn } from '../../orchestration/attempt/catch-up-on.js'
import { createRecorder, type Recorder, type RunBeginning } from '../../orchestration/recorder.js'
import { createSlotRest } from '../../orchestration/agent/slot-rest.js'
import { runTasks } from '../../orchestration/run/run.js'
import { watchUnknown } from '../../orchestration/accounts/unknown-cost.js'
import { RoomWatch } from '../../orchestration/place/room-watch.js'
import { createStopEarly, endedEarly, type StopEarly } from '../../orchestration/stop-early.js'
import { createWriteBack, type WriteBack } from '../../orchestration/run/write-back.js'
import { localZone, realClock } from '../../platform/clock.js'
import { openDoor } from '../../platform/processes/door.js'
import { endGits } from '../../platform/git/git.js'
import { killLivingGroups } from '../../platform/processes/process-group.js'
import { sweep } from '../../platform/processes/sweep.js'
import type { Watchdog } from '../../platform/processes/watchdog.js'
import type { AgentPool } from '../../pool/contract.js'
import { LocalPool } from '../../pool/local-pool.js'
import { claude } from '../../providers/claude/provider.js'
import { withheldFrom, type EnvironmentOf } from '../../providers/environment.js'
import { findProvider } from '../../providers/index.js'
import type { LoadedRoadmap } from '../../roadmap/load.js'
import { parseOffThread } from '../../roadmap/parse-off-thread.js'
import { createStatusWriter, type StatusWriter } from '../../roadmap/write/write-back.js'
import { summarize } from '../../ui/summary.js'
import { announce } from './announce.js'
import { budgetsOf } from './budgets.js'
import { createCliCheck } from '../agents/cli-check.js'
import { giveUp } from '../stop/give-up.js'
import type { GoingOnRun } from './go-on.js'
import type { Ground } from '../ground/ground.js'
import { heedStops } from '../stop/heed-stops.js'
import type { Landed } from '../resume/landed.js'
import { withheldFromMcp } from '../agents/mcp-variables.js'
import { openOutput } from '../../ui/print/output.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { printTrouble } from '../../ui/print/problem-output.js'
import { reviewsOf, type ProviderSetup } from '../agents/providers.js'
import { mostTotalAttempts, slotIds } from './run-limits.js'
import type { RunSettings } from '../../config/settings.js'
import { shownPath } from '../../ui/print/shown-path.js'
import type { StopSignals } from '../stop/stop-signals.js'

/** All that a run begins with. */
export interface StartParts extends Prepared, Landed {
  readonly env: Environment
  readonly environmentOf: EnvironmentOf
  readonly maskAt: TemplateMasks['at']
  /** The first port of each slot's and gate job's block. */
  readonly ports: readonly number[]
  readonly signals: StopSignals
  readonly traces: RunTraces
  readonly watchdog: Watchdog
  /** Aborted when another has taken the run's lock. */
  readonly lockLost: AbortSignal
  readonly setup: ProviderSetup
  readonly runId: string
  readonly ground: Ground
  /** What a person should know first. */
  readonly notices: readonly string[]
  readonly selection?: Selected
  readonly resumed?: GoingOnRun
}

/** Runs the tasks to their end, shows the summary and gives the exit code. */
export async function startRun(parts: StartParts): Promise<ExitCode> {
  const { settings, ground, setup, signals } = parts
  const journalPath = join(ground.runDir, 'journal.jsonl')
  const journal = await openJournal(journalPath)
  if (!journal.ok) {
    const help = 'autopilot keeps its record there; make the directory writable'
    printTrouble(`cannot write ${journalPath}: ${journal.error}`, help, settings.output)
    return exitCodes.notSafe
  }
  // Without it only the order of runs is less sure.
  await numberRun(parts.location.root, parts.runId).catch(() => undefined)
  const output = await openOutput(settings.output, parts.env)
  let stopped: Stop | undefined
  const recorder = createRecorder(beginningOf(parts), {
    clock: realClock,
    journal: journal.value,
    reporters: [output.reporter],
    mask: parts.mask,
    onBroken: (message) => {
      stopped ??= { type: 'journal', message }
      signals.cancel()
    },
  })
  const onStop = (stop: Stop) => (stopped ??= stop)
  const stopOn = (lost: AbortSignal, stop: Stop) => {
    const onLost = () => {
      onStop(stop)
      signals.cancel()
    }
    if (lost.aborted) onLost()
    else lost.addEventListener('abort', onLost, { once: true })
  }
  stopOn(parts.watchdog.lost, { type: 'unguarded' })
  stopOn(parts.lockLost, { type: 'taken_over' })
  const pool = new LocalPool({ policy: setup.policy, caps: setup.caps, clock: realClock })
  const stopEarly = createStopEarly(recorder, pool)
  const writer = createStatusWriter(parts.loaded, { parse: parser(parts.loaded) })
  const writeBack = createWriteBack(writer, (event) => void recorder.record(event), realClock)
  const heedNoMore = heedStops({ signals, recorder, stopEarly, settings, clock: realClock, onStop })
  for (const text of [...parts.notices, ...(parts.resumed?.notices ?? [])])
    void recorder.record({ type: 'notice', level: 'warning', text })
  announce(recorder, parts)
  const withheld = withheldFrom(parts.env, parts.environmentOf)(claude)
  const forMcp = setup.policy.usable.includes(claude.name) ? await withheldFromMcp(ground.root, withheld) : []
  for (const text of forMcp) void recorder.record({ type: 'notice', level: 'warning', text })
  // While everything waits, for a cool-down say, nothing else would keep the process alive.
  const alive = setInterval(() => undefined, 2 ** 30)
  try {
    const isDone = work(parts, { recorder, pool, stopEarly, writer, writeBack }).then(() => true)
    if (!(await Promise.race([isDone, signals.overdue.then(() => false)]))) {
      endGits('SIGTERM')
      giveUp(recorder, writeBack)
    }
  } finally {
    heedNoMore()
    clearInterval(alive)
    pool.close()
    killLivingGroups()
    output.reporter.close()
  }
  const verdict = judgeRun(recorder.state, stopped)
  await recorder.record({ type: 'run_finished', ...verdict })
  for (const line of summarize(recorder.state, { journal: shownPath(journalPath) })) output.result(line)
  await journal.value.close()
  return verdict.exitCode
}

interface Workers {
  readonly recorder: Recorder
  readonly pool: AgentPool
  readonly stopEarly: StopEarly
  readonly writer: StatusWriter
  readonly writeBack: WriteBack
}

async function work(parts: StartParts, workers: Workers): Promise<void> {
  const { recorder, pool, stopEarly, writer, writeBack } = workers
  const signal = parts.signals.canceled
  const { settings, config, loaded, ground, template } = parts
  const start = openDoor(ground.runDir, parts.watchdog, ground.root)
  const numberedTo = parts.resumed?.numberedTo ?? 0
  const base = new BaseWatch({ recorder, pool, stopEarly, signal })
  const wait = waitPolicy(settings, parts.env)
  const waits = wait.onLimit === 'wait'
  const room = new RoomWatch({ clock: realClock, recorder, pool, stopEarly, waits, signal })
  const isolation = ground.isolate({
    pool,
    recorder,
    base,
    room,
    stopEarly,
    start,
    watchdog: parts.watchdog,
    slots: settings.agents,
    signal,
    numberedTo,
  })
  for (const id of slotIds(settings.agents)) pool.addAgent({ id })
  for (const { id } of parts.landed) writeBack.done(id)
  if (parts.resumed) await catchUpOn(parts.resumed, { recorder, isolation, signal, tasks: loaded.graph.tasks })
  const facts = { clock: realClock, random: Math.random, zone: localZone() }
  const check = createCliCheck({
    detected: parts.setup.detected,
    environmentOf: parts.environmentOf,
    ended: { signal, watchdog: parts.watchdog },
    onOther: (text) => void recorder.record({ type: 'notice', level: 'warning', text }),
  })
  const { checkIn, whyUnusable } = check
  const governor = new Governor({ ...facts, recorder, pool, stopEarly, wait, whyUnusable })
  const ending = new AbortController()
  const budgets = budgetsOf(settings, config.file) ?? { run: {}, providers: {} }
  const keeper = new BudgetKeeper({
    ...{ recorder, pool, stopEarly, budgets },
    ...(settings.budgetAction === 'end' ? { endAgents: () => ending.abort(endedEarly) } : {}),
  })
  keeper.look()
  const unknown = watchUnknown({ recorder, stopEarly, budgets, tasks: loaded.graph.tasks })
  await runTasks({
    graph: loaded.graph,
    pool,
    room,
    clock: realClock,
    recorder,
    findProvider,
    start,
    isolation,
    base,
    judgesBase: settings.baseGates === 'judge',
    // What agents have finished is collected and lands all the same.
    signal: AbortSignal.any([signal, ending.signal]),
    mask: parts.mask,
    maskAt: parts.maskAt,
    environmentOf: parts.environmentOf,
    withheldOf: withheldFrom(parts.env, parts.environmentOf),
    checkIn,
    extraEnv: config.file.env,
    numbering: { templates: config.file.envTemplates, ports: parts.ports },
    rest: createSlotRest(),
    permissions: settings.permissions,
    onDenied: settings.onDenied,
    gates: config.file.gates,
    reviews: reviewsOf(settings, config.file),
    allow: config.file.allow,
    asRoot: process.getuid?.() === 0,
    offLimits: [...ground.leaveOut, ...ground.offLimits],
    timeoutMs: settings.timeoutMs,
    idleTimeoutMs: settings.idleTimeoutMs,
    background: settings.background,
    backgroundTimeoutMs: settings.backgroundTimeoutMs,
    maxAttempts: settings.iterations,
    maxTotalAttempts: mostTotalAttempts(settings),
    watch: watchTogether(governor, keeper, unknown),
    allowances: keeper,
    prices: config.file.prices,
    repairRounds: settings.repairRounds,
    attemptsDir: join(ground.runDir, 'attempts'),
    markDone: writeBack.done,
    heldByPerson: (taskId) => writer.held(taskId),
    ...(parts.resumed ? { resumptions: parts.resumed.resumptions } : {}),
    ...(template === undefined ? {} : { template }),
  })
  room.close()
  await base.close()
  governor.close()
  await writeBack.finish()
  // What still runs in a workspace would write into it while it is removed.
  const traces = { entry: parts.traces.entry, places: parts.watchdog.places }
  await sweep([{ traces, spawned: [] }], signal.aborted ? 0 : leftoverGraceMs)
  await isolation.close()
}

/** What is left running at the end has so long between TERM and KILL, ms. */
const leftoverGraceMs = 1_000

/** Nobody watches a CI job, and its hours cost money: there a run does not wait for an account unless told to. */
function waitPolicy({ onLimit, maxWaitMs }: RunSettings, env: Environment): WaitPolicy {
  return { onLimit: onLimit ?? (isCi(env) ? 'stop' : 'wait'), ...(maxWaitMs === undefined ? {} : { maxWaitMs }) }
}

/** The worker thread's file lies beside the bundle that this code is in. */
function parser(loaded: LoadedRoadmap) {
  const parse = parseOffThread(new URL('./parse-worker.js', import.meta.url))
  return (bytes: Uint8Array) => parse(bytes, loaded.options)
}

function beginningOf(parts: StartParts): RunBeginning {
  const { resumed } = parts
  return resumed ? { ...resumed.replayed, event: resumed.event } : startEvent(parts)
}

function startEvent(parts: StartParts): Extract<RunEvent, { type: 'run_started' }> {
  const { settings, config, loaded, plan, runId, ground, selection } = parts
  const budgets = budgetsOf(settings, config.file)
  return {
    type: 'run_started',
    runId,
    version: AUTOPILOT_VERSION,
    roadmap: loaded.options.file,
    roadmapPath: loaded.path,
    repository: ground.root,
    isolation: settings.isolation,
    permissions: settings.permissions,
    maxAttempts: settings.iterations,
    slots: slotIds(settings.agents),
    tasks: plan.tasks,
    ...(ground.target ? { target: ground.target } : {}),
    ...(budgets ? { budgets } : {}),
    ...(selection ? { selection } : {}),
    ...(settings.redo ? { redo: settings.redo } : {}),
  }
}
