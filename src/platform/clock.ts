import { performance } from 'node:perf_hooks'
import type { EpochMs, MonotonicMs } from '../domain/brand.js'
import type { Clock } from '../domain/clock.js'

/** Node's timers fire at once above 2^31 - 1 ms (documented for `setTimeout`); longer waits are cut into pieces. */
const longestTimerMs = 2 ** 31 - 1

export const realClock: Clock = {
  now: () => Date.now() as EpochMs,
  monotonic: () => performance.now() as MonotonicMs,
  schedule(ms, callback) {
    let timer: NodeJS.Timeout
    const wait = (left: number) => {
      const piece = Math.min(Math.max(left, 0), longestTimerMs)
      timer = setTimeout(() => (left > piece ? wait(left - piece) : callback()), piece)
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
