import type { TaskId } from '../../domain/brand.js'
import { nearest } from '../../domain/nearest.js'
import { err, ok, type Result } from '../../domain/result.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { RunState, TaskRecord } from '../../domain/run/run-state.js'
import { cleanLine } from '../../domain/text.js'
import type { Printer } from '../../ui/print/printer.js'

/** The task of a run that a person has named. One that the run does not have is a mistake of the command line. */
export function findTask(named: string, { start, tasks }: RunState, printer: Printer): Result<TaskRecord, ExitCode> {
  const task = tasks.get(named as TaskId)
  if (task) return ok(task)
  const guess = nearest(named, tasks.keys())
  printer.trouble(
    `run ${start.runId} has no task ${cleanLine(named, 60)}`,
    guess === undefined ? 'autopilot status lists its tasks' : `did you mean ${cleanLine(guess, 60)}?`,
  )
  return err(exitCodes.usage)
}
