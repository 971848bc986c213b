import { randomBytes } from 'node:crypto'
import type { RunId } from '../../domain/brand.js'
import { realClock } from '../../platform/clock.js'
import type { Environment } from '../../domain/process/environment.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { Selected } from '../../domain/run/event.js'
import { dryRunOf } from '../dry-run/dry-run.js'
import { oddLines } from '../dry-run/odd-lines.js'
import { lookAhead } from '../dry-run/dry-standing.js'
import { findClis } from '../start/find-clis.js'
import { guardedTable, type Wanted } from '../start/guard.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { launch } from '../start/launch.js'
import { findPrevious, selectionOf, type PreviousRun } from '../start/past-run.js'
import { prepareRun, type Prepared, type RunArguments } from '../prepare/prepare-run.js'
import { refuse } from '../refuse.js'
import { redoAsBefore } from '../prepare/redo.js'
import { replayRun } from '../resume/resumed.js'

/** What `autopilot run` was typed with. */
export interface RunCommandArguments extends RunArguments {
  /** Begins a run of its own, also where the one before was stopped before its end. */
  readonly fresh: boolean
  /** Takes the lock of a run elsewhere that gives no sign of life. */
  readonly takeOver: boolean
}

/** `autopilot run`: reads and checks everything, then starts, or goes on with a run that was stopped. Gives the exit code. */
export async function runCommand(
  { fresh, takeOver, ...args }: RunCommandArguments,
  env: Environment,
): Promise<ExitCode> {
  const prepared = await prepareRun(args, env)
  if (!prepared.ok) return prepared.error
  const previous: PreviousRun = fresh ? { type: 'none' } : await findPrevious(prepared.value)
  const asBefore = previous.type === 'goes_on' ? redoAsBefore(prepared.value, previous.redo) : prepared.value
  return runAfter(previous, asBefore, { env, takeOver })
}

async function runAfter(
  previous: PreviousRun,
  prepared: Prepared,
  { env, takeOver }: { readonly env: Environment; readonly takeOver: boolean },
): Promise<ExitCode> {
  const { settings } = prepared
  if (settings.dryRun) return dryRun(prepared, previous, env)
  const selection: Selected | undefined = selectionOf(settings)
  const parts = { prepared, env, takeOver, notices: noticesOf(previous), ...(selection ? { selection } : {}) }
  if (previous.type !== 'goes_on') return launch({ ...parts, runId: newRunId(new Date()) })
  return launch({ ...parts, runId: previous.run.id, past: { run: previous.run, repair: false, retryFailed: false } })
}

/** It makes all checks of the run and ends with its code, or promises what it would do: with what has landed counted as done. */
async function dryRun(prepared: Prepared, previous: PreviousRun, env: Environment): Promise<ExitCode> {
  const table = guardedTable<Wanted>().row('clis', findClis)
  const looked = await table.during({ prepared, env, runId: newRunId(new Date()) }, async ({ clis }) => {
    const past = previous.type === 'goes_on' ? previous.run : undefined
    const replayed = past && (await replayRun(past, { repair: false, now: realClock.now() }))
    if (past && replayed?.ok === false) return printJournalTrouble(past, replayed.error, prepared.printer)
    const ahead = await lookAhead(prepared, replayed?.ok === true ? replayed.value : undefined, env)
    if (!ahead.ok) return refuse(ahead.error, prepared.printer)
    const notices = [...noticesOf(previous), ...oddLines(prepared, ahead.value, clis)]
    prepared.printer.dryRun(dryRunOf({ ...prepared, ...ahead.value, setup: clis, notices }))
    return exitCodes.done
  })
  return looked.ok ? looked.value : looked.error
}

export function noticesOf(previous: PreviousRun): readonly string[] {
  if (previous.type === 'none') return []
  const { id } = previous.run
  if (previous.type === 'goes_on') return [`run ${id} stopped before its end: continuing it; --fresh starts a new one`]
  return [
    `run ${id} stopped before its end, with ${previous.why}: autopilot resume ${id} continues it; this is a new run`,
  ]
}

/** Sortable, unique and fit for refs and paths: `20261123-064726-3fa2`. */
export function newRunId(now: Date): RunId {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${stamp}-${randomBytes(2).toString('hex')}` as RunId
}
