import { failure, type Failure } from '../agent/failure.js'
import type { HoldReason } from '../roadmap/hold.js'

/** How an attempt ended. */
export type End =
  | { readonly type: 'done'; readonly how: 'integrated' | 'unchanged' | 'in_place' }
  /** `isFinished`: its agent had ended well, and its work was refused. */
  | { readonly type: 'failed'; readonly failure: Failure; readonly isFinished: boolean }
  /** It got no slot to start or to continue, and stays as it was. */
  | { readonly type: 'no_slot'; readonly why: NoSlot }

/** Why there is no slot. `held`: a person holds the task. */
export type NoSlot =
  | { readonly reason: 'aborted' | 'unservable' | 'stopped'; readonly message: string }
  | { readonly reason: 'held'; readonly hold: HoldReason }

/** It has come to its end. */
export interface Ended {
  readonly type: 'ended'
  readonly end: End
}

export const wasCanceled: Failure = failure('canceled', 'The attempt was canceled.')

/** Work that was refused because the base fails, too. */
export function baseRed({ message, ...more }: Failure): Failure {
  return { ...more, kind: 'base_red', message: `${message} It fails on the base, too: nothing lands until it passes.` }
}

export function ended(end: End): Ended {
  return { type: 'ended', end }
}

export function failed(why: Failure, isFinished = false): End {
  return { type: 'failed', failure: why, isFinished }
}
