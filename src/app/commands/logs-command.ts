import { basename, dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import type { TaskId } from '../../domain/brand.js'
import type { OutputFormat } from '../../domain/output-format.js'
import type { Environment } from '../../domain/process/environment.js'
import { present } from '../../domain/present.js'
import { err, ok, type Result } from '../../domain/result.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { TaskRecord } from '../../domain/run/run-state.js'
import { JournalReader, type JournaledRun } from '../../journal/read-journal.js'
import { attemptDirectory } from '../../orchestration/agent/attempt-files.js'
import { readLockHolder } from '../../platform/locks/lock.js'
import { readEnd } from '../../platform/streams/read-end.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { logEntry, type LogEntry, type LogSubject } from '../../ui/task-log.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { findRun, standingOf, type FoundRun } from '../runs/find-run.js'
import { findTask } from '../runs/find-task.js'
import { RawOutput } from '../runs/raw-output.js'

export interface LogsArguments {
  /** Without one: why tasks failed. */
  readonly task?: string
  readonly attempt?: number
  /** Goes on as the run does, until the task is settled or the run is over. */
  readonly follow: boolean
  /** What the CLI printed, instead of what was read from it. */
  readonly raw: boolean
  /** The run's id; without one, the last run. */
  readonly run?: string
  readonly directory: string
  readonly output: OutputFormat
}

/** `autopilot logs`: what happened with a task, in order and with times; without a task, why tasks failed. */
export async function logsCommand(args: LogsArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(args.output, env)
  const found = await findRun(args, { env, printer, none: exitCodes.usage })
  if (!found.ok) return found.error
  const log = new TaskLog(found.value, printer)
  const { task, attempt, follow } = args
  if (task !== undefined) {
    const subject: LogSubject = { taskId: task as TaskId, ...present({ attempt }) }
    return args.raw ? log.raw(subject, follow) : log.entries(subject, follow)
  }
  if (!follow && !args.raw && attempt === undefined) return log.failures()
  printer.trouble(
    '--follow, --raw and --attempt are about one task',
    'autopilot logs <task>; autopilot status lists the tasks',
  )
  return exitCodes.usage
}

/** How often a journal that is followed is looked at, ms. */
const pollMs = 250
/** How much of a gate's output is looked at for its last lines, bytes. */
const maxOutputBytes = 64 * 1024

type OnRecord = Parameters<JournalReader['readOn']>[0]

interface TaskSoFar {
  readonly task: TaskRecord
  /** The run is over, or at work: it was not broken off. */
  readonly isWhole: boolean
  readonly isLast: boolean
}

class TaskLog {
  readonly #found: FoundRun
  readonly #printer: Printer
  readonly #reader: JournalReader

  constructor(found: FoundRun, printer: Printer) {
    this.#found = found
    this.#printer = printer
    this.#reader = new JournalReader(found.run.journal)
  }

  /** Of each task that has failed: why. */
  async failures(): Promise<ExitCode> {
    const read = await this.#read()
    if (!read.ok) return read.error
    this.#printer.failures(read.value.state)
    return exitCodes.done
  }

  async entries(subject: LogSubject, follow: boolean): Promise<ExitCode> {
    for (;;) {
      const entries: LogEntry[] = []
      const read = await this.#readOn(follow, subject, (record, state) => {
        const entry = logEntry(record, state, subject)
        if (entry) entries.push(entry)
      })
      if (!read.ok) return read.error
      for (const entry of entries) this.#printer.logEntry(entry, await this.#outputOf(entry))
      const { task, isWhole, isLast } = read.value
      if (isLast) {
        this.#printer.taskStanding(task, !isWhole)
        return exitCodes.done
      }
      await delay(pollMs)
    }
  }

  async raw(subject: LogSubject, follow: boolean): Promise<ExitCode> {
    const output = new RawOutput()
    for (;;) {
      const read = await this.#readOn(follow, subject)
      if (!read.ok) return read.error
      const { task, isLast } = read.value
      for (let attempt = 1; attempt <= task.attempts.started; attempt++)
        if (subject.attempt === undefined || attempt === subject.attempt)
          await output.print(this.#attemptDirectory(subject.taskId, attempt), isLast)
      if (isLast) return exitCodes.done
      await delay(pollMs)
    }
  }

  /** How the task stands by now, and whether nothing more about it is waited for. */
  async #readOn(follow: boolean, { taskId }: LogSubject, onRecord?: OnRecord): Promise<Result<TaskSoFar, ExitCode>> {
    // Asked first: a run that ends in between has written all by then.
    const holder = await readLockHolder(this.#found.location.lock)
    const read = await this.#read(onRecord)
    if (!read.ok) return read
    const found = findTask(taskId, read.value.state, this.#printer)
    if (!found.ok) return found
    const task = found.value
    const standing = standingOf(read.value, holder).type
    const isAtWork = standing === 'running'
    return ok({ task, isWhole: isAtWork || standing === 'finished', isLast: !follow || !isAtWork || isSettled(task) })
  }

  async #read(onRecord?: OnRecord): Promise<Result<JournaledRun, ExitCode>> {
    const read = await this.#reader.readOn(onRecord)
    return read.ok ? read : err(printJournalTrouble(this.#found.run, read.error, this.#printer))
  }

  #attemptDirectory(taskId: TaskId, attempt: number): string {
    return attemptDirectory(join(dirname(this.#found.run.journal), 'attempts'), { taskId, attempt })
  }

  /** The end of what was printed. The repository may have been moved since. */
  async #outputOf({ output }: LogEntry): Promise<string> {
    if (output === undefined) return ''
    const now = join(dirname(this.#found.run.journal), 'gates', basename(output))
    const end = await readEnd(now, { maxBytes: maxOutputBytes })
    return end.ok ? end.value.text : ''
  }
}

function isSettled({ state: { type } }: TaskRecord): boolean {
  return type === 'done' || type === 'failed' || type === 'held' || type === 'canceled'
}
