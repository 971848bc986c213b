import type { Failure } from './failure.js'

/** What follows from a failed attempt. */
export type RetryDecision =
  /** A further attempt is queued. */
  | 'retry'
  /** No provider would do better, or the attempts are used up. */
  | 'give_up'
  /** The provider is of no use for the rest of the run; the task goes on with another, this attempt not counted. */
  | 'stop_provider'
  /** As `retry`, and the provider rests for a while. */
  | 'cool_down'

/** Decides by the kind of failure and the number of attempts used, this one included. */
export function decideRetry(failure: Failure, attempt: number, maxAttempts: number): RetryDecision {
  switch (failure.kind) {
    case 'auth':
    case 'usage_limit':
    case 'usage':
      return 'stop_provider'
    case 'canceled':
    case 'target':
      return 'give_up'
    case 'rate_limit':
    case 'overloaded':
    case 'network':
      return attempt < maxAttempts ? 'cool_down' : 'give_up'
    case 'spawn':
    case 'timeout':
    case 'model':
    case 'context':
    case 'turn_limit':
    case 'no_change':
    case 'crash':
    case 'gate_failed':
    case 'conflict':
    case 'collect':
    case 'infrastructure':
      return attempt < maxAttempts ? 'retry' : 'give_up'
  }
}

const firstCoolDownMs = 15_000
const longestCoolDownMs = 5 * 60_000

/**
 * Until when a provider rests (epoch ms): the time that the CLI gave, else 15 s doubled with each limit in a row up to
 * five minutes. `inARow` counts from 1.
 */
export function coolDownUntil(failure: Failure, now: number, inARow: number): number {
  if (failure.retryAt !== undefined && failure.retryAt > now) return failure.retryAt
  return now + Math.min(firstCoolDownMs * 2 ** (inARow - 1), longestCoolDownMs)
}
