import type { EpochMs } from '../../domain/brand.js'
import type { RunState } from '../../domain/run/run-state.js'
import type { ScreenLine } from './screen-line.js'

/** What is to be seen: the state, the time, and what a person is doing at the keys. */
export interface View {
  readonly state: RunState
  /** The run's time. */
  readonly ms: number
  readonly now: EpochMs
  /** What stands below all else. */
  readonly foot?: readonly FootLine[]
  /** A person is about to choose a slot, and must see its name. */
  readonly isChoosing?: boolean
}

/** A line for a person at the keys. A hint is only what they may type. */
export interface FootLine {
  readonly line: ScreenLine
  readonly isHint: boolean
}

export interface ScreenSize {
  readonly columns: number
  readonly rows: number
}
