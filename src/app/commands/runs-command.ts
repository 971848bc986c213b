import { resolve } from 'node:path'
import type { OutputFormat } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { realClock } from '../../platform/clock.js'
import { readLockHolder } from '../../platform/locks/lock.js'
import { printerFor } from '../../ui/print/printers.js'
import type { ListedRun } from '../../ui/runs.js'
import { locate, plainLocation } from '../ground/location.js'
import { refuse } from '../refuse.js'
import { knownRuns } from '../resume/known-runs.js'
import { replayRun } from '../resume/resumed.js'
import { standingOf } from './status-command.js'

export interface RunsArguments {
  readonly directory: string
  readonly output: OutputFormat
}

/** `autopilot runs`: the runs of a repository, the newest first. One whose journal cannot be read is listed, too. */
export async function runsCommand({ directory, output }: RunsArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(output, env)
  const here = resolve(directory)
  const located = await locate(here, env)
  const location = located.ok ? located.value : plainLocation(here)
  const known = await knownRuns([location.root, here], undefined, located.ok ? undefined : located.error)
  if (!known.ok) return refuse(known.error, printer)
  // Before the journals: a run that ends in between has left its end there by then.
  const holder = await readLockHolder(location.lock)
  const now = realClock.now()
  const runs: ListedRun[] = []
  for (const run of known.value) {
    const read = await replayRun(run, { repair: false, now })
    runs.push(read.ok ? { ...read.value, standing: standingOf(read.value, holder) } : { id: run.id, fault: read.error })
  }
  if (runs.length === 0 && output !== 'json') printer.noRun(location.root)
  else printer.runs(runs)
  return exitCodes.done
}
