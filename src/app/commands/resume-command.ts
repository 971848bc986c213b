import { dirname } from 'node:path'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import { defaultFormat } from '../../domain/output-format.js'
import { nearest } from '../../domain/nearest.js'
import { present } from '../../domain/present.js'
import { err, ok, type Result } from '../../domain/result.js'
import { showId } from '../../ui/format.js'
import type { TaskId } from '../../domain/brand.js'
import { cleanLine } from '../../domain/text.js'
import type { RunState } from '../../domain/run/run-state.js'
import { readStart } from '../../journal/read-journal.js'
import { journalOf, type KnownRun } from '../../journal/runs.js'
import { readExitCode } from '../../journal/unfinished.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { launch } from '../start/launch.js'
import { movedLine, roadmapNow } from '../resume/moved.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { newestStopped, targetName } from '../start/past-run.js'
import { prepareRun, type AsBefore, type Prepared } from '../prepare/prepare-run.js'
import { refuse } from '../refuse.js'
import type { RunSettings } from '../../config/settings.js'
import { shownPath } from '../../ui/shown-path.js'
import { findRuns, unknownRun } from '../runs/find-run.js'

export interface ResumeArguments {
  /** The run's id; without one, the last run. */
  readonly run?: string
  /** Tries tasks again that failed for good. */
  readonly retryFailed: boolean
  /** Cuts a journal with a bad line back to the records before it. */
  readonly repair: boolean
  /** Takes the lock of a run elsewhere that shows no sign of life. */
  readonly takeOver: boolean
  readonly directory: string
  /** `only`: the tasks that are worked on now; which tasks the run has stays as it was. */
  readonly flags: Partial<RunSettings>
}

/** `autopilot resume`: continues a run, wherever it stopped. Returns the exit code. */
export async function resumeCommand(args: ResumeArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.flags.output ?? defaultFormat, env)
  const found = await findRuns(args.directory, args.run, { env, printer })
  if (!found.ok) return found.error
  const { runs, location } = found.value
  const run = args.run === undefined ? await lastWithMore(runs) : runs.find(({ id }) => id === args.run)
  if (!run && args.run !== undefined) return unknownRun(args.run, runs, printer)
  if (!run) {
    // Not what was asked for, and not done either: a script must not mistake it for success.
    printer.trouble(`there is no run to resume in ${cleanLine(location.root, 300)}`, 'autopilot run starts one')
    return exitCodes.usage
  }
  if ((await readExitCode(run.journal)) === exitCodes.done) {
    printer.notice(`Nothing to resume: run ${run.id} got everything done.`)
    return exitCodes.done
  }
  return resume(run, args, { env, printer })
}

/** The last run; if that got everything done, the newest one that stopped before its end. */
async function lastWithMore(runs: readonly KnownRun[]): Promise<KnownRun | undefined> {
  const [last] = runs
  const isDone = last !== undefined && (await readExitCode(last.journal)) === exitCodes.done
  return isDone ? ((await newestStopped(runs)) ?? last) : last
}

async function resume(
  run: KnownRun,
  args: ResumeArguments,
  { env, printer }: { readonly env: Environment; readonly printer: Printer },
): Promise<ExitCode> {
  const { retryFailed, repair, directory, flags } = args
  const start = await readStart(run.journal)
  if (!start.ok) return printJournalTrouble(run, start.error, printer)
  const { repository } = start.value
  const root = dirname(dirname(dirname(dirname(run.journal))))
  const roadmapPath = roadmapNow(start.value, root)
  const moved = movedLine(start.value, root)
  const prepared = await prepareRun(
    { directory, flags, roadmap: shownPath(roadmapPath), asBefore: asBefore(start.value) },
    env,
  )
  if (!prepared.ok) return prepared.error
  if (journalOf(prepared.value.location.root, run.id) !== run.journal) {
    const place = cleanLine(repository, 300)
    printer.trouble(`run ${run.id} worked in ${place}`, `Resume it there: autopilot resume ${run.id} -C ${place}`)
    return exitCodes.usage
  }
  const named = namedTasks(flags.only, prepared.value)
  if (!named.ok) return named.error
  const { target } = start.value
  const { head } = prepared.value.location
  if (target?.current === true && head && head.branch !== target.branch) {
    const branch = cleanLine(target.branch, 200)
    const message = `run ${run.id} lands on ${branch}, and you are on ${cleanLine(head.branch ?? 'no branch', 200)}`
    return refuse(
      { message, help: `git switch ${branch}, then resume it; autopilot run starts a new one here` },
      printer,
    )
  }
  const past = { run, retryFailed, repair, ...present({ named: named.value }) }
  return launch({
    prepared: prepared.value,
    env,
    runId: run.id,
    takeOver: args.takeOver,
    notices: moved === undefined ? [] : [moved],
    past,
  })
}

/** The tasks of the run that `--only` names; a group stands for its tasks. */
function namedTasks(
  only: readonly string[] | undefined,
  { loaded, plan, printer }: Prepared,
): Result<ReadonlySet<TaskId> | undefined, ExitCode> {
  if (only === undefined) return ok(undefined)
  const ofRun = plan.tasks.map(({ id }) => id)
  const isOf = (id: TaskId, word: string) => id === word || loaded.graph.tasks.get(id)?.groups.includes(word) === true
  const groups = loaded.roadmap.groups.map(({ id }) => id)
  const unknown = only.find((word) => !ofRun.some((id) => isOf(id, word)))
  if (unknown !== undefined) {
    const guess = nearest(unknown, [...ofRun, ...groups])
    printer.trouble(
      `--only names ${showId(unknown)}, which is not in the run`,
      guess === undefined ? undefined : `did you mean ${showId(guess)}?`,
    )
    return err(exitCodes.usage)
  }
  return ok(new Set(ofRun.filter((id) => only.some((word) => isOf(id, word)))))
}

/** A run's identity is where it works, and on which tasks. Its conversations are with the providers that it has. */
function asBefore({ isolation, target, selection, redo, tasks, providers }: RunState['start']): AsBefore {
  return {
    isolation,
    ...(target ? { target: targetName(target) } : {}),
    ...(redo ? { redo } : {}),
    ...(providers ? { providers } : {}),
    ...(selection ? { only: tasks.map(({ id }) => id) } : {}),
  }
}
