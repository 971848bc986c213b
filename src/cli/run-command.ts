import { randomBytes } from 'node:crypto'
import type { Environment } from '../domain/environment.js'
import { exitCodes, type ExitCode } from '../domain/exit-code.js'
import type { Selected } from '../domain/event.js'
import { printDryRun } from './dry-run.js'
import { lookAhead } from './dry-standing.js'
import { launch } from './launch.js'
import { findBefore, selectionOf, type Before } from './past-run.js'
import { prepareRun, type Prepared, type RunArguments } from './prepare-run.js'
import { printTrouble } from './problem-output.js'
import { redoAsBefore } from './redo.js'
import { landedLines } from './text-notices.js'

/** What `autopilot run` was typed with. */
export interface RunCommandArguments extends RunArguments {
  /** Begins a run of its own, also where the one before was stopped before its end. */
  readonly fresh: boolean
}

/** `autopilot run`: reads and checks everything, then starts, or goes on with a run that was stopped. Gives the exit code. */
export async function runCommand({ fresh, ...args }: RunCommandArguments, env: Environment): Promise<ExitCode> {
  const prepared = await prepareRun(args, env)
  if (!prepared.ok) return prepared.error
  const before: Before = fresh ? { type: 'none' } : await findBefore(prepared.value)
  return runAfter(before, before.type === 'goes_on' ? redoAsBefore(prepared.value, before.redo) : prepared.value, env)
}

async function runAfter(before: Before, prepared: Prepared, env: Environment): Promise<ExitCode> {
  const { settings } = prepared
  if (settings.dryRun) return dryRun(prepared, before)
  const selection: Selected | undefined = selectionOf(settings)
  const parts = { prepared, env, notices: noticesOf(before), ...(selection ? { selection } : {}) }
  if (before.type !== 'goes_on') return launch({ ...parts, runId: newRunId(new Date()) })
  return launch({ ...parts, runId: before.run.id, past: { run: before.run, repair: false, retryFailed: false } })
}

/** It promises what the run would do: with what has landed counted as done, and said. */
async function dryRun(prepared: Prepared, before: Before): Promise<ExitCode> {
  const found = await lookAhead(prepared, before)
  if (!found.ok) {
    printTrouble(found.error.message, found.error.help, prepared.settings.output)
    return exitCodes.notSafe
  }
  const { branch, ...ahead } = found.value
  const { loaded, plan } = ahead
  const tasks = plan.runnable.flatMap((id) => loaded.graph.tasks.get(id) ?? [])
  const notices = [...noticesOf(before), ...ahead.notices, ...landedLines(ahead, branch ?? 'the target')]
  return printDryRun({ ...prepared, loaded, plan, tasks, notices })
}

function noticesOf(before: Before): readonly string[] {
  if (before.type === 'none') return []
  const { id } = before.run
  if (before.type === 'goes_on')
    return [`run ${id} was stopped before its end: this goes on with it; --fresh begins a new one`]
  return [
    `run ${id} was stopped before its end, with ${before.why}: autopilot resume ${id} goes on with it; this is a new run`,
  ]
}

/** Sortable, unique and fit for refs and paths: `20261123-064726-3fa2`. */
function newRunId(now: Date): string {
  const stamp = now.toISOString().replace(/[-:]/g, '').replace('T', '-').slice(0, 15)
  return `${stamp}-${randomBytes(2).toString('hex')}`
}
