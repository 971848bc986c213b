import { later, msBetween, type Clock } from '../domain/clock.js'
import type { Mask } from '../domain/secrets/mask.js'
import { maskValue } from '../domain/secrets/mask-value.js'
import { eventShape, eventVersion, type RunEvent, type RunRecord, type Stamp } from '../domain/run/event.js'
import { apply, initialState, type RunState } from '../domain/run/run-state.js'
import type { Journal } from '../journal/journal.js'
import type { Reporter } from '../ui/reporters/contract.js'
import { behindWall } from '../ui/reporters/wall.js'
import { errorText } from '../domain/text.js'

/** The only way in which something becomes a fact of the run: stamped, applied, shown, made durable. */
export interface Recorder {
  readonly state: RunState
  /** Resolves when the event is durable; a step that depends on it waits for that. Never rejects. */
  record(event: RunEvent): Promise<void>
}

/** The recorder as its run has it. */
export interface RunRecorder extends Recorder {
  /** Leaves the terminal as it was; later events are shown line by line. */
  readonly closeReporters: () => void
  /** Leaves the terminal to the shell while the run stands still. */
  readonly suspendReporters: () => void
  readonly continueReporters: () => void
}

export interface RecorderParts {
  readonly clock: Clock
  readonly journal: Journal
  readonly reporters: readonly Reporter[]
  /** Hides secrets before anything is kept or shown. */
  readonly mask: Mask
  /** Called once when the journal cannot be written: the run must stop spending. */
  readonly onBroken: (message: string) => void
}

/** How a run begins: with its start, or where its journal ends. */
export type RunBeginning =
  | RunState['start']
  | {
      readonly state: RunState
      /** The number of the last record. */
      readonly seq: number
      readonly event: Extract<RunEvent, { type: 'run_resumed' }>
    }

export function createRecorder(beginning: RunBeginning, parts: RecorderParts): RunRecorder {
  const { clock, journal, mask } = parts
  const earlier = 'state' in beginning ? beginning : undefined
  // The time between two parts of the run doesn't count.
  const began = later(clock.monotonic(), -(earlier?.state.ms ?? 0))
  let seq = earlier?.seq ?? 0
  let broken = false
  const maskEvent = <Event extends RunEvent>(event: Event): Event =>
    maskValue<RunEvent>(eventShape, event, mask) as Event
  const stamp = <Event extends RunEvent>(event: Event): Event & Stamp => {
    const ms = Math.round(msBetween(began, clock.monotonic()) * 1000) / 1000
    return { v: eventVersion, seq: ++seq, at: clock.now(), ms, ...maskEvent(event) }
  }
  const { state, first } = begin(beginning, stamp)
  let isOver = false
  const record = (event: RunEvent): Promise<void> => {
    // What hung until autopilot gave it up may still wake: the journal has its end.
    if (isOver) return Promise.resolve()
    isOver = event.type === 'run_finished'
    return keep(stamp(event))
  }
  const keep = async (stamped: RunRecord): Promise<void> => {
    apply(state, stamped)
    const durable = journal.append(stamped)
    for (const reporter of reporters) reporter.record(stamped, state)
    try {
      await durable
    } catch (error) {
      if (!broken) parts.onBroken(errorText(error))
      broken = true
    }
  }
  const reporters = parts.reporters.map((reporter) =>
    // Later, so that the other reporters see the records in their order.
    behindWall(reporter, (why) => queueMicrotask(() => void record({ type: 'reporter_failed', why }))),
  )
  void keep(first)
  return {
    state,
    record,
    closeReporters: () => reporters.forEach((reporter) => reporter.close()),
    suspendReporters: () => reporters.forEach((reporter) => reporter.suspend?.()),
    continueReporters: () => reporters.forEach((reporter) => reporter.goOn?.()),
  }
}

function begin(beginning: RunBeginning, stamp: <Event extends RunEvent>(event: Event) => Event & Stamp) {
  if ('state' in beginning) return { state: beginning.state, first: stamp(beginning.event) }
  const first = stamp(beginning)
  return { state: initialState(first), first }
}
