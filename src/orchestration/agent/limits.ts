import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { isFinal, type EndReason, type Evidence } from '../../domain/agent/attempt.js'
import { scheduleUsable } from '../../domain/agent/usable-time.js'
import type { Clock } from '../../domain/clock.js'
import { endedEarly } from '../stop-early.js'
import type { SignsOfLife } from './contract.js'
import { neverIdle, watchIdle } from './idle.js'
import { watchTurnEnd } from './turn-end.js'

/** When a turn is ended that does not end by itself. Times in ms. */
export interface TurnLimits {
  readonly timeoutMs: number
  /** How long it may give no sign of life; 0: for ever. */
  readonly idleTimeoutMs: number
  /** How long its background work may run after its last result; 0: forever. */
  readonly backgroundTimeoutMs: number
}

export interface LimitParts {
  readonly limits: TurnLimits
  readonly clock: Clock
  readonly signal: AbortSignal
  readonly life: SignsOfLife
  readonly evidence: () => Evidence
  readonly end: (reason: EndReason) => void
}

/** Ends a turn that takes too long, is silent for too long, is over, or is canceled. */
export interface LimitWatch {
  /** It has printed something. */
  readonly printed: () => void
  /** A line has been read, with these events. */
  readonly said: (events: readonly AgentEvent[]) => void
  readonly stop: () => void
}

export function watchLimits({ limits, clock, signal, life, evidence, end }: LimitParts): LimitWatch {
  const isStopped = () => life.isStopped()
  const idle =
    limits.idleTimeoutMs === 0
      ? neverIdle
      : watchIdle({
          idleMs: limits.idleTimeoutMs,
          clock,
          processorTimes: (maxAgeMs) => life.processorTimes(maxAgeMs),
          isStopped,
          onIdle: () => end('idle_timeout'),
        })
  const turnEnd = watchTurnEnd({ clock, evidence, backgroundTimeoutMs: limits.backgroundTimeoutMs, end })
  const cancelTimeout = scheduleUsable(limits.timeoutMs, () => end('timeout'), { clock, isStopped })
  const onAbort = () => {
    const hasSucceeded = isFinal(evidence()) && !evidence().result?.failure
    if (signal.reason !== endedEarly || !hasSucceeded) end('canceled')
  }
  signal.addEventListener('abort', onAbort, { once: true })
  if (signal.aborted) onAbort()
  return {
    printed: idle.heard,
    said: turnEnd.heard,
    stop() {
      cancelTimeout()
      idle.stop()
      turnEnd.stop()
      signal.removeEventListener('abort', onAbort)
    },
  }
}
