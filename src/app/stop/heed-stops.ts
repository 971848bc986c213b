import type { Clock } from '../../domain/clock.js'
import type { Stop } from '../../domain/run/verdict.js'
import type { Recorder } from '../../orchestration/recorder.js'
import type { StopEarly } from '../../orchestration/stop-early.js'
import { formatWait } from '../../ui/format.js'
import type { RunSettings } from '../../config/settings.js'
import type { StopSignals } from './stop-signals.js'

export interface HeedParts {
  readonly signals: StopSignals
  readonly recorder: Recorder
  readonly stopEarly: StopEarly
  readonly settings: Pick<RunSettings, 'drainMs' | 'timeLimitMs'>
  readonly clock: Clock
  readonly onStop: (stop: Stop) => void
}

/**
 * Starts the stop when the run's time is up, and records each step of a stop before the loop hears of it. Returns a
 * function to call when the run has ended.
 */
export function heedStops({ signals, recorder, stopEarly, settings, clock, onStop }: HeedParts): () => void {
  const { drainMs, timeLimitMs } = settings
  let timeIsUp: string | undefined
  const onDrain = () => {
    const signal = signals.caught()
    if (signal !== undefined) onStop({ type: 'signal', signal })
    if (timeIsUp !== undefined) {
      stopEarly({ reason: 'time_limit', why: timeIsUp, next: 'run the same command again; what is done stays done' })
    } else if (signal !== undefined && drainMs > 0) {
      const next = `running agents may finish within ${formatWait(drainMs)}; a second signal ends them`
      stopEarly({ reason: 'signal', why: signal, next })
    }
  }
  const onCancel = () => {
    const signal = signals.caught()
    if (signal !== undefined) onStop({ type: 'signal', signal })
    const why = signal ?? timeIsUp
    if (why !== undefined) void recorder.record({ type: 'run_canceling', why })
  }
  signals.onHangUp(() => void recorder.record({ type: 'hang_up_ignored' }))
  signals.draining.addEventListener('abort', onDrain, { once: true })
  signals.canceled.addEventListener('abort', onCancel, { once: true })
  if (signals.draining.aborted) onDrain()
  if (signals.canceled.aborted) onCancel()
  if (timeLimitMs === undefined) return () => undefined
  return clock.schedule(timeLimitMs, () => {
    timeIsUp = `the time limit of ${formatWait(timeLimitMs)} was reached`
    signals.begin()
  })
}
