import type { CommitId } from '../../domain/brand.js'
import { defaultFormat } from '../../domain/output-format.js'
import { present } from '../../domain/present.js'
import type { Environment } from '../../domain/process/environment.js'
import type { RunRecord } from '../../domain/run/event.js'
import { exitCodes, type ExitCode } from '../../domain/run/exit-code.js'
import type { RunState, TaskRecord } from '../../domain/run/run-state.js'
import { readJournal } from '../../journal/read-journal.js'
import { gitBytes, type GitPlace } from '../../platform/git/git.js'
import { showId } from '../../ui/format.js'
import { formOf } from '../../ui/print/form.js'
import { isForPeople, printPatch } from '../../ui/print/output.js'
import type { Printer } from '../../ui/print/printer.js'
import { printerFor } from '../../ui/print/printers.js'
import { attemptRef, readRef } from '../../workspace/refs/ref-name.js'
import { refuse, refuseGit } from '../refuse.js'
import { printJournalTrouble } from '../resume/journal-trouble.js'
import { findRun } from '../runs/find-run.js'
import { findTask } from '../runs/find-task.js'

export interface DiffArguments {
  readonly task: string
  /** What this attempt brought, whether or not it landed. */
  readonly attempt?: number
  /** Only how much of each file has changed. */
  readonly stat: boolean
  /** The run's id; without one, the last run. */
  readonly run?: string
  readonly directory: string
}

/** `autopilot diff`: what a task has changed, on the target if it has landed, else as its last attempt left it. */
export async function diffCommand(args: DiffArguments, env: Environment): Promise<ExitCode> {
  const printer = printerFor(defaultFormat, env)
  const found = await findRun(args, { env, printer, none: exitCodes.usage })
  if (!found.ok) return found.error
  const { run, location } = found.value
  const bases = new Bases(args.task)
  const read = await readJournal(run.journal, (record) => bases.take(record))
  if (!read.ok) return printJournalTrouble(run, read.error, printer)
  const { state } = read.value
  const task = findTask(args.task, state, printer)
  if (!task.ok) return task.error
  const { commonDir } = location
  if (commonDir === undefined || state.start.isolation === 'none')
    return refuse({ message: 'this run worked in place: its changes are in your files, and in no commit' }, printer)
  const user: GitPlace = { gitDir: commonDir }
  const change = await changeOf(task.value, args.attempt, { state, user, bases })
  if (change) return showChange(change, { ...args, user, env, printer })
  printer.trouble(...nothingThere(task.value, args.attempt, state))
  return exitCodes.notDone
}

/** The commits that the last turns of a task's attempts began from, by attempt. */
class Bases {
  readonly #task: string
  readonly #bases = new Map<number, CommitId>()

  constructor(task: string) {
    this.#task = task
  }

  take(record: RunRecord): void {
    if (!('taskId' in record) || record.taskId !== this.#task) return
    if (record.type !== 'attempt_started' && record.type !== 'attempt_resumed' && record.type !== 'repair_started')
      return
    if (record.base !== undefined) this.#bases.set(record.attempt, record.base)
  }

  of(attempt: number): CommitId | undefined {
    return this.#bases.get(attempt)
  }
}

/** Two commits to compare; without a base, the commit with its first parent. */
interface Change {
  readonly commit: CommitId
  readonly base?: CommitId
}

interface ChangeSource {
  readonly state: RunState
  readonly user: GitPlace
  readonly bases: Bases
}

async function changeOf(
  { id, state: taskState, attempts }: TaskRecord,
  attempt: number | undefined,
  { state, user, bases }: ChangeSource,
): Promise<Change | undefined> {
  if (attempt === undefined && taskState.type === 'done' && taskState.commit !== undefined)
    return { commit: taskState.commit }
  const newestFirst = Array.from({ length: attempts.started }, (_, index) => attempts.started - index)
  for (const number of attempt === undefined ? newestFirst : [attempt]) {
    const commit = await readRef({ user }, attemptRef(state.start.runId, id, number))
    if (commit !== undefined) return { commit, ...present({ base: bases.of(number) ?? state.start.target?.base }) }
  }
  return undefined
}

interface Showing {
  readonly stat: boolean
  readonly user: GitPlace
  readonly env: Environment
  readonly printer: Printer
}

/** For people in colour; else byte for byte as `git apply` reads it. No program of a configuration is started for it. */
async function showChange({ commit, base }: Change, { stat, user, env, printer }: Showing): Promise<ExitCode> {
  const form = stat ? ['--stat'] : isForPeople(process.stdout) ? ['-p'] : ['-p', '--binary', '--full-index']
  const range = [base ?? `${commit}^`, commit]
  const diff = await gitBytes(user, [
    'diff-tree',
    '-r',
    '-M',
    '--no-ext-diff',
    '--no-textconv',
    ...form,
    ...range,
    '--',
  ])
  if (!diff.ok) return refuseGit(diff.error, printer)
  await printPatch(diff.value, process.stdout, formOf(process.stdout, env))
  return exitCodes.done
}

function nothingThere(
  { id, state: { type }, attempts }: TaskRecord,
  attempt: number | undefined,
  { progress }: RunState,
): [text: string, help: string] {
  const which = attempt === undefined ? showId(id) : `attempt ${attempt} of ${showId(id)}`
  const text = `no commit holds the work of ${which}`
  if (attempts.started === 0) return [text, `it is ${type}, and has not been started`]
  const workspace = progress.get(id)?.course?.workspace ?? ''
  if (type === 'running' && workspace !== '') return [text, `its agent is working in ${workspace}`]
  return [text, 'it changed nothing, or autopilot clean has deleted its ref']
}
