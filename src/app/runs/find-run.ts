import { hostname } from 'node:os'
import { resolve } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { nearest } from '../../domain/nearest.js'
import { err, ok, type Result } from '../../domain/result.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { cleanLine } from '../../domain/text.js'
import type { JournaledRun } from '../../journal/read-journal.js'
import type { KnownRun } from '../../journal/runs.js'
import type { LockHolder } from '../../platform/locks/lock.js'
import { isStopped } from '../../platform/processes/table/process-identity.js'
import type { Printer } from '../../ui/print/printer.js'
import type { RunStanding } from '../../ui/status.js'
import { locate, plainLocation, type Location, type RepositoryLocation } from '../ground/location.js'
import { refuse } from '../refuse.js'
import { knownRuns } from './known-runs.js'

/** Where runs are looked for; without a repository there are no refs. */
export type RunsHere = Location & Partial<RepositoryLocation>

export interface FoundRuns {
  readonly location: RunsHere
  /** The newest first. */
  readonly runs: readonly KnownRun[]
}

/** The runs of a directory or of the repository around it; `wanted` as in {@link knownRuns}. */
export async function findRuns(
  directory: string,
  wanted: string | undefined,
  { env, printer }: { readonly env: Environment; readonly printer: Printer },
): Promise<Result<FoundRuns, ExitCode>> {
  const here = resolve(directory)
  const located = await locate(here, env)
  const location: RunsHere = located.ok ? located.value : plainLocation(here)
  // Without isolation a run works, and keeps its journal, in the directory that it was started for.
  const known = await knownRuns([location.root, here], wanted, located.ok ? undefined : located.error)
  return known.ok ? ok({ location, runs: known.value }) : err(refuse(known.error, printer))
}

/** A run that a command is about. */
export interface FoundRun {
  readonly location: RunsHere
  readonly run: KnownRun
}

/** The run that was named, else the last one. Where there is none, that is said, and `none` is the exit code. */
export async function findRun(
  { directory, run: wanted }: { readonly directory: string; readonly run?: string },
  { env, printer, none }: { readonly env: Environment; readonly printer: Printer; readonly none: ExitCode },
): Promise<Result<FoundRun, ExitCode>> {
  const found = await findRuns(directory, wanted, { env, printer })
  if (!found.ok) return found
  const { runs, location } = found.value
  const run = wanted === undefined ? runs[0] : runs.find(({ id }) => id === wanted)
  if (run) return ok({ location, run })
  if (wanted !== undefined) return err(unknownRun(wanted, runs, printer))
  // Who asked for something of a run did not get it.
  if (none === exitCodes.done) printer.noRun(location.root)
  else printer.trouble(`No run yet in ${cleanLine(location.root, 300)}`, 'autopilot run starts one')
  return err(none)
}

/** A run that nobody knows is a mistake of the command line. */
export function unknownRun(run: string, runs: readonly KnownRun[], printer: Printer): ExitCode {
  const ids = runs.map(({ id }) => id)
  const guess = nearest(run, ids) ?? ids[0]
  const help = guess === undefined ? undefined : `did you mean ${guess}?`
  printer.trouble(`there is no run ${cleanLine(run, 60)} here`, help)
  return exitCodes.usage
}

/** Whoever holds the lock made every run that began, or went on, since then: nobody else could. */
export function standingOf(
  { state, beganAt }: Pick<JournaledRun, 'state' | 'beganAt'>,
  holder: LockHolder | undefined,
): RunStanding {
  if (state.finished) return { type: 'finished' }
  if (!holder || holder.since > beganAt) return { type: 'broken_off' }
  const { pid, host, silentSince } = holder
  if (silentSince !== undefined) return { type: 'silent', pid, host, since: silentSince }
  const isHere = host === hostname() && isStopped(pid)
  return { type: 'running', pid, host, ...(isHere ? { isStopped: true } : {}) }
}
