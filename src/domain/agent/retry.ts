import { consequencesOf, type Failure } from './failure.js'

/** What follows for the task from a failed attempt. */
export type RetryDecision =
  /** A further attempt is queued. */
  | 'retry'
  /** No provider would do better, or the attempts are used up. */
  | 'give_up'
  /** The account's trouble: the task goes on wherever it may, and this attempt does not count. */
  | 'move_on'

export interface RetryCounts {
  readonly attempt: number
  readonly maxAttempts: number
  /** The provider or model of the attempt has been taken out of the run. */
  readonly isOut: boolean
  /** So many attempts of the task have been spared in this run. */
  readonly sparedBefore?: number
}

/** A task that fills the disk itself, or takes its worker down, would otherwise go on for ever. */
const maxSpared = 2

/**
 * Decides by the kind of failure and the number of attempts that count, this one included.
 */
export function decideRetry(
  { kind, uncollected, spared }: Failure,
  { attempt, maxAttempts, isOut, sparedBefore = 0 }: RetryCounts,
): RetryDecision {
  if (spared && sparedBefore < maxSpared) return 'move_on'
  const { next, ofSetting } = consequencesOf(kind)
  if (next === 'move_on') return next
  // Refused before it did anything; where it did something first, the attempt counts.
  if (isOut && ofSetting) return 'move_on'
  // Another agent would be paid for what is finished.
  if (uncollected || next === 'give_up') return 'give_up'
  return attempt < maxAttempts ? 'retry' : 'give_up'
}
