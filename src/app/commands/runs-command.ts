import type { OutputFormat } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { realClock } from '../../platform/clock.js'
import { readLockHolder } from '../../platform/locks/lock.js'
import { printerFor } from '../../ui/print/printers.js'
import type { ListedRun } from '../../ui/runs.js'
import { findRuns, standingOf } from '../runs/find-run.js'
import { replayRun } from '../resume/resumed.js'

export interface RunsArguments {
  readonly directory: string
  readonly output: OutputFormat
}

/** `autopilot runs`: the runs of a repository, the newest first. One whose journal cannot be read is listed, too. */
export async function runsCommand({ directory, output }: RunsArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(output, env)
  const found = await findRuns(directory, undefined, { env, printer })
  if (!found.ok) return found.error
  const { location } = found.value
  // Before the journals: a run that ends in between has left its end there by then.
  const holder = await readLockHolder(location.lock)
  const now = realClock.now()
  const runs: ListedRun[] = []
  for (const run of found.value.runs) {
    const read = await replayRun(run, { repair: false, now })
    runs.push(read.ok ? { ...read.value, standing: standingOf(read.value, holder) } : { id: run.id, fault: read.error })
  }
  if (runs.length === 0 && output !== 'json') printer.noRun(location.root)
  else printer.runs(runs)
  return exitCodes.done
}
