import { decideRetry } from '../agent/retry.js'
import { totalAttempts, type RunState, type TaskRecord } from './run-state.js'
import { isInterruption, untried, type OpenAttempt, type TaskProgress } from './task-progress.js'
import { isOther, isOtherTask } from '../roadmap/task-text.js'
import type { PlannedTask } from '../roadmap/plan.js'

/** A commit on the target that names an attempt, and the one that the target stood at before. */
export interface Landing {
  readonly attempt: number
  readonly commit: string
  readonly previous: string
  /** The digest of the words that it was done by; older versions left that out. */
  readonly text?: string
}

/** What is found on the machine when a run is resumed, beside what its journal tells. */
export interface ResumeFacts {
  /** The commits on the target under a task's id, the last first. */
  readonly landed: (taskId: string) => readonly Landing[]
  /** The digest of what an agent of the task would be told now; undefined where nothing is to be compared. */
  readonly text: (taskId: string) => string | undefined
  /** The candidate on an attempt's ref. */
  readonly candidate: (taskId: string, attempt: number) => string | undefined
  /** The highest number of an attempt that has a ref; 0 without one. */
  readonly lastRef: (taskId: string) => number
  /** Whether the workspace that an attempt worked in is there, with its work not collected. */
  readonly stands: (taskId: string, attempt: number) => boolean
  /** Whether an interrupted conversation can be taken up again. */
  readonly canContinue: (open: OpenAttempt) => boolean
  /** Attempts that the task has now. */
  readonly mostAttempts: (taskId: string) => number
  /** Attempts that any task has in all, whatever ended them. */
  readonly mostTotalAttempts: number
  /** Failed tasks are tried again, as if they had not been tried. */
  readonly retryFailed: boolean
}

/** An attempt whose work has been collected. */
export type CollectedAttempt = OpenAttempt & { readonly candidate: string }

/** How a task of a resumed run goes on. */
export type Resumption =
  /** Its work is on the target; the journal does not know. */
  | ({ readonly type: 'landed' } & Landing)
  /** It stays as it has failed. */
  | { readonly type: 'failed' }
  /** Its agent has ended well and its work was collected: it goes straight to the merge queue. */
  | { readonly type: 'land'; readonly open: CollectedAttempt; readonly stands: boolean }
  /** Its agent has ended well; its work is still in the workspace. */
  | { readonly type: 'collect'; readonly open: OpenAttempt; readonly stands: true }
  /**
   * Its agent's conversation goes on, in its workspace where that `stands`, else with what was collected of it. `reworded`:
   * the task says something else by now, also where its agent had ended well.
   */
  | { readonly type: 'continue'; readonly open: OpenAttempt; readonly stands: boolean; readonly reworded?: true }
  /**
   * An attempt with this number begins. `retried`: the attempts before it do not count any more. `reworded`: the task says
   * something else than what those were about.
   */
  | { readonly type: 'start'; readonly attempt: number; readonly retried: boolean; readonly reworded?: true }

/** An attempt that goes on. */
export type GoingOn = Extract<Resumption, { type: 'land' | 'collect' | 'continue' }>

/** Decides how each task that may run now goes on. Pure; the same facts always give the same answer. */
export function reconcile(
  state: RunState,
  planned: readonly PlannedTask[],
  facts: ResumeFacts,
): ReadonlyMap<string, Resumption> {
  const resumptions = new Map<string, Resumption>()
  for (const { id, state: plan } of planned) {
    const known = state.tasks.get(id)
    const progress = state.progress.get(id)
    const now = facts.text(id)
    // A task that the roadmap calls done counts so from the start, which must not hide what this run has brought.
    const isTold = known?.state.type === 'done' && known.state.how !== 'before' && !isOtherTask(progress?.text, now)
    const landed = isTold ? undefined : facts.landed(id).find(({ text }) => !isOtherTask(text, now))
    if (landed) resumptions.set(id, { type: 'landed', ...landed })
    else if (plan === 'pending') resumptions.set(id, resumptionOf(id, known, progress, facts))
  }
  return resumptions
}

function resumptionOf(
  id: string,
  known: TaskRecord | undefined,
  progress: TaskProgress = untried,
  facts: ResumeFacts,
): Resumption {
  const next = Math.max(progress.attempts, facts.lastRef(id)) + 1
  const { open, text } = progress
  const now = facts.text(id)
  if (known?.state.type === 'failed' && !(open && isInterruption(known.state.failure))) {
    if (totalAttempts(known, true) >= facts.mostTotalAttempts) return { type: 'failed' }
    if (isOtherTask(text, now)) return { type: 'start', attempt: next, retried: true, reworded: true }
    if (facts.retryFailed) return { type: 'start', attempt: next, retried: true }
    const counts = { attempt: progress.used, maxAttempts: facts.mostAttempts(id), isOut: false }
    const decision = decideRetry(known.state.failure, counts)
    return decision === 'give_up' ? { type: 'failed' } : { type: 'start', attempt: next, retried: false }
  }
  const goesOn = open && goOn(id, open, facts)
  if (goesOn) return goesOn
  const isAnother = open ? open.texts.some((one) => isOtherTask(one, now)) : isOtherTask(text, now)
  if (isAnother) return { type: 'start', attempt: next, retried: true, reworded: true }
  const reworded = open?.texts.some((one) => isOther(one, now)) === true
  return { type: 'start', attempt: next, retried: false, ...(reworded ? { reworded } : {}) }
}

/** How an interrupted attempt goes on; undefined when nothing of it can. */
function goOn(id: string, told: OpenAttempt, facts: ResumeFacts): Resumption | undefined {
  const open = withRef(told, facts.candidate(id, told.attempt))
  const { ended, candidate } = open
  const stands = facts.stands(id, open.attempt)
  if (open.texts.some((one) => isOther(one, facts.text(id)))) return goOnReworded(id, open, stands, facts)
  if (ended && !ended.failure && candidate !== undefined) return { type: 'land', open: { ...open, candidate }, stands }
  if (ended && !ended.failure && stands) return { type: 'collect', open, stands }
  const isInterrupted = !ended?.failure || isInterruption(ended.failure) || ended.failure.kind === 'unfinished'
  return isInterrupted && facts.canContinue(open) ? { type: 'continue', open, stands } : undefined
}

/**
 * The task says something else by now: its agent is told, in its conversation, also where it had ended well. What has
 * landed is not to be gone on with.
 */
function goOnReworded(id: string, open: OpenAttempt, stands: boolean, facts: ResumeFacts): Resumption | undefined {
  const { ended } = open
  const mayGoOn = !ended?.failure || isInterruption(ended.failure)
  const isLanded = facts.landed(id).some(({ attempt }) => attempt === open.attempt)
  return mayGoOn && !isLanded && facts.canContinue(open)
    ? { type: 'continue', open, stands, reworded: true }
    : undefined
}

/** The ref is moved before the journal hears of it, and a person may have deleted it since: what it says holds. */
function withRef(told: OpenAttempt, ref: string | undefined): OpenAttempt {
  const open = { ...told }
  delete open.candidate
  if (ref === undefined) delete open.earlier
  return ref === undefined || ref === told.earlier ? open : { ...open, candidate: ref }
}

/** How many tasks go on in which way. */
export interface ResumeCounts {
  /** Their work is on the target, or goes to the merge queue without an agent. */
  readonly toLand: number
  readonly conversations: number
  readonly toStart: number
  readonly failed: number
}

export function countResumptions(resumptions: Iterable<Resumption>): ResumeCounts {
  const counts = { toLand: 0, conversations: 0, toStart: 0, failed: 0 }
  for (const { type } of resumptions) counts[countedAs[type]]++
  return counts
}

const countedAs = {
  landed: 'toLand',
  land: 'toLand',
  collect: 'toLand',
  continue: 'conversations',
  start: 'toStart',
  failed: 'failed',
} as const
