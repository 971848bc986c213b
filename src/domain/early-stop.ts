/** Why a run stops before its end though nobody asked it to: all of it passes, so running again is worth it. */
export type EarlyStopReason = 'budget' | 'limit' | 'time_limit'

/** From here on nothing starts; what runs may finish. */
export interface EarlyStop {
  readonly reason: EarlyStopReason
  /** A few words for people, such as `the budget of $5.00 is used up`. */
  readonly why: string
  /** What to do next, a sentence for people. */
  readonly next: string
}
