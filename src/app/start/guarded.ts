import type { Environment } from '../../domain/process/environment.js'
import { exitCodes } from '../../domain/run/exit-code.js'
import type { RunTraces } from '../../domain/process/stray.js'
import { agentGraceMs } from '../../orchestration/agent/run-agent.js'
import { openWatchdog, type Watchdog } from '../../platform/processes/watchdog.js'
import { childEnvironments, type EnvironmentOf } from '../../providers/environment.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { listenForStop, type StopSignals } from '../stop/stop-signals.js'
import { tracesOf } from '../ground/traces.js'

/** What ends the programs that a command starts, should it be told to stop, or die. */
export interface Guard {
  readonly environmentOf: EnvironmentOf
  readonly signals: StopSignals
  readonly traces: RunTraces
  readonly watchdog: Watchdog
}

/** Does what starts programs: they are in groups of their own, which no Ctrl-C of the terminal reaches. */
export async function guarded<Value>(
  { settings, config, location }: Prepared,
  { env, runId }: { readonly env: Environment; readonly runId: string },
  work: (guard: Guard) => Promise<Value>,
): Promise<Value> {
  const signals = listenForStop({ drainMs: settings.drainMs, graceMs: agentGraceMs, exitCode: exitCodes.again })
  const environmentOf = childEnvironments(env, config.file.env, { templates: config.file.envTemplates, ports: [] })
  const traces = tracesOf(location, runId)
  const watchdog = openWatchdog(traces)
  return work({ environmentOf, signals, traces, watchdog }).finally(() => {
    watchdog.close()
    signals.dispose()
  })
}
