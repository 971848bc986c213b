import { basename, resolve } from 'node:path'
import type { RunId } from '../../domain/brand.js'
import type { Environment } from '../../domain/process/environment.js'
import { isRunId } from '../../domain/name.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { planClean, type CleanPlan, type LedgerRef } from '../../domain/run/ledger.js'
import { listRuns } from '../../journal/runs.js'
import { sweepBrokenOff } from '../../orchestration/run/broken-off.js'
import { formatGitFailure } from '../../platform/git/git-failure.js'
import { endWatchdogsOf } from '../../platform/processes/old-watchdog.js'
import { cleanedLine, cleanLines } from '../../ui/clean.js'
import { deleteRefs, readLedger } from '../../workspace/refs/ledger.js'
import {
  findLeftovers,
  removeEmptyHomes,
  removeLeftover,
  type LeftoverPlaces,
} from '../../workspace/lease/leftovers.js'
import { judgeLeftovers } from '../resume/judge-leftovers.js'
import { locate } from '../ground/location.js'
import { lockGround } from '../ground/lock-ground.js'
import { openConfig } from '../prepare/open-config.js'
import { humanPrinter } from '../../ui/print/human-printer.js'
import { formOf } from '../../ui/print/form.js'
import { lineWriter } from '../../ui/print/output.js'
import type { Printer } from '../../ui/print/printer.js'
import { refuse, refuseGit } from '../refuse.js'
import { unknownRun } from '../runs/find-run.js'
import { tracesBefore } from '../ground/traces.js'
import { homesOfRepository } from '../ground/workspaces-home.js'

export interface CleanArguments {
  /** The run's id; without one, every run of the repository. */
  readonly run?: string
  /** Also deletes what exists nowhere else. */
  readonly lost: boolean
  readonly dryRun: boolean
  /** Takes the lock of a run elsewhere that shows no sign of life. */
  readonly takeOver: boolean
  readonly directory: string
}

/** `autopilot clean`: deletes what past runs left and nobody needs. Never works during a run. */
export async function cleanCommand(args: CleanArguments, env: Environment): Promise<ExitCode> {
  const printer = humanPrinter(env)
  const located = await locate(resolve(args.directory), env)
  if (!located.ok) return refuse(located.error, printer)
  const { root, lock, commonDir } = located.value
  const { run } = args
  if (run !== undefined && !isRunId(run)) return unknownRun(run, await listRuns([root]), printer)
  const config = await openConfig(root, env)
  if (!config.ok) {
    printer.problems(config.error)
    return exitCodes.usage
  }
  const { workspacesDir } = config.value.config.file
  const sweepRuns: SweepRuns = async (runIds) => {
    // Identified by the run alone: it may have begun in another work tree of the repository.
    endWatchdogsOf((entry) => isOneOf(runIds, basename(entry)))
    return sweepBrokenOff(await listRuns([root]), (run) => tracesBefore(located.value, { workspacesDir, env }, run))
  }
  const homes = homesOfRepository({ workspacesDir, root, commonDir, env })
  const locked = await lockGround(lock, { takeOver: args.takeOver, place: root })
  if (!locked.ok) return refuse(locked.error, printer)
  return clean({ ...args, run }, { homes, root, commonDir }, { env, printer, sweepRuns }).finally(locked.value)
}

/** Ends what broken-off runs left running, before their directories are removed; says what it was. */
type SweepRuns = (runIds: ReadonlySet<RunId | undefined>) => Promise<readonly string[]>

function isOneOf(runIds: ReadonlySet<RunId | undefined>, word: string): boolean {
  return isRunId(word) && runIds.has(word)
}

/** The run that is meant, or every run. */
type RunsToClean = Pick<CleanArguments, 'lost' | 'dryRun'> & { readonly run: RunId | undefined }

interface CleanTools {
  readonly env: Environment
  readonly printer: Printer
  readonly sweepRuns: SweepRuns
}

async function clean(
  args: RunsToClean,
  places: LeftoverPlaces,
  { env, printer, sweepRuns }: CleanTools,
): Promise<ExitCode> {
  const user = { gitDir: places.commonDir }
  const refs = await readLedger(user, args.run)
  if (!refs.ok) return refuseGit(refs.error, printer)
  const leftovers = await judgeLeftovers(await findLeftovers(places, args.run), places.root)
  const isKnown = refs.value.length + leftovers.length > 0
  if (args.run !== undefined && !isKnown) {
    const runs = await listRuns([places.root])
    if (!runs.some(({ id }) => id === args.run)) return unknownRun(args.run, runs, printer)
  }
  const plan = planClean(refs.value, leftovers, args.lost)
  const say = lineWriter(process.stdout, formOf(process.stdout, env))
  const swept = args.dryRun ? [] : await sweepRuns(new Set(leftovers.map(({ runId }) => runId)))
  for (const text of swept) say({ tone: 'plain', text })
  for (const line of cleanLines(plan)) say(line)
  const done = args.dryRun || (await carryOut(plan, places, printer))
  if (done) say(cleanedLine(plan, args.dryRun))
  return done ? exitCodes.done : exitCodes.notDone
}

/** Refs first, all or none; says what failed. */
async function carryOut({ refs, leftovers }: CleanPlan, places: LeftoverPlaces, printer: Printer): Promise<boolean> {
  const deleted = await forget(refs, places.commonDir, printer)
  if (!deleted) return false
  let all = true
  for (const leftover of leftovers) {
    const removed = await removeLeftover(places, leftover)
    if (removed.ok) continue
    all = false
    printer.trouble(removed.error.message)
  }
  await removeEmptyHomes(places)
  return all
}

async function forget(refs: readonly LedgerRef[], commonDir: string, printer: Printer): Promise<boolean> {
  const deleted = await deleteRefs({ gitDir: commonDir }, refs)
  if (!deleted.ok) printer.trouble(`no ref was deleted: ${formatGitFailure(deleted.error)}`, 'Try again.')
  return deleted.ok
}
