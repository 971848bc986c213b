import type { CommitId, TaskId } from '../brand.js'
import { decideRetry } from '../agent/retry.js'
import { totalAttempts, type RunState, type TaskRecord } from './run-state.js'
import { isFinished, workOf, type Begun } from '../attempt/course.js'
import { isInterruption, untried, type TaskProgress } from './task-progress.js'
import type { Failure } from '../agent/failure.js'
import { present } from '../present.js'
import { isOther, isOtherTask } from '../roadmap/task-text.js'
import type { PlannedTask } from '../roadmap/plan.js'

/** A commit on the target that names an attempt, and the target's tip before it. */
export interface LandedAttempt {
  readonly attempt: number
  readonly commit: CommitId
  readonly previous: CommitId
  /** The digest of the text that it was done by; older versions left that out. */
  readonly text?: string
}

/** What is found on the machine when a run is resumed, besides its journal. */
export interface ResumeFacts {
  /** The commits on the target with a task's id, the last one first. */
  readonly landed: (taskId: TaskId) => readonly LandedAttempt[]
  /** The digest of what an agent of the task would be told now; undefined if nothing should be compared. */
  readonly text: (taskId: TaskId) => string | undefined
  /** The candidate on an attempt's ref. */
  readonly candidate: (taskId: TaskId, attempt: number) => CommitId | undefined
  /** The highest number of an attempt that has a ref; 0 if there is none. */
  readonly lastRef: (taskId: TaskId) => number
  /** Whether the workspace of an attempt still exists, with work that was not collected. */
  readonly stands: (taskId: TaskId, attempt: number) => boolean
  /** Whether an interrupted conversation can be continued. */
  readonly canContinue: (course: Begun) => boolean
  /** Attempts that the task has now. */
  readonly maxAttemptsOf: (taskId: TaskId) => number
  /** Most attempts of any task in all, however they ended. */
  readonly maxTotalAttempts: number
  /** Failed tasks are tried again, as if they had never been tried. */
  readonly retryFailed: boolean
  /** Tasks that were named: failed ones are tried again as with `retryFailed`. */
  readonly named?: ReadonlySet<TaskId>
}

/** How a task of a resumed run continues. */
export type Resumption =
  /** Its work is on the target, but the journal doesn't know. */
  | ({ readonly type: 'landed' } & LandedAttempt)
  /** It stays as it has failed. */
  | { readonly type: 'failed' }
  | Continuation
  /**
   * An attempt with this number starts. `retried`: earlier attempts no longer count. `reworded`: the task's text
   * differs from theirs.
   */
  | { readonly type: 'start'; readonly attempt: number; readonly retried: boolean; readonly reworded?: true }

/** An attempt that was interrupted with the run, and the state from which it continues. */
export interface Continuation {
  readonly type: 'continue'
  readonly course: Begun
  /** Its workspace exists, with work that was not collected. */
  readonly stands: boolean
  /** The commit of the last turn's work, if that was collected. */
  readonly candidate?: CommitId
}

/** Its agent has ended well: it continues without another one. */
export function isPaid({ course }: Continuation): boolean {
  return course.state.type !== 'queued'
}

/** The task's text has changed, and its agent is told in its conversation. */
export function isReworded({ course: { state } }: Continuation): boolean {
  return state.type === 'queued' && state.turn.type === 'take_up' && state.turn.reworded
}

/** Decides how each task that may run now continues. Pure; the same facts always give the same answer. */
export function reconcile(
  state: RunState,
  planned: readonly PlannedTask[],
  facts: ResumeFacts,
): ReadonlyMap<TaskId, Resumption> {
  const resumptions = new Map<TaskId, Resumption>()
  for (const { id, state: plan } of planned) {
    const known = state.tasks.get(id)
    const progress = state.progress.get(id)
    const now = facts.text(id)
    // A task that the roadmap calls done counts so from the start, which must not hide this run's own work.
    const isTold = known?.state.type === 'done' && known.state.how !== 'before' && !isOtherTask(progress?.text, now)
    const landed = isTold ? undefined : facts.landed(id).find(({ text }) => !isOtherTask(text, now))
    if (landed) resumptions.set(id, { type: 'landed', ...landed })
    else if (plan === 'pending') resumptions.set(id, resumptionOf(id, known, progress, facts))
  }
  return resumptions
}

function resumptionOf(
  id: TaskId,
  known: TaskRecord | undefined,
  progress: TaskProgress = untried,
  facts: ResumeFacts,
): Resumption {
  const next = Math.max(progress.attempts, facts.lastRef(id)) + 1
  const { course, text } = progress
  const now = facts.text(id)
  if (known?.state.type === 'failed' && !(course && isInterruption(known.state.failure))) {
    if (totalAttempts(known, true) >= facts.maxTotalAttempts) return { type: 'failed' }
    if (isOtherTask(text, now)) return { type: 'start', attempt: next, retried: true, reworded: true }
    if (facts.retryFailed || facts.named?.has(id)) return { type: 'start', attempt: next, retried: true }
    const counts = { attempt: progress.used, maxAttempts: facts.maxAttemptsOf(id), isOut: false }
    const decision = decideRetry(known.state.failure, counts)
    return decision === 'give_up' ? { type: 'failed' } : { type: 'start', attempt: next, retried: false }
  }
  const continuation = course && continueCourse(id, course, facts)
  if (continuation) return continuation
  const isAnother = course ? course.texts.some((one) => isOtherTask(one, now)) : isOtherTask(text, now)
  if (isAnother) return { type: 'start', attempt: next, retried: true, reworded: true }
  const reworded = course?.texts.some((one) => isOther(one, now)) === true
  return { type: 'start', attempt: next, retried: false, ...(reworded ? { reworded } : {}) }
}

/** How an interrupted attempt continues; undefined if it can't. */
function continueCourse(id: TaskId, told: Begun, facts: ResumeFacts): Continuation | undefined {
  const collected = facts.candidate(id, told.attempt)
  const stands = facts.stands(id, told.attempt)
  const candidate = candidateOn(collected, told)
  const course: Begun = withCollected(told, collected)
  const isReworded = told.texts.some((text) => isOther(text, facts.text(id)))
  const from = (state: Begun['state']): Continuation => {
    return { type: 'continue', course: { ...course, state }, stands, ...present({ candidate }) }
  }
  const why = endOf(told)
  if (why === 'well' && !isReworded && candidate !== undefined) return from({ type: 'judging' })
  if (why === 'well' && !isReworded && stands) return from({ type: 'collecting' })
  // Landed work isn't continued.
  if (isReworded && facts.landed(id).some(({ attempt }) => attempt === told.attempt)) return undefined
  const left = typeof why === 'object' && why.kind === 'unfinished' && !isReworded ? why : undefined
  const isInterrupted = typeof why !== 'object' || isInterruption(why) || left !== undefined
  if (!isInterrupted || !facts.canContinue(course)) return undefined
  const turn = { type: 'take_up', reworded: isReworded, hadFinished: why === 'well', ...present({ left }) } as const
  return from({ type: 'queued', turn })
}

function withCollected(told: Begun, collected: CommitId | undefined): Begun {
  const course = { ...told, ...present({ collected }) }
  if (collected === undefined) delete course.collected
  return course
}

/** How the agent of its last turn ended; undefined if it was running. */
function endOf({ state }: Begun): 'well' | Failure | undefined {
  if (isFinished(state)) return 'well'
  if (state.type === 'collecting') return state.failure ?? 'well'
  if (state.type === 'unfinished') return state.reason
  return state.type === 'ended' && state.end.type === 'failed' ? state.end.failure : undefined
}

/** The ref moves before the journal records it, and a person may have deleted it since: the ref counts. */
function candidateOn(collected: CommitId | undefined, told: Begun): CommitId | undefined {
  return workOf(told) === undefined && collected === told.collected ? undefined : collected
}

/** How many tasks continue in which way. */
export interface ResumeCounts {
  /** Their work is on the target, or goes to the merge queue without an agent. */
  readonly toLand: number
  readonly conversations: number
  readonly toStart: number
  readonly failed: number
}

export function countResumptions(resumptions: Iterable<Resumption>): ResumeCounts {
  const counts = { toLand: 0, conversations: 0, toStart: 0, failed: 0 }
  for (const resumption of resumptions)
    counts[resumption.type === 'continue' && !isPaid(resumption) ? 'conversations' : countedAs[resumption.type]]++
  return counts
}

const countedAs = { landed: 'toLand', continue: 'toLand', start: 'toStart', failed: 'failed' } as const
