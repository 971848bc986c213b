import type { RefName } from '../../domain/brand.js'
import { msBetween } from '../../domain/clock.js'
import { realClock } from '../../platform/clock.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { keptCommits } from '../../domain/run/ledger.js'
import { countResumptions, type ResumeCounts } from '../../domain/run/reconcile.js'
import type { OutputFormat } from '../../domain/output-format.js'
import { err, ok, type Result } from '../../domain/result.js'
import type { TaskState } from '../../domain/run/run-state.js'
import type { KnownRun } from '../../journal/runs.js'
import { readLockHolder } from '../../platform/locks/lock.js'
import type { RunStatus } from '../../ui/status.js'
import { readLedger } from '../../workspace/refs/ledger.js'
import { setAsideFrom } from '../../workspace/refs/set-aside.js'
import { stillThere } from '../../workspace/lease/leftovers.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { refuseGit } from '../refuse.js'
import { findRun, standingOf, type RunsHere } from '../runs/find-run.js'
import { watchRun } from '../runs/watch-run.js'
import { lookAround, replayRun, resumeRun, type Replayed } from '../resume/resumed.js'
import { shownPath } from '../../ui/shown-path.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'
import { providersWith } from '../../providers/index.js'

export interface StatusArguments {
  /** The run's id; without one, the last run. */
  readonly run?: string
  readonly directory: string
  readonly output: OutputFormat
  /** The exit code is the run's own, see {@link exitCodeOf}. */
  readonly exitStatus: boolean
  /** Shows the run as it goes on, until it is over. */
  readonly watch: boolean
}

/** `autopilot status`: shows the state of a run from its journal and its refs, also during the run. */
export async function statusCommand(args: StatusArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.output, env)
  const found = await findRun(args, { env, printer, none: exitCodes.done })
  if (!found.ok) return found.error
  const { run, location } = found.value
  const watched = args.watch ? await watchRun(found.value, printer) : undefined
  if (watched !== undefined) return watched
  const shown = await showRun(run, location, printer)
  return shown.ok && args.exitStatus ? exitCodeOf(shown.value) : shown.ok ? exitCodes.done : shown.error
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
