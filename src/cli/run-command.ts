import { randomBytes } from 'node:crypto'
import { join, relative, resolve } from 'node:path'
import type { Environment } from '../domain/environment.js'
import type { RunEvent } from '../domain/event.js'
import { exitCodes, type ExitCode } from '../domain/exit-code.js'
import { nearest } from '../domain/nearest.js'
import { planRun, type RunPlan } from '../domain/plan.js'
import { err, ok, type Result } from '../domain/result.js'
import type { Task } from '../domain/task.js'
import { judgeRun, type Stop } from '../domain/verdict.js'
import { openJournal } from '../journal/journal.js'
import { createRecorder, type Recorder } from '../orchestration/recorder.js'
import { runTasks } from '../orchestration/run.js'
import { createWriteBack } from '../orchestration/write-back.js'
import { realClock } from '../platform/clock.js'
import { killLivingGroups } from '../platform/process-group.js'
import { AgentPool } from '../pool/agent-pool.js'
import { createStatusWriter } from '../roadmap/write-back.js'
import { parseOffThread } from '../roadmap/parse-off-thread.js'
import type { LoadedRoadmap } from '../roadmap/load.js'
import { showId } from '../ui/format.js'
import { summarize } from '../ui/summary.js'
import { announce } from './announce.js'
import { readConfig, type Config } from './config.js'
import { printDryRun } from './dry-run.js'
import { checkWorkspaces, locate, openGround, plainLocation, type Ground, type Location } from './ground.js'
import { planLanded, type Landed } from './landed.js'
import { openOutput } from './output.js'
import { printProblems, printTrouble } from './problem-output.js'
import { readTemplate } from './prompt-template.js'
import { candidateProviders, setUpProviders, type ProviderSetup } from './providers.js'
import { openRoadmap } from './roadmap-source.js'
import { mergeSettings, settingsFromEnvironment, type RunSettings } from './settings.js'
import { listenForStop, type StopSignals } from './stop-signals.js'

/** What `autopilot run` was typed with. */
export interface RunArguments {
  readonly roadmap?: string
  /** `-C`; where to work. */
  readonly directory: string
  readonly flags: Partial<RunSettings>
}

/** Everything that was read before anything is started. */
interface Prepared {
  readonly settings: RunSettings
  readonly config: Config
  readonly location: Location
  readonly loaded: LoadedRoadmap
  readonly plan: RunPlan
  readonly template?: string
}

/** `autopilot run`: reads and checks everything, then starts. Gives the exit code. */
export async function runCommand(args: RunArguments, env: Environment): Promise<ExitCode> {
  const prepared = await prepare(args, env)
  if (!prepared.ok) return prepared.error
  const { settings, loaded, plan } = prepared.value
  const tasks = plan.runnable.flatMap((id) => loaded.graph.tasks.get(id) ?? [])
  if (settings.dryRun) return printDryRun({ ...prepared.value, tasks })
  // From here on programs are started, in groups of their own, which no Ctrl-C of the terminal reaches.
  const signals = listenForStop()
  return makeReady({ ...prepared.value, tasks, env, signals }).finally(() => signals.dispose())
}

interface ReadyParts extends Prepared {
  readonly tasks: readonly Task[]
  readonly env: Environment
  readonly signals: StopSignals
}

/** Finds the agent CLIs and takes the ground; the run starts when neither is refused. */
async function makeReady(parts: ReadyParts): Promise<ExitCode> {
  const { settings, config, tasks, env, signals } = parts
  const candidates = candidateProviders(tasks, settings, config.file.routes)
  const setup = await setUpProviders(candidates, settings, config.file, env, signals.signal)
  if (signals.signal.aborted) return stoppedEarly(signals, settings)
  if (needsCli(tasks) && setup.policy.usable.length === 0) return refuseProviders(setup, settings)
  const runId = newRunId(new Date())
  const ground = await openGround({ ...parts, runId })
  if (!ground.ok) {
    printTrouble(ground.error.message, ground.error.help, settings.output)
    return exitCodes.notSafe
  }
  const planned = planLanded(parts, ground.value.hasLanded)
  return start({ ...parts, ...planned, setup, runId, ground: ground.value }).finally(ground.value.release)
}

function stoppedEarly(signals: StopSignals, settings: RunSettings): ExitCode {
  printTrouble('stopped before anything was started', undefined, settings.output)
  return signals.caught() === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
}

/** Reads settings, configuration, roadmap and template; what is wrong has been printed when it is not ok. */
async function prepare(args: RunArguments, env: Environment): Promise<Result<Prepared, ExitCode>> {
  const wanted = args.flags.output ?? 'human'
  const fromEnvironment = settingsFromEnvironment(env)
  if (!fromEnvironment.ok) return usage(fromEnvironment.error, undefined, wanted)
  const here = resolve(args.directory)
  const repository = await locate(here, env)
  const configRoot = repository.ok ? repository.value.root : here
  const config = await readConfig(configRoot, env)
  if (!config.ok) return problems(config.error, mergeSettings(fromEnvironment.value, args.flags).output)
  const settings = mergeSettings(config.value.run, fromEnvironment.value, args.flags)
  const { lock } = repository.ok ? repository.value : plainLocation(here)
  const location = settings.isolation === 'none' ? ok({ root: here, lock }) : repository
  if (!location.ok) {
    printTrouble(location.error.message, location.error.help, settings.output)
    return err(exitCodes.notSafe)
  }
  if (settings.isolation === 'workspace') {
    const refused = await refuseWorkspaces(config.value, location.value.root, env, settings.output)
    if (refused !== undefined) return err(refused)
  }
  const loaded = await openRoadmap(args.roadmap, args.directory, config.value.file.statuses)
  if (!loaded.ok) return problems(loaded.error, settings.output)
  const plan = planRun(loaded.value.graph, loaded.value.roadmap.groups, settings)
  if (plan.unknown.length > 0) {
    const { graph, roadmap } = loaded.value
    return unknownIds(plan.unknown, [...graph.tasks.keys(), ...roadmap.groups.map(({ id }) => id)], settings.output)
  }
  const template = await readTemplate(config.value.file.prompt, configRoot)
  if (!template.ok) return usage(template.error, undefined, settings.output)
  const { value } = template
  return ok({
    settings,
    config: config.value,
    location: location.value,
    loaded: loaded.value,
    plan,
    ...(value === undefined ? {} : { template: value }),
  })
}

/** Found before anything starts, not by each task; a place that the configuration names is its mistake. */
async function refuseWorkspaces(
  config: Config,
  root: string,
  env: Environment,
  output: 'human' | 'json',
): Promise<ExitCode | undefined> {
  const wrong = await checkWorkspaces(config, root, env)
  if (!wrong) return undefined
  if (config.file.workspacesDir === undefined) {
    printTrouble(wrong.text, wrong.help, output)
    return exitCodes.notSafe
  }
  printProblems([{ severity: 'error', code: 'E105', position: config.place(['workspaces', 'dir']), ...wrong }], output)
  return exitCodes.usage
}

function unknownIds(unknown: readonly string[], known: readonly string[], output: 'human' | 'json') {
  const guesses = unknown.slice(0, 5).flatMap((id) => nearest(id, known) ?? [])
  const help = guesses.length === 0 ? undefined : `did you mean ${[...new Set(guesses)].map(showId).join(', ')}?`
  return usage(`--only names what the roadmap does not have: ${unknown.map(showId).join(', ')}`, help, output)
}

function usage(text: string, help: string | undefined, output: 'human' | 'json'): Result<never, ExitCode> {
  printTrouble(text, help, output)
  return err(exitCodes.usage)
}

function problems(list: Parameters<typeof printProblems>[0], output: 'human' | 'json'): Result<never, ExitCode> {
  printProblems(list, output)
  return err(exitCodes.usage)
}

function needsCli(tasks: readonly Task[]): boolean {
  return tasks.some(({ run }) => run === undefined)
}

function refuseProviders({ detected }: ProviderSetup, settings: RunSettings): ExitCode {
  const reasons = detected.flatMap(({ provider, detection }) =>
    detection.usable ? [] : [[named(provider.name, detection.reason), detection.help].filter(Boolean).join('\n    ')],
  )
  printTrouble(`no usable agent CLI\n  ${reasons.join('\n  ')}`, undefined, settings.output)
  return exitCodes.noProvider
}

/** Some reasons say themselves whose they are. */
function named(provider: string, reason: string): string {
  return reason.startsWith(`${provider} `) ? reason : `${provider}: ${reason}`
}

/** Sortable, unique and fit for refs and paths: `20261123-064726-3fa2`. */
function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${stamp}-${randomBytes(2).toString('hex')}`
}

interface StartParts extends ReadyParts, Landed {
  readonly setup: ProviderSetup
  readonly runId: string
  readonly ground: Ground
}

async function start(parts: StartParts): Promise<ExitCode> {
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
  onStop()
  announce(recorder, parts)
  const pool = new AgentPool({ policy: setup.policy, caps: setup.caps, clock: realClock })
  // While everything waits, for a cool-down say, nothing else would keep the process alive.
  const alive = setInterval(() => undefined, 2 ** 30)
  try {
    await work(parts, recorder, pool, AbortSignal.any([signals.signal, broken.signal]))
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
  const isolation = ground.isolate({ pool, recorder, slots: settings.agents, signal })
  for (const id of slotIds(settings.agents)) pool.addAgent({ id })
  const writer = createStatusWriter(loaded, { parse: parser(loaded) })
  const writeBack = createWriteBack(writer, (event) => void recorder.record(event))
  for (const taskId of parts.landed) writeBack.done(taskId)
  await runTasks({
    graph: loaded.graph,
    pool,
    clock: realClock,
    recorder,
    isolation,
    signal,
    parentEnv: parts.env,
    extraEnv: config.file.env,
    permissions: settings.permissions,
    gates: config.file.gates,
    allow: config.file.allow,
    asRoot: process.getuid?.() === 0,
    offLimits: ground.leaveOut,
    timeoutMs: settings.timeoutMs,
    maxAttempts: settings.iterations,
    repairRounds: settings.repairRounds,
    attemptsDir: join(ground.runDir, 'attempts'),
    markDone: writeBack.done,
    ...(template === undefined ? {} : { template }),
  })
  await writeBack.finish()
  await isolation.close()
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
