import { msBetween, type Clock } from '../clock.js'

export interface UsableTime {
  readonly clock: Clock
  /** Whether what is timed stands still, as after SIGSTOP; asked once a step. */
  readonly isStopped?: () => boolean
}

/** Time is counted in steps of this length, ms. */
const stepMs = 5_000
/** A step that comes so much later than it should, ms, was slept through: a busy machine is late by less. */
const sleptMs = 5_000

/** Whether a wait of `length` that took so long, ms, was slept through. */
export function wasSlept(length: number, took: number): boolean {
  return took > length + sleptMs
}

/**
 * Calls back once after so much time that could be used, ms, unless the returned function is called first. What a machine
 * was suspended for, a container paused, or a process group stopped, does not count.
 */
export function scheduleUsable(ms: number, callback: () => void, { clock, isStopped }: UsableTime): () => void {
  let left = ms
  let cancel = step()

  function step(): () => void {
    const length = Math.min(Math.max(left, 0), stepMs)
    const began = clock.monotonic()
    return clock.schedule(length, () => {
      const took = msBetween(began, clock.monotonic())
      left -= isStopped?.() ? 0 : wasSlept(length, took) ? length : took
      if (left > 0) cancel = step()
      else callback()
    })
  }

  return () => cancel()
}
