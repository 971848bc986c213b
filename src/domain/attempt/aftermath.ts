import type { Failure } from '../agent/failure.js'
import { decideRetry, type RetryCounts, type RetryDecision } from '../agent/retry.js'

/** What follows for a task from an attempt that did not succeed. `counted`: the attempt counts towards those that it has. */
export type Aftermath =
  /** The run was canceled, or the task on its own, and the attempt with it. */
  | { readonly type: 'canceled' }
  /** Nothing more in this run; the next one goes on. */
  | { readonly type: 'left'; readonly counted: boolean; readonly willRetry: boolean }
  | { readonly type: 'again'; readonly counted: boolean }
  /** `spent`: why there is no further attempt, although the failure alone would allow one. */
  | { readonly type: 'failed'; readonly counted: boolean; readonly spent?: string }
  /** Nothing is left that may serve it. */
  | { readonly type: 'held'; readonly counted: boolean; readonly why: string }

/** What it depends on beside the failure. */
export interface Circumstances {
  readonly counts: RetryCounts
  /** A command has no account: what would be an account's trouble is its own. */
  readonly isCommand: boolean
  readonly isCanceled: boolean
  /** The task was canceled on its own: nothing of it follows, whatever its attempt has come to. */
  readonly isWithdrawn: boolean
  /** In this run nothing starts any more. */
  readonly isStopping: boolean
  /** Why the task may have no further attempt, whatever happened to this one. */
  readonly spent: (counted: boolean) => string | undefined
  /** Why nothing may serve a further attempt. */
  readonly unservable: () => string | undefined
}

export function aftermathOf(failed: Failure, circumstances: Circumstances): Aftermath {
  if (circumstances.isWithdrawn) return { type: 'canceled' }
  // Its work is on its ref, and continues from there in the next run.
  if (failed.kind === 'base_red') return { type: 'left', counted: false, willRetry: false }
  if (failed.kind === 'canceled' || circumstances.isCanceled) return { type: 'canceled' }
  const decision = decide(failed, circumstances)
  if (decision === 'give_up') return { type: 'failed', counted: true }
  const counted = decision === 'retry'
  const spent = circumstances.spent(counted)
  if (spent !== undefined) return { type: 'failed', counted, spent }
  if (circumstances.isStopping) return { type: 'left', counted, willRetry: true }
  // Asked before anything is promised: with its last provider out, the task will not be tried again.
  const why = circumstances.unservable()
  return why === undefined ? { type: 'again', counted } : { type: 'held', counted, why }
}

function decide(failed: Failure, { counts, isCommand }: Circumstances): RetryDecision {
  const decision = decideRetry(failed, counts)
  if (!isCommand || failed.spared) return decision
  if (failed.kind === 'usage') return 'give_up'
  return decision !== 'move_on' ? decision : counts.attempt < counts.maxAttempts ? 'retry' : 'give_up'
}
