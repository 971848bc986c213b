import type { RunId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { agentGraceMs } from '../../orchestration/agent/process-runner.js'
import { Watchdog } from '../../platform/processes/watchdog.js'
import { tracesOf } from '../ground/traces.js'
import type { Prepared } from '../prepare/prepare-run.js'
import { listenForStop, type StopSignals } from '../stop/stop-signals.js'
import { heedSuspension, type Suspension } from '../stop/suspension.js'
import { opened, Table } from './table.js'

/** A run whose files and settings have been read. */
export interface Wanted {
  readonly prepared: Prepared
  readonly env: Environment
  readonly runId: RunId
}

/**
 * What ends the programs that a command starts, should it be told to stop, or die: they are in groups of their own, which no
 * Ctrl-C of the terminal reaches.
 */
export interface Guard {
  readonly signals: StopSignals
  readonly watchdog: Watchdog
}

/** Ctrl-Z stops what was started, too. */
export interface Suspendable {
  readonly suspension: Suspension
}

/** The first rows of whatever starts programs. */
export function guardedTable<Given extends Wanted>(): Table<ExitCode, Given, Given & Guard & Suspendable> {
  return new Table<ExitCode, Given>().row('signals', listen).row('suspension', suspend).row('watchdog', watchOver)
}

function listen({ prepared: { settings } }: Wanted) {
  const signals = listenForStop({ drainMs: settings.drainMs, graceMs: agentGraceMs, exitCode: exitCodes.again })
  return opened(signals, signals.dispose)
}

function suspend({ prepared: { location }, runId }: Wanted) {
  const suspension = heedSuspension(tracesOf(location, runId).entry)
  return opened(suspension, suspension.dispose)
}

function watchOver({ prepared: { location }, runId }: Wanted) {
  const watchdog = new Watchdog(tracesOf(location, runId))
  return opened(watchdog, () => watchdog.close())
}
