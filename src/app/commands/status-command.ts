import { resolve } from 'node:path'
import type { RefName } from '../../domain/brand.js'
import { msBetween } from '../../domain/clock.js'
import { realClock } from '../../platform/clock.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { keptCommits } from '../../domain/run/ledger.js'
import { nearest } from '../../domain/nearest.js'
import { countResumptions, type ResumeCounts } from '../../domain/run/reconcile.js'
import type { OutputFormat } from '../../domain/output-format.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { TaskState } from '../../domain/run/run-state.js'
import { cleanLine } from '../../domain/text.js'
import type { JournaledRun } from '../../journal/read-journal.js'
import type { KnownRun } from '../../journal/runs.js'
import { readLockHolder, type LockHolder } from '../../platform/locks/lock.js'
import type { RunStanding, RunStatus } from '../../ui/status.js'
import { readLedger } from '../../workspace/refs/ledger.js'
import { setAsideFrom } from '../../workspace/refs/set-aside.js'
import { stillThere } from '../../workspace/lease/leftovers.js'
import { locate, plainLocation, type Location, type RepositoryLocation } from '../ground/location.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { knownRuns } from '../resume/known-runs.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { refuse, refuseGit } from '../refuse.js'
import { lookAround, replayRun, resumeRun, type Replayed } from '../resume/resumed.js'
import { shownPath } from '../../ui/print/shown-path.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'
import { providersWith } from '../../providers/index.js'

export interface StatusArguments {
  /** The run's id; without one, the last run. */
  readonly run?: string
  readonly directory: string
  readonly output: OutputFormat
  /** The exit code is the run's own, see {@link exitCodeOf}. */
  readonly exitStatus: boolean
}

/** Where runs are looked for; without a repository there are no refs. */
type RunsHere = Location & Partial<RepositoryLocation>

/** `autopilot status`: shows the state of a run from its journal and its refs, also during the run. */
export async function statusCommand(args: StatusArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.output, env)
  const here = resolve(args.directory)
  const located = await locate(here, env)
  const location: RunsHere = located.ok ? located.value : plainLocation(here)
  // Without isolation a run works, and keeps its journal, in the directory that it was started for.
  const known = await knownRuns([location.root, here], args.run, located.ok ? undefined : located.error)
  if (!known.ok) return refuse(known.error, printer)
  const runs = known.value
  const run = args.run === undefined ? runs[0] : runs.find(({ id }) => id === args.run)
  if (run) {
    const shown = await showRun(run, location, printer)
    return shown.ok && args.exitStatus ? exitCodeOf(shown.value) : shown.ok ? exitCodes.done : shown.error
  }
  if (args.run !== undefined) return unknownRun(args.run, runs, printer)
  printer.noRun(location.root)
  return exitCodes.done
}

/** A run that nobody knows is a mistake of the command line. */
export function unknownRun(run: string, runs: readonly KnownRun[], printer: Printer): ExitCode {
  const ids = runs.map(({ id }) => id)
  const guess = nearest(run, ids) ?? ids[0]
  const help = guess === undefined ? undefined : `did you mean ${guess}?`
  printer.trouble(`there is no run ${cleanLine(run, 60)} here`, help)
  return exitCodes.usage
}

async function showRun(run: KnownRun, location: RunsHere, printer: Printer): Promise<Result<RunStatus, ExitCode>> {
  // In this order: a run that ends in between has left its end in the journal by then.
  const holder = await readLockHolder(location.lock)
  const read = await replayRun(run, { repair: false, now: realClock.now() })
  if (!read.ok) return err(printJournalTrouble(run, read.error, printer))
  const { state, lastAt } = read.value
  const standing = standingOf(read.value, holder)
  const { commonDir } = location
  const refs = commonDir === undefined ? ok([]) : await readLedger({ gitDir: commonDir }, run.id)
  if (!refs.ok) return err(refuseGit(refs.error, printer))
  const resume = standing.type === 'running' ? undefined : await wouldResume(read.value, commonDir)
  const there = await stillThere(
    state.keptWorkspaces.map(({ path }) => path),
    run.id,
  )
  const status: RunStatus = {
    ...read.value,
    standing,
    kept: keptCommits(state, refs.value, standing.type === 'running'),
    keptWorkspaces: state.keptWorkspaces.filter(({ path }) => there.has(path)),
    journal: shownPath(run.journal),
    ...(resume ? { resume } : {}),
  }
  // Between two records, its time goes on.
  if (standing.type === 'running') state.ms += Math.max(0, msBetween(lastAt, realClock.now()))
  printer.status(status)
  return ok(status)
}

/** What the run has ended with; 4 while it is or may be at work, and 1 if it was broken off. */
function exitCodeOf({ state, standing }: RunStatus): ExitCode {
  if (standing.type === 'running' || standing.type === 'silent') return exitCodes.notSafe
  return state.finished?.exitCode ?? exitCodes.notDone
}

/** What `autopilot resume` would do as things stand, with the settings that the run had. */
async function wouldResume(replayed: Replayed, commonDir: string | undefined): Promise<ResumeCounts | undefined> {
  const { start, finished, tasks } = replayed.state
  if (finished?.exitCode === exitCodes.done) return undefined
  const user = commonDir === undefined ? undefined : { gitDir: commonDir }
  const tips: readonly RefName[] = start.target ? [`refs/heads/${start.target.branch}`] : []
  const setAside = user && tips.length > 0 ? await setAsideFrom(user, tips) : ok([])
  const remains = await lookAround(user, replayed, [...tips, ...(setAside.ok ? setAside.value : [])])
  if (!remains.ok) return undefined
  const planned = [...tasks.values()].map(({ id, title, state }) => ({ id, title, state: plannedAs(state) }))
  const { resumptions } = resumeRun(replayed, planned, remains.value, {
    maxAttemptsOf: () => start.maxAttempts,
    maxTotalAttempts: Number.POSITIVE_INFINITY,
    text: () => undefined,
    retryFailed: false,
    isUsable: () => true,
    findProvider: providersWith({}),
  })
  return resumptions.size > 0 ? countResumptions(resumptions.values()) : undefined
}

function plannedAs({ type }: TaskState): PlannedTask['state'] {
  return type === 'done' || type === 'held' ? type : 'pending'
}

/** Whoever holds the lock made every run that began, or went on, since then: nobody else could. */
export function standingOf({ state, beganAt }: JournaledRun, holder: LockHolder | undefined): RunStanding {
  if (state.finished) return { type: 'finished' }
  if (!holder || holder.since > beganAt) return { type: 'broken_off' }
  const { pid, host, silentSince } = holder
  return silentSince === undefined ? { type: 'running', pid, host } : { type: 'silent', pid, host, since: silentSince }
}
