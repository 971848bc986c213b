import type { MonotonicMs } from '../../domain/brand.js'
import { later, type Clock } from '../../domain/clock.js'

/** How a run is stopped, in steps. All times in ms. */
export interface Stopping {
  /** Aborted when nothing more may start; running work may continue. */
  readonly draining: AbortSignal
  /** Aborted when what runs is to be ended. */
  readonly canceled: AbortSignal
  /** Resolves long after everything should have ended: nobody waits for what still hangs. */
  readonly overdue: Promise<void>
  /** Drains, then, when that has lasted so long, cancels; does nothing when that is under way. */
  readonly begin: () => void
  readonly cancel: () => void
  /** The next step: drain, cancel, kill, exit. One that would take no time is left out. */
  readonly further: () => void
  /** The run has ended: a drain that is under way cancels nothing any more. */
  readonly close: () => void
}

export interface StoppingParts {
  readonly clock: Clock
  readonly drainMs: number
  /** What agents have between TERM and KILL. */
  readonly graceMs: number
  /** KILL to all agents at once. */
  readonly kill: () => void
  /** Ends autopilot, whatever it is at. */
  readonly exit: () => void
  /** A number that grows while what agents have made is still being collected. */
  readonly progress: () => number
}

/**
 * What is left of the two seconds beyond drain and grace that a stop takes at most when nothing gets on: so long after the
 * grace, or after the last progress, what hangs is given up, and so long after that autopilot ends, its journal written or
 * not.
 */
const [giveUpMs, exitMs] = [1_200, 600]
/** While something gets on, it is waited for until so long after the grace. */
const maxProgressMs = 14_400
/** How often it is looked at whether something gets on. */
const lookMs = 200

export function createStopping({ clock, drainMs, graceMs, kill, exit, progress }: StoppingParts): Stopping {
  const [drain, end] = [new AbortController(), new AbortController()]
  let phase: 'running' | 'draining' | 'canceling' | 'killing' = 'running'
  let cancelDrain: () => void = () => undefined
  let isOverdue: () => void = () => undefined
  const overdue = new Promise<void>((resolve) => (isOverdue = resolve))

  function begin(): void {
    if (phase !== 'running') return
    if (drainMs === 0) {
      cancel()
      return
    }
    phase = 'draining'
    cancelDrain = clock.schedule(drainMs, cancel)
    drain.abort()
  }

  function cancel(): void {
    if (phase === 'canceling' || phase === 'killing') return
    phase = 'canceling'
    cancelDrain()
    whenStuck({ clock, progress }, later(clock.monotonic(), graceMs), giveUp)
    drain.abort()
    end.abort()
  }

  function giveUp(): void {
    isOverdue()
    clock.schedule(exitMs, exit)
  }

  function further(): void {
    switch (phase) {
      case 'running': {
        begin()
        return
      }
      case 'draining': {
        cancel()
        return
      }
      case 'canceling': {
        phase = 'killing'
        kill()
        return
      }
      case 'killing': {
        exit()
        return
      }
    }
  }

  return { draining: drain.signal, canceled: end.signal, overdue, begin, cancel, further, close: () => cancelDrain() }
}

/** Waits until nothing has got on for so long, but not less than until the grace is over, nor much longer. */
function whenStuck(
  { clock, progress }: Pick<StoppingParts, 'clock' | 'progress'>,
  graceEnds: MonotonicMs,
  onStuck: () => void,
): void {
  let [seen, seenAt] = [progress(), clock.monotonic()]
  const look = () => {
    const [current, now] = [progress(), clock.monotonic()]
    if (current !== seen) [seen, seenAt] = [current, now]
    const giveUpAt = Math.min(Math.max(graceEnds, seenAt) + giveUpMs, graceEnds + maxProgressMs)
    if (now < giveUpAt) clock.schedule(Math.min(lookMs, giveUpAt - now), look)
    else onStuck()
  }
  look()
}
