import type { RunId } from '../../domain/brand.js'
import type { Finding } from '../../domain/finding.js'
import type { PlannedTask } from '../../domain/roadmap/plan.js'
import type { Problem } from '../../domain/roadmap/problem.js'
import type { Answer } from '../../domain/run/control.js'
import type { RunState, TaskRecord } from '../../domain/run/run-state.js'
import type { Diagnosis } from '../doctor.js'
import type { DryRun } from '../dry-run/dry-run.js'
import type { Act, Reporter } from '../reporters/contract.js'
import type { ListedRun } from '../runs.js'
import type { RunStatus } from '../status.js'
import type { SummaryView } from '../summary.js'
import type { LogEntry } from '../task-log.js'

/** Prints what commands have to say, in one format. */
export interface Printer {
  /** What is wrong with files that a person wrote. */
  problems(problems: readonly Problem[]): void
  /** Something else is wrong: what, on one line or several, and what to do next. */
  trouble(text: string | readonly string[], help?: string): void
  /** All that a command has to say. */
  notice(text: string): void
  valid(roadmap: ValidRoadmap): void
  dryRun(run: DryRun): void
  status(status: RunStatus): void
  /** The status where nothing has run yet. */
  noRun(place: string): void
  runs(runs: readonly ListedRun[]): void
  /** What a check of `doctor` has found, as soon as it is known. */
  finding(finding: Finding): void
  /** What all checks come to. */
  diagnosis(diagnosis: Diagnosis): void
  /** An entry of a task's log, with the last lines of what was printed. */
  logEntry(entry: LogEntry, output: string): void
  /** How a task stands, at the end of its log. */
  taskStanding(task: TaskRecord, brokenOff: boolean): void
  /** Why tasks failed. */
  failures(state: RunState): void
  /** What a run at work has answered. */
  answered(run: RunId, answer: Answer): void
  openRun(): Promise<RunPrinter>
}

/** Prints a run while it happens, and what a person needs to know at its end. */
export interface RunPrinter {
  readonly reporter: Reporter
  /** Where a person can type: returns what hears of each key. `act` does what they order, and answers. */
  readonly keys?: (act: Act) => (key: string) => void
  summary(state: RunState, view: Omit<SummaryView, 'window'>): void
}

/** What `validate` has found. */
export interface ValidRoadmap {
  /** As the user named it. */
  readonly file: string
  readonly tasks: readonly PlannedTask[]
  readonly runnable: number
  readonly warnings: readonly string[]
}
