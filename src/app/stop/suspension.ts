import { performance } from 'node:perf_hooks'
import { standStill } from '../../platform/clock.js'
import { continueStarted, suspendStarted } from '../../platform/processes/suspend.js'

/** What Ctrl-Z does to a run: everything stands still with it, and goes on with it. */
export interface Suspension {
  /** Called before the run stands still, such as to leave the terminal as the shell wants it. */
  readonly onSuspend: (listener: () => void) => void
  /** Called when it goes on, with how long it stood still, ms; 0 if the system did not obey. */
  readonly onContinue: (listener: (stoppedMs: number) => void) => void
  readonly dispose: () => void
}

/** How long after it was told to stop this process is certain not to be stopped, ms: its group has nobody to continue it. */
const notStoppedMs = 50
/** Less than that, ms, is no stop. */
const leastMs = 5

/**
 * Heeds SIGTSTP, which Ctrl-Z sends. The shell stops only what is in the terminal's foreground group: agents, workers and
 * their servers have groups of their own, and would go on working for nobody, and their time would go on. `entry` is in the
 * environment of all that the run starts.
 *
 * The system decides whether this process is stopped, as it would without a handler: not where nobody could continue it, as
 * in a session without a terminal. Source: POSIX, Orphaned Process Group.
 */
export function heedSuspension(entry: string): Suspension {
  const [suspending, continuing]: [(() => void)[], ((stoppedMs: number) => void)[]] = [[], []]
  const onStop = () => {
    for (const listener of suspending) listener()
    suspendStarted(entry)
    // By its default action.
    process.off('SIGTSTP', onStop)
    const began = performance.now()
    const sinceThen = () => performance.now() - began
    process.kill(process.pid, 'SIGTSTP')
    const took = sinceThen()
    if (took >= leastMs) goOn(took)
    else {
      // Another thread may have got the signal: then this one stops a moment later, and SIGCONT tells when it was continued.
      const onContinue = () => endWait(sinceThen())
      // What comes with the timer is heard first.
      const timer = setTimeout(() => setImmediate(() => endWait(0)), notStoppedMs)
      let isOver = false
      const endWait = (stoppedMs: number) => {
        if (isOver) return
        isOver = true
        clearTimeout(timer)
        process.off('SIGCONT', onContinue)
        goOn(stoppedMs)
      }
      timer.unref()
      process.on('SIGCONT', onContinue)
    }
  }
  const goOn = (stoppedMs: number) => {
    standStill(stoppedMs)
    onContinued()
    process.on('SIGTSTP', onStop)
    for (const listener of continuing) listener(stoppedMs)
  }
  const onContinued = () => continueStarted(entry)
  process.on('SIGTSTP', onStop)
  process.on('SIGCONT', onContinued)
  return {
    onSuspend: (listener) => void suspending.push(listener),
    onContinue: (listener) => void continuing.push(listener),
    dispose() {
      process.off('SIGTSTP', onStop)
      process.off('SIGCONT', onContinued)
    },
  }
}
