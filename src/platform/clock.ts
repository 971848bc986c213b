import { performance } from 'node:perf_hooks'
import type { EpochMs, MonotonicMs } from '../domain/brand.js'
import { later, msBetween, type Clock } from '../domain/clock.js'

/** Node's timers fire at once above 2^31 - 1 ms (documented for `setTimeout`); longer waits are cut into pieces. */
const longestTimerMs = 2 ** 31 - 1

/** A timer may come so much too early by the finer clock, ms. */
const earlyMs = 2

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
    const wait = () => {
      const left = Math.min(Math.max(msBetween(monotonic(), due), 0), longestTimerMs)
      timer = setTimeout(() => (msBetween(monotonic(), due) > earlyMs ? wait() : callback()), left)
      timer.unref()
    }
    wait()
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
