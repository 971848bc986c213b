import { resolve } from 'node:path'
import { fine, warning, wrong, type Finding } from '../../domain/finding.js'
import { providerNames } from '../../domain/agent/provider-model.js'
import type { OutputFormat } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import type { RunId, TaskId } from '../../domain/brand.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { agentGraceMs } from '../../orchestration/agent/process-runner.js'
import { Watchdog } from '../../platform/processes/watchdog.js'
import { noConfig } from '../../config/config.js'
import { mergeSettings, type FileSettings, type RunSettings } from '../../config/settings.js'
import { childEnvironments } from '../../providers/environment.js'
import { providersWith, type FindProvider } from '../../providers/index.js'
import { printerFor } from '../../ui/print/printers.js'
import {
  candidateProviders,
  generalProviders,
  setUpProviders,
  workingProviders,
  type ProviderSetup,
} from '../agents/providers.js'
import { checkClis, type CliChecks } from '../doctor/cli-checks.js'
import { checkGatesNamed, tryGates } from '../doctor/gates-check.js'
import { listenTo } from '../doctor/hearing.js'
import { checkDescriptors, checkGit, checkMemory, checkSystem } from '../doctor/machine-checks.js'
import { checkDisk, checkLeftovers, checkLock } from '../doctor/repository-checks.js'
import { oddLines } from '../dry-run/odd-lines.js'
import { lookAhead } from '../dry-run/dry-standing.js'
import { locate, plainLocation, type RepositoryLocation } from '../ground/location.js'
import { tracesOf } from '../ground/traces.js'
import { prepareRun, type Prepared } from '../prepare/prepare-run.js'
import type { Guard } from '../start/guard.js'
import { findPrevious } from '../start/past-run.js'
import { listenForStop } from '../stop/stop-signals.js'
import { newRunId, noticesOf } from './run-command.js'

export interface DoctorArguments {
  readonly roadmap?: string
  readonly directory: string
  readonly output: OutputFormat
  /** As for a run. */
  readonly flags: Partial<RunSettings>
  /** Also runs the gates on HEAD. */
  readonly gates: boolean
}

/** `autopilot doctor`: makes the checks of a run, and some more, one after the other, and says how to mend what is wrong. */
export async function doctorCommand(args: DoctorArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.output, env)
  const here = resolve(args.directory)
  const repository = await locate(here, env)
  const runId = newRunId(new Date())
  const signals = listenForStop({ drainMs: 0, graceMs: agentGraceMs, exitCode: exitCodes.interrupted })
  const watchdog = new Watchdog(tracesOf(repository.ok ? repository.value : plainLocation(here), runId))
  const counts = { errors: 0, warnings: 0 }
  let exitCode: ExitCode = exitCodes.done
  const tell = (findings: readonly Finding[], code: ExitCode = exitCodes.notSafe) => {
    for (const finding of findings) {
      printer.finding(finding)
      if (finding.level === 'warning') counts.warnings++
      if (finding.level !== 'error') continue
      counts.errors++
      // As a run, which ends with the first that is in its way.
      if (exitCode === exitCodes.done) exitCode = code
    }
  }
  try {
    await examine(args, { env, runId, signals, watchdog, tell })
  } finally {
    watchdog.close()
    signals.dispose()
  }
  const caught = signals.caught()
  if (caught !== undefined) return caught === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
  printer.diagnosis({ ...counts, exitCode })
  return exitCode
}

interface Examination extends Guard {
  readonly env: Environment
  readonly runId: RunId
  readonly tell: (findings: readonly Finding[], code?: ExitCode) => void
}

async function examine(args: DoctorArguments, { tell, ...how }: Examination): Promise<void> {
  const { env, signals } = how
  const isStopped = () => signals.draining.aborted
  tell([...checkSystem(), ...(await checkGit(env, { signal: signals.canceled, watchdog: how.watchdog }))])
  const { printer, heard } = listenTo('settings')
  const prepared = await prepareRun({ ...args, flags: { ...args.flags, dryRun: true } }, env, () => printer)
  const code = prepared.ok ? exitCodes.done : prepared.error
  tell(code === exitCodes.notSafe ? heard.map((one) => ({ ...one, check: 'repository' })) : heard, code)
  const found = prepared.ok ? prepared.value : undefined
  if (found) tell(placesOf(found))
  const settings = found?.settings ?? mergeSettings(args.flags)
  const clis = await askAll(found, settings, resolve(args.directory), how)
  tell(clis.findings, exitCodes.noProvider)
  if (isStopped()) return
  tell([...checkDescriptors(settings.agents), ...checkMemory(settings.agents, clis.usable)])
  if (found?.location.commonDir === undefined || !found.location.head) return
  const { root, lock, commonDir, head } = found.location
  const location: RepositoryLocation = { root, lock, commonDir, head }
  tell(await examineGround(found, clis, env))
  const parts = { location, config: found.config, env }
  tell([...(await checkLock(parts)), ...(await checkLeftovers(parts)), ...(await checkDisk(parts, settings))])
  if (isStopped()) return
  tell(args.gates ? await tryGates({ ...how, prepared: found }) : checkGatesNamed({ prepared: found }))
}

/** What was read. */
function placesOf({ location, loaded, plan, config, maskWarnings }: Prepared): readonly Finding[] {
  const { head, root } = location
  const stands =
    head === undefined
      ? 'no repository: agents would work in this directory itself'
      : `HEAD is ${head.branch ?? head.commit.slice(0, 10)}`
  const isThere = config !== noConfig
  return [
    fine('repository', `${root}; ${stands}`),
    isThere
      ? fine('configuration', 'read without a problem')
      : warning('configuration', 'there is none: no setup, no gates', 'autopilot init writes one for what it finds.'),
    ...maskWarnings.map((text) => warning('configuration', text)),
    fine('roadmap', `${loaded.options.file}: ${plan.runnable.length} of ${plan.tasks.length} tasks would run`),
  ]
}

type Clis = CliChecks & { readonly setup: ProviderSetup }

/** Asks the CLIs that the run would take, and looks which others there are. */
async function askAll(
  prepared: Prepared | undefined,
  settings: RunSettings,
  directory: string,
  { env, signals, watchdog }: Omit<Examination, 'tell'>,
): Promise<Clis> {
  const file: FileSettings = prepared?.config.file ?? noConfig.file
  const findProvider: FindProvider = prepared?.findProvider ?? providersWith({})
  const environmentOf = childEnvironments(env, file.env, { templates: file.envTemplates, ports: [] })
  const ended = { signal: signals.canceled, watchdog, cwd: prepared?.location.root ?? directory }
  const tasks = prepared?.plan.runnable.flatMap((id: TaskId) => prepared.loaded.graph.tasks.get(id) ?? [])
  const general = generalProviders(settings).flatMap((name) => findProvider(name) ?? [])
  const candidates = tasks ? candidateProviders(tasks, settings, file, findProvider) : general
  const working = tasks ? workingProviders(tasks, settings, file.routes, findProvider) : general
  const rest = providerNames
    .flatMap((name) => findProvider(name) ?? [])
    .filter((one) => one.program && !candidates.includes(one))
  const [setup, others] = await Promise.all([
    setUpProviders(candidates, settings, file, environmentOf, ended),
    setUpProviders(rest, settings, file, environmentOf, ended),
  ])
  const needed = new Set(working.length > 0 ? working : candidates)
  const asked = { detected: setup.detected, needed, others: others.detected }
  const checked = await checkClis({ ...asked, environmentOf, ended })
  return { ...checked, setup }
}

/** What the run itself would find about its target and its files, without changing anything. */
async function examineGround(prepared: Prepared, { setup }: Clis, env: Environment): Promise<readonly Finding[]> {
  const ahead = await lookAhead(prepared, undefined, env)
  if (!ahead.ok) return [wrong('target', ahead.error.message, ahead.error.help)]
  const { branch } = ahead.value
  const previous = await findPrevious(prepared)
  return [
    ...(branch === undefined ? [] : [fine('target', `work would land on ${branch}`)]),
    ...noticesOf(previous).map((text) => fine('runs', text)),
    // What the CLIs are like has been told.
    ...oddLines(prepared, ahead.value, { ...setup, detected: [] }).map((text) => warning('run', text)),
  ]
}
