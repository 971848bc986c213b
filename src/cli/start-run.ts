import { join, relative } from 'node:path'
import type { Environment } from '../domain/environment.js'
import type { RunEvent } from '../domain/event.js'
import { exitCodes, type ExitCode } from '../domain/exit-code.js'
import type { WaitPolicy } from '../domain/governor.js'
import type { RunTraces } from '../domain/stray.js'
import { judgeRun, type Stop } from '../domain/verdict.js'
import { openJournal } from '../journal/journal.js'
import { Governor } from '../orchestration/governor.js'
import { createRecorder, type Recorder } from '../orchestration/recorder.js'
import { runTasks } from '../orchestration/run.js'
import { createStopEarly } from '../orchestration/stop-early.js'
import { createWriteBack } from '../orchestration/write-back.js'
import { localZone, realClock } from '../platform/clock.js'
import { openDoor } from '../platform/door.js'
import { killLivingGroups } from '../platform/process-group.js'
import { sweep } from '../platform/sweep.js'
import type { Watchdog } from '../platform/watchdog.js'
import { AgentPool } from '../pool/agent-pool.js'
import type { EnvironmentOf } from '../providers/environment.js'
import type { LoadedRoadmap } from '../roadmap/load.js'
import { parseOffThread } from '../roadmap/parse-off-thread.js'
import { createStatusWriter } from '../roadmap/write-back.js'
import { summarize } from '../ui/summary.js'
import { announce } from './announce.js'
import type { Ground } from './ground.js'
import type { Landed } from './landed.js'
import { openOutput } from './output.js'
import type { Prepared } from './prepare-run.js'
import { printTrouble } from './problem-output.js'
import type { ProviderSetup } from './providers.js'
import type { RunSettings } from './settings.js'
import type { StopSignals } from './stop-signals.js'

/** All that a run begins with. */
export interface StartParts extends Prepared, Landed {
  readonly env: Environment
  readonly environmentOf: EnvironmentOf
  readonly signals: StopSignals
  readonly traces: RunTraces
  readonly watchdog: Watchdog
  readonly setup: ProviderSetup
  readonly runId: string
  readonly ground: Ground
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
  const output = await openOutput(settings.output, parts.env)
  const broken = new AbortController()
  let stopped: Stop | undefined
  const recorder = createRecorder(startEvent(parts), {
    clock: realClock,
    journal: journal.value,
    reporters: [output.reporter],
    mask: parts.mask,
    onBroken: (message) => {
      stopped ??= { type: 'journal', message }
      broken.abort()
    },
  })
  // Heard before the loop hears it: the record tells of the signal first, then of what it canceled.
  const onStop = () => {
    const signal = signals.caught()
    if (signal === undefined) return
    stopped ??= { type: 'signal', signal }
    void recorder.record({ type: 'run_canceling', why: signal })
  }
  signals.signal.addEventListener('abort', onStop, { once: true })
  parts.watchdog.lost.addEventListener('abort', () => (stopped ??= { type: 'unguarded' }), { once: true })
  onStop()
  announce(recorder, parts)
  const pool = new AgentPool({ policy: setup.policy, caps: setup.caps, clock: realClock })
  // While everything waits, for a cool-down say, nothing else would keep the process alive.
  const alive = setInterval(() => undefined, 2 ** 30)
  try {
    await work(parts, recorder, pool, AbortSignal.any([signals.signal, broken.signal, parts.watchdog.lost]))
  } finally {
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

/** Relative where that is shorter. */
function shownPath(path: string): string {
  const short = relative(process.cwd(), path)
  return short.startsWith('..') ? path : short
}

async function work(parts: StartParts, recorder: Recorder, pool: AgentPool, signal: AbortSignal): Promise<void> {
  const { settings, config, loaded, ground, template } = parts
  const start = openDoor(ground.runDir, parts.watchdog)
  const isolation = ground.isolate({ pool, recorder, start, slots: settings.agents, signal })
  for (const id of slotIds(settings.agents)) pool.addAgent({ id })
  const writer = createStatusWriter(loaded, { parse: parser(loaded) })
  const writeBack = createWriteBack(writer, (event) => void recorder.record(event))
  for (const taskId of parts.landed) writeBack.done(taskId)
  const stopEarly = createStopEarly(recorder, pool)
  const wait = waitPolicy(settings, parts.env)
  const facts = { clock: realClock, random: Math.random, zone: localZone() }
  const governor = new Governor({ ...facts, recorder, pool, stopEarly, wait })
  await runTasks({
    graph: loaded.graph,
    pool,
    clock: realClock,
    recorder,
    start,
    isolation,
    signal,
    mask: parts.mask,
    environmentOf: parts.environmentOf,
    extraEnv: config.file.env,
    permissions: settings.permissions,
    gates: config.file.gates,
    allow: config.file.allow,
    asRoot: process.getuid?.() === 0,
    offLimits: ground.leaveOut,
    timeoutMs: settings.timeoutMs,
    maxAttempts: settings.iterations,
    maxTotalAttempts: settings.maxTotalAttempts ?? Math.max(fewestInAll, settings.iterations),
    watch: governor,
    repairRounds: settings.repairRounds,
    attemptsDir: join(ground.runDir, 'attempts'),
    markDone: writeBack.done,
    ...(template === undefined ? {} : { template }),
  })
  await writeBack.finish()
  // What still runs in a workspace would write into it while it is removed.
  await sweep([{ traces: parts.traces, spawned: [] }])
  await isolation.close()
}

/** So many attempts in all a task has at least, unless fewer are asked for. */
const fewestInAll = 10

/** Nobody watches a CI job, and its hours cost money: there a run does not wait for an account unless told to. */
function waitPolicy({ onLimit, maxWaitMs }: RunSettings, { CI }: Environment): WaitPolicy {
  const inCi = CI !== undefined && CI !== ''
  return { onLimit: onLimit ?? (inCi ? 'stop' : 'wait'), ...(maxWaitMs === undefined ? {} : { maxWaitMs }) }
}

/** The worker thread's file lies beside the bundle that this code is in. */
function parser(loaded: LoadedRoadmap) {
  const parse = parseOffThread(new URL('./parse-worker.js', import.meta.url))
  return (bytes: Uint8Array) => parse(bytes, loaded.options)
}

function slotIds(count: number): readonly string[] {
  return Array.from({ length: count }, (_, index) => `slot-${index + 1}`)
}

function startEvent({ settings, loaded, plan, runId, ground }: StartParts): Extract<RunEvent, { type: 'run_started' }> {
  return {
    type: 'run_started',
    runId,
    version: AUTOPILOT_VERSION,
    roadmap: loaded.options.file,
    repository: ground.root,
    isolation: settings.isolation,
    permissions: settings.permissions,
    maxAttempts: settings.iterations,
    slots: slotIds(settings.agents),
    tasks: plan.tasks,
    ...(ground.target ? { target: ground.target } : {}),
  }
}
