import type { OpenPlace } from '../place/isolation.js'
import type { AttemptRequest, AttemptSettings, HeldSlot } from './turn.js'
import type { AttemptOf } from '../attempt-of.js'

/** The slots of an attempt: one for its first agent, and one more for each repair round. */
export interface AttemptSlots {
  readonly first: HeldSlot
  /** Waits for a slot that goes on with the same provider and model. No slot is held while it waits. */
  again(): Promise<HeldSlot | 'aborted' | 'unservable' | 'stopped'>
}

/** An attempt with its place. */
export interface Ongoing {
  readonly request: AttemptRequest
  readonly settings: AttemptSettings
  readonly slots: Pick<AttemptSlots, 'again'>
  readonly open: OpenPlace
  readonly of: AttemptOf
  /** How many of its turns have finished what one before had left unfinished. */
  readonly finishing: { turns: number }
  /** The files that its agents' own tools have written, as their CLIs named them. */
  readonly wrote: Set<string>
  /** The slot that its conversation knows of. */
  readonly told: { slot?: string }
}
