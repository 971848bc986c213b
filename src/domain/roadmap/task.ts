import type { TaskId } from '../brand.js'
import type { Budget } from '../accounts/budget.js'
/** What a roadmap contains, after every spelling of every format has become one shape. */

export const taskStatuses = [
  'pending',
  'in_progress',
  'needs_review',
  'done',
  'skipped',
  'canceled',
  'blocked',
  'failed',
  'on_hold',
] as const

/** A status as the roadmap file says it. States of a run (queued, running, …) are in `run-state.ts`. */
export type TaskStatus = (typeof taskStatuses)[number]

/** Which tasks autopilot may start, judged only by their status in the file. */
export function statusRuns(status: TaskStatus): boolean {
  return status === 'pending' || status === 'in_progress'
}

/** Whether dependents of a task with this status may start. */
export function statusSatisfies(status: TaskStatus): boolean {
  return status === 'done' || status === 'skipped' || status === 'canceled'
}

/** Routes a task to a provider and model. */
export type Complexity = 'simple' | 'moderate' | 'complex'

/**
 * Maps the scale of 1 to 10 that roadmaps use to the three classes of routing: up to 3 simple, 4 to 6 moderate,
 * 7 and more complex. A task that says nothing is moderate.
 */
export function complexityOf(score: number | undefined): Complexity {
  if (score === undefined) return 'moderate'
  if (score <= 3) return 'simple'
  return score <= 6 ? 'moderate' : 'complex'
}

/** Priorities sort ascending: critical and P0 are 0, high 1, medium 2 (the default), low 3, P4 4; integers as written. */
export const defaultPriority = 2

/** A place in a file that a person can open: 1-based line and column, columns in UTF-16 units as editors count. */
export interface Position {
  readonly file: string
  readonly line: number
  readonly column: number
}

export interface Dependency {
  /** The id of a task or of a group, as written. */
  readonly ref: string
  readonly position: Position
  /** The key that it stands under, where that may be about something else: there an id that is nowhere is an error. */
  readonly under?: string
}

/** A gate that a task asks for. An entry without `run` is text for the agent. */
export interface VerifyEntry {
  readonly run?: string
  readonly text?: string
  /** How it is shown. */
  readonly name?: string
  /** Directory to start in, relative to the root. */
  readonly cwd?: string
  readonly timeoutMs?: number
  readonly exclusive?: true
}

/** One unit of work in the roadmap. Times are in ms. */
export interface Task {
  readonly id: TaskId
  readonly title: string
  readonly status: TaskStatus
  /** What to do and why; Markdown; may be empty. */
  readonly description: string
  /** Replaces the generated body of the prompt. */
  readonly prompt?: string
  readonly dependencies: readonly Dependency[]
  /** Lower first; see {@link defaultPriority}. */
  readonly priority: number
  readonly complexity: Complexity
  readonly exitCriteria: readonly string[]
  readonly contextFiles: readonly string[]
  readonly verify: readonly VerifyEntry[]
  /** What the task asks for, in order of preference; routing falls back to routes and the order of `--provider`. */
  readonly providers?: readonly string[]
  readonly model?: string
  /** A shell command that is the task itself; no agent CLI is needed. */
  readonly run?: string
  /** `no_change`: ending well without a change is success. */
  readonly expects: 'change' | 'no_change'
  readonly timeoutMs?: number
  /** How long the roadmap says that it takes: how it compares with other tasks, not a limit. */
  readonly estimateMs?: number
  /** The most that all its attempts together may spend. */
  readonly budget?: Budget
  /** Lowers the number of attempts that the run allows, never raises it. */
  readonly maxAttempts?: number
  /** `manual` tasks are for people and are never run. */
  readonly executionMode: 'autonomous' | 'manual'
  /** Ids of the epic, milestone and set around the task, outermost first. */
  readonly groups: readonly string[]
  readonly position: Position
  /** Where the task stands in the data, such as `epics[0].milestones[1].tasks[3]`. */
  readonly path: string
}

/** An epic, a milestone or a set: a name for all tasks below it. */
export interface Group {
  readonly id: string
  readonly kind: 'epic' | 'milestone' | 'set'
  readonly title: string
  /** Only `on_hold` and `canceled` matter: they hold the tasks below. All other parent statuses are information. */
  readonly status: TaskStatus
  /** The group directly around this one. */
  readonly parent?: string
  readonly position: Position
}

export interface Roadmap {
  readonly file: string
  /** In reading order: epics depth first, then root milestones, then root tasks. */
  readonly tasks: readonly Task[]
  readonly groups: readonly Group[]
}
