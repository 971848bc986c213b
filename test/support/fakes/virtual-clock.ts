import { epochMs, monotonicMs } from '../brands.js'
import type { Clock } from '../../../src/domain/clock.js'

/** A clock that stands still until a test advances it. */
export interface VirtualClock extends Clock {
  /** Advances by `ms` and calls back what falls due meanwhile, in order, each at its own time. */
  advance(ms: number): void
  /** Time passes in which nothing runs, as when the machine is suspended: what fell due comes late, with the next advance. */
  sleep(ms: number): void
  /** Sets the wall clock by `ms`, as a person or the network time would; no timer is moved by it. */
  setWall(ms: number): void
  /** Timers that are set and have neither fired nor been canceled. */
  readonly timers: number
}

interface Timer {
  readonly due: number
  readonly callback: () => void
}

/** Starts at `start`, epoch ms. A timer of 0 or less fires at the next advance, as the real one fires in a later turn. */
export function virtualClock(start = 1_700_000_000_000): VirtualClock {
  let now = start
  let wallOffset = 0
  const timers = new Set<Timer>()
  const nextBefore = (end: number) =>
    [...timers]
      .filter(({ due }) => due <= end)
      .reduce<Timer | undefined>((a, b) => (a && a.due <= b.due ? a : b), undefined)
  return {
    now: () => epochMs(now + wallOffset),
    monotonic: () => monotonicMs(now - start),
    schedule(ms, callback) {
      const timer = { due: now + Math.max(0, ms), callback }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    advance(ms) {
      const end = now + ms
      for (let timer = nextBefore(end); timer; timer = nextBefore(end)) {
        timers.delete(timer)
        now = Math.max(now, timer.due)
        timer.callback()
      }
      now = end
    },
    sleep(ms) {
      now += ms
    },
    setWall(ms) {
      wallOffset += ms
    },
    get timers() {
      return timers.size
    },
  }
}
