import type { Failure } from '../../domain/agent/failure.js'
import type { HoldReason } from '../../domain/roadmap/hold.js'

/** How the rest of the program words these: a report says the same as the terminal. */
export interface ReportWords {
  readonly hold: (reason: HoldReason) => string
  readonly failure: (failure: Failure) => string
  /** How what was printed ended, clean. */
  readonly lines: (failure: Failure) => readonly string[]
}
