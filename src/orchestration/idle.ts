import type { Clock } from '../domain/clock.js'
import { usedSince, type ProcessorTimes } from '../domain/process-family.js'

export interface IdleParts {
  /** So long without a sign of life is too long, ms. */
  readonly idleMs: number
  readonly clock: Clock
  /** What the agent's processes have used so far; without entries where that cannot be seen. */
  readonly processorTimes: () => Promise<ProcessorTimes>
  /** Called once. */
  readonly onIdle: () => void
}

/** Watches one agent for signs of life. */
export interface IdleWatch {
  /** It has printed something. */
  readonly heard: () => void
  readonly stop: () => void
}

export const neverIdle: IdleWatch = { heard: () => undefined, stop: () => undefined }

/** A look at all processes costs milliseconds: ten in an idle timeout, none more often than this, ms, or more seldom. */
const [shortestLookMs, longestLookMs] = [50, 30_000]
/** A CLI that waits for its server still turns a spinner; less than this part of one processor is not work. */
const leastBusy = 0.01

/**
 * An agent is idle when it neither prints anything nor uses processor time, its tools included. Looks are coarse: it is
 * found idle up to a tenth of the time too late, never too early. An agent that keeps printing is never looked at.
 */
export function watchIdle({ idleMs, clock, processorTimes, onIdle }: IdleParts): IdleWatch {
  const everyMs = Math.min(Math.max(idleMs / 10, shortestLookMs), longestLookMs)
  let lastSign = clock.monotonic()
  let before: { readonly at: number; readonly times: ProcessorTimes } | undefined
  let stopped = false
  let cancel = clock.schedule(everyMs, look)

  function look(): void {
    void sign().then(() => {
      if (stopped) return
      if (clock.monotonic() - lastSign >= idleMs) onIdle()
      else cancel = clock.schedule(everyMs, look)
    })
  }

  async function sign(): Promise<void> {
    if (clock.monotonic() - lastSign < everyMs) return
    const [at, times] = [clock.monotonic(), await processorTimes()]
    if (before && usedSince(before.times, times) > (at - before.at) * leastBusy) lastSign = at
    before = { at, times }
  }

  return {
    heard: () => {
      lastSign = clock.monotonic()
      before = undefined
    },
    stop: () => {
      stopped = true
      cancel()
    },
  }
}
