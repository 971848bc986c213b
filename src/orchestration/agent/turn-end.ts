import type { AgentEvent } from '../../domain/agent/agent-event.js'
import { isFinal, type EndReason, type Evidence } from '../../domain/agent/attempt.js'
import type { Clock } from '../../domain/clock.js'

export interface TurnEndParts {
  readonly clock: Clock
  readonly evidence: () => Evidence
  /** How long the agent's background work may run after its last result, ms; 0: forever. */
  readonly backgroundTimeoutMs: number
  readonly end: (reason: EndReason) => void
}

/** Ends an agent that does not end by itself once its work is over. */
export interface TurnEndWatch {
  /** A line has been read, with these events. */
  readonly heard: (events: readonly AgentEvent[]) => void
  readonly stop: () => void
}

/** After the final event a CLI may linger: claude and qwen were seen to, codex spends 5 s when its hosts are away. */
const lingerMs = 10_000

/**
 * Two timers. One runs after the final event, and restarts with whatever the agent still prints. The other runs from
 * the last result while background work lives on, because a server would never end.
 */
export function watchTurnEnd({ clock, evidence, backgroundTimeoutMs, end }: TurnEndParts): TurnEndWatch {
  let cancelLinger: (() => void) | undefined
  let cancelBackground: (() => void) | undefined

  function stop(): void {
    cancelLinger?.()
    cancelBackground?.()
    cancelLinger = cancelBackground = undefined
  }

  return {
    heard(events) {
      cancelLinger?.()
      cancelLinger = undefined
      const seen = evidence()
      if (isFinal(seen) || !seen.result || events.some(({ type }) => type === 'result')) {
        cancelBackground?.()
        cancelBackground = undefined
      }
      if (isFinal(seen)) cancelLinger = clock.schedule(lingerMs, () => end('after_result'))
      else if (seen.result && backgroundTimeoutMs > 0)
        cancelBackground ??= clock.schedule(backgroundTimeoutMs, () => end('background_timeout'))
    },
    stop,
  }
}
