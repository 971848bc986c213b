import { randomBytes } from 'node:crypto'
import type { Environment } from '../domain/environment.js'
import { exitCodes, type ExitCode } from '../domain/exit-code.js'
import type { RunTraces } from '../domain/stray.js'
import type { Task } from '../domain/task.js'
import { openWatchdog, type Watchdog } from '../platform/watchdog.js'
import { agentGraceMs } from '../orchestration/run-agent.js'
import type { Provider } from '../providers/contract.js'
import { childEnvironments, type EnvironmentOf } from '../providers/environment.js'
import { printDryRun } from './dry-run.js'
import { openGround } from './ground.js'
import { planLanded } from './landed.js'
import { prepareRun, type Prepared, type RunArguments } from './prepare-run.js'
import { printTrouble } from './problem-output.js'
import { candidateProviders, setUpProviders, workingProviders, type ProviderSetup } from './providers.js'
import type { RunSettings } from './settings.js'
import { startRun } from './start-run.js'
import { tracesOf } from './traces.js'
import { listenForStop, type StopSignals } from './stop-signals.js'

/** `autopilot run`: reads and checks everything, then starts. Gives the exit code. */
export async function runCommand(args: RunArguments, env: Environment): Promise<ExitCode> {
  const prepared = await prepareRun(args, env)
  if (!prepared.ok) return prepared.error
  const { settings, loaded, plan } = prepared.value
  const tasks = plan.runnable.flatMap((id) => loaded.graph.tasks.get(id) ?? [])
  if (settings.dryRun) return printDryRun({ ...prepared.value, tasks })
  // From here on programs are started, in groups of their own, which no Ctrl-C of the terminal reaches.
  const signals = listenForStop({
    drainMs: prepared.value.settings.drainMs,
    graceMs: agentGraceMs,
    exitCode: exitCodes.again,
  })
  const environmentOf = childEnvironments(env, prepared.value.config.file.env)
  const runId = newRunId(new Date())
  const traces = tracesOf(prepared.value.location, runId)
  const watchdog = openWatchdog(traces)
  const parts = { ...prepared.value, tasks, env, environmentOf, signals, runId, traces, watchdog }
  return makeReady(parts).finally(() => {
    watchdog.close()
    signals.dispose()
  })
}

interface ReadyParts extends Prepared {
  readonly tasks: readonly Task[]
  readonly env: Environment
  readonly environmentOf: EnvironmentOf
  readonly signals: StopSignals
  readonly runId: string
  readonly traces: RunTraces
  readonly watchdog: Watchdog
}

/** Finds the agent CLIs and takes the ground; the run starts when neither is refused. */
async function makeReady(parts: ReadyParts): Promise<ExitCode> {
  const { settings, tasks, signals } = parts
  const { file } = parts.config
  const candidates = candidateProviders(tasks, settings, file)
  const setup = await setUpProviders(candidates, settings, file.routes, parts.environmentOf, {
    signal: signals.canceled,
    watchdog: parts.watchdog,
  })
  if (signals.draining.aborted) return stoppedEarly(signals, settings)
  const { usable } = setup.policy
  const working = workingProviders(tasks, settings, file.routes)
  if (working.length > 0 && !working.some(({ name }) => usable.includes(name)))
    return refuseProviders(setup, working, settings)
  if (candidates.length > 0 && usable.length === 0) return refuseProviders(setup, candidates, settings)
  const ground = await openGround(parts)
  if (!ground.ok) {
    printTrouble(ground.error.message, ground.error.help, settings.output)
    return exitCodes.notSafe
  }
  const planned = planLanded(parts, ground.value.hasLanded)
  return startRun({ ...parts, ...planned, setup, ground: ground.value }).finally(ground.value.release)
}

function stoppedEarly(signals: StopSignals, settings: RunSettings): ExitCode {
  printTrouble('stopped before anything was started', undefined, settings.output)
  return signals.caught() === 'SIGINT' ? exitCodes.interrupted : exitCodes.terminated
}

function refuseProviders({ detected }: ProviderSetup, asked: readonly Provider[], settings: RunSettings): ExitCode {
  const reasons = detected.flatMap(({ provider, detection }) =>
    detection.usable || !asked.includes(provider)
      ? []
      : [named(provider.name, detection.reason), ...(detection.help === '' ? [] : [`  ${detection.help}`])],
  )
  printTrouble(['no usable agent CLI', ...reasons], undefined, settings.output)
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
