import type { MonotonicMs } from '../../domain/brand.js'
import { later, msBetween, type Clock } from '../../domain/clock.js'
import { usedSince, type ProcessorLook, type ProcessorTimes } from '../../domain/process/process-family.js'
import { wasSlept } from '../../domain/agent/usable-time.js'

export interface IdleParts {
  /** So long without a sign of life is too long, ms. */
  readonly idleMs: number
  readonly clock: Clock
  /** What the agent's processes have used so far, by a look no older than this; empty if that can't be seen. */
  readonly processorTimes: (maxAgeMs: number) => Promise<ProcessorLook>
  /** It is stopped, as after SIGSTOP: nobody knows what it would do. */
  readonly isStopped?: () => boolean
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

/** A look at all processes costs milliseconds: ten per idle timeout, but not more or less often than these, ms. */
const [shortestLookMs, longestLookMs] = [50, 30_000]
/** Watches whose looks fall into the same half of the interval share one. */
const sharedPart = 0.5
/**
 * A CLI that waits for its server still turns a spinner; less than this share of one processor, over the whole idle
 * timeout, isn't work. Source: waiting claude and codex use 10 to 50 ms a second, about one per cent over several
 * seconds.
 */
const leastBusy = 0.03

/** What had been used in all, as of a moment. */
interface Use {
  readonly at: MonotonicMs
  readonly usedMs: number
}

/**
 * An agent is idle if for the whole idle timeout it has neither printed anything nor used noticeable processor time,
 * its tools included. Its usage counts over the whole time, not from look to look, where a single tick would look like
 * a sign of life. It is noticed up to a quarter of the time too late, never too early. An agent that keeps printing is
 * never looked at.
 */
export function watchIdle({ idleMs, clock, processorTimes, isStopped, onIdle }: IdleParts): IdleWatch {
  const everyMs = Math.min(Math.max(idleMs / 10, shortestLookMs), longestLookMs)
  let lastHeard = clock.monotonic()
  let lastTimes: ProcessorTimes | undefined
  /** Of the looks since its last output, the last one that is a whole idle timeout ago, and all later ones. */
  let uses: Use[] = []
  let stopped = false
  let waits = clock.monotonic()
  let cancel = clock.schedule(everyMs, look)

  function look(): void {
    // For a time in which it could do nothing, nobody can say that it did nothing.
    if (wasSlept(everyMs, msBetween(waits, clock.monotonic())) || isStopped?.()) heard()
    void isIdle().then((idle) => {
      if (stopped) return
      if (idle) onIdle()
      else {
        waits = clock.monotonic()
        cancel = clock.schedule(everyMs, look)
      }
    })
  }

  async function isIdle(): Promise<boolean> {
    if (msBetween(lastHeard, clock.monotonic()) < everyMs) return false
    const heardBefore = lastHeard
    const { times, ageMs } = await processorTimes(everyMs * sharedPart)
    // What was heard meanwhile is the later sign of life.
    if (lastHeard !== heardBefore) return false
    note(later(clock.monotonic(), -ageMs), times)
    const [first, last] = [uses[0], uses.at(-1)]
    if (!first || !last || msBetween(first.at, last.at) < idleMs) return false
    return last.usedMs - first.usedMs < msBetween(first.at, last.at) * leastBusy
  }

  function note(at: MonotonicMs, times: ProcessorTimes): void {
    const used = lastTimes ? usedSince(lastTimes, times) : 0
    lastTimes = times
    uses.push({ at, usedMs: (uses.at(-1)?.usedMs ?? 0) + used })
    while (uses[1] && msBetween(uses[1].at, at) >= idleMs) uses.shift()
  }

  function heard(): void {
    lastHeard = clock.monotonic()
    lastTimes = undefined
    uses = []
  }

  return {
    heard,
    stop: () => {
      stopped = true
      cancel()
    },
  }
}
