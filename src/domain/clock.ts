import type { EpochMs, MonotonicMs } from './brand.js'

/** Time as a parameter: the real clock, or a virtual one in tests. All values in ms. */
export interface Clock {
  /** Wall time; for people and for times that a CLI gave. Jumps when the machine's clock is set. */
  now(): EpochMs
  /** Never jumps; for durations and timers. */
  monotonic(): MonotonicMs
  /** Calls back once after `ms`, unless the returned function is called first. Does not keep the process alive. */
  schedule(ms: number, callback: () => void): () => void
}

/** No Date holds a later moment, or one that is as long before 1970. Source: ECMAScript, time values. */
const lastMoment = 8.64e15

/** Whether a value from outside is a moment, which can be shown as a date. */
export function isMoment(value: unknown): value is EpochMs {
  return typeof value === 'number' && Math.abs(value) <= lastMoment
}

/** So many ms after a moment, or before it where they are negative. */
export function later<Moment extends EpochMs | MonotonicMs>(moment: Moment, ms: number): Moment {
  return (moment + ms) as Moment
}

/** The ms from one moment to another of the same clock. */
export function msBetween<Moment extends EpochMs | MonotonicMs>(from: Moment, to: NoInfer<Moment>): number {
  return to - from
}
