import type { CommitId, EpochMs, TaskId } from '../brand.js'
import { noUsage, type Usage } from '../agent/agent-event.js'
import type { Failure } from '../agent/failure.js'
import type { HoldReason } from '../roadmap/hold.js'
import { present } from '../present.js'
import type { ProviderModel } from '../agent/provider-model.js'
import type { Refusal } from '../agent/refusal.js'
import type { PlannedTask } from '../roadmap/plan.js'
import type { Actor } from '../actor.js'

/** A state holds only what is true in it. */
export type TaskState =
  | { readonly type: 'pending' }
  | { readonly type: 'held'; readonly reason: HoldReason }
  | { readonly type: 'queued'; readonly attempt: number }
  | { readonly type: 'running'; readonly attempt: number; readonly slot: string }
  /** Gates judge its work, or it is reviewed, by the agent on the slot, or waits for one. */
  | { readonly type: 'verifying'; readonly attempt: number; readonly slot?: string }
  /** The agent has ended; its work is being collected and integrated. */
  | { readonly type: 'merging'; readonly attempt: number }
  | {
      readonly type: 'done'
      readonly how: 'integrated' | 'unchanged' | 'in_place' | 'before'
      readonly commit?: CommitId
    }
  | { readonly type: 'failed'; readonly failure: Failure; readonly attempts: number }
  | { readonly type: 'canceled' }

/** How many attempts of a task there were, over the whole journal. */
export interface AttemptCounts {
  readonly started: number
  /** Those that failed and count towards the attempts that the task has. */
  readonly counted: number
  /** Those that an account's trouble ended before anything was used. */
  readonly unpaid: number
}

/** A review that approved, with its words. */
export interface Approval {
  readonly gate: string
  readonly by: ProviderModel
  readonly reasons: readonly string[]
}

export interface TaskRecord {
  readonly id: TaskId
  readonly title: string
  readonly state: TaskState
  readonly attempts: AttemptCounts
  /** How long its agents have worked, over the whole journal, in ms. */
  readonly workMs: number
  /** How long the roadmap says that it takes, in ms. */
  readonly estimateMs?: number
  /** What its agents used, over the whole journal. */
  readonly used: Usage
  /** Somebody cancels it, and it has not come to its end yet. */
  readonly canceling?: { readonly by: Actor; readonly at: EpochMs }
  /** What `used` was when its last attempt began. */
  readonly usedBefore: Usage
  /** What reviewers said who approved the work as it is now: their conditions are a person's to look at. */
  readonly approvals?: readonly Approval[]
  /** What the agent of its last attempt was refused; what reviewers were does not count. */
  readonly refusals?: readonly Refusal[]
  /** What the agents of its last attempt left running, and was ended; clean. */
  readonly leftovers?: readonly string[]
  /** What the agents of its last attempt wrote and git ignores, cleaned; and where copies of it are. */
  readonly ignored?: { readonly paths: readonly string[]; readonly copies?: string }
}

const noAttempts: AttemptCounts = { started: 0, counted: 0, unpaid: 0 }

/** A task as it is at the start of a run. */
export function plannedRecord(task: PlannedTask): TaskRecord {
  const { id, title, estimateMs } = task
  const unused = { attempts: noAttempts, workMs: 0, used: noUsage, usedBefore: noUsage }
  return { id, title, state: plannedState(task), ...unused, ...present({ estimateMs }) }
}

function plannedState(task: PlannedTask): TaskState {
  switch (task.state) {
    case 'pending':
      return { type: 'pending' }
    case 'done':
      return { type: 'done', how: 'before' }
    case 'held':
      return { type: 'held', reason: task.hold ?? { type: 'manual' } }
  }
}

/** A task in its next state; once it is settled, nobody cancels it any more. */
export function withState(task: TaskRecord, state: TaskState): TaskRecord {
  if (task.canceling === undefined || !isSettled(state)) return { ...task, state }
  const next = { ...task, state }
  delete next.canceling
  return next
}

/** It comes to nothing more in this run. */
export function isSettled(state: TaskState): state is Settled {
  const { type } = state
  return type === 'done' || type === 'failed' || type === 'held' || type === 'canceled'
}

type Settled = Extract<TaskState, { type: 'done' | 'failed' | 'held' | 'canceled' }>
