import type { Answer, Order } from '../../domain/run/control.js'
import type { RunRecord } from '../../domain/run/event.js'
import type { RunState } from '../../domain/run/run-state.js'

/** Shows a run while it happens. It sees events and the state that they make, and nothing else. */
export interface Reporter {
  /** Called for each record, after the state has taken it in. Never throws and never waits. */
  record(record: RunRecord, state: RunState): void
  /** Leaves the terminal as it was. */
  close(): void
  /** As {@link close}, for a while: the run stands still, and the terminal is the shell's. */
  suspend?(): void
  /** The run goes on after {@link suspend}. */
  goOn?(): void
}

/** Where text goes. A sink whose reader is gone swallows what comes. */
export interface Sink {
  write(text: string): void
}

/** Does what a person orders, and answers. */
export type Act = (order: Order) => Promise<Answer>
