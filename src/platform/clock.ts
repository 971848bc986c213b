import { performance } from 'node:perf_hooks'
import type { EpochMs, MonotonicMs } from '../domain/brand.js'
import { later, msBetween, type Clock } from '../domain/clock.js'

/** Node's timers fire at once above 2^31 - 1 ms (documented for `setTimeout`); longer waits are cut into pieces. */
const longestTimerMs = 2 ** 31 - 1

let stoodStillMs = 0

/** For so long, ms, this process and all that it had started was stopped: for the monotonic clock, no time has passed. */
export function standStill(ms: number): void {
  stoodStillMs += ms
}

function monotonic(): MonotonicMs {
  return (performance.now() - stoodStillMs) as MonotonicMs
}

export const realClock: Clock = {
  now: () => Date.now() as EpochMs,
  monotonic,
  schedule(ms, callback) {
    let timer: NodeJS.Timeout
    const due = later(monotonic(), ms)
    const wait = (left: number) => {
      const piece = Math.min(Math.max(left, 0), longestTimerMs)
      const stoodBefore = stoodStillMs
      timer = setTimeout(() => {
        // Timers of the runtime go on while this process stands still.
        const rest = stoodStillMs === stoodBefore ? left - piece : msBetween(monotonic(), due)
        if (rest > 0) wait(rest)
        else callback()
      }, piece)
      timer.unref()
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}

/**
 * The time zone that the machine is set to, for times that name none and for what people read. The first call loads the
 * tables of ICU, 17 to 40 ms.
 */
export function localZone(): string {
  return new Intl.DateTimeFormat().resolvedOptions().timeZone
}
